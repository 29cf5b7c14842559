package server

import (
	"context"
	"errors"

	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// dossierService follows one-stop dossiers.
type dossierService struct {
	lienthongv1.UnimplementedDossierServiceServer
	*Server
}

func (s *dossierService) ListDossiers(ctx context.Context, m *lienthongv1.ListDossiersRequest) (*lienthongv1.ListDossiersResponse, error) {
	agency, err := s.agencyOf(m)
	if err != nil {
		return nil, err
	}
	after, err := wire.MarkCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	if d := m.GetDirection(); d < 0 || d > lienthongv1.Direction_DIRECTION_IN {
		return nil, wire.BadField("direction", errors.New("want 1 (handed over) or 2 (came)"))
	}
	size := pageSize(m.GetPageSize())
	list, mark, err := s.svc.Handovers(ctx, exchange.HandoverRequest{Agency: agency, Code: m.GetDossierCode(), Way: exchange.Way(m.GetDirection()), Late: m.GetLate()}, after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListDossiersResponse{}
	for i := range list {
		out.Dossiers = append(out.Dossiers, wire.HandoverToProto(&list[i], s.svc.Directory()))
	}
	if len(list) == size {
		out.NextPageToken = wire.MarkToken(mark)
	}
	return out, nil
}
