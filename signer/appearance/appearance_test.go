package appearance_test

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

func update(t testing.TB) (*pdf.Update, []byte) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "samples", "05-annex.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := pdf.Open(bytes.NewReader(data), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	u, err := pdf.NewUpdate(f)
	if err != nil {
		t.Fatal(err)
	}
	return u, data
}

func encode(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// drawn returns the form that Draw makes, read back from the file.
func drawn(t testing.TB, c appearance.Content) (*pdf.View, *pdf.Stream) {
	t.Helper()
	u, data := update(t)
	ref, err := appearance.Draw(u, c)
	if err != nil {
		t.Fatal(err)
	}
	a, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	f, err := pdf.Open(bytes.NewReader(append(data, a.Data...)), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.Latest().Object(ref)
	if err != nil {
		t.Fatal(err)
	}
	form, ok := o.(*pdf.Stream)
	if !ok {
		t.Fatalf("the form is a %T", o)
	}
	return f.Latest(), form
}

// Every kind of PNG that the standard library writes can be a seal, and only
// one with transparency gets a mask.
func TestDrawImages(t *testing.T) {
	t.Parallel()
	r := image.Rect(0, 0, 20, 10)
	half := image.NewNRGBA(r)
	for i := range half.Pix {
		half.Pix[i] = 128
	}
	full := image.NewRGBA(r)
	for i := range full.Pix {
		full.Pix[i] = 255
	}
	clear := image.NewPaletted(r, append(color.Palette{color.NRGBA{}}, palette.WebSafe...))
	for _, tt := range []struct {
		name   string
		image  image.Image
		masked bool
	}{
		{"RGBA with half transparency", half, true},
		{"RGB", full, false},
		{"palette with a transparent colour", clear, true},
		{"gray", image.NewGray(r), false},
		{"16 bits", image.NewNRGBA64(r), true},
		{"16 bits gray", image.NewGray16(r), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, form := drawn(t, appearance.Content{Profile: appearance.Agency, Width: 100, Height: 100, Image: encode(t, tt.image)})
			resources, err := v.Dict(form.Dict.Get("Resources"))
			if err != nil {
				t.Fatal(err)
			}
			images, err := v.Dict(resources.Get("XObject"))
			if err != nil || images == nil || images.Len() != 1 {
				t.Fatalf("images %v, %v", images, err)
			}
			_, o := images.At(0)
			picture, err := v.Dict(o)
			if err != nil {
				t.Fatal(err)
			}
			if w, _ := picture.Int("Width"); w != 20 {
				t.Errorf("/Width %d, want 20", w)
			}
			if picture.Has("SMask") != tt.masked {
				t.Errorf("/SMask is there: %v, want %v", picture.Has("SMask"), tt.masked)
			}
		})
	}
}

// Letters beyond the common ones make the font larger, and nothing else; marks
// apart from their letters are put together with them.
func TestDrawLetters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, want string }{
		{"Cộng hòa xã hội chủ nghĩa Việt Nam", "<0129> <0129>"},
		{"Ж và ≤", "<0416> <0416>"},
		{"Nghi\u0303a", "<0129> <0129>"},
	} {
		v, form := drawn(t, appearance.Content{Profile: appearance.Custom, Width: 300, Height: 50, Lines: []string{tt.line}})
		resources, _ := v.Dict(form.Dict.Get("Resources"))
		fonts, err := v.Dict(resources.Get("Font"))
		if err != nil || fonts == nil || fonts.Len() != 1 {
			t.Fatalf("fonts %v, %v", fonts, err)
		}
		_, o := fonts.At(0)
		font, err := v.Dict(o)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(font.Name("BaseFont")), "+LiberationSerif") {
			t.Errorf("/BaseFont /%s is no name of a subset", font.Name("BaseFont"))
		}
		table, err := v.Object(font.Ref("ToUnicode"))
		if err != nil {
			t.Fatal(err)
		}
		data, err := table.(*pdf.Stream).Decode(v)
		if err != nil || !strings.Contains(string(data), tt.want) {
			t.Errorf("%q: /ToUnicode lacks %s, %v", tt.line, tt.want, err)
		}
	}
}

