package signer_test

import (
	"bytes"
	"runtime"
	"testing"

	"lienthong/internal/testpdf"
	"lienthong/signer"
)

// A tagged file of a million objects is signed twice and valid, and what that
// allocates does not grow with what the objects say: only with their number.
func TestMillionObjects(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	w := newWorld(t)
	var made bytes.Buffer
	if err := testpdf.Objects(&made, 1_000_000, 0, testpdf.Stream); err != nil {
		t.Fatal(err)
	}
	file, _ := sign(t, made.Bytes(), w.person.Key(), signer.SignOptions{})
	file, _ = sign(t, file, w.agency.Key(), signer.SignOptions{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := validate(t, file, w.options())
	runtime.ReadMemStats(&after)
	if r.Verdict != signer.VerdictValid || r.Signatures[0].Changes != signer.ChangesSignature {
		t.Errorf("want valid, and a signature after the first: %s", summary(r))
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 256<<20 {
		t.Errorf("%d MiB allocated, want at most 256", n>>20)
	}
}
