package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
)

// The four looks of Decree 30/2020 (Appendix I) on four letters, as pdftoppm draws
// them. Where LIENTHONG_PICTURES names a folder the pictures are left there, for the
// eye. What is not between position and name, or not where the seal belongs, fails.
func TestPictures(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no pdftoppm: apt-get install poppler-utils")
		}
		t.Skip("no pdftoppm: apt-get install poppler-utils")
	}
	hand, err := handwriting()
	if err != nil {
		t.Fatal(err)
	}
	seal, err := sealImage()
	if err != nil {
		t.Fatal(err)
	}
	pki := testpki.New(t)
	leader := pki.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "Ủy ban nhân dân phường Ba Hàng")).Key()
	agency := pki.Issue(testpki.Agency("Ủy ban nhân dân phường Ba Hàng")).Key()
	auto := &signer.Placement{Auto: true}
	for _, tt := range []struct {
		letter string
		pages  int
		place  *signer.Placement // of the personal signature; where auto finds none
		seal   *signer.Placement
	}{
		{"01-ward-report", 1, auto, auto},
		{"04-official-letter", 1, auto, auto},
		{"05-annex", 8, &signer.Placement{Page: -1, Rect: [4]float64{372, 192, 502, 268}}, &signer.Placement{Page: -1, Rect: [4]float64{313, 179, 415, 281}}}, // a table, and no block
		{"09-scanned", 3, &signer.Placement{Page: -1, Rect: [4]float64{361, 512, 503, 575}}, auto},                                                            // a scan: beside the only signature
	} {
		t.Run(tt.letter, func(t *testing.T) {
			t.Parallel()
			draft, err := os.ReadFile(filepath.Join("..", "..", "testdata", "samples", tt.letter+".pdf"))
			if err != nil {
				t.Fatal(err)
			}
			signed, by := signedAs(t, draft, leader, signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: tt.place})
			last := by.Place.Page
			after := page(t, signed, last)
			if ink := grewIn(t, page(t, draft, last), after, by.Place); last != tt.pages || ink.blue < dots()/2 || ink.red > 0 {
				t.Errorf("handwriting on page %d of %d: %+v", last, tt.pages, ink)
			}
			leave(t, tt.letter, "personal", after)
			sealed, with := signedAs(t, signed, agency, signer.SignOptions{Profile: appearance.Agency, Image: seal, Place: tt.seal})
			both := page(t, sealed, last)
			if ink := grewIn(t, after, both, with.Place); with.Place.Page != last || ink.red < 5*dots() {
				t.Errorf("seal on page %d: %+v", with.Place.Page, ink)
			}
			leave(t, tt.letter, "agency", both)
			overlap(t, by.Place.Rect, with.Place.Rect)
			blank := page(t, draft, 1)
			for profile, corner := range map[appearance.Profile]signer.Corner{
				appearance.Annex: {Number: "731/QĐ-UBND"},
				appearance.Copy:  {Kind: "SAO LỤC"},
			} {
				marked, m := signedAs(t, draft, agency, signer.SignOptions{Profile: profile, Corner: corner})
				first := page(t, marked, 1)
				if ink := grewIn(t, blank, first, m.Place); m.Place.Page != 1 || ink.black < dots()/2 || ink.red+ink.blue > 0 {
					t.Errorf("%s on page %d: %+v", profile, m.Place.Page, ink)
				}
				leave(t, tt.letter, string(profile), first)
			}
		})
	}
}

func signedAs(t *testing.T, in []byte, key keys.Key, opts signer.SignOptions) ([]byte, *signer.Signed) {
	t.Helper()
	opts.At = time.Date(2026, 11, 21, 10, 7, 30, 0, time.UTC)
	var out bytes.Buffer
	signed, err := signer.Sign(context.Background(), bytes.NewReader(in), key, opts, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range signed.Warnings {
		t.Logf("%s: %s", opts.Profile, w)
	}
	return out.Bytes(), signed
}

// dots is how many an inch has: fewer are enough where nobody looks.
func dots() int {
	if os.Getenv("LIENTHONG_PICTURES") == "" {
		return 50
	}
	return 100
}

// page draws one page.
func page(t *testing.T, file []byte, number int) image.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	n := strconv.Itoa(number)
	if out, err := exec.Command("pdftoppm", "-r", strconv.Itoa(dots()), "-cropbox", "-png", "-f", n, "-l", n, "-singlefile", path, path).CombinedOutput(); err != nil {
		t.Fatalf("pdftoppm: %v\n%s", err, out)
	}
	data, err := os.ReadFile(path + ".png")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// inks counts the pixels that a signature changed, by their colour.
type inks struct{ blue, red, black, outside int }

// grewIn compares a page before and after, and fails where it changed outside of
// the rectangle.
func grewIn(t *testing.T, a, b image.Image, place *signer.Placement) (n inks) {
	t.Helper()
	dots := float64(dots()) / 72
	r := place.Rect
	high := float64(a.Bounds().Dy())
	in := image.Rect(int(r[0]*dots)-2, int(high-r[3]*dots)-2, int(r[2]*dots)+3, int(high-r[1]*dots)+3)
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r0, g0, b0, _ := a.At(x, y).RGBA()
			r1, g1, b1, _ := b.At(x, y).RGBA()
			switch {
			case r0 == r1 && g0 == g1 && b0 == b1:
			case !image.Pt(x, y).In(in):
				n.outside++
			case b1 > r1+0x2000 && b1 > g1:
				n.blue++
			case r1 > b1+0x2000 && r1 > g1+0x2000:
				n.red++
			case r1 < 0x8000 && g1 < 0x8000 && b1 < 0x8000:
				n.black++
			}
		}
	}
	if n.outside > 0 {
		t.Errorf("%d pixels changed outside of %v on page %d", n.outside, r, place.Page)
	}
	return n
}

// overlap holds that the seal covers about a third of the handwriting, on its left.
func overlap(t *testing.T, hand, seal [4]float64) {
	t.Helper()
	if part := (seal[2] - hand[0]) / (hand[2] - hand[0]); seal[0] >= hand[0] || part < 0.30 || part > 0.37 {
		t.Errorf("the seal covers %.0f %% of the handwriting's width, want a third, on its left", part*100)
	}
}

func leave(t *testing.T, letter, profile string, picture image.Image) {
	dir := os.Getenv("LIENTHONG_PICTURES")
	if dir == "" {
		return
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s.png", letter, profile)), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
