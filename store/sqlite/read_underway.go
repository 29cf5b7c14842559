package sqlite

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	selectWaiting = `SELECT ` + deliveryColumns + ` FROM delivery WHERE state = ? AND state IN (1, 2, 5, 7, 10)
		AND (peer, created, id) > (?, ?, ?) ORDER BY peer, created, id LIMIT 0+?`
	selectWaitingFor = `SELECT ` + deliveryColumns + ` FROM delivery WHERE state = ? AND state IN (1, 2, 5, 7, 10)
		AND peer = ? AND (created, id) > (?, ?) ORDER BY created, id LIMIT 0+?`
	selectUnderway = `SELECT ` + deliveryColumns + ` FROM delivery WHERE urgency = ? AND state IN (1, 2, 3, 5, 7, 10)
		AND created < ? AND (created, id) > (?, ?) ORDER BY created, id LIMIT 0+?`
	selectOutbox = `SELECT seq, agency_id, peer, class, tip, due_at, state = 3 FROM outbox
		WHERE envelope_id = ? AND origin_node = ? AND recipient = ?`
)

// Waiting implements [exchange.QueueStore].
func (s *Store) Waiting(ctx context.Context, state exchange.State, after exchange.QueueMark, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectWaiting, int64(state), after.Peer, after.At, after.ID[:], limit)
}

// WaitingFor implements [exchange.QueueStore].
func (s *Store) WaitingFor(ctx context.Context, state exchange.State, peer string, after exchange.Mark, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectWaitingFor, int64(state), peer, after.At, after.ID[:], limit)
}

// Underway implements [exchange.QueueStore].
func (s *Store) Underway(ctx context.Context, urgency envelope.Urgency, before int64, after exchange.Mark, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectUnderway, int64(urgency), before, after.At, after.ID[:], limit)
}

// Outbox implements [exchange.QueueStore].
func (s *Store) Outbox(ctx context.Context, key exchange.DeliveryKey) (exchange.OutboxRow, error) {
	o := exchange.OutboxRow{Key: key}
	err := s.must(ctx, key.ID, selectOutbox, []any{key.ID[:], key.Origin, key.Recipient},
		unsigned{&o.Seq}, &o.Agency, &o.Peer, &o.Class, fixed(o.Tip[:]), &o.DueAt, &o.Claimed)
	return o, err
}
