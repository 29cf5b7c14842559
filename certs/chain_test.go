package certs_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/internal/testpki"
)

func TestPathSearch(t *testing.T) {
	t.Parallel()
	run(t, []pathCase{
		{name: "unknown CA, its certificates not given", make: issue(testpki.UnknownCA()),
			change: func(_ *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) { req.Extra = nil },
			want:   codes(certs.NoChain), detail: "leads to none of the 1 anchors for official signing"},
		// Same names, other keys: names lead to our root, and its key disowns the CA.
		{name: "unknown CA under our CA's name", make: issue(testpki.UnknownCA()), want: codes(certs.NoChain, certs.BadSignature)},
		{name: "unknown CA, all of it given", make: issue(testpki.UnknownCA()),
			change: func(p *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) {
				req.Extra = p.Issue(testpki.Agency("x"), testpki.P256(), testpki.UnknownCA()).Chain
			}, want: codes(certs.NoChain, certs.BadSignature)},
		{name: "intermediate missing", change: func(_ *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) { req.Extra = nil }, want: codes(certs.NoChain)},
		{name: "intermediate known beforehand", change: func(p *testpki.PKI, trust *certs.Trust, req *certs.PathRequest) {
			req.Extra = nil
			trust.AddIntermediates(p.CA.Certificate)
		}},
		{name: "issuing CA is the anchor", change: func(p *testpki.PKI, trust *certs.Trust, req *certs.PathRequest) {
			*trust = *certs.NewTrust()
			trust.Add(certs.OfficialSigning, p.CA.Certificate)
		}},
		{name: "anchor of another purpose", purpose: certs.PublicSigning,
			change: func(p *testpki.PKI, trust *certs.Trust, _ *certs.PathRequest) {
				*trust = *certs.NewTrust()
				trust.Add(certs.OfficialSigning, p.Root.Certificate)
			}, want: codes(certs.NoChain), detail: "0 anchors for public signing"},
		{name: "leaf is itself the anchor", change: func(_ *testpki.PKI, trust *certs.Trust, req *certs.PathRequest) {
			trust.Add(certs.OfficialSigning, req.Leaf)
		}},
		{name: "leaf is an expired anchor", make: issue(testpki.Expired()), change: func(_ *testpki.PKI, trust *certs.Trust, req *certs.PathRequest) {
			trust.Add(certs.OfficialSigning, req.Leaf)
		}, want: codes(certs.Expired)},
		{name: "self-signed", make: selfSigned, want: codes(certs.NoChain)},
		{name: "path through a renewed root", change: func(p *testpki.PKI, trust *certs.Trust, req *certs.PathRequest) {
			req.Extra = append(req.Extra, renewedRoot(t, p))
		}},
		{name: "expired twin of the CA first", change: func(p *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) {
			req.Extra = []*x509.Certificate{expiredTwin(t, p), p.CA.Certificate}
		}},
		{name: "only the expired twin", change: func(p *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) {
			req.Extra = []*x509.Certificate{expiredTwin(t, p)}
		}, want: codes(certs.Expired)},
		{name: "CA with another key identifier", change: func(p *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) {
			req.Extra = []*x509.Certificate{reissue(t, p, func(c *x509.Certificate) { c.SubjectKeyId = []byte("khác") })}
		}},
		{name: "a thousand namesakes, the CA known beforehand", change: func(p *testpki.PKI, trust *certs.Trust, req *certs.PathRequest) {
			trust.AddIntermediates(p.CA.Certificate)
			impostor := p.Issue(testpki.Agency("x"), testpki.P256(), testpki.UnknownCA()).Chain[0]
			req.Extra = make([]*x509.Certificate, 1000)
			for i := range req.Extra {
				req.Extra[i] = impostor
			}
		}},
		{name: "two CAs that certify each other", make: circle, want: codes(certs.NoChain), length: 3},
		{name: "twelve CAs", make: tower, want: codes(certs.NoChain), length: 10},
		{name: "unknown CA that has expired besides", make: func(p *testpki.PKI) *testpki.Leaf {
			template := p.CATemplate("CA lạ", 0)
			template.NotAfter = testpki.Now.Add(-time.Hour)
			leaf := agency(p, testpki.IssuedBy(p.NewAuthority(nil, template)))
			leaf.Chain = append(leaf.Chain, nil) // run gives all but the last
			return leaf
		}, want: codes(certs.NoChain, certs.Expired), length: 2},
		{name: "expired twin before one that is no CA", change: func(p *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) {
			req.Extra = []*x509.Certificate{expiredTwin(t, p), noCATwin(t, p)}
		}, want: codes(certs.Expired)},
		{name: "expired twin after one that is no CA", change: func(p *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) {
			req.Extra = []*x509.Certificate{noCATwin(t, p), expiredTwin(t, p)}
		}, want: codes(certs.Expired)},
		{name: "renewed root signs lists", purpose: certs.CRLSigning, make: func(p *testpki.PKI) *testpki.Leaf {
			return &testpki.Leaf{Certificate: renewedRoot(t, p)}
		}},
		{name: "nil among the certificates", change: func(_ *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) {
			req.Extra = append([]*x509.Certificate{nil}, req.Extra...)
		}},
	})
}

