package ocsp

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A Template is a response to be made, for a responder.
type Template struct {
	Singles      []Single
	ProducedAt   time.Time
	Nonce        []byte              // nil: none
	Responder    *x509.Certificate   // whose key signs; named by the hash of its key
	ByName       bool                // the responder is named by its subject instead
	Certificates []*x509.Certificate // to send along
	Hash         crypto.Hash         // 0: the one that fits the key
}

// Sign makes a response. Times are written to the second.
func (t Template) Sign(signer crypto.Signer) ([]byte, error) {
	if t.Responder == nil || len(t.Singles) == 0 {
		return nil, errors.New("ocsp: make: want a responder and an answer")
	}
	key, err := publicKeyBits(t.Responder)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if t.ByName {
			b.AddASN1(tagged(1), func(b *cryptobyte.Builder) { b.AddBytes(t.Responder.RawSubject) })
		} else {
			b.AddASN1(tagged(2), octets(sum(crypto.SHA1, key)))
		}
		b.AddASN1GeneralizedTime(t.ProducedAt.UTC())
		b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, s := range t.Singles {
				s.add(b)
			}
		})
		if t.Nonce != nil {
			b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
				b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) { addExtension(b, oidNonce, octets(t.Nonce)) })
			})
		}
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("ocsp: make: %w", err)
	}
	return t.wrap(tbs, signer)
}

func (s Single) add(b *cryptobyte.Builder) {
	b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		s.ID.add(b)
		switch s.Status {
		case Revoked:
			b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
				b.AddASN1GeneralizedTime(s.RevokedAt.UTC())
				if s.Reason != 0 {
					b.AddASN1(tagged(0), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(s.Reason)) })
				}
			})
		default:
			b.AddASN1(cryptobyte_asn1.Tag(s.Status).ContextSpecific(), func(*cryptobyte.Builder) {})
		}
		b.AddASN1GeneralizedTime(s.ThisUpdate.UTC())
		if !s.NextUpdate.IsZero() {
			b.AddASN1(tagged(0), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(s.NextUpdate.UTC()) })
		}
		if !s.ArchiveCutoff.IsZero() {
			b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
				b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					addExtension(b, oidArchiveCutoff, func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(s.ArchiveCutoff.UTC()) })
				})
			})
		}
	})
}

// wrap signs the data and puts the response around them.
func (t Template) wrap(tbs []byte, signer crypto.Signer) ([]byte, error) {
	oid, hash, null, err := chooseAlgorithm(signer.Public(), t.Hash)
	if err != nil {
		return nil, err
	}
	digest := tbs
	if hash != 0 {
		digest = sum(hash, tbs)
	}
	signature, err := signer.Sign(rand.Reader, digest, hash)
	if err != nil {
		return nil, fmt.Errorf("ocsp: make: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			if null {
				b.AddASN1NULL()
			}
		})
		b.AddASN1BitString(signature)
		if len(t.Certificates) > 0 {
			b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
				b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, c := range t.Certificates {
						b.AddBytes(c.Raw)
					}
				})
			})
		}
	})
	basic, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("ocsp: make: %w", err)
	}
	return enclose(basic)
}

// Refusal makes a response without an answer, by the numbers of RFC 6960 4.2.1: 1
// malformed request, 2 internal error, 3 try later, 6 unauthorized.
func Refusal(status int) []byte {
	return []byte{0x30, 3, 0x0a, 1, byte(status)}
}
