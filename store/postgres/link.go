package postgres

import (
	"context"
	"fmt"

	"lienthong/exchange"
)

const (
	takeLink = `INSERT INTO link AS l (peer, epoch, replica, until) VALUES ($1, 1, $2, now() + $3 * interval '1 microsecond')
		ON CONFLICT (peer) DO UPDATE SET epoch = l.epoch + 1, replica = excluded.replica, until = excluded.until RETURNING epoch`
	keepLink = `UPDATE link SET until = now() + $3 * interval '1 microsecond' WHERE peer = $1 AND epoch = $2`
	endLink  = `UPDATE link SET until = now() WHERE peer = $1 AND epoch = $2`
	// The row stays as it is until the act is committed, so that a newer link comes
	// before the act, which then fails, or after it, and finds what it has claimed.
	checkLink  = `SELECT 1 FROM link WHERE peer = $1 AND epoch = $2 FOR SHARE`
	selectLink = `SELECT EXISTS (SELECT FROM link WHERE peer = $1 AND until > now() AND replica <> $2
		AND replica IN (SELECT objid::bigint FROM (` + replicaLocks + `) l))`
)

// TakeLink implements [exchange.Store].
func (s *Store) TakeLink(ctx context.Context, peer string) (exchange.Link, error) {
	link := exchange.Link{Peer: peer}
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		p.each(func(row scanner) error { return row.Scan(unsigned{&link.Epoch}) },
			takeLink, peer, s.writer.replica.Load(), exchange.LinkLease.Microseconds())
		p.do(rewindOutbox, peer)
		return &p
	})
	return link, err
}

// KeepLink implements [exchange.Store].
func (s *Store) KeepLink(ctx context.Context, l exchange.Link) error {
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		p.must(fenced(l), keepLink, l.Peer, int64(l.Epoch), exchange.LinkLease.Microseconds())
		return &p
	})
	return err
}

// EndLink implements [exchange.Store].
func (s *Store) EndLink(ctx context.Context, l exchange.Link) error {
	return s.bookkeep(ctx, endLink, l.Peer, int64(l.Epoch))
}

// LinkTaken implements [exchange.Store].
func (s *Store) LinkTaken(ctx context.Context, peer string) (taken bool, err error) {
	_, err = s.one(ctx, selectLink, []any{peer, s.writer.replica.Load()}, &taken)
	return taken, err
}

// checkLink is the condition that the act's link is the newest.
func (a *act) checkLink() {
	if a.Link.Epoch > 0 {
		a.must(fenced(a.Link), checkLink, a.Link.Peer, int64(a.Link.Epoch))
	}
}

func fenced(l exchange.Link) func() error {
	return func() error {
		return fmt.Errorf("postgres: link to %q at epoch %d: %w", l.Peer, l.Epoch, exchange.ErrFenced)
	}
}
