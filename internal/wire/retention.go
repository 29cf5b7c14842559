package wire

import (
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// HoldToProto converts a legal hold.
func HoldToProto(h *exchange.LegalHold) *lienthongv1.LegalHold {
	out := &lienthongv1.LegalHold{Id: h.ID.String(), Kind: lienthongv1.HoldKind(h.Kind), OriginNode: h.Letter.Origin, AgencyId: h.Agency,
		Reason: h.Reason, PlacedBy: h.By, PlacedAt: h.Placed, ReleasedAt: h.Released, ReleasedBy: h.ReleasedBy, ReleaseReason: h.ReleaseReason}
	switch h.Kind {
	case exchange.HoldLetter:
		out.EnvelopeId = h.Letter.ID.String()
	case exchange.HoldThread:
		out.Thread = h.Thread.String()
	}
	return out
}

// RetainedToProto converts what a policy would do with a document.
func RetainedToProto(p *exchange.Retained) *lienthongv1.PlanRetentionResponse {
	out := &lienthongv1.PlanRetentionResponse{What: p.What, EndedAt: p.Ended}
	for i := range p.Letters {
		l := &p.Letters[i]
		out.Letters = append(out.Letters, &lienthongv1.PlannedLetter{OriginNode: l.Key.Origin, EnvelopeId: l.Key.ID.String(), Digest: digestBytes(l.Digest),
			AgencyId: l.Agency, Type: l.Class})
	}
	for _, h := range p.Holds {
		out.Holds = append(out.Holds, h.ID.String())
	}
	return out
}
