package exchange

import (
	"context"

	"lienthong/envelope"
)

// ClaimStore lets several consumers share an inbox.
type ClaimStore interface {
	// ClaimDeliveries gives a consumer deliveries of one urgency to an agency at home here that
	// have no status, are not recalled or replaced, and that nobody has claimed, or whose lease has ended, by Arrived, then
	// ID: they are its own for so many microseconds. now is the time where the store has no
	// clock that all its processes share. It takes no entries.
	ClaimDeliveries(ctx context.Context, agency string, urgency envelope.Urgency, consumer string, now, lease int64, limit int) ([]Delivery, error)
}
