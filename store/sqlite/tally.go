package sqlite

import (
	"context"

	"lienthong/exchange"
)

const (
	tallyFilings = `SELECT dossier, status, sum(documents), sum(on_time), sum(late + iif(due_open <> 0 AND due_open <= ?1, documents, 0)),
		sum(acknowledged), sum(acknowledge_sum), sum(answers), sum(answers_on_time),
		sum(answers_late + iif(answer_open <> 0 AND answer_open <= ?1, documents, 0)), sum(finished), sum(finish_sum)
		FROM filing_count WHERE agency_id = ?2 AND way = ?3 AND day >= ?4 AND day < ?5 GROUP BY dossier, status`
	tallySent = `SELECT state, status, sum(deliveries), sum(arrived), sum(arrive_sum)
		FROM sent_count WHERE agency_id = ? AND day >= ? AND day < ? GROUP BY state, status HAVING sum(deliveries) > 0`
)

// TallyFilings implements [exchange.TallyStore].
func (s *Store) TallyFilings(ctx context.Context, agency string, way exchange.Way, from, until exchange.Day, now int64) (out []exchange.Tally, err error) {
	err = s.all(ctx, tallyFilings, []any{now, agency, int64(way), int64(from), int64(until)}, func(row scanner) error {
		var t exchange.Tally
		err := row.Scan(&t.Dossier, &t.Status, &t.Documents, &t.OnTime, &t.Late, &t.Acknowledged, &t.AcknowledgeSum, &t.Due, &t.DueOnTime, &t.DueLate, &t.Finished, &t.FinishSum)
		out = append(out, t)
		return err
	})
	return out, err
}

// TallySent implements [exchange.TallyStore].
func (s *Store) TallySent(ctx context.Context, agency string, from, until exchange.Day) (out []exchange.SentTally, err error) {
	err = s.all(ctx, tallySent, []any{agency, int64(from), int64(until)}, func(row scanner) error {
		var t exchange.SentTally
		err := row.Scan(&t.State, &t.Status, &t.Deliveries, &t.Arrived, &t.ArriveSum)
		out = append(out, t)
		return err
	})
	return out, err
}
