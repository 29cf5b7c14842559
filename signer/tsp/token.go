package tsp

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lienthong/signer/cms"
)

// ParseToken reads the DER of a token, which nothing may follow. It does not
// verify it: see [Token.Verify].
func ParseToken(der []byte) (*Token, error) {
	signed, err := cms.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("tsp: token: %w", err)
	}
	if len(signed.Rest) > 0 {
		return nil, fmt.Errorf("tsp: token: %d bytes follow it", len(signed.Rest))
	}
	if !signed.ContentType.Equal(cms.OIDTSTInfo) || !signed.HasContent {
		return nil, fmt.Errorf("tsp: token: content is %v, want a TSTInfo %v", signed.ContentType, cms.OIDTSTInfo)
	}
	t := &Token{Raw: signed.Raw, Certificates: signed.Certificates, Signed: signed}
	if err := t.readInfo(signed.Content); err != nil {
		return nil, fmt.Errorf("tsp: token: TSTInfo: %w", err)
	}
	return t, nil
}

// readInfo reads a TSTInfo (RFC 3161, 2.4.2).
func (t *Token) readInfo(content cryptobyte.String) error {
	var s, imprint, digest, clock cryptobyte.String
	var version int
	if !content.ReadASN1(&s, cbasn1.SEQUENCE) || !content.Empty() || !s.ReadASN1Integer(&version) || version != 1 {
		return errors.New("not a SEQUENCE of version 1")
	}
	if !s.ReadASN1ObjectIdentifier(&t.Policy) || !s.ReadASN1(&imprint, cbasn1.SEQUENCE) {
		return errors.New("policy or messageImprint is malformed")
	}
	hash, ok := readHash(&imprint)
	if !ok || !imprint.ReadASN1(&digest, cbasn1.OCTET_STRING) || !imprint.Empty() {
		return errors.New("messageImprint is malformed")
	}
	t.Hash, t.Imprint, t.Serial = cms.HashByOID(hash), digest, new(big.Int)
	if t.Hash != 0 && len(digest) != t.Hash.Size() {
		return fmt.Errorf("messageImprint of %d bytes is no %s", len(digest), t.Hash)
	}
	if !s.ReadASN1Integer(t.Serial) || !s.ReadASN1(&clock, cbasn1.GeneralizedTime) {
		return errors.New("serialNumber or genTime is malformed")
	}
	var err error
	if t.Time, err = parseTime(string(clock)); err != nil {
		return err
	}
	return t.readOptional(s)
}

func (t *Token) readOptional(s cryptobyte.String) error {
	if s.PeekASN1Tag(cbasn1.SEQUENCE) {
		var accuracy cryptobyte.String
		s.ReadASN1(&accuracy, cbasn1.SEQUENCE)
		var ok bool
		if t.Accuracy, ok = readAccuracy(accuracy); !ok {
			return errors.New("accuracy is malformed")
		}
	}
	var ordering bool
	if s.PeekASN1Tag(cbasn1.BOOLEAN) && !s.ReadASN1Boolean(&ordering) {
		return errors.New("ordering is malformed")
	}
	if s.PeekASN1Tag(cbasn1.INTEGER) {
		t.Nonce = new(big.Int)
		if !s.ReadASN1Integer(t.Nonce) {
			return errors.New("nonce is malformed")
		}
	}
	for _, n := range []uint8{0, 1} { // tsa, a claim, and extensions
		if !s.SkipOptionalASN1(cbasn1.Tag(n).ContextSpecific().Constructed()) {
			return errors.New("tsa or extensions is malformed")
		}
	}
	if !s.Empty() {
		return errors.New("something follows its last field")
	}
	return nil
}

