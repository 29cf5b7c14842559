package cms

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"time"
)

// Parse reads the DER of a ContentInfo that holds a SignedData. What follows it
// is not looked at, and returned as Rest.
func Parse(der []byte) (*SignedData, error) { return nil, errors.New("cms: not yet") }

// Signer returns the only SignerInfo, or nil where there is not exactly one.
func (s *SignedData) Signer() *SignerInfo { return nil }

// Certificate returns the embedded certificate that si names, or nil.
func (s *SignedData) Certificate(si *SignerInfo) *x509.Certificate { return nil }

// Attribute returns the signed attributes of a type; more than one is an error
// of the signer.
func (si *SignerInfo) Attribute(oid asn1.ObjectIdentifier) []Attribute { return nil }

// MessageDigest returns the value of the attribute, nil if it is not there once.
func (si *SignerInfo) MessageDigest() []byte { return nil }

// SigningTime returns the claimed time of the attribute, and whether there is one.
func (si *SignerInfo) SigningTime() (time.Time, bool) { return time.Time{}, false }

// SigningCertificates returns the references of signing-certificate-v2, or else
// of signing-certificate. The first one names the signer.
func (si *SignerInfo) SigningCertificates() []CertificateRef { return nil }

// TimeStamps returns the DER of each signature-time-stamp token.
func (si *SignerInfo) TimeStamps() [][]byte { return nil }

// Revocation returns what Adobe's signed attribute carries, nil if there is none.
func (si *SignerInfo) Revocation() *Revocation { return nil }

// Verify checks a detached signature over a content with the given digest,
// which the caller computed with the only signer's Hash.
func (s *SignedData) Verify(messageDigest []byte) []Problem { return nil }

// VerifyContent checks a signature over the content that it carries, as a
// time-stamp token does.
func (s *SignedData) VerifyContent() []Problem { return nil }
