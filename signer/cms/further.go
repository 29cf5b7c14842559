package cms

import (
	"crypto"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// oidPolicyURI says that the qualifier of a signature policy is where it can be
// read (EN 319 122-1, 5.2.9.2).
var oidPolicyURI = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 5, 1}

// A PolicyRef names the rules under which a signature was made, and by their
// digest the very text of them. URI, where it is not empty, is where that can be
// read: ASCII.
type PolicyRef struct {
	OID    asn1.ObjectIdentifier
	Hash   crypto.Hash
	Digest []byte
	URI    string
}

// Attribute is the signature-policy-identifier of r (EN 319 122-1, 5.2.9.1).
func (r PolicyRef) Attribute() (Attribute, error) {
	return attribute(OIDSignaturePolicy, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(r.OID)
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addHash(b, cbasn1.SEQUENCE, r.Hash)
				b.AddASN1OctetString(r.Digest)
			})
			if r.URI == "" {
				return
			}
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidPolicyURI)
					b.AddASN1(cbasn1.IA5String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(r.URI)) })
				})
			})
		})
	})
}

// CommitmentAttribute is the commitment-type-indication of one type, without
// qualifiers (EN 319 122-1, 5.2.3).
func CommitmentAttribute(commitment asn1.ObjectIdentifier) (Attribute, error) {
	return attribute(OIDCommitmentType, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(commitment) })
	})
}

// attribute is one of a single value.
func attribute(oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) (Attribute, error) {
	var b cryptobyte.Builder
	value(&b)
	der, err := b.Bytes()
	if err != nil {
		return Attribute{}, fmt.Errorf("cms: encode attribute %v: %w", oid, err)
	}
	return Attribute{Type: oid, Values: [][]byte{der}}, nil
}

// PolicyOID is the signature policy that the signer names, nil where there is none
// or where it is implied (EN 319 122-1, 5.2.9.1). An identifier that cannot be read
// is an error.
func (si *SignerInfo) PolicyOID() (asn1.ObjectIdentifier, error) {
	list := ofType(si.Signed, OIDSignaturePolicy)
	if len(list) == 0 {
		return nil, nil
	}
	value, ok := si.single(OIDSignaturePolicy)
	if !ok {
		return nil, fmt.Errorf("cms: %d signature policies, want one", len(list))
	}
	if value.PeekASN1Tag(cbasn1.NULL) {
		return nil, nil
	}
	var policy cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !value.ReadASN1(&policy, cbasn1.SEQUENCE) || !policy.ReadASN1ObjectIdentifier(&oid) {
		return nil, fmt.Errorf("cms: the signature policy has no object identifier")
	}
	return oid, nil
}
