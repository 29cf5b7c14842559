package appearance_test

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/png"
	"os"
	"path/filepath"
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
		u, _ := update(t)
		if _, err := appearance.Draw(u, appearance.Content{Profile: appearance.Agency, Width: w, Height: h, Lines: []string{line}, Image: picture}); err != nil {
			return
		}
		if _, err := u.Build(); err != nil {
			t.Errorf("the drawing cannot be written: %v", err)
		}
	})
}
