package certs

import (
	"crypto/x509"
	"fmt"
)

// A Purpose is what a certificate at the end of a path is used for. Each has
// anchors of its own: a time-stamping root does not vouch for signers.
type Purpose int

const (
	OfficialSigning Purpose = iota // documents, by the CAs of public authorities (công vụ)
	PublicSigning                  // documents, by public CAs
	TimeStamping                   // RFC 3161 tokens
	OCSPSigning                    // OCSP responses
	CRLSigning                     // revocation lists
)

// Purposes lists every purpose.
var Purposes = []Purpose{OfficialSigning, PublicSigning, TimeStamping, OCSPSigning, CRLSigning}

func (p Purpose) String() string {
	names := [...]string{"official signing", "public signing", "time-stamping", "OCSP signing", "CRL signing"}
	if p < 0 || int(p) >= len(names) {
		return fmt.Sprintf("purpose %d", int(p))
	}
	return names[p]
}

// Trust holds anchors by purpose, and intermediate certificates that help to
// reach them but are not believed by themselves. Fill it before use; after
// that it may be read from many goroutines.
type Trust struct {
	anchors       map[Purpose][]*x509.Certificate
	intermediates []*x509.Certificate
	links         linkCache // signatures known to be good
}

// NewTrust returns a Trust without anchors: every path fails with [NoChain].
func NewTrust() *Trust {
	return &Trust{anchors: make(map[Purpose][]*x509.Certificate)}
}

// Add makes certificates anchors for one purpose. One that is there already is
// not added twice.
func (t *Trust) Add(p Purpose, certificates ...*x509.Certificate) {
	for _, c := range certificates {
		if c != nil && !contains(t.anchors[p], c) {
			t.anchors[p] = append(t.anchors[p], c)
		}
	}
}

// AddAll makes certificates anchors for every purpose: what a file named on the
// command line as trusted means.
func (t *Trust) AddAll(certificates ...*x509.Certificate) {
	for _, p := range Purposes {
		t.Add(p, certificates...)
	}
}

// AddIntermediates keeps certificates as candidates for the middle of a path.
// Many signatures embed only the signer's own certificate.
func (t *Trust) AddIntermediates(certificates ...*x509.Certificate) {
	for _, c := range certificates {
		if c != nil && !contains(t.intermediates, c) {
			t.intermediates = append(t.intermediates, c)
		}
	}
}

// Anchors returns the anchors of a purpose, in the order in which they were added.
func (t *Trust) Anchors(p Purpose) []*x509.Certificate {
	return append([]*x509.Certificate(nil), t.anchors[p]...)
}

func contains(list []*x509.Certificate, c *x509.Certificate) bool {
	for _, other := range list {
		if other.Equal(c) {
			return true
		}
	}
	return false
}
