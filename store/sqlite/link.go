package sqlite

import (
	"context"
	"fmt"

	"lienthong/exchange"
)

// onlyEpoch is that of every link: one process has the store to itself, and the order
// of links is in its memory.
const onlyEpoch = 1

// TakeLink implements [exchange.Store].
func (s *Store) TakeLink(ctx context.Context, peer string) (exchange.Link, error) {
	_, err := s.writer.do(ctx, func(t *tx) error { return t.rewind(peer) })
	return exchange.Link{Peer: peer, Epoch: onlyEpoch}, err
}

// KeepLink implements [exchange.Store].
func (s *Store) KeepLink(_ context.Context, l exchange.Link) error { return checkLink(l) }

// EndLink implements [exchange.Store].
func (s *Store) EndLink(context.Context, exchange.Link) error { return nil }

// LinkTaken implements [exchange.Store].
func (s *Store) LinkTaken(context.Context, string) (bool, error) { return false, nil }

func checkLink(l exchange.Link) error {
	if l.Epoch > onlyEpoch {
		return fmt.Errorf("sqlite: link to %q at epoch %d, there is only %d: %w", l.Peer, l.Epoch, onlyEpoch, exchange.ErrFenced)
	}
	return nil
}