// readAccuracy adds up seconds, milliseconds and microseconds.
func readAccuracy(s cryptobyte.String) (time.Duration, bool) {
	var seconds int64
	if s.PeekASN1Tag(cbasn1.INTEGER) && !s.ReadASN1Integer(&seconds) || seconds < 0 || seconds > 1e9 {
		return 0, false
	}
	total := time.Duration(seconds) * time.Second
	for n, unit := range []time.Duration{time.Millisecond, time.Microsecond} {
		var value int64
		tag := cbasn1.Tag(n).ContextSpecific()
		if !s.PeekASN1Tag(tag) {
			continue
		}
		if !s.ReadASN1Int64WithTag(&value, tag) || value < 1 || value > 999 {
			return 0, false
		}
		total += time.Duration(value) * unit
	}
	return total, s.Empty()
}

func readHash(s *cryptobyte.String) (asn1.ObjectIdentifier, bool) {
	var seq cryptobyte.String
	var oid asn1.ObjectIdentifier
	ok := s.ReadASN1(&seq, cbasn1.SEQUENCE) && seq.ReadASN1ObjectIdentifier(&oid)
	return oid, ok
}

// parseTime reads a GeneralizedTime of RFC 3161, 2.4.2: UTC, with seconds and
// perhaps a fraction that does not end in 0.
func parseTime(s string) (time.Time, error) {
	body, zulu := strings.CutSuffix(s, "Z")
	whole, fraction, dotted := strings.Cut(body, ".")
	at, err := time.Parse("20060102150405", whole)
	if err != nil || !zulu || len(whole) != 14 || dotted && (fraction == "" || len(fraction) > 9 || strings.HasSuffix(fraction, "0")) {
		return time.Time{}, fmt.Errorf("genTime %.40q is not of the form YYYYMMDDhhmmss[.s]Z", s)
	}
	nanos, scale := 0, 100_000_000
	for _, c := range []byte(fraction) {
		if c < '0' || c > '9' {
			return time.Time{}, fmt.Errorf("genTime %.40q has a fraction that is not of digits", s)
		}
		nanos += int(c-'0') * scale
		scale /= 10
	}
	return at.Add(time.Duration(nanos)), nil
}

// Certificate returns the authority's certificate, nil if it is not embedded.
func (t *Token) Certificate() *x509.Certificate {
	if si := t.Signed.Signer(); si != nil {
		return t.Signed.Certificate(si)
	}
	return nil
}

// Verify checks that the token covers the digest, that its signature is sound,
// and that its certificate is one for time-stamping, valid at the token's time.
// Whether anyone trusts that certificate is for the caller to find out.
func (t *Token) Verify(digest []byte) error {
	if !bytes.Equal(t.Imprint, digest) {
		return fmt.Errorf("tsp: token covers %x, want %x: it belongs to something else", t.Imprint, digest)
	}
	if problems := t.Signed.VerifyContent(); len(problems) > 0 {
		return fmt.Errorf("tsp: token: %w", problems[0])
	}
	cert := t.Certificate()
	if err := checkUsage(cert); err != nil {
		return err
	}
	if t.Time.Before(cert.NotBefore) || t.Time.After(cert.NotAfter) {
		return fmt.Errorf("tsp: token of %s is outside its certificate's validity, %s to %s",
			t.Time.Format(time.RFC3339), cert.NotBefore.Format(time.RFC3339), cert.NotAfter.Format(time.RFC3339))
	}
	return nil
}

var oidExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// checkUsage wants extended key usage to be critical and to be time-stamping
// alone (RFC 3161, 2.3).
func checkUsage(cert *x509.Certificate) error {
	if len(cert.UnknownExtKeyUsage) > 0 || len(cert.ExtKeyUsage) != 1 || cert.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping {
		return fmt.Errorf("tsp: certificate of %q is not for time-stamping alone (RFC 3161, 2.3)", cert.Subject.CommonName)
	}
	for _, e := range cert.Extensions {
		if e.Id.Equal(oidExtendedKeyUsage) && !e.Critical {
			return fmt.Errorf("tsp: certificate of %q: extended key usage is not critical (RFC 3161, 2.3)", cert.Subject.CommonName)
		}
	}
	return nil
}
