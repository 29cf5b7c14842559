package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidDeltaCRL       = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidIssuingPoint   = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidExpiredCerts   = asn1.ObjectIdentifier{2, 5, 29, 60} // ISO/IEC 9594-8, expiredCertsOnCRL
	oidCRLNumber      = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidAuthorityKeyID = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidCRLReason      = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidityDate = asn1.ObjectIdentifier{2, 5, 29, 24}
)

// A crlRecord is a revocation list with what is worked out from it once.
type crlRecord struct {
	crl    *x509.RevocationList
	source string
	digest [sha256.Size]byte

	once         sync.Once // guards what follows
	scope        scope
	unusable     error          // why the list answers nothing at all
	entries      map[string]int // serial number to place in the list
	expiredSince time.Time      // entries of certificates that expired later than this are kept; zero: dropped at expiry
	links        linkCache
}

func newRecord(source string, crl *x509.RevocationList) *crlRecord {
	return &crlRecord{crl: crl, source: source, digest: sha256.Sum256(crl.Raw)}
}

// prepare reads the extensions and indexes the entries.
func (r *crlRecord) prepare() {
	r.once.Do(func() {
		if r.unusable = r.readExtensions(); r.unusable != nil {
			return
		}
		r.entries = make(map[string]int, len(r.crl.RevokedCertificateEntries))
		for i, entry := range r.crl.RevokedCertificateEntries {
			for _, e := range entry.Extensions {
				known := e.Id.Equal(oidCRLReason) || e.Id.Equal(oidInvalidityDate)
				if e.Critical && !known {
					// RFC 5280 5.3: such a list must not decide any status.
					r.unusable = fmt.Errorf("an entry has the critical extension %s", e.Id)
					return
				}
			}
			serial := string(entry.SerialNumber.Bytes())
			if old, twice := r.entries[serial]; twice && r.crl.RevokedCertificateEntries[old].ReasonCode != reasonHold {
				continue // listed twice: what is final counts
			}
			r.entries[serial] = i
		}
	})
}

func (r *crlRecord) readExtensions() error {
	for _, e := range r.crl.Extensions {
		switch {
		case e.Id.Equal(oidDeltaCRL):
			return errors.New("it is a delta list, which is not supported: give the full list")
		case e.Id.Equal(oidIssuingPoint):
			var err error
			if r.scope, err = readScope(e.Value); err != nil {
				return err
			}
			if r.scope.indirect {
				return errors.New("it is an indirect list, which is not supported")
			}
		case e.Id.Equal(oidExpiredCerts):
			if _, err := asn1.UnmarshalWithParams(e.Value, &r.expiredSince, "generalized"); err != nil {
				return errors.New("expiredCertsOnCRL is malformed")
			}
		case e.Critical && !e.Id.Equal(oidCRLNumber) && !e.Id.Equal(oidAuthorityKeyID):
			return fmt.Errorf("it has the critical extension %s, which is not understood", e.Id)
		}
	}
	return nil
}

// A scope is what a list's issuing distribution point says it covers (RFC 5280
// 5.2.5).
type scope struct {
	point                  bool     // a distribution point is named …
	addresses              []string // … by these URIs
	users, cas, attributes bool     // only these certificates
	someReasons, indirect  bool
}

func readScope(der []byte) (scope, error) {
	s, err := scope{}, errors.New("its issuing distribution point is malformed")
	value, inner := cryptobyte.String(der), cryptobyte.String(nil)
	if !value.ReadASN1(&inner, cryptobyte_asn1.SEQUENCE) || !value.Empty() {
		return s, err
	}
	for !inner.Empty() {
		var field cryptobyte.String
		var tag cryptobyte_asn1.Tag
		if !inner.ReadAnyASN1(&field, &tag) {
			return s, err
		}
		set := len(field) == 1 && field[0] != 0
		switch tag & 0x1f {
		case 0:
			s.point = true
			s.addresses = readPoint(field)
		case 1:
			s.users = set
		case 2:
			s.cas = set
		case 3:
			s.someReasons = true
		case 4:
			s.indirect = set
		case 5:
			s.attributes = set
		default:
			return s, err
		}
	}
	return s, nil
}

