package server

import (
	"context"

	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// statisticsService counts.
type statisticsService struct {
	lienthongv1.UnimplementedStatisticsServiceServer
	*Server
}

func (s *statisticsService) GetStatistics(ctx context.Context, m *lienthongv1.GetStatisticsRequest) (*lienthongv1.GetStatisticsResponse, error) {
	agency, err := s.agencyOf(m)
	if err != nil {
		return nil, err
	}
	period := exchange.Period(m.GetPeriod())
	if period == 0 {
		period = exchange.PeriodMonth
	}
	lines, err := s.svc.Statistics(ctx, agency, m.GetFrom(), m.GetTo(), period)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.GetStatisticsResponse{}
	for i := range lines {
		out.Lines = append(out.Lines, wire.StatisticToProto(&lines[i]))
	}
	return out, nil
}
