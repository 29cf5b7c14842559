package cms

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// signedAttributes returns the SET OF that the signature covers: what PAdES
// requires (EN 319 142-1, 6.3) and CMSAlgorithmProtection (RFC 6211), without
// which a verifier can be made to read the value under another algorithm.
func signedAttributes(cert *x509.Certificate, digest []byte, a Algorithm, opts SignOptions) ([]byte, error) {
	set := make([][]byte, 0, 5)
	var failed error
	add := func(oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) {
		b := cryptobyte.NewBuilder(make([]byte, 0, 256))
		addAttribute(b, oid, value)
		der, err := b.Bytes()
		if err != nil {
			failed = err
		}
		set = append(set, der)
	}
	add(OIDContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(opts.ContentType) })
	add(OIDMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest) })
	add(OIDSigningCertificateV2, func(b *cryptobyte.Builder) { addSigningCertificate(b, cert, opts) })
	add(OIDAlgorithmProtection, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addHash(b, cbasn1.SEQUENCE, opts.Hash)
			addAlgorithm(b, explicit1, a)
		})
	})
	if !opts.SigningTime.IsZero() {
		add(OIDSigningTime, func(b *cryptobyte.Builder) { addTime(b, opts) })
	}
	for _, a := range opts.Further {
		add(a.Type, func(b *cryptobyte.Builder) {
			for _, value := range a.Values {
				b.AddBytes(value)
			}
		})
	}
	if failed != nil {
		return nil, failed
	}
	slices.SortFunc(set, bytes.Compare)
	b := cryptobyte.NewBuilder(make([]byte, 0, 1024))
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		for _, der := range set {
			b.AddBytes(der)
		}
	})
	return b.Bytes()
}

func addAttribute(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.SET, value)
	})
}

// addSigningCertificate writes a SigningCertificateV2 with one ESSCertIDv2 and
// its issuerSerial (RFC 5035, 3). SHA-256 is the default, so DER leaves it out.
func addSigningCertificate(b *cryptobyte.Builder, cert *x509.Certificate, opts SignOptions) {
	h := opts.Hash.New()
	h.Write(cert.Raw)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				if !HashOID(opts.Hash).Equal(hashes[0].oid) {
					addHash(b, cbasn1.SEQUENCE, opts.Hash)
				}
				b.AddASN1OctetString(h.Sum(nil))
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // IssuerSerial
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // GeneralNames
						b.AddASN1(cbasn1.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
							b.AddBytes(cert.RawIssuer)
						})
					})
					b.AddASN1BigInt(cert.SerialNumber)
				})
			})
		})
	})
}

// addTime writes UTCTime through 2049 and GeneralizedTime after it (RFC 5652, 11.3).
func addTime(b *cryptobyte.Builder, opts SignOptions) {
	at := opts.SigningTime.UTC()
	if y := at.Year(); y >= 1950 && y < 2050 {
		b.AddASN1UTCTime(at)
		return
	}
	b.AddASN1GeneralizedTime(at)
}
