package postgres

import (
	"context"

	"lienthong/exchange"
)

const (
	// A dossier that was handed over is answered by its result, any other letter by being
	// done; nobody waits for what was refused, recalled or superseded.
	tallyFilings = `SELECT dossier, status, count(*),
		count(*) FILTER (WHERE CASE WHEN way = 1 THEN at < due ELSE acknowledged <> 0 AND acknowledged < due END),
		count(*) FILTER (WHERE due <> 0 AND CASE WHEN way = 1 THEN at >= due ELSE acknowledged >= due OR acknowledged = 0 AND due <= $1 END),
		count(*) FILTER (WHERE acknowledged <> 0), COALESCE(sum(acknowledged - at) FILTER (WHERE acknowledged <> 0), 0)::bigint,
		count(*) FILTER (WHERE wanted <> 0),
		count(*) FILTER (WHERE wanted <> 0 AND answered <> 0 AND answered < wanted),
		count(*) FILTER (WHERE wanted <> 0 AND (answered >= wanted OR answered = 0 AND wanted <= $1)),
		count(*) FILTER (WHERE finished <> 0), COALESCE(sum(finished - at) FILTER (WHERE finished <> 0), 0)::bigint
		FROM (SELECT f.way, f.at, f.due, f.status, f.acknowledged, f.finished, h.delivery IS NOT NULL AND COALESCE(d.copy, 0) NOT IN (2, 3) AS dossier,
			COALESCE(h.answered, f.finished) AS answered, CASE WHEN f.answer_by = 0 OR f.status = 2 OR d.copy >= 2 THEN 0 ELSE COALESCE(h.due, f.answer_by) END AS wanted
			FROM filing f LEFT JOIN handover h ON f.dossier <> '' AND h.delivery = f.id AND h.way = 2 LEFT JOIN delivery d ON f.answer_by <> 0 AND d.id = f.id
			WHERE f.agency_id = $2 AND f.way = $3 AND f.at >= $4 AND f.at < $5) t GROUP BY 1, 2 ORDER BY 1, 2`
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
