package cms

import (
	"crypto"
	"crypto/x509"
	"errors"
	"io"
)

// A Draft is a SignedData that lacks only its signature value, so that the key
// may be elsewhere: sign [Draft.Digest] and give the value to [Draft.Encode].
type Draft struct {
	attributes []byte
}

// NewDraft fixes the signed attributes for the content whose digest is given.
func NewDraft(cert *x509.Certificate, chain []*x509.Certificate, messageDigest []byte, opts SignOptions) (*Draft, error) {
	return nil, errors.New("cms: not yet")
}

// Attributes returns the signed attributes as the DER SET OF that is hashed.
func (d *Draft) Attributes() []byte { return d.attributes }

// Digest returns what the key signs: the hash of [Draft.Attributes].
func (d *Draft) Digest() []byte { return nil }

// Encode returns the ContentInfo with the signature value and, as unsigned
// attributes, the given signature-time-stamp tokens.
func (d *Draft) Encode(signature []byte, tokens ...[]byte) ([]byte, error) {
	return nil, errors.New("cms: not yet")
}

// Sign signs a content by its digest and returns the DER of the ContentInfo.
func Sign(rand io.Reader, signer crypto.Signer, cert *x509.Certificate, chain []*x509.Certificate, messageDigest []byte, opts SignOptions) ([]byte, error) {
	return nil, errors.New("cms: not yet")
}

// AddUnsignedTimestamp returns der with token as a further signature-time-stamp
// of its only signer.
func AddUnsignedTimestamp(der, token []byte) ([]byte, error) { return nil, errors.New("cms: not yet") }

// EstimateSize returns an upper bound, in bytes, of what [Draft.Encode] makes.
func EstimateSize(cert *x509.Certificate, chain []*x509.Certificate, opts SignOptions, token int) int {
	return 0
}
