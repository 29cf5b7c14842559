package signer_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lienthong/internal/testpki"
	"lienthong/signer"
)

var samples = []string{
	"01-ward-report.pdf", "02-district-submission.pdf", "03-province-decision.pdf",
	"04-official-letter.pdf", "05-annex.pdf", "06-xref-stream.pdf",
	"07-linearized.pdf", "08-ghostscript-pdfa.pdf", "09-scanned.pdf",
}

// Each letter is signed by a person and then by the agency, with time-stamps.
// Programs of others then judge both signatures and the file.
func TestSignSamples(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	agency := pki.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256()).Key()
	for _, name := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := sample(t, name)
			opts := signer.SignOptions{Level: signer.LevelBT, TSA: pki.Stamper(), Reason: "Ký ban hành", Location: "Thái Nguyên"}
			once, first := sign(t, in, person, opts)
			twice, second := sign(t, once, agency, opts)
			if !bytes.HasPrefix(once, in) || !bytes.HasPrefix(twice, once) {
				t.Fatal("the bytes of the input are not the first of the output")
			}
			for i, s := range []*signer.Signed{first, second} {
				data := [][]byte{once, twice}[i]
				if s.Digest != sha256.Sum256(data) || s.Size != int64(len(data)) || s.Level != signer.LevelBT || s.TimeStamp == nil {
					t.Errorf("signature %d: what Sign says of the output is not so: %+v", i+1, s)
				}
			}
			checkSigned(t, pki, in, once, first.Field)
			checkSigned(t, pki, in, twice, first.Field, second.Field)
		})
	}
}

// checkSigned lets others judge a file with invisible signatures.
func checkSigned(t *testing.T, pki *testpki.PKI, in, out []byte, fields ...string) {
	t.Helper()
	before, after := save(t, "in.pdf", in), save(t, "out.pdf", out)
	if diff := cmp.Diff(complaints(t, before), complaints(t, after)); diff != "" {
		t.Errorf("qpdf --check (-in +out):\n%s", diff)
	}
	if a, b := pageCount(t, before), pageCount(t, after); a != b {
		t.Errorf("%s pages before, %s after", a, b)
	}
	if diff := cmp.Diff(text(t, before), text(t, after)); diff != "" {
		t.Errorf("pdftotext (-in +out):\n%s", diff)
	}
	checkPdfsig(t, pki, after, len(fields))
	verdicts := judge(t, pki, after)
	if len(verdicts) != len(fields) {
		t.Fatalf("pyHanko finds %d signatures, want %d", len(verdicts), len(fields))
	}
	for i, v := range verdicts {
		coverage, modification := "ENTIRE_REVISION", "FORM_FILLING"
		if i == len(fields)-1 {
			coverage, modification = "ENTIRE_FILE", "NONE"
		}
		want := verdict{
			Field: fields[i], Coverage: coverage, Modification: modification,
			Intact: true, Valid: true, Trusted: true, Bottom: true, Stamped: true,
			Reason: "Ký ban hành", Location: "Thái Nguyên", Signed: "D:20261121170000+07'00'",
		}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Errorf("pyHanko on signature %d (-want +got):\n%s", i+1, diff)
		}
	}
}

// checkPdfsig holds that poppler calls every signature valid, and its certificate
// trusted with our root as the only anchor.
func checkPdfsig(t *testing.T, pki *testpki.PKI, file string, n int) {
	t.Helper()
	db := "sql:" + t.TempDir()
	root := save(t, "root.der", pki.Root.Certificate.Raw)
	for _, args := range [][]string{
		{"-N", "-d", db, "--empty-password"},
		{"-A", "-d", db, "-n", "root", "-t", "CT,C,C", "-i", root},
	} {
		if out, err := run(t, "certutil", args...); err != nil {
			t.Fatalf("certutil: %v\n%s", err, out)
		}
	}
	out, err := run(t, "pdfsig", "-no-ocsp", "-nssdir", db, file)
	valid := strings.Count(out, "Signature Validation: Signature is Valid.")
	trusted := strings.Count(out, "Certificate Validation: Certificate is Trusted.")
	total := strings.Count(out, "- Total document signed")
	kind := strings.Count(out, "Signature Type: ETSI.CAdES.detached")
	// Poppler 22.12 looks at a certificate once; at the next signature by the same
	// one it says that there is an unknown issue.
	signers := make(map[string]bool)
	for line := range strings.Lines(out) {
		if strings.Contains(line, "Signer full Distinguished Name") {
			signers[line] = true
		}
	}
	if err != nil || valid != n || trusted != len(signers) || total != 1 || kind != n {
		t.Errorf("pdfsig: %v, %d valid, %d of %d signers trusted, %d total, want %d valid and 1 total\n%s", err, valid, trusted, len(signers), total, n, out)
	}
}
