package sqlite

import (
	"context"

	"lienthong/exchange"
)

const (
	// A dossier that was handed over is answered by its result, any other letter by being
	// done; nobody waits for what was refused, recalled or superseded.
	tallyFilings = `SELECT dossier, status, count(*),
		sum(iif(way = 1, at < due, acknowledged <> 0 AND acknowledged < due)),
		sum(due <> 0 AND iif(way = 1, at >= due, acknowledged >= due OR acknowledged = 0 AND due <= ?1)),
		sum(acknowledged <> 0), sum(iif(acknowledged <> 0, acknowledged - at, 0)),
		sum(wanted <> 0),
		sum(wanted <> 0 AND answered <> 0 AND answered < wanted),
		sum(wanted <> 0 AND (answered >= wanted OR answered = 0 AND wanted <= ?1)),
		sum(finished <> 0), sum(iif(finished <> 0, finished - at, 0))
		FROM (SELECT f.way, f.at, f.due, f.status, f.acknowledged, f.finished, h.delivery IS NOT NULL AND coalesce(d.copy, 0) NOT IN (2, 3) AS dossier,
			coalesce(h.answered, f.finished) AS answered, iif(f.answer_by = 0 OR f.status = 2 OR d.copy >= 2, 0, coalesce(h.due, f.answer_by)) AS wanted
			FROM filing f LEFT JOIN handover h ON f.dossier <> '' AND h.delivery = f.id AND h.way = 2 LEFT JOIN delivery d ON f.answer_by <> 0 AND d.id = f.id
			WHERE f.agency_id = ?2 AND f.way = ?3 AND f.at >= ?4 AND f.at < ?5) GROUP BY 1, 2`
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
