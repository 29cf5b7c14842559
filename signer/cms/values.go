package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Signer returns the only SignerInfo, or nil where there is not exactly one.
func (s *SignedData) Signer() *SignerInfo {
	if len(s.Signers) != 1 {
		return nil
	}
	return s.Signers[0]
}

// Certificate returns the embedded certificate that si names, or nil. Among
// several of one issuer and serial number it is the one that the signed
// reference names, if any.
func (s *SignedData) Certificate(si *SignerInfo) *x509.Certificate {
	var found *x509.Certificate
	refs := si.SigningCertificates()
	for _, c := range s.Certificates {
		if !si.names(c) {
			continue
		}
		if len(refs) > 0 && refs[0].Matches(c) {
			return c
		}
		if found == nil {
			found = c
		}
	}
	return found
}

func (si *SignerInfo) names(c *x509.Certificate) bool {
	if si.Serial == nil {
		return len(si.SubjectKeyID) > 0 && bytes.Equal(si.SubjectKeyID, c.SubjectKeyId)
	}
	return bytes.Equal(si.Issuer, c.RawIssuer) && si.Serial.Cmp(c.SerialNumber) == 0
}

// Attribute returns the signed attributes of a type. A sound signature has at
// most one of each.
func (si *SignerInfo) Attribute(oid asn1.ObjectIdentifier) []Attribute {
	return ofType(si.Signed, oid)
}

func ofType(list []Attribute, oid asn1.ObjectIdentifier) []Attribute {
	var found []Attribute
	for _, a := range list {
		if a.Type.Equal(oid) {
			found = append(found, a)
		}
	}
	return found
}

// single returns the only value of the only signed attribute of a type.
func (si *SignerInfo) single(oid asn1.ObjectIdentifier) (cryptobyte.String, bool) {
	list := si.Attribute(oid)
	if len(list) != 1 || len(list[0].Values) != 1 {
		return nil, false
	}
	return list[0].Values[0], true
}

// MessageDigest returns the value of the attribute, nil if it is not there once.
func (si *SignerInfo) MessageDigest() []byte {
	value, ok := si.single(OIDMessageDigest)
	var digest cryptobyte.String
	if !ok || !value.ReadASN1(&digest, cbasn1.OCTET_STRING) {
		return nil
	}
	return digest
}

// SigningTime returns the claimed time of the attribute, and whether there is one.
func (si *SignerInfo) SigningTime() (time.Time, bool) {
	value, ok := si.single(OIDSigningTime)
	var t time.Time
	switch {
	case !ok:
		return t, false
	case value.PeekASN1Tag(cbasn1.UTCTime):
		ok = value.ReadASN1UTCTime(&t)
	default:
		ok = value.ReadASN1GeneralizedTime(&t)
	}
	return t.UTC(), ok
}

// SigningCertificates returns the references of signing-certificate-v2, or else
// of signing-certificate. The first one names the signer.
func (si *SignerInfo) SigningCertificates() []CertificateRef {
	if value, ok := si.single(OIDSigningCertificateV2); ok {
		return readRefs(value, crypto.SHA256)
	}
	if value, ok := si.single(OIDSigningCertificate); ok {
		return readRefs(value, crypto.SHA1)
	}
	return nil
}

// readRefs reads SigningCertificate and SigningCertificateV2, which differ in
// the hash: fixed in the first, SHA-256 unless stated in the second. A malformed
// value has no references.
func readRefs(value cryptobyte.String, fallback crypto.Hash) []CertificateRef {
	var seq, certs cryptobyte.String
	if !value.ReadASN1(&seq, cbasn1.SEQUENCE) || !value.Empty() || !seq.ReadASN1(&certs, cbasn1.SEQUENCE) {
		return nil
	}
	var refs []CertificateRef
	for !certs.Empty() && len(refs) < maxCertificates {
		ref := CertificateRef{Hash: fallback}
		var id, digest cryptobyte.String
		if !certs.ReadASN1(&id, cbasn1.SEQUENCE) {
			return nil
		}
		if fallback != crypto.SHA1 && id.PeekASN1Tag(cbasn1.SEQUENCE) && !readHash(&id, &ref.Hash) {
			return nil
		}
		if !id.ReadASN1(&digest, cbasn1.OCTET_STRING) || !ref.readIssuerSerial(&id) {
			return nil
		}
		ref.Digest = digest
		refs = append(refs, ref)
	}
	return refs
}

func (r *CertificateRef) readIssuerSerial(s *cryptobyte.String) bool {
	if s.Empty() {
		return true
	}
	var seq, names, directory, name cryptobyte.String
	serial := new(big.Int)
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1(&names, cbasn1.SEQUENCE) || !seq.ReadASN1Integer(serial) {
		return false
	}
	if names.ReadASN1(&directory, cbasn1.Tag(4).ContextSpecific().Constructed()) && directory.ReadASN1Element(&name, cbasn1.SEQUENCE) {
		r.Issuer = name
	}
	r.Serial = serial
	return true
}

// Matches reports whether the reference names c. The digest decides alone: the
// issuer and serial number beside it are a hint, by which a certificate can be
// looked up (EN 319 122-1, 5.2.2), and tools spell the issuer differently.
func (r CertificateRef) Matches(c *x509.Certificate) bool {
	if !r.Hash.Available() {
		return false
	}
	h := r.Hash.New()
	h.Write(c.Raw)
	return bytes.Equal(h.Sum(nil), r.Digest)
}

// TimeStamps returns the DER of each signature-time-stamp token, in file order.
func (si *SignerInfo) TimeStamps() [][]byte {
	var tokens [][]byte
	for _, a := range ofType(si.Unsigned, OIDSignatureTimeStamp) {
		tokens = append(tokens, a.Values...)
	}
	return tokens
}

// Revocation returns what Adobe's signed attribute carries, nil if there is none.
func (si *SignerInfo) Revocation() *Revocation {
	value, ok := si.single(OIDAdobeRevocation)
	var seq cryptobyte.String
	if !ok || !value.ReadASN1(&seq, cbasn1.SEQUENCE) {
		return nil
	}
	r := new(Revocation)
	for n := uint8(0); n < 2; n++ {
		var field, list, item cryptobyte.String
		var has bool
		if !seq.ReadOptionalASN1(&field, &has, cbasn1.Tag(n).ContextSpecific().Constructed()) {
			return nil
		}
		if !has {
			continue
		}
		if !field.ReadASN1(&list, cbasn1.SEQUENCE) {
			return nil
		}
		for !list.Empty() && len(r.CRLs)+len(r.OCSPs) < maxCertificates {
			if !list.ReadASN1Element(&item, cbasn1.SEQUENCE) {
				return nil
			}
			if n == 0 {
				r.CRLs = append(r.CRLs, item)
			} else {
				r.OCSPs = append(r.OCSPs, item)
			}
		}
	}
	return r
}
