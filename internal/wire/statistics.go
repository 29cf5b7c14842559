package wire

import (
	"maps"
	"slices"

	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// StatisticToProto converts a line of statistics.
func StatisticToProto(s *exchange.Statistic) *lienthongv1.StatisticsLine {
	out := &lienthongv1.StatisticsLine{From: s.From, To: s.To, Received: figuresToProto(&s.Received), Dossiers: figuresToProto(&s.Dossiers), Sent: figuresToProto(&s.Sent)}
	for _, t := range s.Outcome {
		out.Outcomes = append(out.Outcomes, &lienthongv1.OutcomeCount{State: lienthongv1.DeliveryState(t.State), Status: t.Status, Deliveries: t.Deliveries,
			MeanArrivalTime: mean(t.ArriveSum, t.Arrived)})
	}
	return out
}

func figuresToProto(f *exchange.Figures) *lienthongv1.Figures {
	out := &lienthongv1.Figures{Documents: f.Documents, OnTime: f.OnTime, Late: f.Late, Acknowledged: f.Acknowledged, MeanAcknowledgeTime: mean(f.AcknowledgeSum, f.Acknowledged),
		Due: f.Due, DueOnTime: f.DueOnTime, DueLate: f.DueLate, Finished: f.Finished, MeanFinishTime: mean(f.FinishSum, f.Finished)}
	for _, status := range slices.Sorted(maps.Keys(f.ByStatus)) {
		out.ByStatus = append(out.ByStatus, &lienthongv1.StatusCount{Status: status, Documents: f.ByStatus[status]})
	}
	return out
}

func mean(sum int64, n uint64) int64 {
	if n == 0 {
		return 0
	}
	return sum / int64(n)
}