// TestPathSearchEnds crosses fourteen CAs with one another: paths without number,
// none to an anchor.
func TestPathSearchEnds(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	var list []*testpki.Authority
	for i := range 14 {
		list = append(list, p.NewAuthority(nil, p.CATemplate(fmt.Sprintf("CA %d", i), -1)))
	}
	var extra []*x509.Certificate
	for _, subject := range list {
		for _, issuer := range list {
			template := *subject.Certificate
			der, err := x509.CreateCertificate(rand.Reader, &template, issuer.Certificate, subject.Signer.Public(), issuer.Signer)
			extra = append(extra, parse(t, der, err))
		}
	}
	leaf := agency(p, testpki.IssuedBy(list[0]))
	path := p.Trust().Build(certs.PathRequest{Leaf: leaf.Certificate, Extra: extra, At: testpki.Now})
	if !path.Has(certs.NoChain) || !path.Has(certs.TooMany) {
		t.Fatalf("problems %v, want %s and %s", path.Problems, certs.NoChain, certs.TooMany)
	}
}

func TestPathLength(t *testing.T) {
	t.Parallel()
	under := func(limits ...int) func(*testpki.PKI) *testpki.Leaf {
		return func(p *testpki.PKI) *testpki.Leaf {
			issuer := p.CA.Issuer // which allows one
			for i, limit := range limits {
				issuer = p.NewAuthority(issuer, p.CATemplate(fmt.Sprintf("CA %d", i), limit))
			}
			return agency(p, testpki.IssuedBy(issuer))
		}
	}
	run(t, []pathCase{
		{name: "one CA", make: under(0)},
		{name: "root issues itself", make: under()},
		{name: "two CAs under a root that allows one", make: under(-1, -1), want: codes(certs.PathLength), detail: "allows 1 CAs below it, and has 2"},
		{name: "two CAs, the upper one allows none", make: under(0, -1), want: codes(certs.PathLength, certs.PathLength)},
		// RFC 5280 4.2.1.9: self-issued certificates do not count.
		{name: "CA that changed its key", make: func(p *testpki.PKI) *testpki.Leaf {
			old := p.NewAuthority(p.CA.Issuer, p.CATemplate("CA", 0))
			return agency(p, testpki.IssuedBy(p.NewAuthority(old, p.CATemplate("CA", 0))))
		}},
	})
}

