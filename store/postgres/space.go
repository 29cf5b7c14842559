package postgres

import (
	"context"

	"lienthong/exchange"
)

const (
	sumWaiting = `SELECT from_peer, peer, origin_agency_id, false, count(*), sum(size)::bigint FROM delivery
		WHERE state IN (1, 2, 5, 7, 10) GROUP BY from_peer, peer, origin_agency_id`
	sumFresh = `SELECT from_peer, '', origin_agency_id, true, count(*), sum(size)::bigint FROM delivery
		WHERE home AND status = 0 AND created > $1 GROUP BY from_peer, origin_agency_id`
	selectLoose = `SELECT p.agency_id, p.digest, p.size, p.leaf_root, p.since FROM possession p
		WHERE p.agency_id >= 'node:' AND p.agency_id < 'node;' AND p.since >= $1 AND NOT EXISTS (SELECT 1 FROM letter_file x WHERE x.digest = p.digest)`
	// Rows that another process is about to change are passed over: it knows better.
	wakeRefused = `UPDATE outbox SET state = 1 WHERE ctid = ANY (ARRAY (SELECT o.ctid FROM outbox o JOIN delivery d
		ON d.envelope_id = o.envelope_id AND d.origin_node = o.origin_node AND d.agency_id = o.recipient
		WHERE o.peer = $1 AND o.state = 2 AND o.due_at <= $2 AND d.reason = ANY ($3::text[])
		ORDER BY o.due_at LIMIT $4 FOR UPDATE OF o SKIP LOCKED)) RETURNING seq`
)

// Holdings implements [exchange.SpaceStore].
func (s *Store) Holdings(ctx context.Context, after int64) ([]exchange.Holding, error) {
	scan := func(row scanner, h *exchange.Holding) error {
		return row.Scan(&h.From, &h.Peer, &h.Agency, &h.Home, &h.Letters, &h.Bytes)
	}
	out, err := list(ctx, s, sumWaiting, nil, scan)
	if err != nil {
		return nil, err
	}
	fresh, err := list(ctx, s, sumFresh, []any{after}, scan)
	return append(out, fresh...), err
}

// Loose implements [exchange.SpaceStore].
func (s *Store) Loose(ctx context.Context, since int64) ([]exchange.File, error) {
	return list(ctx, s, selectLoose, []any{since}, func(row scanner, f *exchange.File) error {
		return row.Scan(&f.Holder, fixed(f.Digest[:]), unsigned{&f.Size}, fixed(f.LeafRoot[:]), &f.Since)
	})
}

// WakeRefused implements [exchange.SpaceStore].
func (s *Store) WakeRefused(ctx context.Context, peer string, reasons []string, far int64, limit int) (woken int, err error) {
	_, err = s.writer.do(ctx, func(uint64) *plan {
		var p plan
		woken = 0
		p.each(func(row scanner) error {
			var seq int64
			woken++
			return row.Scan(&seq)
		}, wakeRefused, peer, far, reasons, limit)
		return &p
	})
	return woken, err
}
