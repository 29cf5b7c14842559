package dev

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"lienthong/signer/tsp"
)

// TSAPolicy is the policy of the time-stamps, in the arc for examples
// (ITU-T X.660, 2.999).
var TSAPolicy = asn1.ObjectIdentifier{2, 999, 3161}

// maxQuery bounds a time-stamp query and an OCSP request; real ones have about 100
// bytes.
const maxQuery = 64 << 10

// Handler serves, for the root and the issuing CA, GET /crl/NAME.crl, POST
// /ocsp/NAME (RFC 6960 A.1) and GET /ca/NAME.cer, and POST /tsa and /tsa2 (RFC
// 3161 3.4). All is signed when asked for.
func (p *PKI) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tsa", func(w http.ResponseWriter, r *http.Request) { p.serveTSA(w, r, p.tsa) })
	mux.HandleFunc("POST /tsa2", func(w http.ResponseWriter, r *http.Request) { p.serveTSA(w, r, p.tsa2) })
	for _, name := range []string{"root", "issuing"} {
		mux.HandleFunc("GET /crl/"+name+".crl", func(w http.ResponseWriter, _ *http.Request) {
			der, err := p.makeCRL(name+".crl", servedFor)
			answer(w, "application/pkix-crl", der, err)
		})
		mux.HandleFunc("GET /ca/"+name+".cer", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, "application/pkix-cert", p.authority(name).certificate.Raw, nil)
		})
		mux.HandleFunc("POST /ocsp/"+name, func(w http.ResponseWriter, r *http.Request) { p.serveOCSP(w, r, name) })
	}
	return mux
}

// authority returns the root ("root") or the issuing CA.
func (p *PKI) authority(name string) authority {
	if name == "root" {
		return p.root
	}
	return p.issuing
}

func (p *PKI) serveTSA(w http.ResponseWriter, r *http.Request, tsa service) {
	query, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuery))
	if err != nil {
		http.Error(w, "certs/dev: query: "+err.Error(), http.StatusBadRequest)
		return
	}
	serial, err := newSerial()
	if err != nil {
		answer(w, "", nil, err)
		return
	}
	chain := []*x509.Certificate{p.issuing.certificate}
	reply, err := tsp.Respond(query, tsa.signer, tsa.certificate, chain, p.now(), serial, TSAPolicy)
	answer(w, "application/timestamp-reply", reply, err)
}

func answer(w http.ResponseWriter, contentType string, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Write(body)
}

// Serve serves Handler on a listener until ctx ends, then finishes what is in
// flight. It returns nil after that.
func (p *PKI) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("certs/dev: serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("certs/dev: stop: %w", err)
	}
	return nil
}
