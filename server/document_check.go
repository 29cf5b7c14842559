package server

import (
	"context"

	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// CheckDocument tells what SendDocument would say. Permission was asked for the agency of the
// outer message, so the inner one names the same.
func (d *documentService) CheckDocument(ctx context.Context, m *lienthongv1.CheckDocumentRequest) (*lienthongv1.CheckDocumentResponse, error) {
	asked := m.GetRequest()
	if asked.GetAgency() != m.GetAgency() {
		return nil, &exchange.Error{Code: exchange.Invalid, Reason: "BAD_FIELD", Text: "the request cannot be read",
			Fields: []exchange.Field{{Path: "request.agency", Reason: "BAD_FIELD", Text: "is not the agency of the message: name the same in both"}}}
	}
	request, err := wire.SendFromProto(asked)
	if err != nil {
		return nil, err
	}
	found, err := d.svc.CheckSend(ctx, callerOf(ctx).actor(request.Staff), request)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.CheckDocumentResponse{LeftOut: leftOutToProto(asked, found.LeftOut), Warnings: wire.WarningsToProto(found.Warnings)}
	if found.Sent != nil {
		out.Document = wire.DocumentToProto(found.Sent.Route.OriginAgency.ID, found.Sent, d.svc.Directory())
		out.LeftOut = leftOutToProto(asked, found.Sent.LeftOut)
	}
	return out, nil
}
