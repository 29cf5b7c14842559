// Package names holds the names that a certificate bears against the name
// constraints of the CAs above it (RFC 5280 4.2.1.10).
//
// crypto/x509 does this only inside Verify, and has no directory names, which is
// the form that CAs of authorities use. Paths are built in package certs.
package names

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Tags of GeneralName, RFC 5280 4.2.1.6.
const (
	formEmail     = 1
	formDNS       = 2
	formDirectory = 4
	formURI       = 6
	formIP        = 7
)

// A Name is a GeneralName: a form (the tag) and its value; directory names hold
// the DER of the Name.
type Name struct {
	form  int
	value []byte
}

// URI returns the name if it is one.
func (n Name) URI() (string, bool) { return string(n.value), n.form == formURI }

var (
	oidSubjectAltName  = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
)

// maxComparisons bounds the work that one chain can ask for.
const maxComparisons = 100_000

// Check holds every name below a CA with name constraints against them, in a chain
// with the leaf first, and reports each certificate that breaks them. Where the
// constraints themselves cannot be read it reports the CA as both. A form that
// this program cannot compare is refused where a name of that form stands below.
func Check(chain []*x509.Certificate, report func(authority, c *x509.Certificate, err error)) {
	budget := maxComparisons
	for i := 1; i < len(chain); i++ {
		permitted, excluded, err := nameConstraints(chain[i])
		if err != nil {
			report(chain[i], chain[i], err)
		}
		if err != nil || len(permitted)+len(excluded) == 0 {
			continue
		}
		for j, c := range chain[:i] {
			if j > 0 && string(c.RawSubject) == string(c.RawIssuer) {
				continue // RFC 5280 6.1.3 (b): a CA's change of keys
			}
			names, err := namesOf(c)
			if budget -= (len(names) + 1) * (len(permitted) + len(excluded) + 1); err == nil && budget < 0 {
				err = errors.New("too many names")
			}
			if err == nil {
				err = allowed(names, permitted, excluded)
			}
			if err != nil {
				report(chain[i], c, err)
			}
		}
	}
}

func allowed(names, permitted, excluded []Name) error {
	for _, n := range names {
		constrained, inside := false, false
		for _, base := range permitted {
			if base.form != n.form {
				continue
			}
			constrained = true
			match, err := within(n, base)
			if err != nil {
				return err
			}
			inside = inside || match
		}
		if constrained && !inside {
			return errors.New(n.String() + " is not a permitted name")
		}
		for _, base := range excluded {
			if base.form != n.form {
				continue
			}
			if match, err := within(n, base); err != nil {
				return err
			} else if match {
				return errors.New(n.String() + " is an excluded name")
			}
		}
	}
	return nil
}

// nameConstraints reads the extension. Minimum and maximum, which RFC 5280
// forbids, are an error.
func nameConstraints(c *x509.Certificate) (permitted, excluded []Name, err error) {
	for _, e := range c.Extensions {
		if !e.Id.Equal(oidNameConstraints) {
			continue
		}
		value, inner := cryptobyte.String(e.Value), cryptobyte.String(nil)
		if !value.ReadASN1(&inner, cryptobyte_asn1.SEQUENCE) || !value.Empty() {
			return nil, nil, errMalformed
		}
		if permitted, err = readSubtrees(&inner, 0); err != nil {
			return nil, nil, err
		}
		if excluded, err = readSubtrees(&inner, 1); err != nil {
			return nil, nil, err
		}
		if !inner.Empty() {
			return nil, nil, errMalformed
		}
	}
	return permitted, excluded, nil
}

var errMalformed = errors.New("malformed")

func readSubtrees(s *cryptobyte.String, tag uint8) ([]Name, error) {
	var trees cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&trees, &present, cryptobyte_asn1.Tag(tag).ContextSpecific().Constructed()) {
		return nil, errMalformed
	}
	var names []Name
	for !trees.Empty() {
		var tree cryptobyte.String
		if !trees.ReadASN1(&tree, cryptobyte_asn1.SEQUENCE) {
			return nil, errMalformed
		}
		name, err := Read(&tree)
		if err != nil {
			return nil, err
		}
		if !tree.Empty() {
			return nil, errors.New("minimum or maximum of a subtree")
		}
		names = append(names, name)
	}
	return names, nil
}

// Read reads a GeneralName.
func Read(s *cryptobyte.String) (Name, error) {
	var value cryptobyte.String
	var tag cryptobyte_asn1.Tag
	if !s.ReadAnyASN1(&value, &tag) || tag&0xc0 != 0x80 {
		return Name{}, errMalformed
	}
	return Name{int(tag & 0x1f), value}, nil
}

// namesOf lists the subject, the alternative names, and the e-mail address that
// old certificates have in their subject.
func namesOf(c *x509.Certificate) ([]Name, error) {
	subject, err := flatten(c.RawSubject)
	if err != nil {
		return nil, err
	}
	var names []Name
	if len(subject) > 0 {
		names = append(names, Name{formDirectory, c.RawSubject})
	}
	for _, e := range c.Extensions {
		if !e.Id.Equal(oidSubjectAltName) {
			continue
		}
		value, inner := cryptobyte.String(e.Value), cryptobyte.String(nil)
		if !value.ReadASN1(&inner, cryptobyte_asn1.SEQUENCE) {
			return nil, errMalformed
		}
		for !inner.Empty() {
			name, err := Read(&inner)
			if err != nil {
				return nil, err
			}
			names = append(names, name)
		}
	}
	for _, rdn := range subject {
		for _, attribute := range rdn {
			if address, ok := strings.CutPrefix(attribute, oidEmailAddress+"="); ok {
				names = append(names, Name{formEmail, []byte(address)})
			}
		}
	}
	return names, nil
}

const oidEmailAddress = "1.2.840.113549.1.9.1"
