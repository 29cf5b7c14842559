package ocsp

import (
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// An extension as in RFC 5280 4.1.2.9.
type extension struct {
	id       asn1.ObjectIdentifier
	critical bool
	value    cryptobyte.String
}

// unknown refuses a critical extension; others may be ignored (RFC 6960 4.4).
func (e extension) unknown() error {
	if e.critical {
		return fmt.Errorf("it has the critical extension %s, which is not understood", e.id)
	}
	return nil
}

const maxExtensions = 32

// readExtensions reads optional extensions under a tag, which end what they stand
// in, and hands each to a function, none twice.
func readExtensions(s *cryptobyte.String, tag uint8, each func(extension) error) error {
	var explicit, list cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&explicit, &present, tagged(tag)) || !s.Empty() {
		return errors.New("what follows the last field is malformed")
	}
	if !present {
		return nil
	}
	if !explicit.ReadASN1(&list, cryptobyte_asn1.SEQUENCE) || !explicit.Empty() {
		return errors.New("the extensions are malformed")
	}
	seen := make(map[string]bool)
	for !list.Empty() {
		e, err := readExtension(&list)
		if err != nil {
			return err
		}
		if seen[e.id.String()] || len(seen) == maxExtensions {
			return fmt.Errorf("extension %s stands there twice, or after %d others", e.id, maxExtensions)
		}
		seen[e.id.String()] = true
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func readExtension(list *cryptobyte.String) (extension, error) {
	var body cryptobyte.String
	var e extension
	if !list.ReadASN1(&body, cryptobyte_asn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&e.id) ||
		body.PeekASN1Tag(cryptobyte_asn1.BOOLEAN) && !body.ReadASN1Boolean(&e.critical) ||
		!body.ReadASN1(&e.value, cryptobyte_asn1.OCTET_STRING) || !body.Empty() {
		return e, errors.New("an extension is malformed")
	}
	return e, nil
}

// maxNonce is the longest nonce of RFC 9654 2.1.
const maxNonce = 128

// readNonce accepts a nonce that is an OCTET STRING, as RFC 9654 wants, and one
// without, as responders of RFC 2560 sent it.
func readNonce(value cryptobyte.String) ([]byte, error) {
	raw, inner := value, cryptobyte.String(nil)
	if value.ReadASN1(&inner, cryptobyte_asn1.OCTET_STRING) && value.Empty() {
		raw = inner
	}
	if len(raw) == 0 || len(raw) > maxNonce {
		return nil, fmt.Errorf("nonce of %d bytes: want 1 to %d", len(raw), maxNonce)
	}
	return raw, nil
}
