package testpki_test

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"net/http"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/internal/testpki"
)

// TestVariants keeps the promises of the option names: each is wrong in the one
// way that it says.
func TestVariants(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	yesterday := testpki.Now.AddDate(0, 0, -1)
	for _, tt := range []struct {
		name   string
		option testpki.Option
		path   certs.ProblemCode // empty if the path holds
		status certs.RevocationStatus
	}{
		{"nothing wrong", testpki.RSA2048(), "", certs.Good},
		{"RSA-3072", testpki.RSA3072(), "", certs.Good},
		{"P-256", testpki.P256(), "", certs.Good},
		{"RSA-1024", testpki.RSA1024(), certs.WeakAlgorithm, certs.Good},
		{"expired", testpki.Expired(), certs.Expired, certs.Unknown},
		{"not yet valid", testpki.NotYetValid(), certs.NotYetValid, certs.Good},
		{"revoked", testpki.RevokedAt(yesterday, 1), "", certs.Revoked},
		{"on hold", testpki.RevokedAt(yesterday, 6), "", certs.OnHold},
		{"wrong key usage", testpki.WrongKeyUsage(), certs.Usage, certs.Good},
		{"wrong extended key usage", testpki.WrongEKU(), certs.Usage, certs.Good},
		{"unknown CA", testpki.UnknownCA(), certs.NoChain, certs.Good}, // by its name
	} {
		leaf := p.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "UBND phường Ba Hàng"), tt.option)
		path := p.Trust().Build(certs.PathRequest{Leaf: leaf.Certificate, Extra: leaf.Chain, At: testpki.Now})
		if path.OK() != (tt.path == "") || tt.path != "" && !path.Has(tt.path) {
			t.Errorf("%s: problems %v, want %q", tt.name, path.Problems, tt.path)
		}
		got := p.Evidence().Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now)
		if got.Status != tt.status {
			t.Errorf("%s: %s, %s, want %s", tt.name, got.Status, got.Detail, tt.status)
		}
		if !leaf.Key().Certificate().Equal(leaf.Certificate) || len(leaf.Key().Chain()) != 1 {
			t.Errorf("%s: the key has another certificate, or %d of CAs", tt.name, len(leaf.Key().Chain()))
		}
	}
}

func TestServer(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	digest := sha256.Sum256([]byte("văn bản"))
	p.SetTime(testpki.Now.Add(time.Hour))
	token, err := p.Stamper().Stamp(t.Context(), crypto.SHA256, digest[:])
	if err != nil || !token.Time.Equal(p.Time()) {
		t.Fatalf("token %+v, error %v", token, err)
	}
	p.BreakTSA(func(w http.ResponseWriter) bool { http.Error(w, "busy", http.StatusServiceUnavailable); return true })
	if _, err := p.Stamper().Stamp(t.Context(), crypto.SHA256, digest[:]); err == nil {
		t.Error("a broken TSA stamps")
	}
	p.BreakTSA(nil)
	if _, err := p.Stamper().Stamp(t.Context(), crypto.SHA256, digest[:]); err != nil {
		t.Errorf("a mended TSA: %v", err)
	}

	leaf := p.Issue(testpki.Node("ba-hang"))
	evidence := certs.NewEvidence()
	evidence.Fetcher = p.Fetcher()
	for _, pair := range [][2]*x509.Certificate{{leaf.Certificate, p.CA.Certificate}, {p.CA.Certificate, p.Root.Certificate}} {
		got := evidence.Resolve(t.Context(), pair[0], pair[1], p.Time(), p.Time())
		if got.Status != certs.Good || got.Source != certs.SourceNetwork {
			t.Errorf("%q: %s from %q, %s", pair[0].Subject, got.Status, got.Source, got.Detail)
		}
	}
}