// Text in a corner is of 10 points and no other size: what is measured fits, however
// long it is and wherever it breaks, and a point less does not.
func TestCornerFits(t *testing.T) {
	t.Parallel()
	alphabet := []rune("aàảãạăắbcdđeêễghiíklmnoôơơptuưứvxyỹ AĂÂĐÊÔƠƯỸ0123456789/-.&()")
	random := rand.New(rand.NewPCG(30, 2020))
	sizes := regexp.MustCompile(`/F\w+ ([0-9.]+) Tf`)
	for range 40 {
		lines := []string{"SAO LỤC", "", "Thời gian ký: 2026-11-21T17:00:00+07:00"}
		for range 1 + random.IntN(150) {
			lines[1] += string(alphabet[random.IntN(len(alphabet))])
			if random.IntN(6) == 0 {
				lines[1] += " "
			}
		}
		most := 190 + random.Float64()*200
		w, h, err := appearance.Measure(lines, most)
		if err != nil {
			t.Fatal(err)
		}
		c := appearance.Content{Profile: appearance.Copy, Width: w, Height: h, Lines: lines}
		v, form := drawn(t, c)
		data, err := form.Decode(v)
		if err != nil {
			t.Fatal(err)
		}
		found := sizes.FindAllSubmatch(data, -1)
		for _, m := range found {
			if size, err := strconv.ParseFloat(string(m[1]), 64); err != nil || size != 10 {
				t.Errorf("%q is drawn with size %s", lines[1], m[1])
			}
		}
		if len(found) == 0 {
			t.Errorf("%q: no font is set in %q", lines[1], data)
		}
		for _, less := range []appearance.Content{{Width: w, Height: h - 1}, {Width: w - 1, Height: h}} {
			c.Width, c.Height = less.Width, less.Height
			u, _ := update(t)
			// Broken in other places it may be narrower, but then it is higher.
			if _, err := appearance.Draw(u, c); err == nil {
				if _, high, _ := appearance.Measure(lines, c.Width); high > c.Height {
					t.Errorf("%q fits %.1f by %.1f, measured %.1f by %.1f", lines[1], c.Width, c.Height, w, h)
				}
			}
		}
	}
}

// The colour that most of a picture's ink has, and whether anything shines through.
func TestLook(t *testing.T) {
	t.Parallel()
	r := image.Rect(0, 0, 30, 20)
	fill := func(ground, ink color.NRGBA) []byte {
		m := image.NewNRGBA(r)
		for y := range 20 {
			for x := range 30 {
				m.SetNRGBA(x, y, ground)
				if x > 10 && x < 20 {
					m.SetNRGBA(x, y, ink)
				}
			}
		}
		return encode(t, m)
	}
	white, clear := color.NRGBA{255, 255, 255, 255}, color.NRGBA{}
	for _, tt := range []struct {
		name   string
		png    []byte
		opaque bool
		ink    appearance.Ink
	}{
		{"a red seal", fill(clear, color.NRGBA{205, 20, 30, 235}), false, appearance.Red},
		{"blue handwriting", fill(clear, color.NRGBA{20, 50, 160, 255}), false, appearance.Blue},
		{"a seal on white", fill(white, color.NRGBA{205, 20, 30, 255}), true, appearance.Red},
		{"black", fill(clear, color.NRGBA{20, 20, 20, 255}), false, appearance.Other},
		{"green", fill(clear, color.NRGBA{20, 160, 20, 255}), false, appearance.Other},
		{"nothing", fill(clear, clear), false, appearance.Other},
	} {
		got, err := appearance.Look(tt.png)
		if err != nil || got != (appearance.Picture{Width: 30, Height: 20, Opaque: tt.opaque, Ink: tt.ink}) {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
	if _, err := appearance.Look([]byte("GIF89a")); err == nil {
		t.Error("a GIF is taken")
	}
}

// The font is parsed once and shared.
func TestDrawConcurrently(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			drawn(t, appearance.Content{Profile: appearance.Personal, Width: 200, Height: 60, Lines: []string{"Ký bởi: Đỗ Nghĩa Sĩ"}})
		})
	}
	wg.Wait()
}

func BenchmarkDraw(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		u, _ := update(b)
		if _, err := appearance.Draw(u, appearance.Content{Profile: appearance.Personal, Width: 200, Height: 60,
			Lines: []string{"Ký bởi: Đỗ Nghĩa Sĩ", "Cơ quan: UBND phường Ba Hàng", "Thời gian ký: 2026-11-21T17:00:00+07:00"}}); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzDraw(f *testing.F) {
	f.Add("Ký bởi:\r\nNghĩa (\\)", 200.0, 60.0, []byte(nil))
	f.Add("", 10.0, 10.0, encode(f, image.NewGray(image.Rect(0, 0, 3, 3))))
	f.Fuzz(func(t *testing.T, line string, w, h float64, picture []byte) {
		if len(line) > 1000 || len(picture) > 1<<16 {
			return
		}
		if len(picture) == 0 {
			picture = nil
		}
		for _, profile := range []appearance.Profile{appearance.Agency, appearance.Copy} {
			u, _ := update(t)
			if _, err := appearance.Draw(u, appearance.Content{Profile: profile, Width: w, Height: h, Lines: []string{line}, Image: picture}); err != nil {
				continue
			}
			if _, err := u.Build(); err != nil {
				t.Errorf("the drawing cannot be written: %v", err)
			}
		}
		if p, err := appearance.Look(picture); err == nil && (p.Width < 1 || p.Height < 1) {
			t.Errorf("a picture of %d by %d pixels", p.Width, p.Height)
		}
		if !(w > 4 && w < 2000) {
			return
		}
		if width, height, err := appearance.Measure([]string{line}, w); err == nil && !(width > 0 && height > 0) {
			t.Errorf("%q measures %f by %f", line, width, height)
		}
	})
}
