package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"

	"lienthong/certs"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/cms"
)

var rules = &signer.SignaturePolicy{OID: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Hash: crypto.SHA256,
	Digest: func() []byte { d := sha256.Sum256([]byte("quy chế ký số")); return d[:] }(), URI: "https://example.vn/quy-che.pdf"}

func signedAttribute(t testing.TB, signed *signer.Signed, oid asn1.ObjectIdentifier) [][]byte {
	t.Helper()
	data, err := cms.Parse(signed.CMS)
	if err != nil {
		t.Fatal(err)
	}
	var values [][]byte
	for _, a := range data.Signer().Attribute(oid) {
		values = append(values, a.Values...)
	}
	return values
}

// The older format is for viewers that know no PAdES: they find the time among the
// signed attributes, and others judge the signature as they always did.
func TestFormatPKCS7(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	out, signed := sign(t, sample(t, "01-ward-report.pdf"), key, signer.SignOptions{Format: signer.FormatPKCS7, Level: signer.LevelBT, TSA: pki.Stamper()})
	if n := len(signedAttribute(t, signed, cms.OIDSigningTime)); n != 1 {
		t.Errorf("signing-time is there %d times, want once", n)
	}
	if !bytes.Contains(out, []byte("/adbe.pkcs7.detached")) || bytes.Contains(out, []byte("/ESIC")) {
		t.Error("the dictionary does not name the format, or the catalog names ETSI's extension")
	}
	file := save(t, "signed.pdf", out)
	if got := judge(t, pki, file); len(got) != 1 || !got[0].Bottom || !got[0].Stamped {
		t.Errorf("pyHanko: %+v", got)
	}
	if said, err := run(t, "pdfsig", "-nocert", file); err != nil || !strings.Contains(said, "Signature is Valid") || !strings.Contains(said, "adbe.pkcs7.detached") {
		t.Errorf("pdfsig: %v\n%s", err, said)
	}
	if r := judgedAt(t, pki, out); r.Verdict != signer.VerdictValid {
		t.Errorf("verdict %s: %s", r.Verdict, summary(r))
	}
}

// With the revocation data in the signature nothing has to be appended later: the
// signer's own certificates can be judged from the file alone.
func TestEmbedRevocation(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	opts := signer.SignOptions{Format: signer.FormatPKCS7, EmbedRevocation: true, Trust: pki.Trust(), Evidence: pki.Evidence(), Certify: 1}
	out, signed := sign(t, sample(t, "01-ward-report.pdf"), key, opts)
	values := signedAttribute(t, signed, cms.OIDAdobeRevocation)
	if len(values) != 1 {
		t.Fatalf("%d archives of revocation data, want one", len(values))
	}
	alone := func(data []byte) *signer.Report {
		return validate(t, data, signer.Options{At: pki.Time(), Trust: pki.Trust(), Evidence: certs.NewEvidence()})
	}
	if r := alone(out); r.Verdict != signer.VerdictValid || r.Signatures[0].Revocation.Source != certs.SourceSignature {
		t.Errorf("verdict %s by %q: %s", r.Verdict, r.Signatures[0].Revocation.Source, summary(r))
	}
	opts.EmbedRevocation = false
	if without, _ := sign(t, sample(t, "01-ward-report.pdf"), key, opts); alone(without).Verdict == signer.VerdictValid {
		t.Error("valid without revocation data: the test proves nothing")
	}
	if got := judge(t, pki, save(t, "signed.pdf", out)); len(got) != 1 || !got[0].Bottom {
		t.Errorf("pyHanko: %+v", got)
	}
}

func TestEmbedRevocationRefuses(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	revoked := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.RevokedAt(testpki.Now.AddDate(0, 0, -1), 1))
	var out bytes.Buffer
	for name, evidence := range map[string]*certs.Evidence{"revoked": pki.Evidence(), "no data": certs.NewEvidence()} {
		opts := signer.SignOptions{Format: signer.FormatPKCS7, EmbedRevocation: true, Trust: pki.Trust(), Evidence: evidence, At: testpki.Now}
		_, err := signer.Sign(context.Background(), bytes.NewReader(sample(t, "01-ward-report.pdf")), revoked.Key(), opts, &out)
		if !errors.Is(err, signer.ErrEvidence) || out.Len() > 0 {
			t.Errorf("%s: error %v and %d bytes, want %v", name, err, out.Len(), signer.ErrEvidence)
		}
	}
}

// What a signer signs by is no secret, and who does not know the rules cannot say
// what the signature means.
func TestSignaturePolicy(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	out, _ := sign(t, sample(t, "01-ward-report.pdf"), key, signer.SignOptions{Policy: rules, Commitment: "proof-of-approval"})
	known := signer.DefaultPolicy()
	known.ID, known.SignaturePolicies = "ours", []string{"1.3.6.1.4.1.99999.1"}
	for _, tt := range []struct {
		name    string
		policy  *signer.Policy
		verdict signer.Verdict
		sub     signer.SubIndication
	}{
		{"rules that nobody here knows", signer.DefaultPolicy(), signer.VerdictIndeterminate, signer.SignaturePolicyNotAvailable},
		{"rules that the policy names", known, signer.VerdictValid, ""},
		{"trust left out", signer.IntegrityPolicy(), signer.VerdictIntact, ""},
	} {
		r := validate(t, out, signer.Options{At: pki.Time(), Trust: pki.Trust(), Evidence: pki.Evidence(), Policy: tt.policy})
		if r.Verdict != tt.verdict || r.Signatures[0].SubIndication != tt.sub {
			t.Errorf("%s: %s %s, want %s %s", tt.name, r.Verdict, r.Signatures[0].SubIndication, tt.verdict, tt.sub)
		}
	}
	if got := judge(t, pki, save(t, "signed.pdf", out)); len(got) != 1 || !got[0].Intact || !got[0].Valid || !got[0].Trusted {
		t.Errorf("pyHanko: %+v", got)
	}
}

