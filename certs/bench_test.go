package certs_test

import (
	"testing"

	"lienthong/certs"
	"lienthong/internal/testpki"
)

// BenchmarkBuild judges the path of a letter whose CA has been seen before.
func BenchmarkBuild(b *testing.B) {
	p := testpki.New(b)
	leaf, trust := p.Issue(testpki.Agency("UBND phường Ba Hàng")), p.Trust()
	req := certs.PathRequest{Leaf: leaf.Certificate, Extra: leaf.Chain[:1], At: testpki.Now}
	b.ReportAllocs()
	for b.Loop() {
		if path := trust.Build(req); !path.OK() {
			b.Fatal(path.Problems)
		}
	}
}

// BenchmarkStatus looks a certificate up in a list that has been seen before.
func BenchmarkStatus(b *testing.B) {
	p := testpki.New(b)
	leaf, evidence := agency(p), p.Evidence()
	b.ReportAllocs()
	for b.Loop() {
		if got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good {
			b.Fatal(got.Detail)
		}
	}
}

// BenchmarkStatusOCSP judges an OCSP answer that has been seen before.
func BenchmarkStatusOCSP(b *testing.B) {
	p := testpki.New(b)
	leaf, evidence := agency(p), certs.NewEvidence()
	if err := evidence.AddOCSP(certs.SourceDSS, p.OCSP(leaf)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good {
			b.Fatal(got.Detail)
		}
	}
}
