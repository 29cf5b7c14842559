package signer_test

import (
	"bytes"
	"testing"

	"github.com/digitorus/pdfsign/verify"

	"lienthong/internal/testpki"
	"lienthong/signer"
)

// What is signed here, pdfsign must read and find digest and value right, and
// must find them wrong once a signed byte has changed.
func TestPdfsignAgrees(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	keys := []*testpki.Leaf{
		pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")),
		pki.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256()),
		pki.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "UBND phường Ba Hàng"), testpki.RSA3072()),
	}
	for _, name := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := sample(t, name)
			for i, leaf := range keys {
				opts := signer.SignOptions{Reason: "Ký ban hành"}
				if i == 1 {
					opts.Level, opts.TSA = signer.LevelBT, pki.Stamper()
				}
				out, _ = sign(t, out, leaf.Key(), opts)
				if n, valid := pdfsignVerdict(t, out); n != i+1 || valid != i+1 {
					t.Errorf("after %d signatures pdfsign finds %d, %d of them valid", i+1, n, valid)
				}
			}
			// The last byte of the first content: every signature covers it.
			at := bytes.Index(out, []byte("endstream")) - 2
			out[at] ^= 1
			if _, valid := pdfsignVerdict(t, out); valid != 0 {
				t.Errorf("with a byte changed pdfsign finds %d valid", valid)
			}
		})
	}
}

func pdfsignVerdict(t *testing.T, data []byte) (n, valid int) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Logf("pdfsign panics: %v", r)
		}
	}()
	answer, err := verify.Verify(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Logf("pdfsign: %v", err)
		return 0, 0
	}
	for _, s := range answer.Signers {
		if n++; s.ValidSignature {
			valid++
		}
	}
	return n, valid
}
