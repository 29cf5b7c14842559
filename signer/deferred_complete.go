package signer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"lienthong/signer/cms"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// A Completion is what was missing from a [Prepared]: one of Signature and CMS.
type Completion struct {
	// Signature is the value by the certificate's key: of RSA as many bytes as the
	// modulus, of ECDSA the DER SEQUENCE, or r and s side by side as tokens give them.
	Signature []byte
	// CMS is the DER of a finished, detached SignedData over Prepared.RangeDigest.
	CMS    []byte
	At     time.Time   // the time now
	TSA    tsp.Stamper // for LevelBT, unless CMS brings a time-stamp
	Limits pdf.Limits  // of reading the file; the default if zero
}

// Complete writes to out the file that p was made of, and p's revision with the
// signature in it. It checks first, by the rules of [Validate], that the outcome
// is a sound signature: a wrong answer is an error, and nothing is written.
//
// The errors are those at [ErrPrepared], and of the time-stamping authority.
func Complete(ctx context.Context, in pdf.Source, p *Prepared, c Completion, out io.Writer) (*Signed, error) {
	if err := p.consistent(); err != nil {
		return nil, err
	}
	switch {
	case c.At.IsZero():
		return nil, errors.New("sign: no time of completion")
	case c.At.After(p.Expires):
		return nil, fmt.Errorf("%w (it did %s, and it is %s)", ErrExpired, show(p.Expires), show(c.At))
	case (len(c.Signature) == 0) == (len(c.CMS) == 0):
		return nil, errors.New("sign: want either a signature value or a CMS SignedData")
	case len(c.CMS) > p.room():
		return nil, fmt.Errorf("%w: %d bytes, and there is room for %d", ErrTooLarge, len(c.CMS), p.room())
	}
	base, err := hashInput(ctx, in, p.hash())
	if err != nil {
		return nil, err
	}
	if got := base.file.Sum(nil); base.size != p.Size || !bytes.Equal(got, p.Input) {
		return nil, fmt.Errorf("%w: it has SHA-256 %x and %d bytes, want %x and %d", ErrOtherFile, got, base.size, p.Input, p.Size)
	}
	appended := p.appended()
	draft, cert, err := p.draft(base.of(appended))
	if err != nil {
		return nil, err
	}
	if err := checkCertificate(cert, c.At); err != nil {
		return nil, err
	}
	der, token, err := p.answer(ctx, c, draft, cert)
	if err != nil {
		return nil, err
	}
	if len(der) > p.room() {
		return nil, fmt.Errorf("%w: %d bytes, and there is room for %d: prepare again and reserve more", ErrTooLarge, len(der), p.room())
	}
	if err := appended.Fill(der); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if err := p.judge(ctx, joined{in, appended.Data}, c); err != nil {
		return nil, err
	}
	if err := copyInput(ctx, in, out); err != nil {
		return nil, err
	}
	if _, err := out.Write(appended.Data); err != nil {
		return nil, fmt.Errorf("sign: write the output: %w", err)
	}
	base.file.Write(appended.Data)
	signed := &Signed{Size: p.Size + int64(len(appended.Data)), Field: p.Field, Number: p.Number, Date: p.Date, Revision: p.Revision, Revisions: 1, Level: LevelBB,
		CMS: der, Certificate: p.CertificateDigest(), TimeStamp: token, Warnings: SignOptions{}.warnings(elsewhere{cert: cert})}
	if token != nil {
		signed.Level = LevelBT
	}
	base.file.Sum(signed.Digest[:0])
	return signed, nil
}

// answer turns what the key's holder sent into the SignedData to embed.
func (p *Prepared) answer(ctx context.Context, c Completion, draft *cms.Draft, cert *x509.Certificate) ([]byte, *tsp.Token, error) {
	if len(c.CMS) > 0 {
		return p.finished(ctx, c, cert)
	}
	value := ecdsaDER(cert, c.Signature)
	if err := draft.Algorithm().CheckSignature(cert.PublicKey, draft.Attributes(), value); err != nil {
		return nil, nil, fmt.Errorf("%w under the certificate of %q: it must be %s over the prepared attributes: %v", ErrSignatureValue, cert.Subject.CommonName, draft.Algorithm(), err)
	}
	token, err := p.stamp(ctx, c, value)
	if err != nil {
		return nil, nil, err
	}
	var tokens [][]byte
	if token != nil {
		tokens = append(tokens, token.Raw)
	}
	der, err := draft.Encode(value, tokens...)
	if err != nil {
		return nil, nil, fmt.Errorf("sign: %w", err)
	}
	return der, token, nil
}

