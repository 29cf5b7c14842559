package ocsp

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds of what one response may hold. A real one has one answer, one
// certificate and about 2 KB.
const (
	maxResponse     = 1 << 20
	maxSingles      = 1000
	maxCertificates = 16
	maxSerial       = 64 // bytes; RFC 5280 wants at most 20
)

// A StatusError is a response that says why there is no answer (RFC 6960 4.2.1).
type StatusError int

func (e StatusError) Error() string {
	names := map[StatusError]string{1: "malformed request", 2: "internal error", 3: "try later", 5: "signature required", 6: "unauthorized"}
	if name := names[e]; name != "" {
		return fmt.Sprintf("ocsp: the responder answers %d, %s", int(e), name)
	}
	return fmt.Sprintf("ocsp: the responder answers %d, which has no meaning", int(e))
}

// Parse reads an OCSPResponse in DER. Nothing may follow it. A response without
// an answer is a [StatusError]. Critical extensions that are not understood, and
// anything that the standard does not have, are errors.
func Parse(der []byte) (*Response, error) {
	if len(der) > maxResponse {
		return nil, fmt.Errorf("ocsp: response of %d bytes: want at most %d", len(der), maxResponse)
	}
	input, outer := cryptobyte.String(der), cryptobyte.String(nil)
	var status int
	if !input.ReadASN1(&outer, cryptobyte_asn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1Enum(&status) {
		return nil, errors.New("ocsp: not an OCSPResponse in DER")
	}
	if status != 0 {
		return nil, StatusError(status)
	}
	var explicit, bytes, body cryptobyte.String
	var kind asn1.ObjectIdentifier
	if !outer.ReadASN1(&explicit, tagged(0)) || !outer.Empty() || !explicit.ReadASN1(&bytes, cryptobyte_asn1.SEQUENCE) || !explicit.Empty() ||
		!bytes.ReadASN1ObjectIdentifier(&kind) || !bytes.ReadASN1(&body, cryptobyte_asn1.OCTET_STRING) || !bytes.Empty() {
		return nil, errors.New("ocsp: the response's bytes are malformed")
	}
	if !kind.Equal(oidBasic) {
		return nil, fmt.Errorf("ocsp: response of type %s: want a basic response, %s", kind, oidBasic)
	}
	r, err := readBasic(body)
	if err != nil {
		return nil, fmt.Errorf("ocsp: %w", err)
	}
	r.Raw = der
	return r, nil
}

// ParseBasic reads a BasicOCSPResponse, which is what the revocation-values
// attribute of CAdES holds (ETSI EN 319 122-1, A.1.5.2). Raw is the whole
// OCSPResponse that would carry it.
func ParseBasic(der []byte) (*Response, error) {
	whole, err := enclose(der)
	if err != nil {
		return nil, err
	}
	return Parse(whole)
}

// enclose puts the OCSPResponse around a basic response.
func enclose(basic []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
			b.AddASN1(cryptobyte_asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidBasic)
				b.AddASN1OctetString(basic)
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("ocsp: %w", err)
	}
	return der, nil
}

func tagged(n uint8) cryptobyte_asn1.Tag {
	return cryptobyte_asn1.Tag(n).ContextSpecific().Constructed()
}

func readBasic(der cryptobyte.String) (*Response, error) {
	var basic, tbs, algorithm cryptobyte.String
	r := &Response{}
	if !der.ReadASN1(&basic, cryptobyte_asn1.SEQUENCE) || !der.Empty() ||
		!basic.ReadASN1Element(&tbs, cryptobyte_asn1.SEQUENCE) || !basic.ReadASN1Element(&algorithm, cryptobyte_asn1.SEQUENCE) ||
		!basic.ReadASN1BitStringAsBytes(&r.Signature) {
		return nil, errors.New("the basic response is malformed")
	}
	r.TBS, r.Algorithm = tbs, readAlgorithm(algorithm)
	if err := r.readData(tbs); err != nil {
		return nil, err
	}
	return r, r.readCertificates(basic)
}

