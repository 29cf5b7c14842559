package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/digitorus/pdfsign/verify"

	"lienthong/signer"
	"lienthong/signer/appearance"
)

// bench is a signed letter of 200 KB and the work that no judge can avoid on it:
// one hash of the file, and one check of each signature.
type bench struct {
	file []byte
	opts signer.Options
	raw  func()
}

func newBench(t testing.TB, signatures int) bench {
	w := newWorld(t)
	b := bench{file: letter200K(), opts: w.options()}
	for i := range signatures {
		leaf, o := w.person, signer.SignOptions{}
		if i > 0 {
			leaf, o = w.agency, signer.SignOptions{Profile: appearance.Agency, Place: &signer.Placement{Page: -1, Rect: [4]float64{300, 40, 420, 130}}}
		}
		b.file, _ = sign(t, b.file, leaf.Key(), o)
	}
	key := w.person.Certificate.PublicKey.(*rsa.PublicKey)
	digest := sha256.Sum256(b.file)
	value, err := w.person.Signer.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	b.raw = func() {
		sha256.Sum256(b.file)
		for range signatures {
			if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], value) != nil {
				panic("raw check")
			}
		}
	}
	return b
}

func (b bench) ours(t testing.TB) {
	r, err := signer.Validate(context.Background(), bytes.NewReader(b.file), b.opts)
	if err != nil || r.Verdict != signer.VerdictValid {
		t.Fatalf("%v %v", err, r)
	}
}

func (b bench) pdfsign(t testing.TB) {
	if _, err := verify.Verify(bytes.NewReader(b.file), int64(len(b.file))); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkValidate200K(b *testing.B) {
	for name, signatures := range map[string]int{"OneSignature": 1, "TwoAndDifference": 2} {
		c := newBench(b, signatures)
		for what, run := range map[string]func(){"Lienthong": func() { c.ours(b) }, "Pdfsign": func() { c.pdfsign(b) }, "Raw": c.raw} {
			b.Run(name+"/"+what, func(b *testing.B) {
				b.SetBytes(int64(len(c.file)))
				b.ReportAllocs()
				for b.Loop() {
					run()
				}
			})
		}
	}
}

// TestValidateRatio measures in interleaved rounds of one process, so that what
// else the machine does falls on all alike.
func TestValidateRatio(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	for _, signatures := range []int{1, 2} {
		c := newBench(t, signatures)
		var ours, raw, theirs []time.Duration
		took := func(run func()) time.Duration {
			start := time.Now()
			run()
			return time.Since(start)
		}
		for range 60 {
			raw = append(raw, took(c.raw))
			ours = append(ours, took(func() { c.ours(t) }))
			theirs = append(theirs, took(func() { c.pdfsign(t) }))
		}
		median := func(list []time.Duration) time.Duration {
			slices.Sort(list)
			return list[len(list)/2]
		}
		a, b, p := median(ours), median(raw), median(theirs)
		t.Logf("%d signatures: %v, raw %v (ratio %.2f), pdfsign, which looks at no path and no change, %v", signatures, a, b, float64(a)/float64(b), p)
	}
}
