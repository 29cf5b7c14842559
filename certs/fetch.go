package certs

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"lienthong/certs/fetch"
	"lienthong/certs/ocsp"
)

// A Fetcher gets revocation lists, OCSP responses and CA certificates over HTTP
// from hosts that the policy names; see [fetch.Client].
type Fetcher = fetch.Client

// A Cache keeps what a Fetcher got beyond the life of the process.
type Cache = fetch.Cache

// ErrHostNotAllowed says that the policy does not name the host of an address.
var ErrHostNotAllowed = fetch.ErrHostNotAllowed

const (
	maxOCSPSize   = 256 << 10
	maxIssuerSize = 256 << 10
)

// fetchCRL gets the list at an address of a distribution point. What the issuer
// did not sign is an error, and asked for again a minute later.
func (e *Evidence) fetchCRL(ctx context.Context, address string, issuer *x509.Certificate, now time.Time) (*crlRecord, bool, error) {
	return fetch.Get(ctx, e.Fetcher, fetch.Query[*crlRecord]{
		Address: address,
		Parse: func(data []byte) (*crlRecord, error) {
			lists, err := ParseCRLs(data)
			if err != nil {
				return nil, err
			}
			return newRecord(SourceCache, lists[0]), nil
		},
		Due:   func(r *crlRecord) time.Time { return r.list.NextUpdate },
		Check: func(r *crlRecord) error { return r.authentic(issuer, e.Policy, now) },
	}, now)
}

// fetchOCSP asks a responder about a certificate (RFC 6960 A.1).
func (e *Evidence) fetchOCSP(ctx context.Context, address string, cert, issuer *x509.Certificate, now time.Time) (*ocspRecord, bool, error) {
	nonce := make([]byte, 32) // RFC 9654 2.1
	rand.Read(nonce)          // never fails: crypto/rand ends the process rather
	request, err := ocsp.NewRequest(cert, issuer, nonce)
	if err != nil {
		return nil, false, err
	}
	return fetch.Get(ctx, e.Fetcher, fetch.Query[*ocspRecord]{
		Address: address, About: fmt.Sprintf("%x %x", cert.SerialNumber, issuer.SubjectKeyId),
		Body: request, Type: "application/ocsp-request", Max: maxOCSPSize,
		Parse: func(data []byte) (*ocspRecord, error) {
			response, err := ocsp.Parse(data)
			if err != nil {
				return nil, err
			}
			record := newOCSPRecord(SourceCache, response)
			record.address = address
			return record, nil
		},
		Due: func(r *ocspRecord) time.Time {
			single, _ := r.about(cert, issuer)
			if single.NextUpdate.IsZero() {
				return single.ThisUpdate.Add(undatedFor)
			}
			return single.NextUpdate
		},
		Check: func(r *ocspRecord) error { return e.checkFetched(r, cert, issuer, nonce, now) },
	}, now)
}

// checkFetched says why what a responder sent is no answer to the question, or
// nil; it notes what became of the nonce.
func (e *Evidence) checkFetched(r *ocspRecord, cert, issuer *x509.Certificate, nonce []byte, now time.Time) error {
	if _, ok := r.about(cert, issuer); !ok {
		return errors.New("the OCSP response does not speak of the certificate that it was asked about")
	}
	switch {
	case r.response.Nonce == nil:
		r.nonce = NonceAbsent
	case bytes.Equal(r.response.Nonce, nonce):
		r.nonce = NonceEchoed
	default:
		return errors.New("the OCSP response repeats another nonce than was sent: it answers another question")
	}
	_, err := r.responder(e, issuer, now)
	return err
}
