package signer_test

import (
	"bytes"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
)

// A signed file that is encrypted and opens without a password is judged like any
// other: two signatures are intact, and a byte that one covers breaks it.
func TestValidateEncrypted(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person, seal := pki.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "UBND")).Key(), pki.Issue(testpki.Agency("UBND")).Key()
	letter := sample(t, "02-district-submission.pdf")
	for _, e := range encryptions {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			in := encrypt(t, letter, "preserve", "", e.args...)
			once, _ := sign(t, in, person, signer.SignOptions{Reason: "Ký ban hành"})
			twice, _ := sign(t, once, seal, signer.SignOptions{Profile: appearance.Agency, Lines: []string{"Con dấu"},
				Place: &signer.Placement{Page: -1, Rect: [4]float64{20, 20, 120, 60}}})
			opts := signer.Options{At: testpki.Now, Trust: pki.Trust(), Evidence: pki.Evidence()}
			r := validate(t, twice, opts)
			if r.Verdict != signer.VerdictValid || len(r.Signatures) != 2 || r.Signatures[0].Changes != signer.ChangesSignature {
				t.Fatalf("%s, %d signatures: %+v", r.Verdict, len(r.Signatures), r.Signatures)
			}
			spoilt := bytes.Clone(twice)
			spoilt[len(letter)/2] ^= 1 // in both byte ranges
			if r := validate(t, spoilt, opts); r.Verdict != signer.VerdictInvalid {
				t.Errorf("with a byte changed: %s", r.Verdict)
			}
		})
	}
}
