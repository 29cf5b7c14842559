package wire

import (
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func headFromProto(m *lienthongv1.HeadShown) (exchange.Frame, error) {
	sealed, err := envelope.SealedFromProto(m.GetCheckpoint())
	if err != nil {
		return nil, fmt.Errorf("head.checkpoint: %w", err)
	}
	if len(m.GetProof()) > 2*envelope.MaxProofPath {
		return nil, fmt.Errorf("head.proof: %d hashes, want at most %d", len(m.GetProof()), 2*envelope.MaxProofPath)
	}
	proof, err := digests("head.proof", m.GetProof())
	return exchange.Head{Checkpoint: sealed, From: m.GetFrom(), Proof: proof}, err
}

func cosignedToProto(f exchange.Cosigned) *lienthongv1.HeadCosigned {
	return &lienthongv1.HeadCosigned{Cosignature: MaybeSealed(f.Cosignature), Refused: f.Refused, Held: MaybeSealed(f.Held)}
}

// MaybeSealed is the protobuf form of an envelope, or nil where there is none.
func MaybeSealed(s envelope.Sealed) *lienthongv1.Envelope {
	if len(s.Payload) == 0 {
		return nil
	}
	return s.Proto()
}

func cosignedFromProto(m *lienthongv1.HeadCosigned) (exchange.Frame, error) {
	out := exchange.Cosigned{Refused: m.GetRefused()}
	for _, part := range []struct {
		name string
		from *lienthongv1.Envelope
		to   *envelope.Sealed
	}{{"cosigned.cosignature", m.GetCosignature(), &out.Cosignature}, {"cosigned.held", m.GetHeld(), &out.Held}} {
		if part.from == nil {
			continue
		}
		var err error
		if *part.to, err = envelope.SealedFromProto(part.from); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return out, nil
}
