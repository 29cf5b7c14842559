package certs_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/certs"
	"lienthong/internal/testpki"
)

// A pathCase is a sentence about a path. Make returns the certificate in
// question; what else the request holds is the chain that came with it.
type pathCase struct {
	name    string
	make    func(p *testpki.PKI) *testpki.Leaf
	change  func(p *testpki.PKI, trust *certs.Trust, req *certs.PathRequest)
	purpose certs.Purpose
	want    []certs.ProblemCode // empty if the path holds
	detail  string              // of the first problem
	length  int                 // of the chain; 0: not looked at
}

func run(t *testing.T, cases []pathCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := testpki.New(t)
			leaf := agency(p)
			if tt.make != nil {
				leaf = tt.make(p)
			}
			trust := p.Trust()
			req := certs.PathRequest{Leaf: leaf.Certificate, Purpose: tt.purpose, At: testpki.Now}
			if len(leaf.Chain) > 0 {
				req.Extra = leaf.Chain[:len(leaf.Chain)-1]
			}
			if tt.change != nil {
				tt.change(p, trust, &req)
			}
			path := trust.Build(req)
			var got []certs.ProblemCode
			for _, problem := range path.Problems {
				got = append(got, problem.Code)
				if problem.Detail == "" || problem.Clause == "" {
					t.Errorf("problem %s says nothing: %+v", problem.Code, problem)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Fatalf("problems (-want +got):\n%s%v", diff, path.Problems)
			}
			if tt.detail != "" && !strings.Contains(path.Problems[0].Detail, tt.detail) {
				t.Errorf("detail %q, want %q in it", path.Problems[0].Detail, tt.detail)
			}
			if tt.length > 0 && len(path.Chain) != tt.length {
				t.Errorf("chain of %d certificates, want %d", len(path.Chain), tt.length)
			}
			if path.OK() != (len(tt.want) == 0) {
				t.Errorf("OK() = %v with problems %v", path.OK(), path.Problems)
			}
		})
	}
}

func agency(p *testpki.PKI, opts ...testpki.Option) *testpki.Leaf {
	return p.Issue(testpki.Agency("UBND phường Ba Hàng"), append([]testpki.Option{testpki.P256()}, opts...)...)
}

func issue(opts ...testpki.Option) func(*testpki.PKI) *testpki.Leaf {
	return func(p *testpki.PKI) *testpki.Leaf { return agency(p, opts...) }
}

func edit(change func(c *x509.Certificate)) func(*testpki.PKI) *testpki.Leaf {
	return issue(testpki.Template(change))
}

func at(when time.Time) func(*testpki.PKI, *certs.Trust, *certs.PathRequest) {
	return func(_ *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) { req.At = when }
}

func TestPathValidity(t *testing.T) {
	t.Parallel()
	from, to := testpki.Now.AddDate(-1, 0, 0), testpki.Now.AddDate(1, 0, 0)
	year := issue(testpki.Valid(from, to))
	run(t, []pathCase{
		{name: "agency, P-256", make: issue()},
		{name: "agency, RSA-2048", make: issue(testpki.RSA2048())},
		{name: "agency, RSA-3072", make: issue(testpki.RSA3072())},
		{name: "person", make: func(p *testpki.PKI) *testpki.Leaf {
			return p.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "UBND phường Ba Hàng"), testpki.P256())
		}},
		{name: "expired", make: issue(testpki.Expired()), want: codes(certs.Expired), detail: "was valid until 2026-11-20T10:00:00Z, judged at 2026-11-21T10:00:00Z"},
		{name: "not yet valid", make: issue(testpki.NotYetValid()), want: codes(certs.NotYetValid), detail: "is valid from 2026-11-22T10:00:00Z"},
		{name: "the first second", make: year, change: at(from)},
		{name: "the second before", make: year, change: at(from.Add(-time.Second)), want: codes(certs.NotYetValid)},
		{name: "the last second", make: year, change: at(to)},
		{name: "the second after", make: year, change: at(to.Add(time.Second)), want: codes(certs.Expired)},
		{name: "no time given", change: at(time.Time{}), want: codes(certs.NotYetValid, certs.NotYetValid)},
		// An anchor is a name and a key; how long to believe it is the policy's to say.
		{name: "anchor has expired", make: issue(testpki.Valid(testpki.Now.AddDate(-1, 0, 0), testpki.Now.AddDate(90, 0, 0))),
			change: func(p *testpki.PKI, trust *certs.Trust, req *certs.PathRequest) {
				req.At = p.Root.Certificate.NotAfter.AddDate(1, 0, 0)
			}, want: codes(certs.Expired), detail: "CA thử nghiệm cấp chứng thư"},
		{name: "expired and for another usage", make: issue(testpki.Expired(), testpki.WrongEKU()), want: codes(certs.Expired, certs.Usage)},
		{name: "no certificate", change: func(_ *testpki.PKI, _ *certs.Trust, req *certs.PathRequest) { req.Leaf = nil }, want: codes(certs.NoChain)},
	})
}

