package ocsp

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A Request asks for the status of certificates.
type Request struct {
	IDs   []CertID
	Nonce []byte // nil: none
}

// NewRequest makes the request for one certificate. SHA-1 names it: the hash
// guards nothing here, and is the one that every responder knows (RFC 5019
// 2.1.1). Nonce may be nil; RFC 9654 wants 32 bytes.
func NewRequest(cert, issuer *x509.Certificate, nonce []byte) ([]byte, error) {
	id, err := NewCertID(crypto.SHA1, cert, issuer)
	if err != nil {
		return nil, err
	}
	return Request{IDs: []CertID{id}, Nonce: nonce}.Marshal()
}

// Marshal writes the request in DER.
func (r Request) Marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, id := range r.IDs {
					b.AddASN1(cryptobyte_asn1.SEQUENCE, id.add)
				}
			})
			if r.Nonce != nil {
				b.AddASN1(tagged(2), func(b *cryptobyte.Builder) {
					b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) { addExtension(b, oidNonce, octets(r.Nonce)) })
				})
			}
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("ocsp: request: %w", err)
	}
	return der, nil
}

// add writes a CertID, with the hash's identifier as it came if it came.
func (id CertID) add(b *cryptobyte.Builder) {
	b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if id.algorithm != nil {
			b.AddBytes(id.algorithm)
		} else {
			b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidOf(id.Hash))
				b.AddASN1NULL()
			})
		}
		b.AddASN1OctetString(id.NameHash)
		b.AddASN1OctetString(id.KeyHash)
		b.AddASN1BigInt(id.Serial)
	})
}

func addExtension(b *cryptobyte.Builder, id asn1.ObjectIdentifier, value func(*cryptobyte.Builder)) {
	b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		b.AddASN1(cryptobyte_asn1.OCTET_STRING, value)
	})
}

func octets(data []byte) func(*cryptobyte.Builder) {
	return func(b *cryptobyte.Builder) { b.AddASN1OctetString(data) }
}

const (
	maxRequest    = 64 << 10
	maxRequestIDs = 100
)

// ParseRequest reads a request, for a responder. A signature on it is passed
// over.
func ParseRequest(der []byte) (*Request, error) {
	if len(der) > maxRequest {
		return nil, fmt.Errorf("ocsp: request of %d bytes: want at most %d", len(der), maxRequest)
	}
	input, outer, tbs, list := cryptobyte.String(der), cryptobyte.String(nil), cryptobyte.String(nil), cryptobyte.String(nil)
	if !input.ReadASN1(&outer, cryptobyte_asn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1(&tbs, cryptobyte_asn1.SEQUENCE) ||
		!outer.SkipOptionalASN1(tagged(0)) || !outer.Empty() {
		return nil, errors.New("ocsp: not an OCSPRequest in DER")
	}
	if err := readVersion(&tbs); err != nil {
		return nil, fmt.Errorf("ocsp: request: %w", err)
	}
	if !tbs.SkipOptionalASN1(tagged(1)) || !tbs.ReadASN1(&list, cryptobyte_asn1.SEQUENCE) || list.Empty() {
		return nil, errors.New("ocsp: the request names no certificate")
	}
	r := &Request{}
	for !list.Empty() {
		var one cryptobyte.String
		if len(r.IDs) == maxRequestIDs || !list.ReadASN1(&one, cryptobyte_asn1.SEQUENCE) {
			return nil, fmt.Errorf("ocsp: request: malformed, or more than %d certificates", maxRequestIDs)
		}
		id, err := readCertID(&one)
		if err == nil {
			err = readExtensions(&one, 0, extension.unknown)
		}
		if err != nil {
			return nil, fmt.Errorf("ocsp: request: %w", err)
		}
		r.IDs = append(r.IDs, id)
	}
	err := readExtensions(&tbs, 2, func(e extension) (err error) {
		if e.id.Equal(oidNonce) {
			r.Nonce, err = readNonce(e.value)
			return err
		}
		return e.unknown()
	})
	if err != nil {
		return nil, fmt.Errorf("ocsp: request: %w", err)
	}
	return r, nil
}