func (p *Prepared) stamp(ctx context.Context, c Completion, value []byte) (*tsp.Token, error) {
	if p.Level != LevelBT {
		return nil, nil
	}
	if c.TSA == nil {
		return nil, fmt.Errorf("sign: level %s needs a time-stamping authority, and none is given", LevelBT)
	}
	plan := &plan{opts: SignOptions{Level: p.Level, Hash: p.hash(), TSA: c.TSA}}
	return plan.stamp(ctx, value)
}

// ecdsaDER spells an ECDSA signature that tokens give as r and s, each as wide as
// the curve's order, as the SEQUENCE that CMS has.
func ecdsaDER(cert *x509.Certificate, value []byte) []byte {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return value
	}
	width := (key.Curve.Params().N.BitLen() + 7) / 8
	var pair struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(value, &pair); len(value) != 2*width || err == nil && len(rest) == 0 {
		return value
	}
	pair.R, pair.S = new(big.Int).SetBytes(value[:width]), new(big.Int).SetBytes(value[width:])
	der, err := asn1.Marshal(pair)
	if err != nil { // two numbers always have an encoding
		return value
	}
	return der
}

// finished checks a SignedData that was made elsewhere.
func (p *Prepared) finished(ctx context.Context, c Completion, cert *x509.Certificate) ([]byte, *tsp.Token, error) {
	signed, err := cms.Parse(c.CMS)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrSignedData, err)
	}
	if len(signed.Rest) > 0 {
		return nil, nil, fmt.Errorf("%w: %d bytes follow it", ErrSignedData, len(signed.Rest))
	}
	si := signed.Signer()
	if si == nil {
		return nil, nil, fmt.Errorf("%w: it has %d signers, want one", ErrSignedData, len(signed.Signers))
	}
	if err := p.sameSigner(signed, si, cert); err != nil {
		return nil, nil, err
	}
	if problems := signed.Verify(p.RangeDigest); len(problems) > 0 {
		first := problems[0]
		if first.Code == cms.SignatureValue {
			return nil, nil, fmt.Errorf("%w: %s", ErrSignatureValue, first.Detail)
		}
		return nil, nil, fmt.Errorf("%w: %s (%s)", ErrSignedData, first.Detail, first.Clause)
	}
	token, err := presentToken(si)
	if err != nil || token != nil {
		return c.CMS, token, err
	}
	if token, err = p.stamp(ctx, c, si.Signature); err != nil || token == nil {
		return c.CMS, nil, err
	}
	der, err := cms.AddUnsignedTimestamp(c.CMS, token.Raw)
	if err != nil {
		return nil, nil, fmt.Errorf("sign: %w", err)
	}
	return der, token, nil
}

// sameSigner checks that certificate, content and attributes are those that were
// agreed on, each with its own name.
func (p *Prepared) sameSigner(signed *cms.SignedData, si *cms.SignerInfo, cert *x509.Certificate) error {
	switch by := signed.Certificate(si); {
	case by == nil:
		return fmt.Errorf("%w: it does not carry the certificate of its signer", ErrOtherCertificate)
	case !bytes.Equal(by.Raw, cert.Raw):
		return fmt.Errorf("%w: it is by %q, serial %x, want %q, serial %x", ErrOtherCertificate,
			by.Subject.CommonName, by.SerialNumber, cert.Subject.CommonName, cert.SerialNumber)
	}
	if got := si.MessageDigest(); si.Hash != p.hash() || !bytes.Equal(got, p.RangeDigest) {
		return fmt.Errorf("%w: %s %x, want %s %x", ErrOtherDigest, si.Hash, got, p.hash(), p.RangeDigest)
	}
	if err := p.sameAttributes(si); err != nil {
		return err
	}
	for _, a := range si.Unsigned {
		if !listed(a.Type, cms.OIDSignatureTimeStamp) {
			return fmt.Errorf("%w: unsigned attribute %v", ErrAttributes, a.Type)
		}
	}
	return nil
}

