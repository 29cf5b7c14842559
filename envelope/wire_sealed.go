package envelope

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "lienthong/proto/lienthong/v1"
)

// Proto is the protobuf form of s: the same bytes, in fields.
func (s Sealed) Proto() *pb.Envelope {
	out := &pb.Envelope{PayloadType: s.Type, Payload: s.Payload}
	for _, sig := range s.Signatures {
		out.Signatures = append(out.Signatures, &pb.Signature{Keyid: sig.KeyID, Sig: sig.Sig})
	}
	return out
}

// SealedFromProto takes over a protobuf form. It checks sizes, and no signature.
func SealedFromProto(p *pb.Envelope) (Sealed, error) {
	if p == nil || p.PayloadType == "" || len(p.PayloadType) > MaxID {
		return Sealed{}, fmt.Errorf("envelope: payload type of %d bytes: %w, want 1 to %d", len(p.GetPayloadType()), ErrMalformed, MaxID)
	}
	if len(p.Payload) > MaxDirectory {
		return Sealed{}, fmt.Errorf("envelope: payload of %d bytes: %w, want at most %d", len(p.Payload), ErrMalformed, MaxDirectory)
	}
	if len(p.Signatures) == 0 || len(p.Signatures) > MaxSignatures {
		return Sealed{}, fmt.Errorf("envelope: %d signatures: %w, want 1 to %d", len(p.Signatures), ErrMalformed, MaxSignatures)
	}
	s := Sealed{Type: p.PayloadType, Payload: p.Payload}
	for _, sig := range p.Signatures {
		if len(sig.GetKeyid()) != 64 || len(sig.GetSig()) == 0 || len(sig.GetSig()) > 512 {
			return Sealed{}, fmt.Errorf("envelope: signature of %d bytes by a key id of %d: %w", len(sig.GetSig()), len(sig.GetKeyid()), ErrMalformed)
		}
		s.Signatures = append(s.Signatures, Signature{KeyID: sig.Keyid, Sig: sig.Sig})
	}
	return s, nil
}

// Marshal is the binary form in which stores and files keep s.
func (s Sealed) Marshal() []byte { return mustMarshal(s.Proto()) }

// ParseSealed reads the form of [Sealed.Marshal].
func ParseSealed(data []byte) (Sealed, error) {
	var p pb.Envelope
	if err := proto.Unmarshal(data, &p); err != nil {
		return Sealed{}, fmt.Errorf("envelope: %w: %v", ErrMalformed, err)
	}
	return SealedFromProto(&p)
}

// marshal makes the bytes that are signed: fields in the order of their numbers,
// no maps, no unknown fields. The golden files pin what comes of it.
var marshal = proto.MarshalOptions{Deterministic: true}

// mustMarshal serialises messages that are made here of valid parts. It fails only
// on text that is not UTF-8, which the callers below have refused.
func mustMarshal(m proto.Message) []byte {
	data, err := marshal.Marshal(m)
	if err != nil {
		return nil
	}
	return data
}

// encode serialises what is to be signed.
func encode(what string, m proto.Message, limit int) ([]byte, error) {
	data, err := marshal.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("envelope: %s: %w: %v", what, ErrMalformed, err)
	}
	if len(data) > limit {
		return nil, fmt.Errorf("envelope: %s of %d bytes: %w, want at most %d", what, len(data), ErrMalformed, limit)
	}
	return data, nil
}

// open reads a payload of a type.
func open(s Sealed, payloadType string, limit int, into proto.Message) error {
	if s.Type != payloadType {
		return fmt.Errorf("envelope: payload type %.80q: %w, want %q", s.Type, ErrMalformed, payloadType)
	}
	if len(s.Payload) > limit {
		return fmt.Errorf("envelope: %s of %d bytes: %w, want at most %d", payloadType, len(s.Payload), ErrMalformed, limit)
	}
	if err := proto.Unmarshal(s.Payload, into); err != nil {
		return fmt.Errorf("envelope: %s: %w: %v", payloadType, ErrMalformed, err)
	}
	return nil
}

func checkID(what, id string) error {
	if id == "" || len(id) > MaxID {
		return fmt.Errorf("envelope: %s of %d bytes: %w, want 1 to %d", what, len(id), ErrMalformed, MaxID)
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c == 0x7f || c == '/' {
			return fmt.Errorf("envelope: %s %.80q: %w, want no spaces, slashes or control characters", what, id, ErrMalformed)
		}
	}
	return nil
}

// optionalDigest reads a digest that may be empty.
func optionalDigest(b []byte) (Digest, error) {
	if len(b) == 0 {
		return Digest{}, nil
	}
	return DigestFromBytes(b)
}

// bytesOf leaves out what is not set.
func (d Digest) bytesOf() []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}
