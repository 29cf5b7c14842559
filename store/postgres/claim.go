package postgres

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
)

// Another replica may claim at the same time: the row that it has made, or renewed,
// fails the condition at the conflict. The clock is the server's, one for all of them.
const (
	clock           = `(extract(epoch FROM clock_timestamp()) * 1000000)::bigint`
	claimDeliveries = `INSERT INTO claim AS c (delivery, agency_id, consumer, until)
		SELECT d.id, d.agency_id, $3, ` + clock + ` + $4 FROM delivery d WHERE d.agency_id = $1 AND d.urgency = $2 AND d.home AND d.status = 0 AND d.copy < 2
			AND NOT EXISTS (SELECT 1 FROM claim t WHERE t.delivery = d.id AND t.until > ` + clock + `) ORDER BY d.arrived, d.id LIMIT $5
		ON CONFLICT (delivery) DO UPDATE SET consumer = excluded.consumer, until = excluded.until WHERE c.until <= ` + clock + ` RETURNING delivery`
	selectClaimed = `SELECT ` + deliveryColumns + ` FROM delivery WHERE id = ANY ($1::bytea[])`
	deleteClaim   = `DELETE FROM claim WHERE delivery = $1`
)

// ClaimDeliveries implements [exchange.ClaimStore].
func (s *Store) ClaimDeliveries(ctx context.Context, agency string, urgency envelope.Urgency, consumer string, _, lease int64, limit int) ([]exchange.Delivery, error) {
	var ids [][]byte
	_, err := s.writer.do(ctx, func(uint64) *plan {
		ids = nil
		var p plan
		p.each(func(row scanner) error {
			id := make([]byte, len(envelope.ID{}))
			err := row.Scan(fixed(id))
			ids = append(ids, id)
			return err
		}, claimDeliveries, agency, int64(urgency), consumer, lease, limit)
		return &p
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	out, err := s.deliveries(ctx, selectClaimed, ids)
	slices.SortFunc(out, func(a, b exchange.Delivery) int {
		return cmp.Or(cmp.Compare(a.Arrived, b.Arrived), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return out, err
}
