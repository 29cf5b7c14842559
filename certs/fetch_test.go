package certs_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

func TestFetch(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	list := p.List(p.CA).Raw
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/good.crl", func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.Write(list) })
	mux.HandleFunc("/page.crl", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) })
	mux.HandleFunc("/big.crl", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 2000)) })
	mux.HandleFunc("/never.crl", func(_ http.ResponseWriter, r *http.Request) { asked.Add(1); <-r.Context().Done() })
	mux.HandleFunc("/away.crl", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
	})
	mux.HandleFunc("/near.crl", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good.crl", http.StatusFound) })
	mux.HandleFunc("/loop.crl", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop.crl", http.StatusFound) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	host := server.Listener.Addr().String()

	for _, tt := range []struct {
		name, address string
		want          string // of the error; empty if a list comes
		is            error
	}{
		{name: "a list", address: server.URL + "/good.crl"},
		{name: "redirect on the same host", address: server.URL + "/near.crl"},
		{name: "redirect to another host", address: server.URL + "/away.crl", is: certs.ErrHostNotAllowed, want: "169.254.169.254"},
		{name: "redirect in a circle", address: server.URL + "/loop.crl", want: "more than 3 redirects"},
		{name: "another port", address: "http://127.0.0.1:1/good.crl", is: certs.ErrHostNotAllowed},
		{name: "user and port tricks", address: "http://" + host + "@127.0.0.1:1/good.crl", is: certs.ErrHostNotAllowed},
		{name: "directory server", address: "ldap://" + host + "/cn=CA", want: `scheme "ldap": want http or https`},
		{name: "file", address: "file:///etc/passwd", want: "want http or https"},
		{name: "no address", address: ":", want: "missing protocol scheme"},
		{name: "missing", address: server.URL + "/none.crl", want: "status 404 Not Found, want 200"},
		{name: "a page", address: server.URL + "/page.crl", is: certs.ErrNoCRL},
		{name: "too large", address: server.URL + "/big.crl", want: "more than 1500 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &certs.Fetcher{Hosts: []string{"crl.example.vn", host}, MaxBytes: 1500}
			_, fetched, err := f.CRL(t.Context(), tt.address, testpki.Now)
			if (err == nil) != (tt.want == "" && tt.is == nil) || fetched != (err == nil) {
				t.Fatalf("error %v, fetched %v", err, fetched)
			}
			if err != nil && !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %q, want %q in it, and %v", err, tt.want, tt.is)
			}
		})
	}

	t.Run("standard port", func(t *testing.T) {
		f := &certs.Fetcher{Hosts: []string{"Localhost.invalid"}, Timeout: time.Second}
		_, _, err := f.CRL(t.Context(), "http://localhost.INVALID/a.crl", testpki.Now)
		if err == nil || errors.Is(err, certs.ErrHostNotAllowed) {
			t.Errorf("error %v, want one of the network", err)
		}
	})
	t.Run("memory", func(t *testing.T) {
		asked.Store(0)
		f := &certs.Fetcher{Hosts: []string{host}}
		for i, step := range []struct {
			now  time.Time
			want int64
		}{
			{testpki.Now, 1}, {testpki.Now.Add(59 * time.Minute), 1},
			{testpki.Now.Add(61 * time.Minute), 2}, // an hour is over
			{testpki.Now.Add(30 * hour), 3},        // the list itself is over
			{testpki.Now.Add(30*hour + 1), 3},      // … and there is no newer one
			{testpki.Now, 4},                       // an earlier time judges anew
		} {
			if _, _, err := f.CRL(t.Context(), server.URL+"/good.crl", step.now); err != nil || asked.Load() != step.want {
				t.Errorf("step %d: asked %d times, want %d, error %v", i, asked.Load(), step.want, err)
			}
		}
	})
	t.Run("silence costs one timeout a minute", func(t *testing.T) {
		asked.Store(0)
		f := &certs.Fetcher{Hosts: []string{host}, Timeout: 20 * time.Millisecond}
		for _, now := range []time.Time{testpki.Now, testpki.Now.Add(time.Second), testpki.Now.Add(time.Minute)} {
			if _, _, err := f.CRL(t.Context(), server.URL+"/never.crl", now); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want a timeout", err)
			}
		}
		if asked.Load() != 2 {
			t.Errorf("asked %d times, want 2", asked.Load())
		}
	})
	t.Run("a caller who gives up", func(t *testing.T) {
		f := &certs.Fetcher{Hosts: []string{host}}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := f.CRL(gone, server.URL+"/good.crl", testpki.Now); err == nil {
			t.Error("a list came")
		}
		if _, _, err := f.CRL(t.Context(), server.URL+"/good.crl", testpki.Now); err != nil {
			t.Errorf("the next caller got %v", err)
		}
	})
}
