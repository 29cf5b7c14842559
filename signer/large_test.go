package signer_test

import (
	"bytes"
	"context"
	"errors"
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

// A file that is hashed while its structure is looked at gets the same answers.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file, _ := sign(t, scan10M(), w.person.Key(), signer.SignOptions{})
	file, _ = sign(t, file, w.agency.Key(), signer.SignOptions{})
	if r := validate(t, file, w.options()); r.Verdict != signer.VerdictValid {
		t.Errorf("want valid: %s", summary(r))
	}
	changed := bytes.Clone(file)
	changed[len(scan10M())/2] ^= 1
	if r := validate(t, changed, w.options()); r.Verdict != signer.VerdictInvalid || r.Signatures[0].Integrity != signer.IntegrityAltered {
		t.Errorf("want invalid, and both signatures altered: %s", summary(r))
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := signer.Validate(ctx, bytes.NewReader(file), w.options()); !errors.Is(err, context.Canceled) {
		t.Errorf("found error %v, want %v", err, context.Canceled)
	}
}
