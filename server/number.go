package server

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (r *registerService) ReserveNumber(ctx context.Context, m *lienthongv1.ReserveNumberRequest) (*lienthongv1.ReserveNumberResponse, error) {
	agency, err := r.agencyOf(m)
	if err != nil {
		return nil, err
	}
	staff := envelope.StaffFromProto(m.GetStaff())
	number, err := r.svc.ReserveNumber(ctx, callerOf(ctx).actor(staff), exchange.ReserveRequest{Agency: agency, Way: exchange.Way(m.GetDirection()),
		Series: m.GetSeries(), Date: m.GetDate(), Paper: m.GetPaper(), Note: m.GetNote(), Staff: staff, RequestID: m.GetRequestId()})
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ReserveNumberResponse{Number: wire.NumberToProto(number)}, nil
}

func (r *registerService) VoidNumber(ctx context.Context, m *lienthongv1.VoidNumberRequest) (*lienthongv1.VoidNumberResponse, error) {
	agency, err := r.agencyOf(m)
	if err != nil {
		return nil, err
	}
	number, err := r.svc.VoidNumber(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), agency, wayOf(m.GetDirection()), int(m.GetYear()),
		m.GetSeries(), m.GetNumber(), m.GetReason())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.VoidNumberResponse{Number: wire.NumberToProto(number)}, nil
}

func (r *registerService) ListNumbers(ctx context.Context, m *lienthongv1.ListNumbersRequest) (*lienthongv1.ListNumbersResponse, error) {
	agency, err := r.agencyOf(m)
	if err != nil {
		return nil, err
	}
	after, err := wire.NumberCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size, way, year := pageSize(m.GetPageSize()), wayOf(m.GetDirection()), int(m.GetYear())
	list, err := r.svc.Numbers(ctx, agency, way, year, m.GetSeries(), after, size)
	if err != nil {
		return nil, err
	}
	series, err := r.svc.SeriesOf(ctx, agency, way, year)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListNumbersResponse{}
	for i := range list {
		out.Numbers = append(out.Numbers, wire.NumberToProto(&list[i]))
	}
	for i := range series {
		out.Series = append(out.Series, wire.SeriesToProto(&series[i]))
	}
	if len(list) == size {
		out.NextPageToken = wire.NumberToken(list[size-1].Number)
	}
	return out, nil
}

func (r *registerService) StartSeries(ctx context.Context, m *lienthongv1.StartSeriesRequest) (*lienthongv1.StartSeriesResponse, error) {
	agency, err := r.agencyOf(m)
	if err != nil {
		return nil, err
	}
	series, err := r.svc.StartSeries(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), agency, wayOf(m.GetDirection()), int(m.GetYear()), m.GetSeries(), m.GetLast())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.StartSeriesResponse{Series: wire.SeriesToProto(series)}, nil
}

// wayOf is the register of what is issued where none is named.
func wayOf(d lienthongv1.Direction) exchange.Way {
	if d == lienthongv1.Direction_DIRECTION_UNSPECIFIED {
		return exchange.WayOut
	}
	return exchange.Way(d)
}
