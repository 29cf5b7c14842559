package postgres

import (
	"context"

	"lienthong/exchange"
)

const (
	tallyFilings = `SELECT dossier <> '' AS of_dossier, status, count(*),
		count(*) FILTER (WHERE CASE WHEN way = 1 THEN at < due ELSE acknowledged <> 0 AND acknowledged < due END),
		count(*) FILTER (WHERE due <> 0 AND CASE WHEN way = 1 THEN at >= due ELSE acknowledged >= due OR acknowledged = 0 AND due <= $1 END),
		count(*) FILTER (WHERE acknowledged <> 0), COALESCE(sum(acknowledged - at) FILTER (WHERE acknowledged <> 0), 0)::bigint,
		count(*) FILTER (WHERE answer_by <> 0 AND status <> 2),
		count(*) FILTER (WHERE answer_by <> 0 AND status <> 2 AND finished <> 0 AND finished < answer_by),
		count(*) FILTER (WHERE answer_by <> 0 AND status <> 2 AND (finished >= answer_by OR finished = 0 AND answer_by <= $1)),
		count(*) FILTER (WHERE finished <> 0), COALESCE(sum(finished - at) FILTER (WHERE finished <> 0), 0)::bigint
		FROM filing WHERE agency_id = $2 AND way = $3 AND at >= $4 AND at < $5 GROUP BY 1, 2 ORDER BY 1, 2`
	tallySent = `SELECT state, status, count(*), count(*) FILTER (WHERE arrived <> 0), COALESCE(sum(arrived - created) FILTER (WHERE arrived <> 0), 0)::bigint
		FROM delivery WHERE origin_agency_id = $1 AND from_peer = '' AND created >= $2 AND created < $3 GROUP BY state, status ORDER BY state, status`
)

// TallyFilings implements [exchange.TallyStore].
func (s *Store) TallyFilings(ctx context.Context, agency string, way exchange.Way, from, until, now int64) ([]exchange.Tally, error) {
	return list(ctx, s, tallyFilings, []any{now, agency, int64(way), from, until}, func(row scanner, t *exchange.Tally) error {
		return row.Scan(&t.Dossier, &t.Status, &t.Documents, &t.OnTime, &t.Late, &t.Acknowledged, &t.AcknowledgeSum, &t.Due, &t.DueOnTime, &t.DueLate, &t.Finished, &t.FinishSum)
	})
}

// TallySent implements [exchange.TallyStore].
func (s *Store) TallySent(ctx context.Context, agency string, from, until int64) ([]exchange.SentTally, error) {
	return list(ctx, s, tallySent, []any{agency, from, until}, func(row scanner, t *exchange.SentTally) error {
		return row.Scan(&t.State, &t.Status, &t.Deliveries, &t.Arrived, &t.ArriveSum)
	})
}
