// Package keys opens private keys for signing, each with its certificate and the
// chain above it, by URI: pkcs12:FILE, pem:FILE, and what other packages register.
//
// It does not judge certificates (package certs does), and it never puts a secret
// into a URI, an error or an Info.
package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
)

// A Key is a private key that can sign, and its certificate.
type Key interface {
	crypto.Signer
	Certificate() *x509.Certificate
	Chain() []*x509.Certificate // CA certificates that came with the key, nearest issuer first; may be empty
	Info() Info
}

// Info describes a key without secrets: for lists, journal and reports.
type Info struct {
	URI       string // as it was opened; holds no secret
	Scheme    string // "pkcs12", "pem", …
	Algorithm string // "RSA-2048", "ECDSA-P-256", "Ed25519"
}

// New makes a Key of a signer and its certificate, and puts the chain into order,
// nearest issuer first. It refuses a certificate that is not of that key.
func New(uri string, signer crypto.Signer, certificate *x509.Certificate, chain ...*x509.Certificate) (Key, error) {
	if signer == nil || certificate == nil {
		return nil, fmt.Errorf("keys: %q: want a private key and its certificate", uri)
	}
	if !samePublicKey(signer.Public(), certificate.PublicKey) {
		return nil, fmt.Errorf("keys: %q: the private key does not belong to the certificate of %q", uri, certificate.Subject)
	}
	algorithm, err := algorithmName(signer.Public())
	if err != nil {
		return nil, fmt.Errorf("keys: %q: %w", uri, err)
	}
	info := Info{URI: uri, Scheme: schemeOf(uri), Algorithm: algorithm}
	return &key{signer: signer, certificate: certificate, chain: orderChain(certificate, chain), info: info}, nil
}

type key struct {
	signer      crypto.Signer
	certificate *x509.Certificate
	chain       []*x509.Certificate
	info        Info
}

func (k *key) Public() crypto.PublicKey       { return k.signer.Public() }
func (k *key) Certificate() *x509.Certificate { return k.certificate }
func (k *key) Chain() []*x509.Certificate     { return append([]*x509.Certificate(nil), k.chain...) }
func (k *key) Info() Info                     { return k.info }

func (k *key) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.signer.Sign(rand, digest, opts)
}

func samePublicKey(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

func algorithmName(public crypto.PublicKey) (string, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA-%d", public.N.BitLen()), nil
	case *ecdsa.PublicKey:
		return "ECDSA-" + public.Curve.Params().Name, nil
	case ed25519.PublicKey:
		return "Ed25519", nil
	}
	return "", fmt.Errorf("keys of type %T are not supported, want RSA, ECDSA or Ed25519", public)
}

// orderChain follows the issuers upwards by name, and leaves out what does not
// belong: PKCS #12 files carry certificates in any order, some of other chains.
func orderChain(leaf *x509.Certificate, extra []*x509.Certificate) []*x509.Certificate {
	var chain []*x509.Certificate
	used := make([]bool, len(extra))
	for at := leaf; string(at.RawIssuer) != string(at.RawSubject); {
		next := -1
		for i, c := range extra {
			if c != nil && !used[i] && string(c.RawSubject) == string(at.RawIssuer) && fits(at, c) {
				next = i
				break
			}
		}
		if next < 0 {
			break
		}
		used[next] = true
		at = extra[next]
		chain = append(chain, at)
	}
	return chain
}

// fits compares key identifiers where both certificates have one.
func fits(child, issuer *x509.Certificate) bool {
	return len(child.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 ||
		string(child.AuthorityKeyId) == string(issuer.SubjectKeyId)
}

// Close lets go of what a key holds: the login of a token, a PIN in memory. A key
// that holds nothing is closed by doing nothing. It cannot sign any more, or need not.
func Close(k Key) error {
	if own, ok := k.(*key); ok {
		if c, ok := own.signer.(io.Closer); ok {
			return c.Close()
		}
	}
	return nil
}
