package sqlite

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	selectClaimable = `SELECT ` + deliveryColumns + ` FROM delivery d WHERE agency_id = ?1 AND urgency = ?2 AND home = 1 AND status = 0 AND copy < 2
		AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.delivery = d.id AND c.until > ?3) ORDER BY arrived, id LIMIT 0+?4`
	putClaim    = `INSERT OR REPLACE INTO claim (delivery, agency_id, consumer, until) VALUES (?, ?, ?, ?)`
	deleteClaim = `DELETE FROM claim WHERE delivery = ?`
)

// ClaimDeliveries implements [exchange.ClaimStore]. The one writer makes it exclusive.
func (s *Store) ClaimDeliveries(ctx context.Context, agency string, urgency envelope.Urgency, consumer string, now, lease int64, limit int) (out []exchange.Delivery, err error) {
	_, err = s.writer.do(ctx, func(t *tx) error {
		out = nil
		if err := t.all(selectClaimable, []any{agency, int64(urgency), now, limit}, func(row scanner) error {
			var d exchange.Delivery
			err := row.Scan(deliveryInto(&d)...)
			out = append(out, d)
			return err
		}); err != nil {
			return err
		}
		for i := range out {
			if err := t.do(putClaim, out[i].ID[:], agency, consumer, now+lease); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}
