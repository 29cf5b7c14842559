package dev

import (
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"time"

	"lienthong/certs/ocsp"
)

// answeredFor is how long an OCSP answer holds.
const answeredFor = time.Hour

// serveOCSP answers about certificates of the root or of the issuing CA.
func (p *PKI) serveOCSP(w http.ResponseWriter, r *http.Request, name string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuery))
	if err != nil {
		http.Error(w, "certs/dev: request: "+err.Error(), http.StatusBadRequest)
		return
	}
	request, err := ocsp.ParseRequest(body)
	if err != nil {
		answer(w, "application/ocsp-response", ocsp.Refusal(1), nil)
		return
	}
	der, err := p.answerOCSP(name, request)
	answer(w, "application/ocsp-response", der, err)
}

func (p *PKI) answerOCSP(name string, request *ocsp.Request) ([]byte, error) {
	now, ca := p.now().UTC().Truncate(time.Second), p.authority(name)
	revoked, err := p.revocations()
	if err != nil {
		return nil, err
	}
	known, err := p.serials(name)
	if err != nil {
		return nil, err
	}
	t := ocsp.Template{ProducedAt: now, Nonce: request.Nonce, Responder: ca.certificate}
	for _, id := range request.IDs {
		single := ocsp.Single{ID: id, Status: ocsp.Unknown, ThisUpdate: now, NextUpdate: now.Add(answeredFor)}
		if serial := id.Serial.Text(16); id.SameIssuer(ca.certificate) && known[serial] {
			single.Status = ocsp.Good
			for _, r := range revoked {
				if r.Serial == serial && !r.At.After(now) {
					single.Status, single.RevokedAt, single.Reason = ocsp.Revoked, r.At, r.Reason
				}
			}
		}
		t.Singles = append(t.Singles, single)
	}
	if name == "root" { // signs for itself
		return t.Sign(ca.signer)
	}
	t.Responder, t.Certificates = p.ocsp.certificate, []*x509.Certificate{p.ocsp.certificate}
	return t.Sign(p.ocsp.signer)
}

// serials returns the hexadecimal numbers of the certificates of a CA that are in
// the folder. One that was revoked is known, also if another took its place.
func (p *PKI) serials(name string) (map[string]bool, error) {
	ofRoot := p.issuing.certificate.SerialNumber.Text(16)
	if name == "root" {
		return map[string]bool{ofRoot: true}, nil
	}
	known := make(map[string]bool)
	all, err := p.List()
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		known[i.Certificate.SerialNumber.Text(16)] = true
	}
	revoked, err := p.revocations()
	if err != nil {
		return nil, err
	}
	for _, r := range revoked {
		if serial, ok := new(big.Int).SetString(r.Serial, 16); ok && r.Serial != ofRoot {
			known[serial.Text(16)] = true
		}
	}
	return known, nil
}
