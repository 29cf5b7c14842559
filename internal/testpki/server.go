package testpki

import (
	"crypto/rand"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"time"

	"lienthong/certs"
	"lienthong/certs/dev"
	"lienthong/signer/tsp"
)

// startServer serves the TSAs, the lists, the responder and the certificates of
// the CAs. Its address stands in certificates, so it comes before them.
func (p *PKI) startServer() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tsa", func(w http.ResponseWriter, r *http.Request) { p.serveTSA(w, r, p.TSACert) })
	mux.HandleFunc("POST /tsa2", func(w http.ResponseWriter, r *http.Request) { p.serveTSA(w, r, p.TSA2) })
	mux.HandleFunc("POST /ocsp", p.serveOCSP)
	mux.HandleFunc("GET /ca/issuing.cer", func(w http.ResponseWriter, _ *http.Request) { w.Write(p.CA.Certificate.Raw) })
	mux.HandleFunc("GET /ca/root.cer", func(w http.ResponseWriter, _ *http.Request) { w.Write(p.Root.Certificate.Raw) })
	mux.HandleFunc("GET /crl/issuing.crl", func(w http.ResponseWriter, _ *http.Request) { w.Write(p.List(p.CA).Raw) })
	mux.HandleFunc("GET /crl/root.crl", func(w http.ResponseWriter, _ *http.Request) { w.Write(p.List(p.CA.Issuer).Raw) })
	p.server = httptest.NewServer(mux)
	p.t.Cleanup(p.server.Close)
}

func (p *PKI) serveTSA(w http.ResponseWriter, r *http.Request, tsa *Leaf) {
	p.mu.Lock()
	fault := p.tsaFault
	p.mu.Unlock()
	if tsa == p.TSACert && fault != nil && fault(w) {
		return
	}
	query, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	var reply []byte
	if err == nil {
		chain := tsa.Chain[:1]
		reply, err = tsp.Respond(query, tsa.Signer, tsa.Certificate, chain, p.Time(), p.nextSerial(), dev.TSAPolicy)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	w.Write(reply)
}

// BreakTSA has the first TSA answer by fault, until fault returns false or
// BreakTSA(nil) mends it.
func (p *PKI) BreakTSA(fault func(http.ResponseWriter) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tsaFault = fault
}

func (p *PKI) url(path string) string { return p.server.URL + path }

// TSAURL is the time-stamping authority of the server, TSA2URL the second one.
func (p *PKI) TSAURL() string  { return p.url("/tsa") }
func (p *PKI) TSA2URL() string { return p.url("/tsa2") }

// Stamper asks the server's TSA, Stamper2 the second one.
func (p *PKI) Stamper() tsp.Stamper { return &tsp.Client{URL: p.TSAURL(), HTTP: p.server.Client()} }
func (p *PKI) Stamper2() tsp.Stamper {
	return &tsp.Client{URL: p.TSA2URL(), HTTP: p.server.Client()}
}

// Host is the server's host and port, for the allow-list of a certs.Fetcher.
func (p *PKI) Host() string { return p.server.Listener.Addr().String() }

// Revoke puts a certificate on its issuer's list, with a CRLReason; 6 is on hold.
func (p *PKI) Revoke(l *Leaf, at time.Time, reason int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revoked[l.Issuer] = append(p.revoked[l.Issuer],
		x509.RevocationListEntry{SerialNumber: l.Certificate.SerialNumber, RevocationTime: at, ReasonCode: reason})
}

// List makes the revocation list of an authority, of an hour before the clock's
// time and due a day after it, unless a change says otherwise.
func (p *PKI) List(a *Authority, changes ...func(*x509.RevocationList)) *x509.RevocationList {
	p.t.Helper()
	p.mu.Lock()
	template := &x509.RevocationList{Number: big.NewInt(p.now.Unix()),
		ThisUpdate: p.now.Add(-time.Hour), NextUpdate: p.now.Add(24 * time.Hour),
		RevokedCertificateEntries: append([]x509.RevocationListEntry(nil), p.revoked[a]...)}
	p.mu.Unlock()
	for _, change := range changes {
		change(template)
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, a.Certificate, a.Signer)
	if err != nil {
		p.t.Error(err)
		return template
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		p.t.Error(err)
		return template
	}
	return list
}

// Evidence returns the lists of both CAs as of the clock's time, as from a file.
func (p *PKI) Evidence() *certs.Evidence {
	p.t.Helper()
	evidence := certs.NewEvidence()
	evidence.AddCRLs(certs.SourceFile, p.List(p.CA), p.List(p.CA.Issuer))
	return evidence
}

// Fetcher gets lists, OCSP answers and CA certificates from the server.
func (p *PKI) Fetcher() *certs.Fetcher { return &certs.Fetcher{Hosts: []string{p.Host()}} }
