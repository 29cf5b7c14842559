package server

import (
	"context"

	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// registerService is the registers of agencies (sổ văn bản đi, sổ văn bản đến).
type registerService struct {
	lienthongv1.UnimplementedRegisterServiceServer
	*Server
}

func (r *registerService) SearchDocuments(ctx context.Context, m *lienthongv1.SearchDocumentsRequest) (*lienthongv1.SearchDocumentsResponse, error) {
	agency, err := r.agencyOf(m)
	if err != nil {
		return nil, err
	}
	before, err := wire.NumberCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, err := r.svc.Search(ctx, exchange.SearchRequest{Agency: agency, Text: m.GetText(), Number: m.GetNumber(), Symbol: m.GetSymbol(),
		Other: m.GetCounterpart(), From: m.GetIssuedFrom(), To: m.GetIssuedTo(), TypeCode: m.GetTypeCode(), Dossier: m.GetDossierCode(),
		Status: m.GetStatus(), Way: exchange.Way(m.GetDirection())}, before, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.SearchDocumentsResponse{}
	for i := range list {
		out.Documents = append(out.Documents, wire.FiledToProto(&list[i]))
	}
	if len(list) == size {
		out.NextPageToken = wire.NumberToken(list[size-1].Filing.N)
	}
	return out, nil
}

func (r *registerService) ListRegister(ctx context.Context, m *lienthongv1.ListRegisterRequest) (*lienthongv1.ListRegisterResponse, error) {
	agency, err := r.agencyOf(m)
	if err != nil {
		return nil, err
	}
	after, err := wire.MarkCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, mark, err := r.svc.Register(ctx, agency, exchange.Way(m.GetDirection()), m.GetFrom(), m.GetTo(), after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListRegisterResponse{}
	for i := range list {
		out.Lines = append(out.Lines, wire.RegisterLineToProto(&list[i], r.svc.Directory()))
	}
	if len(list) == size {
		out.NextPageToken = wire.MarkToken(mark)
	}
	return out, nil
}
