package signer_test

import (
	"bytes"
	"context"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
)

// Whatever the file, signing ends with an error and nothing written, or with a file
// that begins with it and in which the signature is whole and intact.
func FuzzSign(f *testing.F) {
	pki := testpki.New(f)
	key := pki.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "UBND"), testpki.P256()).Key()
	plain := typed(f, typedLine{90, 120, "CHỦ TỊCH"}, typedLine{90, 200, "Đỗ Nghĩa Sĩ"})
	f.Add(plain, false)
	signed, _ := sign(f, plain, key, signer.SignOptions{})
	f.Add(signed, true)
	f.Add([]byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"+
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R/Size 4>>\nstartxref\n0\n%%EOF\n"), true)
	f.Fuzz(func(t *testing.T, data []byte, visible bool) {
		opts := signer.SignOptions{At: testpki.Now, Repair: true}
		if visible {
			opts.Profile, opts.Place = appearance.Personal, &signer.Placement{Page: 1, Rect: [4]float64{10, 10, 150, 60}}
		}
		var out bytes.Buffer
		signed, err := signer.Sign(context.Background(), bytes.NewReader(data), key, opts, &out)
		if err != nil {
			if out.Len() > 0 {
				t.Errorf("%d bytes written, and then: %v", out.Len(), err)
			}
			return
		}
		if !bytes.HasPrefix(out.Bytes(), data) {
			t.Fatal("the output is not the input and more")
		}
		r := validate(t, out.Bytes(), signer.Options{Policy: signer.IntegrityPolicy(), At: testpki.Now})
		for _, s := range r.Signatures {
			if s.Field == signed.Field && s.Coverage == signer.CoverageWhole && s.Integrity == signer.IntegrityIntact && s.Indication != signer.TotalFailed {
				return
			}
		}
		t.Error(summary(r))
	})
}
