package server

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// documentService is the outgoing side (văn bản đi).
type documentService struct {
	lienthongv1.UnimplementedDocumentServiceServer
	*Server
}

func (d *documentService) SendDocument(ctx context.Context, m *lienthongv1.SendDocumentRequest) (*lienthongv1.SendDocumentResponse, error) {
	request, err := wire.SendFromProto(m)
	if err != nil {
		return nil, err
	}
	document, err := d.svc.Send(ctx, callerOf(ctx).actor(request.Staff), request)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.SendDocumentResponse{Document: wire.DocumentToProto(document.Route.OriginAgency.ID, document, d.svc.Directory()),
		LeftOut: leftOutToProto(m, document.LeftOut)}, nil
}

// leftOutToProto names recipients of a request as they are named there.
func leftOutToProto(m *lienthongv1.SendDocumentRequest, list []exchange.Field) (out []*lienthongv1.LeftOut) {
	for _, f := range list {
		left := &lienthongv1.LeftOut{Reason: f.Reason, Text: f.Text}
		if i, ok := f.Index("recipients"); ok && i < len(m.GetRecipients()) {
			left.Index, left.Agency = uint32(i), m.GetRecipients()[i].GetAgency()
		}
		out = append(out, left)
	}
	return out
}

func (d *documentService) ResolveRecipients(ctx context.Context, m *lienthongv1.ResolveRecipientsRequest) (*lienthongv1.ResolveRecipientsResponse, error) {
	if len(m.GetCodes()) > envelope.MaxRecipients {
		return nil, &exchange.Error{Code: exchange.Invalid, Reason: "TOO_MANY", Text: "too many codes in one request"}
	}
	if of := m.GetGroupsOf(); of != "" {
		if err := d.permitGroups(ctx, of); err != nil {
			return nil, err
		}
	}
	list, err := d.svc.ResolveRecipients(ctx, m.GetGroupsOf(), m.GetCodes())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ResolveRecipientsResponse{Recipients: resolvedToProto(list)}, nil
}

func (d *documentService) GetDocument(ctx context.Context, m *lienthongv1.GetDocumentRequest) (*lienthongv1.GetDocumentResponse, error) {
	agency, id, err := d.resource(m.GetName(), "documents")
	if err != nil {
		return nil, err
	}
	document, err := d.svc.Document(ctx, agency, id)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.GetDocumentResponse{Document: wire.DocumentToProto(agency, document, d.svc.Directory())}, nil
}

func (d *documentService) ListDocuments(ctx context.Context, m *lienthongv1.ListDocumentsRequest) (*lienthongv1.ListDocumentsResponse, error) {
	agency, err := d.agencyOf(m)
	if err != nil {
		return nil, err
	}
	after, err := wire.PageCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, err := d.svc.Documents(ctx, agency, after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListDocumentsResponse{}
	for i := range list {
		out.Documents = append(out.Documents, wire.DocumentToProto(agency, &list[i], d.svc.Directory()))
	}
	if len(list) == size {
		out.NextPageToken = wire.PageToken(list[size-1].Route.ID)
	}
	return out, nil
}

// pageSize is between 1 and 1,000; 50 where nothing was asked for.
func pageSize(asked int32) int {
	switch {
	case asked <= 0:
		return 50
	case asked > 1000:
		return 1000
	}
	return int(asked)
}

// resource takes the name of a thing of an agency apart: agencies/{agency}/{collection}/{id}.
func (s *Server) resource(name, collection string) (agencyID string, id envelope.ID, err error) {
	agency, kind, last := splitName(name)
	bad := &exchange.Error{Code: exchange.Invalid, Reason: "BAD_NAME", Text: "the name cannot be read", Fields: []exchange.Field{{
		Path: "name", Reason: "BAD_NAME", Text: "want agencies/{agency}/" + collection + "/{id}"}}}
	if kind != collection {
		return "", id, bad
	}
	known, ok := s.svc.Directory().Agency(agency)
	if !ok {
		return "", id, &exchange.Error{Code: exchange.NotFound, Reason: "UNKNOWN_AGENCY", Text: "agency is not in the directory"}
	}
	if id, err = envelope.ParseID(last); err != nil {
		return "", id, bad
	}
	return known.ID, id, nil
}