func (r *Response) readCertificates(rest cryptobyte.String) error {
	if rest.Empty() {
		return nil
	}
	var explicit, list cryptobyte.String
	if !rest.ReadASN1(&explicit, tagged(0)) || !rest.Empty() || !explicit.ReadASN1(&list, cryptobyte_asn1.SEQUENCE) || !explicit.Empty() {
		return errors.New("what follows the signature is malformed")
	}
	for !list.Empty() {
		var element cryptobyte.String
		if !list.ReadASN1Element(&element, cryptobyte_asn1.SEQUENCE) {
			return errors.New("its certificates are malformed")
		}
		if len(r.Certificates) == maxCertificates {
			return fmt.Errorf("more than %d certificates", maxCertificates)
		}
		c, err := x509.ParseCertificate(element)
		if err != nil {
			return fmt.Errorf("certificate %d: %w", len(r.Certificates)+1, err)
		}
		r.Certificates = append(r.Certificates, c)
	}
	return nil
}

// readData reads a ResponseData.
func (r *Response) readData(element cryptobyte.String) error {
	var data, responder, list cryptobyte.String
	var tag cryptobyte_asn1.Tag
	if !element.ReadASN1(&data, cryptobyte_asn1.SEQUENCE) {
		return errors.New("the response data are malformed")
	}
	if err := readVersion(&data); err != nil {
		return err
	}
	if !data.ReadAnyASN1(&responder, &tag) {
		return errors.New("no responder is named")
	}
	if err := r.readResponder(tag, responder); err != nil {
		return err
	}
	var err error
	if r.ProducedAt, err = readTime(&data); err != nil {
		return fmt.Errorf("producedAt: %w", err)
	}
	if !data.ReadASN1(&list, cryptobyte_asn1.SEQUENCE) {
		return errors.New("the answers are malformed")
	}
	for !list.Empty() {
		if len(r.Singles) == maxSingles {
			return fmt.Errorf("more than %d answers", maxSingles)
		}
		single, err := readSingle(&list)
		if err != nil {
			return fmt.Errorf("answer %d: %w", len(r.Singles)+1, err)
		}
		r.Singles = append(r.Singles, single)
	}
	if len(r.Singles) == 0 {
		return errors.New("it holds no answer")
	}
	return readExtensions(&data, 1, func(e extension) error {
		if !e.id.Equal(oidNonce) {
			return e.unknown()
		}
		r.Nonce, err = readNonce(e.value)
		return err
	})
}

// readVersion accepts version 1, also where it is written out: DER forbids that,
// and responders do it.
func readVersion(s *cryptobyte.String) error {
	var explicit cryptobyte.String
	var present bool
	var version int
	if !s.ReadOptionalASN1(&explicit, &present, tagged(0)) || present && (!explicit.ReadASN1Integer(&version) || !explicit.Empty()) {
		return errors.New("the version is malformed")
	}
	if version != 0 {
		return fmt.Errorf("version %d: want 1", version+1)
	}
	return nil
}

func (r *Response) readResponder(tag cryptobyte_asn1.Tag, value cryptobyte.String) error {
	switch tag {
	case tagged(1):
		var name cryptobyte.String
		if value.ReadASN1Element(&name, cryptobyte_asn1.SEQUENCE) && value.Empty() {
			r.Name = name
			return nil
		}
	case tagged(2):
		var hash cryptobyte.String
		if value.ReadASN1(&hash, cryptobyte_asn1.OCTET_STRING) && value.Empty() && len(hash) == 20 {
			r.KeyHash = hash
			return nil
		}
	}
	return errors.New("the responder's name is malformed")
}

