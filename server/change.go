package server

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (d *documentService) RecallDocument(ctx context.Context, m *lienthongv1.RecallDocumentRequest) (*lienthongv1.RecallDocumentResponse, error) {
	agency, id, err := d.resource(m.GetName(), "documents")
	if err != nil {
		return nil, err
	}
	staff := envelope.StaffFromProto(m.GetStaff())
	document, err := d.svc.Recall(ctx, callerOf(ctx).actor(staff), exchange.RecallRequest{Agency: agency, Document: id, Recipients: m.GetRecipients(),
		Mode: envelope.RecallMode(m.GetMode()), Reason: m.GetReason(), Staff: staff, RequestID: m.GetRequestId()})
	if err != nil {
		return nil, err
	}
	return &lienthongv1.RecallDocumentResponse{Document: wire.DocumentToProto(agency, document, d.svc.Directory())}, nil
}

func (d *documentService) IssueUpdate(ctx context.Context, m *lienthongv1.IssueUpdateRequest) (*lienthongv1.IssueUpdateResponse, error) {
	agency, id, err := d.resource(m.GetName(), "documents")
	if err != nil {
		return nil, err
	}
	request, err := wire.ChangeFromProto(m)
	if err != nil {
		return nil, err
	}
	request.Agency, request.Document = agency, id
	document, err := d.svc.Update(ctx, callerOf(ctx).actor(request.Staff), request)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.IssueUpdateResponse{Document: wire.DocumentToProto(agency, document, d.svc.Directory())}, nil
}

func (d *documentService) IssueReplacement(ctx context.Context, m *lienthongv1.IssueReplacementRequest) (*lienthongv1.IssueReplacementResponse, error) {
	agency, id, err := d.resource(m.GetName(), "documents")
	if err != nil {
		return nil, err
	}
	request, err := wire.ChangeFromProto(m)
	if err != nil {
		return nil, err
	}
	request.Agency, request.Document = agency, id
	for _, name := range m.GetReplaces() {
		other, replaced, err := d.resource(name, "documents")
		if err != nil {
			return nil, err
		}
		if other != agency {
			return nil, &exchange.Error{Code: exchange.Invalid, Reason: "BAD_NAME", Text: "an agency replaces its own documents only",
				Fields: []exchange.Field{{Path: "replaces", Reason: "BAD_NAME", Text: "names a document of another agency"}}}
		}
		request.Replaces = append(request.Replaces, replaced)
	}
	document, err := d.svc.Replace(ctx, callerOf(ctx).actor(request.Staff), request)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.IssueReplacementResponse{Document: wire.DocumentToProto(agency, document, d.svc.Directory())}, nil
}

func (d *documentService) ForwardDocument(ctx context.Context, m *lienthongv1.ForwardDocumentRequest) (*lienthongv1.ForwardDocumentResponse, error) {
	agency, id, err := d.resource(m.GetName(), "deliveries")
	if err != nil {
		return nil, err
	}
	request := wire.ForwardFromProto(m)
	request.Agency, request.Delivery = agency, id
	document, err := d.svc.Forward(ctx, callerOf(ctx).actor(request.Staff), request)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ForwardDocumentResponse{Document: wire.DocumentToProto(agency, document, d.svc.Directory())}, nil
}
