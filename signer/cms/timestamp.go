package cms

import (
	"errors"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// AddUnsignedTimestamp returns der with token as a further signature-time-stamp
// of its only signer. No signed byte changes. What follows the ContentInfo is
// dropped.
func AddUnsignedTimestamp(der, token []byte) ([]byte, error) {
	if sd, err := Parse(der); err != nil {
		return nil, err
	} else if sd.Signer() == nil {
		return nil, errors.New("cms: add a time-stamp: want exactly one signer")
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, len(der)+len(token)+2*tokenOverhead))
	s := cryptobyte.String(der)
	// The way down to the SignerInfo: ContentInfo, [0], SignedData, the SET of
	// signers, the SignerInfo. In each, the last element is the one to enter.
	path := []cbasn1.Tag{cbasn1.SEQUENCE, explicit0, cbasn1.SEQUENCE, cbasn1.SET, cbasn1.SEQUENCE}
	rewriteLast(b, s, path, func(b *cryptobyte.Builder, s cryptobyte.String) {
		for !s.Empty() && !s.PeekASN1Tag(explicit1) {
			copyElement(b, &s)
		}
		var old cryptobyte.String
		s.ReadOptionalASN1(&old, nil, explicit1)
		b.AddASN1(explicit1, func(b *cryptobyte.Builder) {
			b.AddBytes(old)
			addAttribute(b, OIDSignatureTimeStamp, func(b *cryptobyte.Builder) { b.AddBytes(token) })
		})
	})
	return b.Bytes()
}

// rewriteLast copies s, entering its last element at each step of path.
func rewriteLast(b *cryptobyte.Builder, s cryptobyte.String, path []cbasn1.Tag, last func(*cryptobyte.Builder, cryptobyte.String)) {
	if len(path) == 0 {
		last(b, s)
		return
	}
	for !s.Empty() {
		var element, content cryptobyte.String
		var tag cbasn1.Tag
		rest := s
		if !s.ReadAnyASN1Element(&element, &tag) {
			b.SetError(errors.New("cms: add a time-stamp: malformed"))
			return
		}
		// At the top, what follows the ContentInfo is padding.
		if tag != path[0] || len(path) < 5 && !s.Empty() {
			b.AddBytes(element)
			continue
		}
		rest.ReadASN1(&content, tag)
		b.AddASN1(tag, func(b *cryptobyte.Builder) { rewriteLast(b, content, path[1:], last) })
		return
	}
}

func copyElement(b *cryptobyte.Builder, s *cryptobyte.String) {
	var element cryptobyte.String
	var tag cbasn1.Tag
	if !s.ReadAnyASN1Element(&element, &tag) {
		b.SetError(errors.New("cms: add a time-stamp: malformed"))
		*s = nil
		return
	}
	b.AddBytes(element)
}