func readSingle(list *cryptobyte.String) (Single, error) {
	var body cryptobyte.String
	var s Single
	if !list.ReadASN1(&body, cryptobyte_asn1.SEQUENCE) {
		return s, errors.New("malformed")
	}
	var err error
	if s.ID, err = readCertID(&body); err != nil {
		return s, err
	}
	if err := s.readStatus(&body); err != nil {
		return s, err
	}
	if s.ThisUpdate, err = readTime(&body); err != nil {
		return s, fmt.Errorf("thisUpdate: %w", err)
	}
	var explicit cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&explicit, &present, tagged(0)) {
		return s, errors.New("nextUpdate is malformed")
	}
	if present {
		if s.NextUpdate, err = readTime(&explicit); err != nil || !explicit.Empty() {
			return s, errors.New("nextUpdate is malformed")
		}
		if s.NextUpdate.Before(s.ThisUpdate) {
			return s, errors.New("nextUpdate is before thisUpdate")
		}
	}
	return s, readExtensions(&body, 1, func(e extension) error {
		if !e.id.Equal(oidArchiveCutoff) {
			return e.unknown()
		}
		if s.ArchiveCutoff, err = readTime(&e.value); err != nil || !e.value.Empty() {
			return errors.New("the archive cutoff is malformed")
		}
		return nil
	})
}

func (s *Single) readStatus(body *cryptobyte.String) error {
	var value cryptobyte.String
	var tag cryptobyte_asn1.Tag
	if !body.ReadAnyASN1(&value, &tag) {
		return errors.New("no status")
	}
	switch {
	case tag == cryptobyte_asn1.Tag(0).ContextSpecific() && value.Empty():
		s.Status = Good
		return nil
	case tag == cryptobyte_asn1.Tag(2).ContextSpecific() && value.Empty():
		s.Status = Unknown
		return nil
	case tag != tagged(1):
		return errors.New("the status is malformed")
	}
	s.Status = Revoked
	var err error
	if s.RevokedAt, err = readTime(&value); err != nil {
		return fmt.Errorf("time of revocation: %w", err)
	}
	var explicit cryptobyte.String
	var present bool
	if !value.ReadOptionalASN1(&explicit, &present, tagged(0)) || !value.Empty() ||
		present && (!explicit.ReadASN1Enum(&s.Reason) || !explicit.Empty()) {
		return errors.New("the reason of revocation is malformed")
	}
	if s.Reason < 0 || s.Reason > 10 || s.Reason == 7 || s.Reason == 8 {
		return fmt.Errorf("reason %d: want a CRLReason of a revocation", s.Reason)
	}
	return nil
}

func readCertID(s *cryptobyte.String) (CertID, error) {
	var body, algorithm, name, key cryptobyte.String
	id := CertID{Serial: new(big.Int)}
	if !s.ReadASN1(&body, cryptobyte_asn1.SEQUENCE) || !body.ReadASN1Element(&algorithm, cryptobyte_asn1.SEQUENCE) ||
		!body.ReadASN1(&name, cryptobyte_asn1.OCTET_STRING) || !body.ReadASN1(&key, cryptobyte_asn1.OCTET_STRING) ||
		len(body) > maxSerial || !body.ReadASN1Integer(id.Serial) || !body.Empty() {
		return id, errors.New("the name of the certificate is malformed")
	}
	id.NameHash, id.KeyHash, id.algorithm = name, key, algorithm
	var inner cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !algorithm.ReadASN1(&inner, cryptobyte_asn1.SEQUENCE) || !inner.ReadASN1ObjectIdentifier(&oid) || !nullOrNothing(inner) {
		return id, errors.New("the hash of the certificate's name is malformed")
	}
	id.Hash = hashOf(oid)
	return id, nil
}

// readTime reads a GeneralizedTime as RFC 5280 4.1.2.5.2 has it: in UTC, to the
// second.
func readTime(s *cryptobyte.String) (time.Time, error) {
	var text cryptobyte.String
	if !s.ReadASN1(&text, cryptobyte_asn1.GeneralizedTime) {
		return time.Time{}, errors.New("want a GeneralizedTime")
	}
	const layout = "20060102150405Z"
	t, err := time.Parse(layout, string(text))
	if err != nil || t.Format(layout) != string(text) {
		return time.Time{}, fmt.Errorf("%q: want YYYYMMDDHHMMSSZ", text)
	}
	return t, nil
}

func nullOrNothing(s cryptobyte.String) bool {
	return s.Empty() || len(s) == 2 && s[0] == byte(cryptobyte_asn1.NULL) && s[1] == 0
}