// OpenSSL reads both attributes as their standards have them.
func TestAttributesDER(t *testing.T) {
	t.Parallel()
	key := testpki.New(t).Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	_, signed := sign(t, sample(t, "01-ward-report.pdf"), key, signer.SignOptions{Policy: rules, Commitment: "proof-of-approval"})
	file := save(t, "signed.der", signed.CMS)
	said, err := run(t, "openssl", "asn1parse", "-inform", "DER", "-in", file)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, want := range []string{"id-smime-cti-ets-proofOfApproval", "1.3.6.1.4.1.99999.1", "id-smime-spq-ets-sqt-uri", "https://example.vn/quy-che.pdf"} {
		if !strings.Contains(said, want) {
			t.Errorf("openssl does not find %q", want)
		}
	}
}

func TestAttributesRefused(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	bad := func(change func(*signer.SignaturePolicy)) *signer.SignaturePolicy {
		p := *rules
		change(&p)
		return &p
	}
	for _, tt := range []struct {
		name string
		opts signer.SignOptions
		want string
	}{
		{"a reason beside a commitment", signer.SignOptions{Reason: "Duyệt", Commitment: "proof-of-origin"}, "want one of them"},
		{"a reason beside rules", signer.SignOptions{Reason: "Duyệt", Policy: rules}, "want one of them"},
		{"unknown commitment", signer.SignOptions{Commitment: "proof-of-life"}, "want one of proof-of-origin, proof-of-receipt"},
		{"unknown format", signer.SignOptions{Format: "x509"}, "format \"x509\""},
		{"a level that the format has not", signer.SignOptions{Format: signer.FormatPKCS7, Level: signer.LevelBLT, TSA: pki.Stamper(), Trust: pki.Trust(), Evidence: pki.Evidence()}, "is of PAdES"},
		{"revocation data in PAdES", signer.SignOptions{EmbedRevocation: true, Trust: pki.Trust(), Evidence: pki.Evidence()}, "format pkcs7 only"},
		{"revocation data from nowhere", signer.SignOptions{Format: signer.FormatPKCS7, EmbedRevocation: true}, "needs anchors"},
		{"a digest that is too short", signer.SignOptions{Policy: bad(func(p *signer.SignaturePolicy) { p.Digest = p.Digest[1:] })}, "a digest of 31 bytes"},
		{"SHA-1", signer.SignOptions{Policy: bad(func(p *signer.SignaturePolicy) { p.Hash = crypto.SHA1; p.Digest = p.Digest[:20] })}, "a digest of 20 bytes"},
		{"no identifier", signer.SignOptions{Policy: bad(func(p *signer.SignaturePolicy) { p.OID = nil })}, "no object identifier"},
		{"a URI with accents", signer.SignOptions{Policy: bad(func(p *signer.SignaturePolicy) { p.URI = "https://ví-dụ.vn" })}, "want ASCII"},
	} {
		tt.opts.At = testpki.Now
		var out bytes.Buffer
		if _, err := signer.Sign(context.Background(), bytes.NewReader(sample(t, "01-ward-report.pdf")), key, tt.opts, &out); err == nil || !strings.Contains(err.Error(), tt.want) || out.Len() > 0 {
			t.Errorf("%s: error %v and %d bytes, want %q", tt.name, err, out.Len(), tt.want)
		}
	}
}

// A holder of a key elsewhere says what was asked for: no less and no more.
func TestDeferredAttributes(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	letter := sample(t, "01-ward-report.pdf")
	p := prepare(t, letter, key, signer.SignOptions{Commitment: "proof-of-approval", Format: signer.FormatPKCS7})
	asked, err := cms.CommitmentAttribute(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 6, 5})
	if err != nil {
		t.Fatal(err)
	}
	other, err := rules.Attribute()
	if err != nil {
		t.Fatal(err)
	}
	made := func(list ...cms.Attribute) signer.Completion {
		return signer.Completion{CMS: makeCMS(t, key, p.RangeDigest, cms.SignOptions{Further: list, SigningTime: testpki.Now})}
	}
	for _, tt := range []struct {
		name string
		c    signer.Completion
		is   error
	}{
		{"the value alone", signer.Completion{Signature: signDigest(t, key, p.Digest)}, nil},
		{"as asked", made(asked), nil},
		{"less", made(), signer.ErrAttributes},
		{"more", made(asked, other), signer.ErrAttributes},
		{"other", made(other), signer.ErrAttributes},
	} {
		if out, _, err := complete(letter, p, tt.c); !errors.Is(err, tt.is) || (err == nil) != (len(out) > 0) {
			t.Errorf("%s: error %v and %d bytes, want %v", tt.name, err, len(out), tt.is)
		}
	}
}