// readPoint returns the URIs of a DistributionPointName. Other forms give none,
// and a list with such a point then covers nothing.
func readPoint(point cryptobyte.String) []string {
	var names cryptobyte.String
	if !point.ReadASN1(&names, cryptobyte_asn1.Tag(0).ContextSpecific().Constructed()) {
		return nil
	}
	var addresses []string
	for !names.Empty() {
		name, err := readGeneralName(&names)
		if err != nil {
			return nil
		}
		if name.form == 6 {
			addresses = append(addresses, string(name.value))
		}
	}
	return addresses
}

// covers says why a list's scope leaves a certificate out, or nil (RFC 5280
// 6.3.3 (b)).
func (s scope) covers(c *x509.Certificate) error {
	ca := c.BasicConstraintsValid && c.IsCA
	switch {
	case s.attributes:
		return errors.New("it covers attribute certificates only")
	case s.users && ca:
		return errors.New("it covers end entities only, and this is a CA")
	case s.cas && !ca:
		return errors.New("it covers CAs only, and this is an end entity")
	case !s.point:
		return nil
	}
	for _, address := range s.addresses {
		if slices.Contains(c.CRLDistributionPoints, address) {
			return nil
		}
	}
	return fmt.Errorf("its distribution point %q is none of the certificate's %q", s.addresses, c.CRLDistributionPoints)
}

// authentic says why a list is not the issuer's, or nil.
func (r *crlRecord) authentic(issuer *x509.Certificate, policy Algorithms, at time.Time) error {
	if !bytes.Equal(r.crl.RawIssuer, issuer.RawSubject) {
		return errors.New("another CA issued it")
	}
	if has(issuer, oidKeyUsage) && issuer.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return fmt.Errorf("the key usage of %s lacks cRLSign", describe(issuer))
	}
	weak, bad := judgeSignature(ofList(r.crl), issuer, policy, at, &r.links)
	if bad != nil {
		return fmt.Errorf("it was not signed by the key of %s: %w", describe(issuer), bad)
	}
	return weak
}

func (r *crlRecord) updated() time.Time { return r.crl.ThisUpdate }

func (r *crlRecord) String() string {
	return fmt.Sprintf("list of %s from %s", stamp(r.crl.ThisUpdate), r.source)
}

// lookup returns what a list says about a certificate, freshness aside. An error
// says why it says nothing.
func (r *crlRecord) lookup(q question) (Revocation, error) {
	if r.crl.ThisUpdate.After(q.now) {
		return Revocation{}, fmt.Errorf("it is of %s, later than %s", stamp(r.crl.ThisUpdate), stamp(q.now))
	}
	// The signature comes first: only a CA's own list is worth an index.
	if err := r.authentic(q.issuer, q.evidence.Policy, q.now); err != nil {
		return Revocation{}, err
	}
	if r.prepare(); r.unusable != nil {
		return Revocation{}, r.unusable
	}
	if err := r.scope.covers(q.cert); err != nil {
		return Revocation{}, err
	}
	answer := Revocation{Status: Good, Kind: KindCRL, Source: r.source, DER: r.crl.Raw, Digest: r.digest,
		ThisUpdate: r.crl.ThisUpdate, NextUpdate: r.crl.NextUpdate}
	place, listed := r.entries[string(q.cert.SerialNumber.Bytes())]
	if !listed {
		return answer, r.silent(q.cert)
	}
	entry := r.crl.RevokedCertificateEntries[place]
	answer.Status, answer.RevokedAt, answer.Reason = Revoked, entry.RevocationTime, entry.ReasonCode
	if entry.ReasonCode == reasonHold {
		answer.Status = OnHold
	}
	return answer, nil
}

const reasonHold = 6 // certificateHold, RFC 5280 5.3.1

// silent says why a certificate's absence from the list does not mean good, or nil.
func (r *crlRecord) silent(cert *x509.Certificate) error {
	if r.scope.someReasons {
		return errors.New("it covers some reasons only, and does not list the certificate")
	}
	// A CA may drop an entry once the certificate has expired, so a later list
	// that is silent proves nothing (RFC 5280 3.3), unless it says otherwise.
	kept := !r.expiredSince.IsZero() && !cert.NotAfter.Before(r.expiredSince)
	if r.crl.ThisUpdate.After(cert.NotAfter) && !kept {
		return fmt.Errorf("it is of %s, after the certificate expired, when entries may be dropped", stamp(r.crl.ThisUpdate))
	}
	return nil
}
