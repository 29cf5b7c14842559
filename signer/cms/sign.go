package cms

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A Draft is a SignedData that lacks only its signature value, so that the key
// may be elsewhere: sign [Draft.Digest] and give the value to [Draft.Encode].
type Draft struct {
	cert       *x509.Certificate
	chain      []*x509.Certificate
	opts       SignOptions
	algorithm  Algorithm
	attributes []byte
}

// NewDraft fixes the signed attributes for the content whose digest is given.
// The chain's certificates are embedded beside cert, each once, in DER order.
func NewDraft(cert *x509.Certificate, chain []*x509.Certificate, messageDigest []byte, opts SignOptions) (*Draft, error) {
	opts = opts.withDefaults()
	algorithm, err := opts.Algorithm(cert.PublicKey)
	if err != nil {
		return nil, err
	}
	if len(messageDigest) != opts.Hash.Size() {
		return nil, fmt.Errorf("cms: message digest of %d bytes, want %d for %s", len(messageDigest), opts.Hash.Size(), opts.Hash)
	}
	attributes, err := signedAttributes(cert, messageDigest, algorithm, opts)
	if err != nil {
		return nil, fmt.Errorf("cms: write signed attributes: %w", err)
	}
	return &Draft{cert: cert, chain: chain, opts: opts, algorithm: algorithm, attributes: attributes}, nil
}

func (o SignOptions) withDefaults() SignOptions {
	if o.Hash == 0 {
		o.Hash = crypto.SHA256
	}
	if o.ContentType == nil {
		o.ContentType = OIDData
	}
	return o
}

// Attributes returns the signed attributes as the DER SET OF that is hashed.
func (d *Draft) Attributes() []byte { return d.attributes }

// Algorithm returns what the key must sign with.
func (d *Draft) Algorithm() Algorithm { return d.algorithm }

// Digest returns what the key signs: the hash of [Draft.Attributes]. A key of
// Ed25519 signs the attributes themselves.
func (d *Draft) Digest() []byte {
	h := d.opts.Hash.New()
	h.Write(d.attributes)
	return h.Sum(nil)
}

// Sign lets the key sign, and verifies the value under the certificate: a
// device that errs, or that holds another key, must not spoil a document.
func (d *Draft) Sign(rand io.Reader, signer crypto.Signer) ([]byte, error) {
	signed := d.Digest()
	if d.algorithm.Scheme == Ed25519 {
		signed = d.attributes
	}
	signature, err := signer.Sign(rand, signed, d.algorithm.signerOpts())
	if err != nil {
		return nil, fmt.Errorf("cms: sign with the key: %w", err)
	}
	if err := d.algorithm.CheckSignature(d.cert.PublicKey, d.attributes, signature); err != nil {
		return nil, fmt.Errorf("cms: the key's signature does not verify under certificate %q: %w", d.cert.Subject.CommonName, err)
	}
	return signature, nil
}

// Encode returns the ContentInfo with the signature value and, as unsigned
// attributes, the given signature-time-stamp tokens.
func (d *Draft) Encode(signature []byte, tokens ...[]byte) ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, d.size(len(signature), tokens)))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(OIDSignedData)
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { d.addSignedData(b, signature, tokens) })
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("cms: encode: %w", err)
	}
	return der, nil
}

const (
	explicit0 = cbasn1.Tag(0 | 0x80 | 0x20)
	explicit1 = cbasn1.Tag(1 | 0x80 | 0x20)
)

func (d *Draft) addSignedData(b *cryptobyte.Builder, signature []byte, tokens [][]byte) {
	version := int64(1)
	if !d.opts.ContentType.Equal(OIDData) {
		version = 3 // RFC 5652, 5.1
	}
	b.AddASN1Int64(version)
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addHash(b, cbasn1.SEQUENCE, d.opts.Hash) })
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(d.opts.ContentType)
		if d.opts.Content != nil {
			b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(d.opts.Content) })
		}
	})
	b.AddASN1(explicit0, func(b *cryptobyte.Builder) {
		for _, raw := range certificateSet(d.cert, d.chain) {
			b.AddBytes(raw)
		}
	})
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { d.addSignerInfo(b, signature, tokens) })
	})
}

func (d *Draft) addSignerInfo(b *cryptobyte.Builder, signature []byte, tokens [][]byte) {
	b.AddASN1Int64(1)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(d.cert.RawIssuer)
		b.AddASN1BigInt(d.cert.SerialNumber)
	})
	addHash(b, cbasn1.SEQUENCE, d.opts.Hash)
	b.AddASN1(explicit0, func(b *cryptobyte.Builder) {
		s, content := cryptobyte.String(d.attributes), cryptobyte.String(nil)
		s.ReadASN1(&content, cbasn1.SET)
		b.AddBytes(content)
	})
	addAlgorithm(b, cbasn1.SEQUENCE, d.algorithm)
	b.AddASN1OctetString(signature)
	if len(tokens) > 0 {
		b.AddASN1(explicit1, func(b *cryptobyte.Builder) {
			for _, token := range tokens {
				addAttribute(b, OIDSignatureTimeStamp, func(b *cryptobyte.Builder) { b.AddBytes(token) })
			}
		})
	}
}

// certificateSet returns the certificates once each, in the order that DER
// wants of a SET OF.
func certificateSet(cert *x509.Certificate, chain []*x509.Certificate) [][]byte {
	set := make([][]byte, 0, 1+len(chain))
	set = append(set, cert.Raw)
	for _, c := range chain {
		set = append(set, c.Raw)
	}
	slices.SortFunc(set, bytes.Compare)
	return slices.CompactFunc(set, bytes.Equal)
}

func (d *Draft) size(signature int, tokens [][]byte) int {
	n := len(d.attributes) + len(d.opts.Content) + signature + overhead
	for _, token := range tokens {
		n += len(token) + tokenOverhead
	}
	for _, c := range d.chain {
		n += len(c.Raw)
	}
	return n + len(d.cert.Raw) + len(d.cert.RawIssuer)
}

const (
	overhead      = 256 // headers, identifiers, versions and a serial number
	tokenOverhead = 32  // an Attribute around a token, or around another value
)

// Sign signs a content by its digest and returns the DER of the ContentInfo.
func Sign(rand io.Reader, signer crypto.Signer, cert *x509.Certificate, chain []*x509.Certificate, messageDigest []byte, opts SignOptions) ([]byte, error) {
	d, err := NewDraft(cert, chain, messageDigest, opts)
	if err != nil {
		return nil, err
	}
	signature, err := d.Sign(rand, signer)
	if err != nil {
		return nil, err
	}
	return d.Encode(signature)
}

// EstimateSize returns an upper bound, in bytes, of what [Draft.Encode] makes
// with a time-stamp token of at most token bytes, or with none if it is 0.
func EstimateSize(cert *x509.Certificate, chain []*x509.Certificate, opts SignOptions, token int) int {
	const attributes = 512 // all but the names, which are in the certificate too
	n := len(cert.Raw) + 2*len(cert.RawIssuer) + attributes + overhead + len(opts.Content) + signatureSize(cert.PublicKey)
	for _, a := range opts.Further {
		for _, value := range a.Values {
			n += len(value) + tokenOverhead
		}
	}
	for _, c := range chain {
		n += len(c.Raw)
	}
	if token > 0 {
		n += token + tokenOverhead
	}
	return n
}

// signatureSize bounds a signature value: the modulus, or two integers as wide
// as P-521's order.
func signatureSize(key crypto.PublicKey) int {
	if pub, ok := key.(*rsa.PublicKey); ok {
		return pub.Size()
	}
	return 144
}
