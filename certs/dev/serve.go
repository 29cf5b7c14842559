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

// maxQuery bounds a time-stamp query; a real one has about 100 bytes.
const maxQuery = 64 << 10

// Handler serves POST /tsa (RFC 3161 3.4) and GET /crl/root.crl and
// /crl/issuing.crl, signed when asked for.
func (p *PKI) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tsa", p.serveTSA)
	for _, name := range []string{"root.crl", "issuing.crl"} {
		mux.HandleFunc("GET /crl/"+name, func(w http.ResponseWriter, _ *http.Request) {
			der, err := p.makeCRL(name, servedFor)
			answer(w, "application/pkix-crl", der, err)
		})
	}
	return mux
}

func (p *PKI) serveTSA(w http.ResponseWriter, r *http.Request) {
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
	reply, err := tsp.Respond(query, p.tsaSigner, p.tsa.Certificate, chain, p.now(), serial, TSAPolicy)
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
