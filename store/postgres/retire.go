package postgres

import (
	"context"
	"fmt"

	"lienthong/exchange"
)

const (
	selectRetirement = `SELECT since, by, reason, done, revision FROM retirement WHERE one = 1`
	insertRetirement = `INSERT INTO retirement (one, since, by, reason, done, revision) VALUES (1, $1, $2, $3, $4, 1) ON CONFLICT DO NOTHING`
	updateRetirement = `UPDATE retirement SET done = $1, revision = revision + 1 WHERE one = 1 AND since = $2 AND revision = $3`
	deleteRetirement = `DELETE FROM retirement WHERE one = 1 AND since = $1 AND revision = $2`

	countUnderway = `SELECT count(*) FILTER (WHERE state <> 3), count(*) FILTER (WHERE state = 3) FROM delivery WHERE state IN (1, 2, 3, 5, 7, 10)`
	countUnsent   = `SELECT count(*) FROM statement_out`
	countAllJobs  = `SELECT count(*) FROM job`
	countUnread   = `SELECT agency_id, count(*) FROM delivery WHERE home AND status = 0 AND copy < 2 GROUP BY agency_id`
)

// Retirement implements [exchange.RetirementStore].
func (s *Store) Retirement(ctx context.Context) (r exchange.Retirement, err error) {
	err = s.must(ctx, name("retirement"), selectRetirement, nil, &r.Since, text{&r.By}, text{&r.Reason}, &r.Done, unsigned{&r.Revision})
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
	type unread struct {
		agency string
		n      int
	}
	rows, err := list(ctx, s, countUnread, nil, func(row scanner, u *unread) error { return row.Scan(text{&u.agency}, &u.n) })
	for _, u := range rows {
		if r.Unread == nil {
			r.Unread = make(map[string]int)
		}
		r.Unread[u.agency] = u.n
	}
	return r, err
}

func (a *act) putRetirement() {
	if a.Begins {
		a.none("the end of the node", selectRetirement)
	}
	r := a.Change.Retirement
	if r == nil {
		return
	}
	stale := func() error { return fmt.Errorf("postgres: retirement: %w", exchange.ErrStale) }
	switch {
	case r.Revision == 0:
		a.must(stale, insertRetirement, r.Since, r.By, r.Reason, r.Done)
	case a.Unretire:
		a.must(stale, deleteRetirement, r.Since, int64(r.Revision))
	default:
		a.must(stale, updateRetirement, r.Done, r.Since, int64(r.Revision))
	}
}
