package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"lienthong/exchange"
)

const (
	tallyFilings = `SELECT dossier, status, sum(documents)::bigint, sum(on_time)::bigint,
		sum(late + CASE WHEN due_open <> 0 AND due_open <= $1 THEN documents ELSE 0 END)::bigint, sum(acknowledged)::bigint, sum(acknowledge_sum)::bigint,
		sum(answers)::bigint, sum(answers_on_time)::bigint, sum(answers_late + CASE WHEN answer_open <> 0 AND answer_open <= $1 THEN documents ELSE 0 END)::bigint,
		sum(finished)::bigint, sum(finish_sum)::bigint
		FROM filing_count WHERE agency_id = $2 AND way = $3 AND day >= $4 AND day < $5 GROUP BY dossier, status ORDER BY dossier, status`
	tallySent = `SELECT state, status, sum(deliveries)::bigint, sum(arrived)::bigint, sum(arrive_sum)::bigint
		FROM sent_count WHERE agency_id = $1 AND day >= $2 AND day < $3 GROUP BY state, status HAVING sum(deliveries) > 0 ORDER BY state, status`
)

// TallyFilings implements [exchange.TallyStore].
func (s *Store) TallyFilings(ctx context.Context, agency string, way exchange.Way, from, until exchange.Day, now int64) ([]exchange.Tally, error) {
	return list(ctx, s, tallyFilings, []any{now, agency, int64(way), int64(from), int64(until)}, func(row scanner, t *exchange.Tally) error {
		return row.Scan(&t.Dossier, &t.Status, &t.Documents, &t.OnTime, &t.Late, &t.Acknowledged, &t.AcknowledgeSum, &t.Due, &t.DueOnTime, &t.DueLate, &t.Finished, &t.FinishSum)
	})
}

// TallySent implements [exchange.TallyStore].
func (s *Store) TallySent(ctx context.Context, agency string, from, until exchange.Day) ([]exchange.SentTally, error) {
	return list(ctx, s, tallySent, []any{agency, int64(from), int64(until)}, func(row scanner, t *exchange.SentTally) error {
		return row.Scan(&t.State, &t.Status, &t.Deliveries, &t.Arrived, &t.ArriveSum)
	})
}

// Where triggers find these tables, they leave to them what changes in the counts.
const (
	makeFilingChange = `CREATE TEMPORARY TABLE filing_change (LIKE filing_count) ON COMMIT DELETE ROWS`
	makeSentChange   = `CREATE TEMPORARY TABLE sent_change (LIKE sent_count) ON COMMIT DELETE ROWS`

	gatherFilings = `INSERT INTO filing_count AS c SELECT agency_id, way, day, dossier, status, due_open, answer_open, sum(documents), sum(on_time), sum(late),
			sum(acknowledged), sum(acknowledge_sum), sum(answers), sum(answers_on_time), sum(answers_late), sum(finished), sum(finish_sum)
		FROM pg_temp.filing_change GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
		ON CONFLICT ON CONSTRAINT filing_count_key DO UPDATE SET documents = c.documents + excluded.documents, on_time = c.on_time + excluded.on_time,
			late = c.late + excluded.late, acknowledged = c.acknowledged + excluded.acknowledged, acknowledge_sum = c.acknowledge_sum + excluded.acknowledge_sum,
			answers = c.answers + excluded.answers, answers_on_time = c.answers_on_time + excluded.answers_on_time, answers_late = c.answers_late + excluded.answers_late,
			finished = c.finished + excluded.finished, finish_sum = c.finish_sum + excluded.finish_sum`
	deleteNoFilings = `DELETE FROM filing_count WHERE documents = 0`
	gatherSent      = `INSERT INTO sent_count AS c SELECT agency_id, day, state, status, sum(deliveries), sum(arrived), sum(arrive_sum)
		FROM pg_temp.sent_change GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
		ON CONFLICT ON CONSTRAINT sent_count_key DO UPDATE SET deliveries = c.deliveries + excluded.deliveries,
			arrived = c.arrived + excluded.arrived, arrive_sum = c.arrive_sum + excluded.arrive_sum`
)

// prepareCounts lets a connection gather what it changes in the counts. Where it may not
// make temporary tables, the triggers change the counts row by row, which is slower.
func (w *writer) prepareCounts(ctx context.Context) error {
	w.gathers = false
	for _, query := range []string{makeFilingChange, makeSentChange} {
		if _, err := w.conn.Exec(ctx, query); code(err) == codePrivilege {
			return nil
		} else if err != nil {
			return failure(err)
		}
	}
	w.gathers = true
	return nil
}

// queueCounted adds what a batch has changed to the counts, in the order of their keys: if
// the batch has not taken the journal's head, another replica may be at the same.
func (a *attempt) queueCounted(p *pgx.Batch) {
	if !a.gathers {
		return
	}
	for _, query := range []string{gatherFilings, deleteNoFilings, gatherSent} {
		p.Queue(query)
	}
}

// recount counts anew, all rows.
const (
	recountFilings = `INSERT INTO filing_count SELECT s.agency_id, s.way, s.day, s.dossier, s.status, s.due_open, s.answer_open, sum(s.documents), sum(s.on_time),
			sum(s.late), sum(s.acknowledged), sum(s.acknowledge_sum), sum(s.answers), sum(s.answers_on_time), sum(s.answers_late), sum(s.finished), sum(s.finish_sum)
		FROM filing f, filing_share(f, 1) s GROUP BY 1, 2, 3, 4, 5, 6, 7`
	recountSent = `INSERT INTO sent_count SELECT s.agency_id, s.day, s.state, s.status, sum(s.deliveries), sum(s.arrived), sum(s.arrive_sum)
		FROM delivery d, sent_share(d, 1) s GROUP BY 1, 2, 3, 4`
)

// uncounted runs what fills the tables, which then are counted at once.
func uncounted(ctx context.Context, tx pgx.Tx, fill func() error) error {
	for _, query := range []string{`ALTER TABLE filing DISABLE TRIGGER USER`, `ALTER TABLE delivery DISABLE TRIGGER USER`, `ALTER TABLE handover DISABLE TRIGGER USER`} {
		if _, err := tx.Exec(ctx, query); err != nil {
			return failure(err)
		}
	}
	if err := fill(); err != nil {
		return err
	}
	for _, query := range []string{`ALTER TABLE filing ENABLE TRIGGER USER`, `ALTER TABLE delivery ENABLE TRIGGER USER`, `ALTER TABLE handover ENABLE TRIGGER USER`, recountFilings, recountSent} {
		if _, err := tx.Exec(ctx, query); err != nil {
			return failure(err)
		}
	}
	return nil
}
