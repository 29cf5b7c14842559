package sqlite

import (
	"context"
	"encoding/json"

	"lienthong/exchange"
)

const (
	sumWaiting = `SELECT from_peer, peer, origin_agency_id, 0, count(*), sum(size) FROM delivery
		WHERE state IN (1, 2, 5, 7, 10) GROUP BY from_peer, peer, origin_agency_id`
	sumFresh = `SELECT from_peer, '', origin_agency_id, 1, count(*), sum(size) FROM delivery
		WHERE home = 1 AND status = 0 AND created > ? GROUP BY from_peer, origin_agency_id`
	selectLoose = `SELECT p.agency_id, p.digest, p.size, p.leaf_root, p.since FROM possession p
		WHERE p.agency_id >= 'node:' AND p.agency_id < 'node;' AND p.since >= ? AND (SELECT 1 FROM letter_file x WHERE x.digest = p.digest LIMIT 1) IS NULL`
	wakeRefused = `UPDATE outbox SET state = 1 WHERE seq IN (SELECT o.seq FROM outbox o JOIN delivery d
		ON d.envelope_id = o.envelope_id AND d.origin_node = o.origin_node AND d.agency_id = o.recipient
		WHERE o.peer = ?1 AND o.state = 2 AND o.due_at <= ?2 AND d.reason IN (SELECT value FROM json_each(?3)) ORDER BY o.due_at LIMIT 0+?4)`
)

// Holdings implements [exchange.SpaceStore].
func (s *Store) Holdings(ctx context.Context, after int64) (out []exchange.Holding, err error) {
	add := func(row scanner) error {
		var h exchange.Holding
		err := row.Scan(&h.From, &h.Peer, &h.Agency, &h.Home, &h.Letters, &h.Bytes)
		out = append(out, h)
		return err
	}
	if err := s.all(ctx, sumWaiting, nil, add); err != nil {
		return nil, err
	}
	return out, s.all(ctx, sumFresh, []any{after}, add)
}

// Loose implements [exchange.SpaceStore].
func (s *Store) Loose(ctx context.Context, since int64) (out []exchange.File, err error) {
	err = s.all(ctx, selectLoose, []any{since}, func(row scanner) error {
		var f exchange.File
		err := row.Scan(&f.Holder, fixed(f.Digest[:]), unsigned{&f.Size}, fixed(f.LeafRoot[:]), &f.Since)
		out = append(out, f)
		return err
	})
	return out, err
}

// WakeRefused implements [exchange.SpaceStore].
func (s *Store) WakeRefused(ctx context.Context, peer string, reasons []string, far int64, limit int) (woken int, err error) {
	list, err := json.Marshal(reasons)
	if err != nil {
		return 0, err
	}
	_, err = s.writer.do(ctx, func(t *tx) error {
		n, err := t.exec(wakeRefused, peer, far, string(list), limit)
		woken = int(n)
		return err
	})
	return woken, err
}
