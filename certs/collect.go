package certs

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"time"
)

// Material is what a document has to carry so that the status of its certificates
// can be judged without a network later: the certificates of paths, and for each
// the answer that decided. It is what a document security store holds (ETSI EN
// 319 142-1 5.4.2). Nothing stands in it twice.
type Material struct {
	Certificates []*x509.Certificate // of each path, leaf first and anchor last, then of responders
	OCSP         []Blob
	CRLs         []Blob
	Statuses     []CertificateStatus // of all but the anchors, in the order in which they were asked for
}

// A Blob is an answer in DER, and its digest.
type Blob struct {
	DER    []byte
	Digest [sha256.Size]byte
}

// A CertificateStatus is the status of one certificate.
type CertificateStatus struct {
	Certificate *x509.Certificate
	Revocation  Revocation
}

// Collect gathers the material for a path, leaf to anchor, judged at a time. Where
// the answers at hand do not decide it asks the network, as Resolve does. It
// keeps what it finds also where a status is not good: see [Material.Missing].
// To have answers no older than the time judged, use evidence that is Strict.
func (e *Evidence) Collect(ctx context.Context, chain []*x509.Certificate, at, now time.Time) *Material {
	m := &Material{}
	for _, c := range chain {
		m.addCertificate(c)
	}
	for i := 0; i+1 < len(chain); i++ {
		m.add(e, chain[i], chain[i+1], e.Resolve(ctx, chain[i], chain[i+1], at, now), now)
	}
	return m
}

// add keeps the answer about a certificate, and what its responder needs.
func (m *Material) add(e *Evidence, cert, issuer *x509.Certificate, r Revocation, now time.Time) {
	m.Statuses = append(m.Statuses, CertificateStatus{cert, r})
	switch r.Kind {
	case KindCRL:
		addBlob(&m.CRLs, Blob{r.DER, r.Digest})
	case KindOCSP:
		addBlob(&m.OCSP, Blob{r.DER, r.Digest})
	}
	if r.Responder == nil || contains(m.Certificates, r.Responder) {
		return
	}
	m.addCertificate(r.Responder)
	if !has(r.Responder, oidNoCheck) {
		asked := e.status(question{e, r.Responder, issuer, r.ProducedAt, now, maxAsked})
		m.add(e, r.Responder, issuer, asked, now)
	}
}

// Add takes over what other material has.
func (m *Material) Add(other *Material) {
	for _, c := range other.Certificates {
		m.addCertificate(c)
	}
	for _, b := range other.OCSP {
		addBlob(&m.OCSP, b)
	}
	for _, b := range other.CRLs {
		addBlob(&m.CRLs, b)
	}
	m.Statuses = append(m.Statuses, other.Statuses...)
}

// Missing says which certificate has no status that settles it (good, or
// revoked), and why, or nil if all have one.
func (m *Material) Missing() error {
	for _, s := range m.Statuses {
		if !s.Revocation.decided() {
			return fmt.Errorf("certs: status of %s: %s: %s", describe(s.Certificate), s.Revocation.Status, s.Revocation.Detail)
		}
	}
	return nil
}

func (m *Material) addCertificate(c *x509.Certificate) {
	if !contains(m.Certificates, c) {
		m.Certificates = append(m.Certificates, c)
	}
}

func addBlob(list *[]Blob, b Blob) {
	for _, other := range *list {
		if other.Digest == b.Digest {
			return
		}
	}
	*list = append(*list, b)
}
