package signer_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// shaped is the first page put into another space, where a reader sees the same.
func shaped(t testing.TB, in []byte, rotate int, x, y, unit float64, cropped bool) []byte {
	t.Helper()
	return editPage(t, in, func(u *pdf.Update, page *pdf.Dict) {
		const w, h = 595.3, 841.9
		// Upright first, then turned against the page, then made smaller, then moved.
		m := map[int][6]float64{0: {1, 0, 0, 1, 0, 0}, 90: {0, 1, -1, 0, h, 0}, 180: {-1, 0, 0, -1, w, h}, 270: {0, -1, 1, 0, 0, w}}[rotate]
		bw, bh := w, h
		if rotate%180 != 0 {
			bw, bh = h, w
		}
		for i := range m {
			m[i] /= unit
		}
		m[4], m[5] = m[4]+x, m[5]+y
		box := func(grow float64) pdf.Array {
			return pdf.Array{pdf.Real{Value: x - grow}, pdf.Real{Value: y - grow}, pdf.Real{Value: x + bw/unit + grow}, pdf.Real{Value: y + bh/unit + grow}}
		}
		page.Set("Rotate", pdf.Integer(int64(rotate)))
		page.Set("MediaBox", box(0))
		if cropped {
			page.Set("MediaBox", box(40))
			page.Set("CropBox", box(0))
		}
		if unit != 1 {
			page.Set("UserUnit", pdf.Real{Value: unit})
		}
		cm := fmt.Sprintf("q %f %f %f %f %f %f cm ", m[0], m[1], m[2], m[3], m[4], m[5])
		page.Set("Contents", pdf.Array{u.Add(pdf.NewStream(pdf.NewDict(), []byte(cm))), page.Get("Contents"), u.Add(pdf.NewStream(pdf.NewDict(), []byte(" Q")))})
	})
}

// However a page's space is turned, moved, cropped and scaled, all looks stand where
// they stand on the plain page: in what we say, and in what pdftoppm draws.
func TestLooksOnOddPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plain, hands := sign(t, w.letter, w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: auto})
	_, seals := sign(t, plain, w.agency.Key(), signer.SignOptions{Profile: appearance.Agency, Image: seal, Place: auto})
	corner := signer.SignOptions{Profile: appearance.Annex, Corner: signer.Corner{Number: "731/QĐ-UBND"}}
	_, notes := sign(t, w.letter, w.agency.Key(), corner)
	for _, tt := range []struct {
		name       string
		rotate     int
		x, y, unit float64
		cropped    bool
	}{
		{"turned right", 90, 0, 0, 1, false},
		{"upside down", 180, 0, 0, 1, false},
		{"turned left", 270, 0, 0, 1, false},
		{"below zero", 0, -300, -500, 1, false},
		{"cropped", 0, 0, 0, 1, true},
		{"in double points", 0, 0, 0, 2, false},
		{"all of it", 270, -120, 77, 2.5, true},
		{"all of it, the other way", 90, 33, -900, 0.5, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := shaped(t, w.letter, tt.rotate, tt.x, tt.y, tt.unit, tt.cropped)
			once, a := sign(t, in, w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: auto})
			twice, b := sign(t, once, w.agency.Key(), signer.SignOptions{Profile: appearance.Agency, Image: seal, Place: auto})
			noted, c := sign(t, in, w.agency.Key(), corner)
			for _, p := range [][2]*signer.Signed{{a, hands}, {b, seals}, {c, notes}} {
				if d := farthest(p[0].Place.Rect, p[1].Place.Rect); d > 0.5 {
					t.Errorf("at %.1f, want %.1f as on the plain page", p[0].Place.Rect, p[1].Place.Rect)
				}
			}
			if r := validate(t, twice, w.options()); r.Verdict != signer.VerdictValid || r.Signatures[0].Changes != signer.ChangesSignature {
				t.Errorf("%s", summary(r))
			}
			before, between := drawPage(t, in), drawPage(t, once)
			painted(t, before, between, a.Place.Rect, isBlue)
			painted(t, before, drawPage(t, noted), c.Place.Rect, isBlack)
			painted(t, between, drawPage(t, twice), b.Place.Rect, isRed)
		})
	}
}

// drawPage draws page 1 as a reader sees it, 400 pixels wide.
func drawPage(t testing.TB, file []byte) image.Image {
	t.Helper()
	path := save(t, "page.pdf", file)
	if out, err := run(t, "pdftoppm", "-cropbox", "-png", "-f", "1", "-l", "1", "-singlefile", "-scale-to-x", "400", "-scale-to-y", "-1", path, strings.TrimSuffix(path, ".pdf")); err != nil {
		t.Fatalf("pdftoppm: %v\n%s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(path), "page.png"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func isBlue(r, g, b uint32) bool  { return b > r+0x1000 && b > g }
func isRed(r, g, b uint32) bool   { return r > b+0x1000 && r > g+0x1000 }
func isBlack(r, g, b uint32) bool { return max(r, g, b)-min(r, g, b) < 0x1000 }

// painted holds that what changed on an A4 page lies in the rectangle, fills it from
// edge to edge in one direction at least, and is of the colour.
func painted(t testing.TB, before, after image.Image, rect [4]float64, colour func(r, g, b uint32) bool) {
	t.Helper()
	dots := float64(after.Bounds().Dx()) / 595.3
	high := float64(after.Bounds().Dy())
	var box image.Rectangle
	of, all := 0, 0
	for y := range after.Bounds().Dy() {
		for x := range after.Bounds().Dx() {
			r0, g0, b0, _ := before.At(x, y).RGBA()
			r, g, b, _ := after.At(x, y).RGBA()
			if r0 == r && g0 == g && b0 == b {
				continue
			}
			box = box.Union(image.Rect(x, y, x+1, y+1))
			if all++; colour(r, g, b) {
				of++
			}
		}
	}
	want := image.Rect(int(rect[0]*dots), int(high-rect[3]*dots), int(math.Ceil(rect[2]*dots)), int(math.Ceil(high-rect[1]*dots)))
	if !box.In(want.Inset(-2)) || of < all*2/3 || all < 20 || box.Dx() < want.Dx()*3/4 && box.Dy() < want.Dy()*3/4 {
		t.Errorf("%d pixels changed in %v, %d of the colour; want them in %v", all, box, of, want)
	}
}