func TestPathAlgorithms(t *testing.T) {
	t.Parallel()
	sha1 := testpki.Template(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })
	under := func(key testpki.KeyKind, opts ...testpki.Option) func(*testpki.PKI) *testpki.Leaf {
		return func(p *testpki.PKI) *testpki.Leaf {
			return agency(p, append(opts, testpki.IssuedBy(p.NewAuthority(p.CA.Issuer, p.CATemplate("CA", 0), key)))...)
		}
	}
	algorithm := func(a x509.SignatureAlgorithm) testpki.Option {
		return testpki.Template(func(c *x509.Certificate) { c.SignatureAlgorithm = a })
	}
	policy := func(change func(a *certs.Algorithms)) func(*testpki.PKI, *certs.Trust, *certs.PathRequest) {
		return func(_ *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) {
			req.Policy = certs.DefaultAlgorithms()
			change(&req.Policy)
		}
	}
	lastYear := testpki.Now.AddDate(-1, 0, 0)
	run(t, []pathCase{
		{name: "ECDSA with SHA-1", make: issue(sha1), want: codes(certs.WeakAlgorithm), detail: "hash SHA-1 is not accepted"},
		{name: "RSA with SHA-1", make: under(testpki.KeyRSA2048, algorithm(x509.SHA1WithRSA)), want: codes(certs.WeakAlgorithm), detail: "SHA-1"},
		{name: "SHA-1, and forged", make: func(p *testpki.PKI) *testpki.Leaf { return forge(t, agency(p, sha1)) },
			want: codes(certs.NoChain, certs.WeakAlgorithm, certs.BadSignature)},
		{name: "forged", make: func(p *testpki.PKI) *testpki.Leaf { return forge(t, agency(p)) }, want: codes(certs.NoChain, certs.BadSignature)},
		{name: "RSA-1024 signer", make: issue(testpki.RSA1024()), want: codes(certs.WeakAlgorithm), detail: "RSA key of 1024 bits: want at least 2048"},
		{name: "RSA-1024 CA", make: under(testpki.KeyRSA1024), want: codes(certs.WeakAlgorithm), detail: "1024"},
		{name: "RSA with SHA-384", make: under(testpki.KeyRSA2048, algorithm(x509.SHA384WithRSA))},
		{name: "RSA with SHA-512", make: under(testpki.KeyRSA2048, algorithm(x509.SHA512WithRSA))},
		{name: "RSA-PSS", make: under(testpki.KeyRSA2048, algorithm(x509.SHA256WithRSAPSS))},
		{name: "RSA-PSS with SHA-512", make: under(testpki.KeyRSA2048, algorithm(x509.SHA512WithRSAPSS))},
		{name: "ECDSA with SHA-512", make: issue(algorithm(x509.ECDSAWithSHA512))},
		{name: "modulus of 20,000 bits", make: func(p *testpki.PKI) *testpki.Leaf { return underGiant(t, p) },
			want: codes(certs.WeakAlgorithm), detail: "want at most 8192"},
		{name: "policy without ECDSA", change: policy(func(a *certs.Algorithms) { a.Schemes = a.Schemes[:1] }), want: codes(certs.WeakAlgorithm, certs.WeakAlgorithm), detail: "scheme \"ECDSA\""},
		{name: "SHA-256 ended last year", change: policy(func(a *certs.Algorithms) { a.Hashes[0].Until = lastYear }),
			want: codes(certs.WeakAlgorithm, certs.WeakAlgorithm), detail: "hash SHA-256 is accepted until 2025-11-21T10:00:00Z, judged at 2026-11-21T10:00:00Z"},
		{name: "SHA-256 ends today", change: policy(func(a *certs.Algorithms) { a.Hashes[0].Until = testpki.Now })},
		{name: "P-256 keys ended, P-384 asked for", change: policy(func(a *certs.Algorithms) {
			a.Keys = []certs.KeyRule{{Kind: "ECDSA", MinBits: 256, Until: lastYear}, {Kind: "ECDSA", MinBits: 384}}
		}), want: codes(certs.WeakAlgorithm, certs.WeakAlgorithm, certs.WeakAlgorithm), detail: "want at least 384"},
		{name: "a looser rule beside a strict one", change: policy(func(a *certs.Algorithms) {
			a.Keys = []certs.KeyRule{{Kind: "ECDSA", MinBits: 384}, {Kind: "ECDSA", MinBits: 256}}
		})},
	})
}

// TestAlgorithmsEd25519 keeps Ed25519 apart from the rules for hashes.
func TestAlgorithmsEd25519(t *testing.T) {
	t.Parallel()
	key := make([]byte, 32)
	if err := (certs.Algorithms{}).Check(0, certs.Ed25519, ed25519.PublicKey(key), testpki.Now); err != nil {
		t.Error(err)
	}
	if err := (certs.Algorithms{}).Check(crypto.SHA256, "HMAC", ed25519.PublicKey(key), testpki.Now); err == nil {
		t.Error("an unknown scheme passed")
	}
	if err := (certs.Algorithms{}).CheckKey("none", time.Time{}); err == nil {
		t.Error("a string passed for a key")
	}
}

