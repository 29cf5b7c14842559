package signer

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lienthong/certs/keys"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// PreparedLife is how long a [Prepared] may wait for its signature: the time in
// /M and in the visible text is fixed when it is made.
const PreparedLife = 10 * time.Minute

// A Prepared is a signature that lacks only its value, for keys that are
// elsewhere: on a token, a SIM, at a remote service. It is plain data, written
// with encoding/json and read with [ParsePrepared], so that it survives a
// restart of the process that made it. It holds no secret; whoever can change it
// can spoil the signature, not make one.
type Prepared struct {
	Version  int       `json:"version"` // preparedVersion
	Input    []byte    `json:"input"`   // SHA-256 of the file
	Size     int64     `json:"size"`    // of the file, bytes
	Field    string    `json:"field"`
	Revision int       `json:"revision"` // number of the revision to be appended
	Level    Level     `json:"level"`
	Profile  string    `json:"profile,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Format   Format    `json:"format,omitempty"`
	Number   string    `json:"number,omitempty"` // filled in, as [Signed.Number]
	Date     string    `json:"date,omitempty"`
	At       time.Time `json:"at"`      // the claimed time of signing
	Expires  time.Time `json:"expires"` // no completion after

	Certificate []byte     `json:"certificate"`     // DER
	Chain       [][]byte   `json:"chain,omitempty"` // DER, nearest issuer first
	Scheme      cms.Scheme `json:"scheme"`
	Hash        string     `json:"hash"` // such as "SHA-256"

	Data      []byte        `json:"data"` // the revision, its hole full of zeros
	Contents  pdf.Span      `json:"contents"`
	ByteRange pdf.ByteRange `json:"byte_range"`

	Further     []cms.Attribute `json:"further,omitempty"`     // signed attributes that were asked for
	RangeDigest []byte          `json:"range_digest"`          // of the bytes that the signature covers
	Attributes  []byte          `json:"attributes"`            // the signed attributes, the DER SET OF that is hashed
	Digest      []byte          `json:"digest"`                // of Attributes: what the key signs
	DigestInfo  []byte          `json:"digest_info,omitempty"` // Digest as RSA PKCS#1 v1.5 pads it (RFC 8017, 9.2); RSA only

	AllowDynamic bool     `json:"allow_dynamic,omitempty"` // by [Service]: as in [Request]
	Warnings     []string `json:"-"`                       // for people, when it is made
}

const preparedVersion = 1

// Errors of [Prepare] and [Complete] that a caller may want to tell apart.
var (
	ErrReserved         = errors.New("sign: the room to reserve for the signature does not fit")
	ErrPrepared         = errors.New("sign: the preparation is damaged")
	ErrExpired          = errors.New("sign: the preparation has expired: prepare the file again")
	ErrOtherFile        = errors.New("sign: the file is not the one that was prepared")
	ErrSignatureValue   = errors.New("sign: the signature value does not verify")
	ErrOtherCertificate = errors.New("sign: the signature is not by the certificate that was prepared")
	ErrOtherDigest      = errors.New("sign: the signature is over other content than was prepared")
	ErrAttributes       = errors.New("sign: the signature has attributes that PAdES does not allow here")
	ErrSignedData       = errors.New("sign: the CMS SignedData is not sound")
	ErrTooLarge         = errors.New("sign: the signature is larger than the room that was reserved")
)

const (
	maxReserved  = 1 << 20       // bytes of /Contents that may be asked for
	reservedMore = 8 << 10       // beside the estimate: who makes the CMS may add certificates
	deferredRoom = 2 * tokenRoom // a larger token than expected cannot lead to another hole here
)

// Prepare makes all of a signature but its value by the certificate's key. chain
// is embedded beside the certificate. algorithm may be zero, which is the usual
// one for the key, by opts.Hash and opts.PSS. reserved is the size of /Contents in bytes, 0
// for a size that suits. The TSA of opts is not asked: [Complete] has its own.
//
// The errors are those of [Sign], and [ErrReserved].
func Prepare(ctx context.Context, in pdf.Source, cert *x509.Certificate, chain []*x509.Certificate, algorithm cms.Algorithm, opts SignOptions, reserved int) (*Prepared, error) {
	if cert == nil {
		return nil, errors.New("sign: no certificate to prepare for")
	}
	if opts.Level != "" && opts.Level != LevelBB && opts.Level != LevelBT {
		return nil, fmt.Errorf("sign: level %q cannot be prepared, want %s or %s: augment the file when it is signed", opts.Level, LevelBB, LevelBT)
	}
	if algorithm.Hash != 0 {
		opts.Hash = algorithm.Hash
	}
	opts.PSS = opts.PSS || algorithm.Scheme == cms.RSAPSS
	withoutTSA := opts
	withoutTSA.Level = LevelBB
	key := elsewhere{cert, chain}
	checked, err := withoutTSA.check(key)
	if err != nil {
		return nil, err
	}
	if opts.Level == LevelBT {
		checked.Level = LevelBT
	}
	plan, err := newPlan(in, key, checked)
	if err != nil {
		return nil, err
	}
	if plan.further, err = checked.furtherAttributes(ctx, key); err != nil {
		return nil, err
	}
	hole, err := plan.reserve(key, reserved)
	if err != nil {
		return nil, err
	}
	base, err := hashInput(ctx, in, checked.Hash)
	if err != nil {
		return nil, err
	}
	return plan.prepared(key, base, algorithm, hole)
}

// reserve is the size of the hole, in bytes of DER.
func (p *plan) reserve(key keys.Key, reserved int) (int, error) {
	token := 0
	if p.opts.Level == LevelBT {
		token = deferredRoom
	}
	least := cms.EstimateSize(key.Certificate(), key.Chain(), p.cmsOptions(), token)
	switch {
	case reserved == 0:
		return least + reservedMore, nil
	case reserved < least:
		return 0, fmt.Errorf("%w: %d bytes, want at least %d", ErrReserved, reserved, least)
	case reserved > maxReserved:
		return 0, fmt.Errorf("%w: %d bytes, want at most %d", ErrReserved, reserved, maxReserved)
	}
	return reserved, nil
}

func (p *plan) prepared(key keys.Key, base *inputHash, algorithm cms.Algorithm, hole int) (*Prepared, error) {
	appended, err := p.build(hole)
	if err != nil {
		return nil, err
	}
	cert := key.Certificate()
	covered := base.of(appended)
	draft, err := cms.NewDraft(cert, key.Chain(), covered, p.cmsOptions())
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if made := draft.Algorithm(); algorithm.Scheme != cms.UnknownScheme && algorithm.Scheme != made.Scheme {
		return nil, fmt.Errorf("sign: cannot prepare for %s with the key of %q, want %s", algorithm, cert.Subject.CommonName, made)
	}
	out := &Prepared{
		Version: preparedVersion, Input: base.file.Sum(nil), Size: base.size,
		Field: p.field.name, Revision: len(p.file.Revisions()) + 1, Level: p.opts.Level,
		Profile: string(p.opts.Profile), Reason: p.opts.Reason, Format: p.opts.Format, Further: p.further,
		Number: p.registered.number, Date: p.registered.date,
		At: p.opts.At.UTC(), Expires: p.opts.At.UTC().Add(PreparedLife),
		Certificate: cert.Raw, Scheme: draft.Algorithm().Scheme, Hash: p.opts.Hash.String(),
		Data: appended.Data, Contents: appended.Contents, ByteRange: appended.ByteRange,
		RangeDigest: covered, Attributes: draft.Attributes(), Digest: draft.Digest(), Warnings: p.warnings,
	}
	for _, c := range key.Chain() {
		out.Chain = append(out.Chain, c.Raw)
	}
	if out.Scheme == cms.RSAPKCS1v15 {
		if out.DigestInfo, err = digestInfo(p.opts.Hash, out.Digest); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// digestInfo is what RSA PKCS#1 v1.5 pads, for tokens that pad but do not hash.
// Here, unlike in CMS, the parameters of the hash are NULL.
func digestInfo(h crypto.Hash, digest []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(cms.HashOID(h))
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(digest)
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("sign: encode the DigestInfo: %w", err)
	}
	return der, nil
}

// CertificateDigest is the SHA-256 of the certificate that must sign.
func (p *Prepared) CertificateDigest() [32]byte { return sha256.Sum256(p.Certificate) }

// Elsewhere returns a key of which only the certificate is here: it can be asked
// about, and refuses to sign.
func Elsewhere(cert *x509.Certificate, chain []*x509.Certificate) keys.Key {
	return elsewhere{cert, chain}
}

type elsewhere struct {
	cert  *x509.Certificate
	chain []*x509.Certificate
}

func (e elsewhere) Public() crypto.PublicKey       { return e.cert.PublicKey }
func (e elsewhere) Certificate() *x509.Certificate { return e.cert }
func (e elsewhere) Chain() []*x509.Certificate     { return e.chain }
func (e elsewhere) Info() keys.Info                { return keys.Info{Scheme: "deferred"} }

func (e elsewhere) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("sign: the key is elsewhere: complete the preparation with its signature")
}