func codes(list ...certs.ProblemCode) []certs.ProblemCode { return list }

func TestPathUsage(t *testing.T) {
	t.Parallel()
	ekus := func(known []x509.ExtKeyUsage, other ...asn1.ObjectIdentifier) func(*testpki.PKI) *testpki.Leaf {
		return edit(func(c *x509.Certificate) { c.ExtKeyUsage, c.UnknownExtKeyUsage = known, other })
	}
	keyUsage := func(u x509.KeyUsage) func(*testpki.PKI) *testpki.Leaf {
		return edit(func(c *x509.Certificate) { c.KeyUsage = u })
	}
	tsa := func(p *testpki.PKI) *testpki.Leaf { return p.TSACert }
	run(t, []pathCase{
		{name: "key agreement only", make: issue(testpki.WrongKeyUsage()), want: codes(certs.Usage), detail: "neither digitalSignature nor contentCommitment"},
		{name: "content commitment only", make: keyUsage(x509.KeyUsageContentCommitment)},
		{name: "digital signature only", make: keyUsage(x509.KeyUsageDigitalSignature)},
		{name: "no key usage", make: keyUsage(0)},
		{name: "TLS server", make: issue(testpki.WrongEKU()), want: codes(certs.Usage), detail: "1.3.6.1.5.5.7.3.1"},
		{name: "TLS client only", make: ekus([]x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}), want: codes(certs.Usage)},
		{name: "TLS client and e-mail", make: ekus([]x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection})},
		{name: "no extended usage", make: ekus(nil)},
		{name: "any extended usage", make: ekus([]x509.ExtKeyUsage{x509.ExtKeyUsageAny})},
		{name: "document signing, RFC 9336", make: ekus(nil, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36})},
		{name: "document signing, Microsoft", make: ekus(nil, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 10, 3, 12})},
		{name: "document signing, Adobe", make: ekus(nil, asn1.ObjectIdentifier{1, 2, 840, 113583, 1, 1, 5})},
		{name: "public signing", purpose: certs.PublicSigning},
		{name: "clerk's client certificate signs", make: func(p *testpki.PKI) *testpki.Leaf {
			return p.Issue(testpki.Client("Văn thư", "UBND"))
		}, want: codes(certs.Usage)},

		{name: "TSA", make: tsa, purpose: certs.TimeStamping},
		{name: "TSA signs a letter", make: tsa, want: codes(certs.Usage)},
		{name: "agency stamps time", purpose: certs.TimeStamping, want: codes(certs.Usage), detail: "want timeStamping alone"},
		{name: "TSA, usage not critical", purpose: certs.TimeStamping, make: ekus([]x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}), want: codes(certs.Usage), detail: "critical"},
		{name: "TSA, two usages", purpose: certs.TimeStamping, make: edit(func(c *x509.Certificate) {
			c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, nil
			c.ExtraExtensions = []pkix.Extension{extension(t, true, asn1.ObjectIdentifier{2, 5, 29, 37},
				[]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}, {1, 3, 6, 1, 5, 5, 7, 3, 4}})}
		}), want: codes(certs.Usage)},
		{name: "TSA, any usage", purpose: certs.TimeStamping, make: ekus([]x509.ExtKeyUsage{x509.ExtKeyUsageAny}), want: codes(certs.Usage)},

		{name: "OCSP responder", purpose: certs.OCSPSigning, make: ekus([]x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning})},
		{name: "OCSP responder without usage", purpose: certs.OCSPSigning, make: ekus(nil), want: codes(certs.Usage)},
		{name: "OCSP responder with any usage", purpose: certs.OCSPSigning, make: ekus([]x509.ExtKeyUsage{x509.ExtKeyUsageAny}), want: codes(certs.Usage)},

		{name: "CA signs its lists", purpose: certs.CRLSigning, make: func(p *testpki.PKI) *testpki.Leaf {
			return &testpki.Leaf{Certificate: p.CA.Certificate}
		}},
		{name: "agency signs lists", purpose: certs.CRLSigning, want: codes(certs.Usage), detail: "cRLSign"},
	})
}

