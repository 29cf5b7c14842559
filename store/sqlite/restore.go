package sqlite

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	selectRestored = `SELECT generation, restored_leaves, restored_until FROM store WHERE one = 1`
	selectPeer     = `SELECT peer, incarnation, since FROM peer_store WHERE peer = ?1`
	// Without an index: it is asked when a neighbour was restored, and never else.
	selectExchanged = `SELECT ` + deliveryColumns + ` FROM delivery
		WHERE id > ?1 AND (peer = ?2 OR from_peer = ?2) AND (state = 3 OR updated >= ?3) ORDER BY id LIMIT 0+?4`
	putPeer = `INSERT INTO peer_store (peer, incarnation, since) VALUES (?1, ?2, ?3) ON CONFLICT (peer)
		DO UPDATE SET incarnation = excluded.incarnation, since = excluded.since`
)

// Restored implements [exchange.RestoreStore].
func (s *Store) Restored(ctx context.Context) (r exchange.Restored, err error) {
	_, err = s.one(ctx, selectRestored, nil, unsigned{&r.Generation}, unsigned{&r.Leaves}, &r.Until)
	return r, err
}

// Peer implements [exchange.RestoreStore].
func (s *Store) Peer(ctx context.Context, peer string) (p exchange.PeerRow, err error) {
	err = s.must(ctx, name(peer), selectPeer, []any{peer}, &p.Peer, fixed(p.Incarnation[:]), &p.Since)
	return p, err
}

// Exchanged implements [exchange.RestoreStore].
func (s *Store) Exchanged(ctx context.Context, peer string, since int64, after envelope.ID, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectExchanged, after[:], peer, since, limit)
}

func (a *act) putPeers() error {
	for _, p := range a.Peers {
		if err := a.do(putPeer, p.Peer, p.Incarnation[:], p.Since); err != nil {
			return err
		}
	}
	return nil
}
