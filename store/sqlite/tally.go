package sqlite

import (
	"context"

	"lienthong/exchange"
)

const (
	tallyFilings = `SELECT dossier <> '', status, count(*),
		sum(iif(way = 1, at < due, acknowledged <> 0 AND acknowledged < due)),
		sum(due <> 0 AND iif(way = 1, at >= due, acknowledged >= due OR acknowledged = 0 AND due <= ?1)),
		sum(acknowledged <> 0), sum(iif(acknowledged <> 0, acknowledged - at, 0)),
		sum(answer_by <> 0 AND status <> 2),
		sum(answer_by <> 0 AND status <> 2 AND finished <> 0 AND finished < answer_by),
		sum(answer_by <> 0 AND status <> 2 AND (finished >= answer_by OR finished = 0 AND answer_by <= ?1)),
		sum(finished <> 0), sum(iif(finished <> 0, finished - at, 0))
		FROM filing WHERE agency_id = ?2 AND way = ?3 AND at >= ?4 AND at < ?5 GROUP BY 1, 2`
	tallySent = `SELECT state, status, count(*), sum(arrived <> 0), sum(iif(arrived <> 0, arrived - created, 0))
		FROM delivery WHERE origin_agency_id = ? AND from_peer = '' AND created >= ? AND created < ? GROUP BY state, status`
)

// TallyFilings implements [exchange.TallyStore].
func (s *Store) TallyFilings(ctx context.Context, agency string, way exchange.Way, from, until, now int64) (out []exchange.Tally, err error) {
	err = s.all(ctx, tallyFilings, []any{now, agency, int64(way), from, until}, func(row scanner) error {
		var t exchange.Tally
		err := row.Scan(&t.Dossier, &t.Status, &t.Documents, &t.OnTime, &t.Late, &t.Acknowledged, &t.AcknowledgeSum, &t.Due, &t.DueOnTime, &t.DueLate, &t.Finished, &t.FinishSum)
		out = append(out, t)
		return err
	})
	return out, err
}

// TallySent implements [exchange.TallyStore].
func (s *Store) TallySent(ctx context.Context, agency string, from, until int64) (out []exchange.SentTally, err error) {
	err = s.all(ctx, tallySent, []any{agency, from, until}, func(row scanner) error {
		var t exchange.SentTally
		err := row.Scan(&t.State, &t.Status, &t.Deliveries, &t.Arrived, &t.ArriveSum)
		out = append(out, t)
		return err
	})
	return out, err
}
