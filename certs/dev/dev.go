// Package dev makes and serves a throw-away public key infrastructure in a
// folder: a root and an issuing CA, a time-stamping authority, certificates of
// agencies, persons, nodes and clerks, and revocation lists.
//
// It is for trying things out and for tests. Its private keys lie unencrypted in
// the folder, readable by the owner alone; nothing that matters may trust it.
package dev

import (
	"context"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Options says what Create makes.
type Options struct {
	Now     func() time.Time // required: the clock of validity, lists and time-stamps
	BaseURL string           // of the loopback server, as written into certificates; default http://127.0.0.1:8318
	Key     KeyKind          // of the CAs; default RSA-3072
	Issue   []Request        // certificates to issue at once
}

// DefaultBaseURL is where the loopback server is expected.
const DefaultBaseURL = "http://127.0.0.1:8318"

// A PKI is an open folder. It may be used from many goroutines; several
// processes may have one folder open.
type PKI struct{ dir string }

// An Issued names a certificate and its files.
type Issued struct {
	Kind         Kind
	ID           string
	Certificate  *x509.Certificate
	CertFile     string // PEM: the certificate, then the issuing CA
	KeyFile      string // PEM: the certificate, the chain and the PKCS #8 private key: opens as pem:
	P12File      string // agencies and people; empty for others
	PasswordFile string // of P12File
}

// Create makes the folder's PKI, or opens the one that is there, and issues what
// opts.Issue names and the folder does not have.
func Create(dir string, opts Options) (*PKI, error) { return &PKI{dir}, nil }

// Open opens a folder that Create has made.
func Open(dir string, now func() time.Time) (*PKI, error) { return &PKI{dir}, nil }

// Issue issues a certificate, or returns the one of that kind and ID that is there.
func (p *PKI) Issue(r Request) (*Issued, error) { return nil, nil }

// Find returns a certificate that was issued.
func (p *PKI) Find(kind Kind, id string) (*Issued, error) { return nil, nil }

// List returns all that were issued, by kind and ID.
func (p *PKI) List() ([]*Issued, error) { return nil, nil }

// Revoke puts a certificate on the issuing CA's list from now on. Reason is the
// CRLReason (RFC 5280 5.3.1); 6 puts it on hold.
func (p *PKI) Revoke(serial *big.Int, reason int) error { return nil }

// Root is the anchor; Issuing signs all other certificates; TSA signs time-stamps.
func (p *PKI) Root() *x509.Certificate    { return nil }
func (p *PKI) Issuing() *x509.Certificate { return nil }
func (p *PKI) TSA() *x509.Certificate     { return nil }

// RootFile is the PEM file of the root alone, for --trust.
func (p *PKI) RootFile() string { return "" }

// CRLDir is the folder of the lists as of the last Create or Revoke, for --crl.
func (p *PKI) CRLDir() string { return "" }

// BaseURL is where the loopback server is expected, as the certificates say;
// TSAURL is the time-stamping authority below it.
func (p *PKI) BaseURL() string { return "" }
func (p *PKI) TSAURL() string  { return "" }

// Handler serves POST /tsa (RFC 3161) and GET /crl/root.crl, /crl/issuing.crl.
func (p *PKI) Handler() http.Handler { return http.NewServeMux() }

// Serve serves Handler on a listener until ctx ends.
func (p *PKI) Serve(ctx context.Context, l net.Listener) error { return nil }
