// Package crl reads what a revocation list says about a certificate (RFC 5280 5):
// its scope, its entries, its silence. Whether the list is the issuer's own, and
// fresh, is decided in package certs; crypto/x509 parses it.
package crl

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lienthong/certs/names"
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

// ReasonHold is certificateHold, the one revocation that can be undone (RFC 5280
// 5.3.1).
const ReasonHold = 6

// reasonRemove is removeFromCRL, which stands in delta lists only (RFC 5280 5.3.1).
const reasonRemove = 8

// A List is a revocation list with what is worked out from it once. It may be used
// from many goroutines.
type List struct {
	*x509.RevocationList

	once         sync.Once // guards what follows
	scope        scope
	delta        bool           // only what changed since another list
	unusable     error          // why the list answers nothing at all
	entries      map[string]int // serial number to place in the list
	expiredSince time.Time      // entries of certificates that expired later than this are kept; zero: dropped at expiry
}

// Lookup returns the entry of a certificate of the list's issuer, or nil if the
// list has none and that means that it is good. An error says why the list says
// nothing about it. A delta list says only what it revokes: applying it takes the
// list that it is about (RFC 5280 6.3.3 (c)), and a CA's word that a certificate is
// revoked stands without that. The list must be authentic: only a CA's own is worth an
// index.
func (l *List) Lookup(c *x509.Certificate) (*x509.RevocationListEntry, error) {
	if l.prepare(); l.unusable != nil {
		return nil, l.unusable
	}
	if err := l.scope.covers(c); err != nil {
		return nil, err
	}
	if place, listed := l.entries[string(c.SerialNumber.Bytes())]; listed {
		entry := &l.RevokedCertificateEntries[place]
		if l.delta && entry.ReasonCode == reasonRemove {
			return nil, errDelta // what it takes back is for the full list to say
		}
		return entry, nil
	}
	return nil, l.silent(c)
}

// prepare reads the extensions and indexes the entries.
func (l *List) prepare() {
	l.once.Do(func() {
		if l.unusable = l.readExtensions(); l.unusable != nil {
			return
		}
		l.entries = make(map[string]int, len(l.RevokedCertificateEntries))
		for i, entry := range l.RevokedCertificateEntries {
			for _, e := range entry.Extensions {
				known := e.Id.Equal(oidCRLReason) || e.Id.Equal(oidInvalidityDate)
				if e.Critical && !known {
					// RFC 5280 5.3: such a list must not decide any status.
					l.unusable = fmt.Errorf("an entry has the critical extension %s", e.Id)
					return
				}
			}
			serial := string(entry.SerialNumber.Bytes())
			if old, twice := l.entries[serial]; twice && l.RevokedCertificateEntries[old].ReasonCode != ReasonHold {
				continue // listed twice: what is final counts
			}
			l.entries[serial] = i
		}
	})
}

func (l *List) readExtensions() error {
	for _, e := range l.Extensions {
		switch {
		case e.Id.Equal(oidDeltaCRL):
			l.delta = true
		case e.Id.Equal(oidIssuingPoint):
			var err error
			if l.scope, err = readScope(e.Value); err != nil {
				return err
			}
			if l.scope.indirect {
				return errors.New("it is an indirect list, which is not supported")
			}
		case e.Id.Equal(oidExpiredCerts):
			if _, err := asn1.UnmarshalWithParams(e.Value, &l.expiredSince, "generalized"); err != nil {
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
	var list cryptobyte.String
	if !point.ReadASN1(&list, cryptobyte_asn1.Tag(0).ContextSpecific().Constructed()) {
		return nil
	}
	var addresses []string
	for !list.Empty() {
		name, err := names.Read(&list)
		if err != nil {
			return nil
		}
		if uri, ok := name.URI(); ok {
			addresses = append(addresses, uri)
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

var errDelta = errors.New("it is a delta list, which is not supported: give the full list")

// silent says why a certificate's absence from the list does not mean good, or nil.
func (l *List) silent(cert *x509.Certificate) error {
	if l.delta {
		return errDelta
	}
	if l.scope.someReasons {
		return errors.New("it covers some reasons only, and does not list the certificate")
	}
	// A CA may drop an entry once the certificate has expired, so a later list
	// that is silent proves nothing (RFC 5280 3.3), unless it says otherwise.
	kept := !l.expiredSince.IsZero() && !cert.NotAfter.Before(l.expiredSince)
	if l.ThisUpdate.After(cert.NotAfter) && !kept {
		return fmt.Errorf("it is of %s, after the certificate expired, when entries may be dropped", l.ThisUpdate.UTC().Format(time.RFC3339))
	}
	return nil
}