// sameAttributes wants the signed attributes that were asked for, as they were, and
// no other: the holder of the key would say more than the caller knows. In PAdES the
// time of signing stands in /M alone (EN 319 142-1, 6.3).
func (p *Prepared) sameAttributes(si *cms.SignerInfo) error {
	free := []asn1.ObjectIdentifier{cms.OIDContentType, cms.OIDMessageDigest, cms.OIDSigningCertificateV2, cms.OIDAlgorithmProtection}
	if p.Format == FormatPKCS7 {
		free = append(free, cms.OIDSigningTime)
	}
	asked := func(a cms.Attribute) bool {
		return slices.ContainsFunc(p.Further, func(b cms.Attribute) bool {
			return a.Type.Equal(b.Type) && slices.EqualFunc(a.Values, b.Values, bytes.Equal)
		})
	}
	found := 0
	for _, a := range si.Signed {
		switch {
		case asked(a):
			found++
		case !listed(a.Type, free...):
			return fmt.Errorf("%w: signed attribute %v", ErrAttributes, a.Type)
		}
	}
	if found != len(p.Further) {
		return fmt.Errorf("%w: %d of the %d signed attributes that were asked for", ErrAttributes, found, len(p.Further))
	}
	return nil
}

func listed(oid asn1.ObjectIdentifier, list ...asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(list, oid.Equal)
}

// presentToken returns the first time-stamp that a finished SignedData has. One
// that does not verify is an error: it would stay in the file for ever.
func presentToken(si *cms.SignerInfo) (*tsp.Token, error) {
	var first *tsp.Token
	for _, der := range si.TimeStamps() {
		token, err := tsp.ParseToken(der)
		if err == nil && !token.Hash.Available() {
			err = fmt.Errorf("its hash is not supported")
		}
		if err == nil {
			h := token.Hash.New()
			h.Write(si.Signature)
			err = token.Verify(h.Sum(nil))
		}
		if err != nil {
			return nil, fmt.Errorf("%w: its time-stamp: %v", ErrSignedData, err)
		}
		if first == nil {
			first = token
		}
	}
	return first, nil
}

// judge validates the file that is about to be written. Trust and revocation are
// the caller's, who has the anchors.
func (p *Prepared) judge(ctx context.Context, file pdf.Source, c Completion) error {
	policy := IntegrityPolicy()
	policy.StrictEncoding, policy.SigningCertificate = true, true
	report, err := Validate(ctx, file, Options{At: c.At, Policy: policy, Limits: c.Limits})
	if err != nil {
		return fmt.Errorf("sign: check the result: %w", err)
	}
	sum := sha256.Sum256(p.Certificate)
	for _, sig := range report.Signatures {
		if sig.Field != p.Field || sig.CertificateSHA256 != fmt.Sprintf("%x", sum) {
			continue
		}
		if sig.Integrity == IntegrityIntact && sig.Indication != TotalFailed && sig.Coverage == CoverageWhole {
			return nil
		}
		for _, f := range sig.Findings {
			if f.Result == Failed {
				return fmt.Errorf("%w: %s (%s)", ErrSignedData, f.Detail, f.Clause)
			}
		}
		return fmt.Errorf("%w: the signature would be %s %s", ErrSignedData, sig.Indication, sig.SubIndication)
	}
	return fmt.Errorf("%w: signature %q is not found in the result", ErrPrepared, p.Field)
}

// joined is a file and what will be appended to it.
type joined struct {
	pdf.Source
	tail []byte
}

func (j joined) Size() int64 { return j.Source.Size() + int64(len(j.tail)) }

func (j joined) ReadAt(b []byte, off int64) (n int, err error) {
	size := j.Source.Size()
	if off < size {
		head := b[:min(int64(len(b)), size-off)]
		if n, err = j.Source.ReadAt(head, off); n < len(head) {
			return n, err
		}
		if n == len(b) {
			return n, nil
		}
	}
	at := off + int64(n) - size
	if at >= int64(len(j.tail)) {
		return n, io.EOF
	}
	m := copy(b[n:], j.tail[at:])
	if n += m; n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