func extension(t testing.TB, critical bool, id asn1.ObjectIdentifier, value any) pkix.Extension {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: id, Critical: critical, Value: der}
}

func TestPathExtensions(t *testing.T) {
	t.Parallel()
	odd := asn1.ObjectIdentifier{1, 2, 3, 4}
	add := func(critical bool) func(c *x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, extension(t, critical, odd, "gì đó"))
		}
	}
	below := func(change func(c *x509.Certificate)) func(*testpki.PKI) *testpki.Leaf {
		return func(p *testpki.PKI) *testpki.Leaf {
			template := p.CATemplate("CA lạ", -1)
			change(template)
			return agency(p, testpki.IssuedBy(p.NewAuthority(p.CA.Issuer, template)))
		}
	}
	run(t, []pathCase{
		{name: "unknown critical extension", make: edit(add(true)), want: codes(certs.UnknownExtension), detail: "1.2.3.4"},
		{name: "unknown extension", make: edit(add(false))},
		{name: "unknown critical extension of a CA", make: below(add(true)), want: codes(certs.UnknownExtension)},
		{name: "CA for TLS only", make: below(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), want: codes(certs.Usage), detail: "issues for"},
		{name: "CA for e-mail", make: below(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })},
		{name: "CA for time-stamps signs lists", purpose: certs.CRLSigning, make: func(p *testpki.PKI) *testpki.Leaf {
			template := p.CATemplate("CA lạ", -1)
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
			ca := p.NewAuthority(p.CA.Issuer, template)
			return &testpki.Leaf{Certificate: ca.Certificate}
		}},
		{name: "CA without keyCertSign", make: below(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }), want: codes(certs.Usage), detail: "keyCertSign"},
		{name: "CA without key usage", make: below(func(c *x509.Certificate) { c.KeyUsage = 0 })},
		{name: "CA that demands policies", make: below(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{extension(t, true, asn1.ObjectIdentifier{2, 5, 29, 36},
				struct {
					Require int `asn1:"tag:0"`
				}{0})}
		}), want: codes(certs.ExplicitPolicy)},
		{name: "leaf says it is no CA and issues", make: below(func(c *x509.Certificate) {
			c.IsCA, c.MaxPathLen, c.MaxPathLenZero = false, 0, false
		}), want: codes(certs.NotCA), detail: "is no CA"},
		{name: "leaf says nothing and issues", make: below(func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.MaxPathLen, c.MaxPathLenZero = false, false, 0, false
		}), want: codes(certs.NotCA)},
		{name: "an agency's certificate issues", make: func(p *testpki.PKI) *testpki.Leaf {
			a := agency(p)
			return agency(p, testpki.IssuedBy(&testpki.Authority{Certificate: a.Certificate, Signer: a.Signer, Issuer: p.CA}))
		}, want: codes(certs.NotCA, certs.Usage, certs.PathLength, certs.PathLength)},
	})
}