func parse(t testing.TB, der []byte, err error) *x509.Certificate {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reissue signs the issuing CA's certificate again with a change.
func reissue(t testing.TB, p *testpki.PKI, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := *p.CA.Certificate
	change(&template)
	root := p.CA.Issuer
	der, err := x509.CreateCertificate(rand.Reader, &template, root.Certificate, p.CA.Signer.Public(), root.Signer)
	return parse(t, der, err)
}

func expiredTwin(t testing.TB, p *testpki.PKI) *x509.Certificate {
	return reissue(t, p, func(c *x509.Certificate) { c.NotAfter = testpki.Now.AddDate(0, 0, -1) })
}

func noCATwin(t testing.TB, p *testpki.PKI) *x509.Certificate {
	return reissue(t, p, func(c *x509.Certificate) { c.IsCA, c.MaxPathLenZero = false, false })
}

// renewedRoot has the anchor's name and key, and another notAfter: it is the same
// anchor.
func renewedRoot(t testing.TB, p *testpki.PKI) *x509.Certificate {
	t.Helper()
	template := *p.Root.Certificate
	template.NotAfter = template.NotAfter.AddDate(5, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, p.Root.Signer.Public(), p.Root.Signer)
	return parse(t, der, err)
}

func selfSigned(p *testpki.PKI) *testpki.Leaf {
	a := p.NewAuthority(nil, &x509.Certificate{SerialNumber: p.Serial(), Subject: pkix.Name{CommonName: "Tôi"},
		NotBefore: testpki.Now.AddDate(-1, 0, 0), NotAfter: testpki.Now.AddDate(1, 0, 0)})
	return &testpki.Leaf{Certificate: a.Certificate, Chain: []*x509.Certificate{a.Certificate}}
}

func circle(p *testpki.PKI) *testpki.Leaf {
	a := p.NewAuthority(nil, p.CATemplate("A", -1))
	b := p.NewAuthority(a, p.CATemplate("B", -1))
	template := *a.Certificate
	der, err := x509.CreateCertificate(rand.Reader, &template, b.Certificate, a.Signer.Public(), b.Signer)
	if err != nil {
		panic(err)
	}
	crossed, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	leaf := agency(p, testpki.IssuedBy(b))
	leaf.Chain = []*x509.Certificate{b.Certificate, crossed, nil}
	return leaf
}

func tower(p *testpki.PKI) *testpki.Leaf {
	issuer := p.CA.Issuer
	for i := range 12 {
		issuer = p.NewAuthority(issuer, p.CATemplate(fmt.Sprintf("CA %d", i), -1))
	}
	return agency(p, testpki.IssuedBy(issuer))
}

// forge changes a bit of the signed part; the DER stays well-formed.
func forge(t testing.TB, l *testpki.Leaf) *testpki.Leaf {
	t.Helper()
	der := append([]byte(nil), l.Certificate.Raw...)
	at := len(l.Certificate.Raw) - len(l.Certificate.Signature) - 40
	for i := at; i > 0; i-- {
		der[i] ^= 1
		if c, err := x509.ParseCertificate(der); err == nil && c.SignatureAlgorithm == l.Certificate.SignatureAlgorithm {
			return &testpki.Leaf{Certificate: c, Chain: l.Chain}
		}
		der[i] ^= 1
	}
	t.Fatal("no bit can be changed")
	return nil
}

// underGiant has a CA whose modulus would take seconds to compute with.
func underGiant(t testing.TB, p *testpki.PKI) *testpki.Leaf {
	t.Helper()
	n := new(big.Int).Lsh(big.NewInt(1), 20_000)
	giant := &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}
	root := p.CA.Issuer
	der, err := x509.CreateCertificate(rand.Reader, p.CATemplate("CA khổng lồ", 0), root.Certificate, giant, root.Signer)
	ca := parse(t, der, err)
	nameOnly := *ca
	nameOnly.PublicKey = nil // CreateCertificate would refuse a signer of another key
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	leaf := agency(p, testpki.IssuedBy(&testpki.Authority{Certificate: &nameOnly, Signer: small, Issuer: root}))
	leaf.Chain[0] = ca
	return leaf
}

// TestPathVersion1 builds certificates without extensions: as anchors they are
// still about, as intermediates they must not issue (RFC 5280 6.1.4 (k)).
func TestPathVersion1(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	old := version1(t, p.CA.Issuer, p.Root.Certificate.RawSubject, p.Root.Certificate.RawSubject, p.Root.Signer)
	trust := certs.NewTrust()
	trust.AddAll(old)
	leaf := agency(p)
	req := certs.PathRequest{Leaf: leaf.Certificate, Extra: leaf.Chain[:1], At: testpki.Now}
	if path := trust.Build(req); !path.OK() {
		t.Errorf("anchor of version 1: %v", path.Problems)
	}
	req.Extra = []*x509.Certificate{version1(t, p.CA.Issuer, p.CA.Certificate.RawSubject, p.Root.Certificate.RawSubject, p.CA.Signer)}
	if path := p.Trust().Build(req); len(path.Problems) != 1 || path.Problems[0].Code != certs.NotCA {
		t.Errorf("intermediate of version 1: %v, want %s", path.Problems, certs.NotCA)
	}
}

// version1 makes a certificate as they were before 1996. x509 writes only
// version 3.
func version1(t testing.TB, issuer *testpki.Authority, subject, issuerName []byte, key crypto.Signer) *x509.Certificate {
	t.Helper()
	type validity struct{ From, To time.Time }
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	ecdsaSHA256 := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}
	tbs, err := asn1.Marshal(struct {
		Serial    *big.Int
		Algorithm pkix.AlgorithmIdentifier
		Issuer    asn1.RawValue
		Validity  validity
		Subject   asn1.RawValue
		Key       asn1.RawValue
	}{big.NewInt(77), ecdsaSHA256, asn1.RawValue{FullBytes: issuerName},
		validity{testpki.Now.AddDate(-3, 0, 0), testpki.Now.AddDate(3, 0, 0)},
		asn1.RawValue{FullBytes: subject}, asn1.RawValue{FullBytes: spki}})
	if err != nil {
		t.Fatal(err)
	}
	h := crypto.SHA256.New()
	h.Write(tbs)
	signature, err := issuer.Signer.Sign(rand.Reader, h.Sum(nil), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, ecdsaSHA256, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
	return parse(t, der, err)
}
