package certs_test

import (
	"strings"
	"testing"

	"lienthong/certs"
	"lienthong/internal/testpki"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := agency(p)
	evidence := certs.NewEvidence()
	resolve := func(e *certs.Evidence) certs.Revocation {
		return e.Resolve(t.Context(), leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now)
	}
	if got := resolve(evidence); got.Status != certs.Unknown {
		t.Errorf("without a fetcher: %s, want unknown", got.Status)
	}
	evidence.Fetcher = p.Fetcher()
	if got := resolve(evidence.With(certs.SourceDSS)); got.Status != certs.Good || got.Source != certs.SourceNetwork {
		t.Errorf("first time: %s from %q, want good from network", got.Status, got.Source)
	}
	if got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good || got.Source != certs.SourceCache {
		t.Errorf("what was fetched for one file is not shared: %s from %q", got.Status, got.Source)
	}
	if got := resolve(evidence); got.Status != certs.Good || got.Source != certs.SourceCache {
		t.Errorf("second time: %s from %q, want good from cache", got.Status, got.Source)
	}

	evidence = certs.NewEvidence()
	evidence.Fetcher = &certs.Fetcher{Hosts: []string{"crl.example.vn"}}
	if got := resolve(evidence); got.Status != certs.Unknown || !strings.Contains(got.Detail, "not on the list of allowed hosts") {
		t.Errorf("host not allowed: %s, %q", got.Status, got.Detail)
	}
}

// TestResolveStale asks the network where the list at hand is too old.
func TestResolveStale(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := agency(p, testpki.RevokedAt(testpki.Now.Add(-2*hour), 1))
	evidence := certs.NewEvidence()
	evidence.Fetcher = p.Fetcher()
	old := listing{age: 5 * day}.make(p, &testpki.Leaf{Certificate: leaf.Certificate})
	old.RevokedCertificateEntries = nil
	evidence.AddCRLs(certs.SourceFile, old)
	got := evidence.Resolve(t.Context(), leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now)
	if got.Status != certs.Revoked || got.Source != certs.SourceNetwork {
		t.Errorf("%s from %q, want revoked from network", got.Status, got.Source)
	}
}
