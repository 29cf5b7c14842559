package wire

import (
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// HandoverToProto converts a dossier that was handed over. The directory gives names.
func HandoverToProto(h *exchange.HandoverView, dir *exchange.Directory) *lienthongv1.Dossier {
	out := &lienthongv1.Dossier{DossierCode: h.Code, Delivery: DeliveryName(h.Agency, h.ID), Direction: lienthongv1.Direction(h.Way),
		Counterpart: h.Other, CounterpartName: agencyName(dir, h.Other), Metadata: h.Metadata.Proto(), Time: h.At, Due: h.Due,
		Stage: lienthongv1.DossierStage(h.Stage), Returned: h.Answered, Late: h.Late, LateDays: int32(h.LateDays), CalendarUnknown: h.Guessed}
	if !h.Result.IsZero() {
		out.Result = DeliveryName(h.Agency, h.Result)
	}
	return out
}
