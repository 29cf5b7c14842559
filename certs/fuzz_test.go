package certs_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"lienthong/certs"
	"lienthong/internal/testpki"
)

// FuzzCertificates reads certificates and judges a path with them: as leaf, as
// intermediate of a real leaf, and as anchor.
func FuzzCertificates(f *testing.F) {
	p := testpki.New(f)
	leaf := agency(p)
	for _, c := range append(leaf.Chain, leaf.Certificate, p.TSACert.Certificate) {
		f.Add(c.Raw)
		f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	constrained := p.CATemplate("CA", 0)
	constrained.PermittedDNSDomains, constrained.ExcludedEmailAddresses = []string{"gov.vn"}, []string{"a@b.vn"}
	f.Add(p.NewAuthority(p.CA.Issuer, constrained).Certificate.Raw)
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := certs.ParseCertificates(data)
		if err != nil {
			return
		}
		trust := p.Trust()
		for _, purpose := range certs.Purposes {
			req := certs.PathRequest{Leaf: found[0], Extra: append(found, p.CA.Certificate), Purpose: purpose, At: testpki.Now}
			path := trust.Build(req)
			if path.OK() && !genuine(p, leaf, found[0]) {
				t.Fatalf("a changed certificate leads to the anchor: %x", data)
			}
			trust.Build(certs.PathRequest{Leaf: leaf.Certificate, Extra: found, Purpose: purpose, At: testpki.Now})
		}
		trust.AddAll(found...)
		trust.Build(certs.PathRequest{Leaf: leaf.Certificate, Extra: leaf.Chain, At: testpki.Now})
	})
}

// genuine compares what was signed: a signature value has several encodings.
func genuine(p *testpki.PKI, leaf *testpki.Leaf, c *x509.Certificate) bool {
	for _, real := range append(leaf.Chain, leaf.Certificate, p.TSACert.Certificate) {
		if string(real.RawTBSCertificate) == string(c.RawTBSCertificate) {
			return true
		}
	}
	return c.Subject.CommonName == "CA"
}

// FuzzOCSP reads responses and asks them for a revoked certificate's status.
func FuzzOCSP(f *testing.F) {
	p := testpki.New(f)
	leaf := agency(p, testpki.RevokedAt(testpki.Now.Add(-day), 1))
	f.Add(p.OCSP(leaf))
	f.Add(p.OCSP(leaf, testpki.OCSPByIssuer()))
	f.Add(p.OCSP(leaf, testpki.OCSPGood(), testpki.OCSPForged()))
	f.Add(p.OCSP(agency(p)))
	f.Fuzz(func(t *testing.T, data []byte) {
		evidence := certs.NewEvidence().With(certs.SourceDSS)
		if evidence.AddOCSP(certs.SourceDSS, data) != nil {
			return
		}
		got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now)
		if got.Status == certs.Good || got.Status == certs.Stale {
			t.Fatalf("a changed response calls a revoked certificate %s", got.Status)
		}
	})
}

// FuzzCRLs reads lists and asks them for a revoked certificate's status.
func FuzzCRLs(f *testing.F) {
	p := testpki.New(f)
	leaf := agency(p, testpki.RevokedAt(testpki.Now.Add(-day), 1))
	f.Add(p.List(p.CA).Raw)
	f.Add(p.List(p.CA, with(extension(f, true, []int{2, 5, 29, 28}, struct {
		Users bool `asn1:"tag:1"`
	}{true}))).Raw)
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: p.List(p.CA.Issuer).Raw}))
	f.Fuzz(func(t *testing.T, data []byte) {
		lists, err := certs.ParseCRLs(data)
		if err != nil {
			return
		}
		got := certs.NewEvidence().With(certs.SourceDSS, lists...).Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now)
		if got.Status == certs.Good || got.Status == certs.Stale {
			t.Fatalf("a changed list calls a revoked certificate %s", got.Status)
		}
	})
}
