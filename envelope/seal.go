package envelope

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
)

// The payload types. A payload is read only as the type that was signed with it.
const (
	TypeRoute      = "application/vnd.lienthong.route.v1+protobuf"
	TypeStatement  = "application/vnd.lienthong.statement.v1+protobuf"
	TypeCheckpoint = "application/vnd.lienthong.checkpoint.v1+protobuf"
	TypeDirectory  = "application/vnd.lienthong.directory.v1+protobuf"
	TypeDelta      = "application/vnd.lienthong.directory-delta.v1+protobuf"
	TypeZones      = "application/vnd.lienthong.zones.v1+protobuf"

	TypeCosignature = "application/vnd.lienthong.cosignature.v1+protobuf"
)

// ErrSignature is wrapped by errors of [Sealed.Verify].
var ErrSignature = errors.New("signature does not verify")

// A Signature is ECDSA P-256 with SHA-256 over the pre-authentication encoding, ASN.1 DER.
type Signature struct {
	KeyID string // lower-case hex SHA-256 of the signer's certificate
	Sig   []byte
}

// A Sealed is a payload with its signatures (DSSE). Payload is as it was signed:
// it is never changed, and never made again from what it says.
type Sealed struct {
	Type       string
	Payload    []byte
	Signatures []Signature
}

// A Signer is a node's or an authority's key.
type Signer struct {
	Key         crypto.Signer // ECDSA P-256
	Certificate *x509.Certificate
}

// KeyID is the id of a certificate in signatures.
func KeyID(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}

// Digest is SHA-256 of the pre-authentication encoding of type and payload.
func (s Sealed) Digest() Digest {
	h := sha256.New()
	var n [20]byte
	h.Write([]byte("DSSEv1 "))
	h.Write(strconv.AppendInt(n[:0], int64(len(s.Type)), 10))
	h.Write([]byte(" " + s.Type + " "))
	h.Write(strconv.AppendInt(n[:0], int64(len(s.Payload)), 10))
	h.Write([]byte{' '})
	h.Write(s.Payload)
	return Digest(h.Sum(nil))
}

// Seal signs payload bytes as a type.
func Seal(payloadType string, payload []byte, signer Signer) (Sealed, error) {
	if signer.Key == nil || signer.Certificate == nil {
		return Sealed{}, fmt.Errorf("envelope: seal %s: no key", payloadType)
	}
	public, ok := signer.Key.Public().(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return Sealed{}, fmt.Errorf("envelope: seal %s: key of type %T, want ECDSA P-256", payloadType, signer.Key.Public())
	}
	s := Sealed{Type: payloadType, Payload: payload}
	digest := s.Digest()
	sig, err := signer.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return Sealed{}, fmt.Errorf("envelope: seal %s: %w", payloadType, err)
	}
	s.Signatures = []Signature{{KeyID: KeyID(signer.Certificate), Sig: sig}}
	return s, nil
}

// Verify checks that one of these certificates signed. Whether the certificate
// may sign this, and was valid, is the caller's question.
func (s Sealed) Verify(certs ...*x509.Certificate) error {
	if len(s.Signatures) == 0 || len(s.Signatures) > MaxSignatures {
		return fmt.Errorf("envelope: %.80q: %w: %d signatures, want 1 to %d", s.Type, ErrSignature, len(s.Signatures), MaxSignatures)
	}
	digest := s.Digest()
	for _, cert := range certs {
		public, ok := cert.PublicKey.(*ecdsa.PublicKey)
		if !ok || public.Curve != elliptic.P256() {
			continue
		}
		id := KeyID(cert)
		for _, sig := range s.Signatures {
			if sig.KeyID == id && ecdsa.VerifyASN1(public, digest[:], sig.Sig) {
				return nil
			}
		}
	}
	return fmt.Errorf("envelope: %.80q signed by key %.16q: %w with any of %d certificates", s.Type, s.Signatures[0].KeyID, ErrSignature, len(certs))
}
