package exchange

import (
	"context"

	"lienthong/envelope"
)

// QueueStore is what a [Store] tells of letters under way to whoever operates the node.
type QueueStore interface {
	// Waiting lists deliveries in one state (queued, offered, held, in doubt or dead), by
	// peer, then Created, then ID, after the mark.
	Waiting(ctx context.Context, state State, after QueueMark, limit int) ([]Delivery, error)
	// WaitingFor lists those that wait for one peer, by Created, then ID, after the mark.
	WaitingFor(ctx context.Context, state State, peer string, after Mark, limit int) ([]Delivery, error)
	// Underway lists deliveries of one urgency that are queued, offered, relayed, held, in
	// doubt or dead, and Created before a time, by Created, then ID, after the mark.
	Underway(ctx context.Context, urgency envelope.Urgency, before int64, after Mark, limit int) ([]Delivery, error)
	// DueOutboxOf is DueOutbox of one class, as DueOutbox has left it: it makes nothing due.
	DueOutboxOf(ctx context.Context, peer string, class, limit int) ([]OutboxRow, error)
	// Outbox finds the outbox row of a delivery. ErrNotFound.
	Outbox(ctx context.Context, key DeliveryKey) (OutboxRow, error)
}

// A QueueMark is a place in a list that is ordered by peer, then time, then id.
type QueueMark struct {
	Peer string
	Mark
}
