package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/digitorus/pdfsign/verify"

	"lienthong/internal/measure"
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

// What judging a letter costs beside the hash and the signature checks that no judge
// can avoid: make bench holds it to 3 times that. Time is that of processors, since
// others may be at work, and the bounds leave room; how much is allocated does not
// depend on anyone.
func TestValidateRatio(t *testing.T) {
	if testing.Short() || measure.Race {
		t.Skip("measures")
	}
	for _, tt := range []struct {
		signatures    int
		ratio, allocs float64
	}{{1, 5, 900}, {2, 9, 3000}} {
		c := newBench(t, tt.signatures)
		m, err := measure.Pairs(41, func() error { c.ours(t); return nil }, func() error { c.raw(); return nil })
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d signatures: %.3f ms : %.3f ms, ratio %.2f, in processor time %.2f, %.0f allocations", tt.signatures, m.Ours, m.Base, m.Ratio, m.CPU, m.Allocs)
		if m.CPU > tt.ratio || m.Allocs > tt.allocs {
			t.Errorf("%d signatures: %.2f times the checks in processor time with %.0f allocations, want at most %v with %v",
				tt.signatures, m.CPU, m.Allocs, tt.ratio, tt.allocs)
		}
	}
}
