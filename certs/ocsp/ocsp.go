// Package ocsp reads and makes the messages of the Online Certificate Status
// Protocol (RFC 6960, RFC 9654).
//
// It is a format: strict DER, no network, no clock, no opinion. Who may sign an
// answer, and whether it is fresh, is decided in package certs.
//
// golang.org/x/crypto/ocsp is not used. It finds an answer by serial number
// alone and not by issuer, takes an answer without a status for a revocation,
// stops at the first of several answers, leaves out nonces, PSS and Ed25519, and
// reads the clock of the machine to make one.
package ocsp

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	// The hashes that a CertID may name.
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A Status is what an answer says about one certificate.
type Status int

const (
	Good    Status = iota // not known to be revoked
	Revoked               // for good, or on hold: see Single.Reason
	Unknown               // the responder does not know the certificate
)

func (s Status) String() string {
	names := [...]string{"good", "revoked", "unknown"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("status %d", int(s))
	}
	return names[s]
}

// A Response is a basic response, read and not believed: its signature has not
// been checked.
type Response struct {
	Raw          []byte // the DER of the whole OCSPResponse
	TBS          []byte // what is signed
	Algorithm    x509.SignatureAlgorithm
	Signature    []byte
	Name         []byte // the responder: DER of its subject …
	KeyHash      []byte // … or SHA-1 of its public key; one of the two is nil
	ProducedAt   time.Time
	Singles      []Single
	Nonce        []byte              // nil if there is none
	Certificates []*x509.Certificate // that came along, in any order
}

// A Single is the answer about one certificate.
type Single struct {
	ID            CertID
	Status        Status
	ThisUpdate    time.Time
	NextUpdate    time.Time // zero: a newer answer can be had at any time
	RevokedAt     time.Time // zero unless Revoked
	Reason        int       // CRLReason, RFC 5280 5.3.1
	ArchiveCutoff time.Time // the responder remembers certificates that expired since then; zero: it does not say
}

// A CertID names a certificate by its issuer's name and key, and its number.
type CertID struct {
	Hash      crypto.Hash // 0 if not known, and then it matches nothing
	NameHash  []byte
	KeyHash   []byte
	Serial    *big.Int
	algorithm []byte // DER of the AlgorithmIdentifier, as it came
}

// NewCertID names a certificate of an issuer by a hash.
func NewCertID(hash crypto.Hash, cert, issuer *x509.Certificate) (CertID, error) {
	if oidOf(hash) == nil || !hash.Available() {
		return CertID{}, fmt.Errorf("ocsp: hash %v: want SHA-1, SHA-256, SHA-384 or SHA-512", hash)
	}
	key, err := publicKeyBits(issuer)
	if err != nil {
		return CertID{}, err
	}
	return CertID{Hash: hash, NameHash: sum(hash, cert.RawIssuer), KeyHash: sum(hash, key), Serial: cert.SerialNumber}, nil
}

// Matches reports whether the ID names this certificate of this issuer.
func (id CertID) Matches(cert, issuer *x509.Certificate) bool {
	if id.Serial == nil || id.Serial.Cmp(cert.SerialNumber) != 0 {
		return false
	}
	want, err := NewCertID(id.Hash, cert, issuer)
	return err == nil && bytes.Equal(id.NameHash, want.NameHash) && bytes.Equal(id.KeyHash, want.KeyHash)
}

// SameIssuer reports whether the ID names a certificate of this issuer, by name
// and key.
func (id CertID) SameIssuer(issuer *x509.Certificate) bool {
	key, err := publicKeyBits(issuer)
	return err == nil && oidOf(id.Hash) != nil && bytes.Equal(id.NameHash, sum(id.Hash, issuer.RawSubject)) && bytes.Equal(id.KeyHash, sum(id.Hash, key))
}

// IsResponder reports whether the response names this certificate as the one
// whose key signed it.
func (r *Response) IsResponder(c *x509.Certificate) bool {
	if r.Name != nil {
		return bytes.Equal(r.Name, c.RawSubject)
	}
	key, err := publicKeyBits(c)
	return err == nil && bytes.Equal(r.KeyHash, sum(crypto.SHA1, key))
}

// publicKeyBits returns the subject's public key without its algorithm, which is
// what RFC 6960 4.1.1 hashes.
func publicKeyBits(c *x509.Certificate) ([]byte, error) {
	spki, inner := cryptobyte.String(c.RawSubjectPublicKeyInfo), cryptobyte.String(nil)
	var bits []byte
	if !spki.ReadASN1(&inner, cryptobyte_asn1.SEQUENCE) || !inner.SkipASN1(cryptobyte_asn1.SEQUENCE) ||
		!inner.ReadASN1BitStringAsBytes(&bits) {
		return nil, errors.New("ocsp: the issuer's public key is malformed")
	}
	return bits, nil
}

func sum(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}

var hashes = []struct {
	hash crypto.Hash
	oid  asn1.ObjectIdentifier
}{
	{crypto.SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}},
	{crypto.SHA256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}},
	{crypto.SHA384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}},
	{crypto.SHA512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}},
}

func oidOf(hash crypto.Hash) asn1.ObjectIdentifier {
	for _, h := range hashes {
		if h.hash == hash {
			return h.oid
		}
	}
	return nil
}

func hashOf(oid asn1.ObjectIdentifier) crypto.Hash {
	for _, h := range hashes {
		if h.oid.Equal(oid) {
			return h.hash
		}
	}
	return 0
}

var (
	oidBasic         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidNonce         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidArchiveCutoff = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}
)
