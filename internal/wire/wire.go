// Package wire turns protobuf messages into domain values and back, and errors
// into statuses and back. It is the one place where the two meet: what a message
// lacks is refused here, so that nothing behind it looks for nil.
//
// It decides nothing. What nodes sign is not made here either: package envelope
// owns those bytes, and a sealed payload passes through this package unread.
package wire

import (
	"errors"
	"fmt"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// ErrMissing is wrapped by errors about fields that a message must have.
var ErrMissing = errors.New("missing")

func missing(field string) error { return fmt.Errorf("%s: %w", field, ErrMissing) }

// SealedToProto converts a sealed payload.
func SealedToProto(s envelope.Sealed) *lienthongv1.Envelope {
	out := &lienthongv1.Envelope{PayloadType: s.Type, Payload: s.Payload}
	for _, sig := range s.Signatures {
		out.Signatures = append(out.Signatures, &lienthongv1.Signature{Keyid: sig.KeyID, Sig: sig.Sig})
	}
	return out
}

// SealedFromProto converts a sealed payload; field names it in errors.
func SealedFromProto(field string, m *lienthongv1.Envelope) (envelope.Sealed, error) {
	switch {
	case m == nil:
		return envelope.Sealed{}, missing(field)
	case m.GetPayloadType() == "":
		return envelope.Sealed{}, missing(field + ".payload_type")
	case len(m.GetSignatures()) == 0:
		return envelope.Sealed{}, missing(field + ".signatures")
	case len(m.GetSignatures()) > envelope.MaxSignatures:
		return envelope.Sealed{}, fmt.Errorf("%s.signatures: %d of them, want at most %d", field, len(m.GetSignatures()), envelope.MaxSignatures)
	}
	out := envelope.Sealed{Type: m.GetPayloadType(), Payload: m.GetPayload()}
	for _, sig := range m.GetSignatures() {
		out.Signatures = append(out.Signatures, envelope.Signature{KeyID: sig.GetKeyid(), Sig: sig.GetSig()})
	}
	return out, nil
}

// sealedList converts a list, each element named by its index in errors.
func sealedList(field string, list []*lienthongv1.Envelope) ([]envelope.Sealed, error) {
	var out []envelope.Sealed
	for i, m := range list {
		s, err := SealedFromProto(fmt.Sprintf("%s[%d]", field, i), m)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// ReceiptToProto converts a receipt.
func ReceiptToProto(r envelope.Receipt) *lienthongv1.Receipt {
	out := &lienthongv1.Receipt{Statement: SealedToProto(r.Statement)}
	if p := r.Proof; p != nil {
		out.Proof = &lienthongv1.JournalProof{Index: p.Index, Leaf: p.Leaf, Checkpoint: SealedToProto(p.Checkpoint)}
		for _, h := range p.Path {
			out.Proof.Path = append(out.Proof.Path, h[:])
		}
	}
	return out
}

// ReceiptFromProto converts a receipt, whose proof may be absent.
func ReceiptFromProto(field string, m *lienthongv1.Receipt) (envelope.Receipt, error) {
	if m == nil {
		return envelope.Receipt{}, missing(field)
	}
	statement, err := SealedFromProto(field+".statement", m.GetStatement())
	if err != nil {
		return envelope.Receipt{}, err
	}
	out := envelope.Receipt{Statement: statement}
	p := m.GetProof()
	if p == nil {
		return out, nil
	}
	if len(p.GetPath()) > envelope.MaxProofPath {
		return out, fmt.Errorf("%s.proof.path: %d steps, want at most %d", field, len(p.GetPath()), envelope.MaxProofPath)
	}
	out.Proof = &envelope.Proof{Index: p.GetIndex(), Leaf: p.GetLeaf()}
	for i, h := range p.GetPath() {
		digest, err := envelope.DigestFromBytes(h)
		if err != nil {
			return out, fmt.Errorf("%s.proof.path[%d]: %w", field, i, err)
		}
		out.Proof.Path = append(out.Proof.Path, digest)
	}
	out.Proof.Checkpoint, err = SealedFromProto(field+".proof.checkpoint", p.GetCheckpoint())
	return out, err
}

func receiptsToProto(list []envelope.Receipt) []*lienthongv1.Receipt {
	var out []*lienthongv1.Receipt
	for _, r := range list {
		out = append(out, ReceiptToProto(r))
	}
	return out
}

func receiptsFromProto(field string, list []*lienthongv1.Receipt) ([]envelope.Receipt, error) {
	var out []envelope.Receipt
	for i, m := range list {
		r, err := ReceiptFromProto(fmt.Sprintf("%s[%d]", field, i), m)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Digest reads 32 bytes.
func Digest(field string, b []byte) (envelope.Digest, error) {
	if len(b) == 0 {
		return envelope.Digest{}, missing(field)
	}
	d, err := envelope.DigestFromBytes(b)
	if err != nil {
		return d, fmt.Errorf("%s: %w", field, err)
	}
	return d, nil
}

func digestBytes(d envelope.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

func idFromBytes(field string, b []byte) (envelope.ID, error) {
	if len(b) == 0 {
		return envelope.ID{}, missing(field)
	}
	id, err := envelope.IDFromBytes(b)
	if err != nil {
		return id, fmt.Errorf("%s: %w", field, err)
	}
	return id, nil
}
