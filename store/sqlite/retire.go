package sqlite

import (
	"context"
	"fmt"

	"lienthong/exchange"
)

const (
	selectRetirement = `SELECT since, by, reason, done, revision FROM retirement WHERE one = 1`
	insertRetirement = `INSERT INTO retirement (one, since, by, reason, done, revision) VALUES (1, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`
	updateRetirement = `UPDATE retirement SET done = ?, revision = revision + 1 WHERE one = 1 AND since = ? AND revision = ?`
	deleteRetirement = `DELETE FROM retirement WHERE one = 1 AND since = ? AND revision = ?`

	countUnderway = `SELECT count(*) FILTER (WHERE state <> 3), count(*) FILTER (WHERE state = 3) FROM delivery WHERE state IN (1, 2, 3, 5, 7, 10)`
	countUnsent   = `SELECT count(*) FROM statement_out`
	countAllJobs  = `SELECT count(*) FROM job`
	countUnread   = `SELECT agency_id, count(*) FROM delivery INDEXED BY delivery_unacknowledged WHERE home = 1 AND status = 0 AND copy < 2 GROUP BY agency_id`
)

// Retirement implements [exchange.RetirementStore].
func (s *Store) Retirement(ctx context.Context) (r exchange.Retirement, err error) {
	err = s.must(ctx, name("retirement"), selectRetirement, nil, &r.Since, &r.By, &r.Reason, &r.Done, unsigned{&r.Revision})
	return r, err
}

// Remains implements [exchange.RetirementStore].
func (s *Store) Remains(ctx context.Context) (r exchange.Remains, err error) {
	var oldest int64
	for _, count := range []struct {
		query string
		dest  []any
	}{{countUnderway, []any{&r.Waiting, &r.Relayed}}, {countUnsent, []any{&r.Statements}}, {countAllJobs, []any{&r.Jobs}}, {countLevelJobs, []any{&r.LevelJobs, &oldest}}} {
		if _, err := s.one(ctx, count.query, nil, count.dest...); err != nil {
			return r, err
		}
	}
	err = s.all(ctx, countUnread, nil, func(row scanner) error {
		var agency string
		var n int
		err := row.Scan(&agency, &n)
		if r.Unread == nil {
			r.Unread = make(map[string]int)
		}
		r.Unread[agency] = n
		return err
	})
	return r, err
}

func (a *act) putRetirement() error {
	if a.Begins {
		var r exchange.Retirement
		found, err := a.one(selectRetirement, nil, &r.Since, &r.By, &r.Reason, &r.Done, unsigned{&r.Revision})
		if err == nil && found {
			err = fmt.Errorf("sqlite: the node is to end: %w", exchange.ErrStale)
		}
		if err != nil {
			return err
		}
	}
	r := a.Change.Retirement
	if r == nil {
		return nil
	}
	var rows int64
	var err error
	switch {
	case r.Revision == 0:
		rows, err = a.exec(insertRetirement, r.Since, r.By, r.Reason, r.Done)
	case a.Unretire:
		rows, err = a.exec(deleteRetirement, r.Since, int64(r.Revision))
	default:
		rows, err = a.exec(updateRetirement, r.Done, r.Since, int64(r.Revision))
	}
	if err == nil && rows == 0 {
		err = fmt.Errorf("sqlite: retirement: %w", exchange.ErrStale)
	}
	return err
}
