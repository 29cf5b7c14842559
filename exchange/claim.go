package exchange

import (
	"context"
	"fmt"
	"time"

	"lienthong/envelope"
)

const (
	defaultLease = 5 * time.Minute
	maxLease     = 24 * time.Hour
	maxConsumer  = 100 // bytes
)

// Claim gives one of several consumers that share an inbox what nobody else has, the most
// urgent first, for the time of a lease: until then nobody else gets it. A status
// (AcknowledgeDelivery) ends the claim for good; the end of the lease gives it back.
func (s *Service) Claim(ctx context.Context, agency, consumer string, lease time.Duration, limit int) ([]DeliveryView, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	if lease == 0 {
		lease = defaultLease
	}
	var bad []Field
	if consumer == "" || len(consumer) > maxConsumer || !plainText(consumer) {
		bad = append(bad, Field{"consumer", "REQUIRED", fmt.Sprintf("is %.40q, want 1 to %d bytes of plain text: a name that only this instance has", consumer, maxConsumer)})
	}
	if lease < time.Second || lease > maxLease {
		bad = append(bad, Field{"lease_seconds", "TOO_LONG", fmt.Sprintf("is %s, want 1 s to %s", lease, maxLease)})
	}
	if len(bad) > 0 {
		return nil, &Error{Code: Invalid, Reason: "INVALID_CLAIM", Text: "nothing was claimed", Fields: bad}
	}
	var rows []Delivery
	limit = page(limit)
	for urgency := envelope.UrgencyFlash; urgency >= envelope.UrgencyNormal && len(rows) < limit; urgency-- {
		more, err := s.cfg.Store.ClaimDeliveries(ctx, a.ID, urgency, consumer, s.now(), lease.Microseconds(), limit-len(rows))
		if err != nil {
			return nil, storeError(err)
		}
		rows = append(rows, more...)
	}
	return s.views(ctx, a.ID, rows)
}
