package signer_test

import (
	"bytes"
	"fmt"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
)

// coloured counts the pixels of the last page that are mostly blue, and mostly red.
func coloured(t *testing.T, data []byte) (blue, red int) {
	t.Helper()
	out, err := run(t, "pdftoppm", "-r", "72", "-l", "1", save(t, "page.pdf", data))
	if err != nil {
		t.Fatalf("pdftoppm: %v", err)
	}
	i := bytes.Index([]byte(out), []byte("P6\n"))
	var w, h, most int
	if i < 0 {
		t.Fatalf("pdftoppm: no picture in %d bytes", len(out))
	}
	if _, err := fmt.Sscanf(out[i:], "P6\n%d %d\n%d\n", &w, &h, &most); err != nil || len(out) < 3*w*h {
		t.Fatalf("pdftoppm: %v", err)
	}
	pixels := out[len(out)-3*w*h:]
	for p := 0; p < len(pixels); p += 3 {
		r, g, b := int(pixels[p]), int(pixels[p+1]), int(pixels[p+2])
		switch {
		case b > r+60 && b > g+60:
			blue++
		case r > b+60 && r > g+60:
			red++
		}
	}
	return blue, red
}

// A seal over a signature lets it through also where there is no transparency: its
// ground is not painted.
func TestSealLetsSignatureThrough(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	show := func(in, image []byte, x float64) []byte {
		out, _ := sign(t, in, key, signer.SignOptions{Profile: appearance.Custom, Image: image, Lines: []string{"-"},
			Place: &signer.Placement{Page: 1, Rect: [4]float64{x, 60, x + 100, 160}}})
		return out
	}
	for _, name := range []string{"1b.pdf", "1b-gray.pdf", "2b-none.pdf", "2b.pdf"} {
		once := show(archived(t, name), hand, 330)
		twice := show(once, seal, 338)
		alone, _ := coloured(t, once)
		below, above := coloured(t, twice)
		if alone < 300 || below < alone/2 || above < alone/2 {
			t.Errorf("%s: %d blue pixels alone, then %d blue and %d red: a seal hides what lies below it", name, alone, below, above)
		}
	}
}
