package sqlite

import (
	"context"

	"lienthong/exchange"
)

const (
	countWaiting = `SELECT state, peer, count(*), min(created) FROM delivery WHERE state IN (1, 2, 5, 7, 10)
		GROUP BY state, peer ORDER BY state, peer`
	countStatements = `SELECT peer, count(*) FROM statement_out GROUP BY peer ORDER BY peer`
	countJobs       = `SELECT count(*), coalesce(min(claimable_at), 0) FROM job WHERE claimable_at <= ?`
	countLevelJobs  = `SELECT count(*), coalesce(min(created), 0) FROM level_job INDEXED BY level_job_claimable WHERE state = 1`
)

// Backlog implements [exchange.Store].
func (s *Store) Backlog(ctx context.Context, now int64) (b exchange.Backlog, err error) {
	err = s.all(ctx, countWaiting, nil, func(row scanner) error {
		var w exchange.Waiting
		err := row.Scan(&w.State, &w.Peer, &w.Rows, &w.Oldest)
		b.Deliveries = append(b.Deliveries, w)
		return err
	})
	if err != nil {
		return b, err
	}
	err = s.all(ctx, countStatements, nil, func(row scanner) error {
		var w exchange.Waiting
		err := row.Scan(&w.Peer, &w.Rows)
		b.Statements = append(b.Statements, w)
		return err
	})
	if err != nil {
		return b, err
	}
	if _, err = s.one(ctx, countJobs, []any{now}, &b.Validations.Rows, &b.Validations.Oldest); err != nil {
		return b, err
	}
	_, err = s.one(ctx, countLevelJobs, nil, &b.LevelJobs.Rows, &b.LevelJobs.Oldest)
	return b, err
}

// Written implements [exchange.Store].
func (s *Store) Written() exchange.Written {
	return exchange.Written{Batches: s.writer.batches.Load(), Operations: s.writer.operations.Load()}
}
