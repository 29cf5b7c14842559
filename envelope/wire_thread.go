package envelope

import (
	"fmt"

	pb "lienthong/proto/lienthong/v1"
)

// Proto is the protobuf form; nil of nil.
func (r *RecallDetail) Proto() *pb.RecallContent {
	if r == nil {
		return nil
	}
	return &pb.RecallContent{Mode: pb.RecallMode(r.Mode), Reason: r.Reason}
}

func recallFromProto(p *pb.RecallContent) *RecallDetail {
	if p == nil {
		return nil
	}
	return &RecallDetail{Mode: RecallMode(p.GetMode()), Reason: p.GetReason()}
}

// Proto is the protobuf form; nil of nil.
func (c *ChangeDetail) Proto() *pb.ChangeContent {
	if c == nil {
		return nil
	}
	out := &pb.ChangeContent{Reason: c.Reason, ContentChanged: c.ContentChanged, Added: c.Added, Removed: c.Removed}
	for _, r := range c.Replaced {
		out.Replaced = append(out.Replaced, &pb.Replaced{EnvelopeDigest: r.Envelope.bytesOf(), Recipients: r.Recipients})
	}
	return out
}

func changeFromProto(p *pb.ChangeContent) (*ChangeDetail, error) {
	if p == nil {
		return nil, nil
	}
	if len(p.Added) > MaxRecipients || len(p.Removed) > MaxRecipients || len(p.Replaced) > MaxRelations {
		return nil, fmt.Errorf("envelope: change that adds %d, removes %d and replaces %d: %w, want at most %d, %d and %d",
			len(p.Added), len(p.Removed), len(p.Replaced), ErrMalformed, MaxRecipients, MaxRecipients, MaxRelations)
	}
	out := &ChangeDetail{Reason: p.Reason, ContentChanged: p.ContentChanged, Added: p.Added, Removed: p.Removed}
	for _, r := range p.Replaced {
		digest, err := DigestFromBytes(r.GetEnvelopeDigest())
		if err != nil {
			return nil, fmt.Errorf("envelope: replaced document: %w", err)
		}
		if len(r.GetRecipients()) > MaxRecipients {
			return nil, fmt.Errorf("envelope: replaced document of %d recipients: %w, want at most %d", len(r.GetRecipients()), ErrMalformed, MaxRecipients)
		}
		out.Replaced = append(out.Replaced, Replaced{Envelope: digest, Recipients: r.GetRecipients()})
	}
	return out, nil
}
