package postgres

import "context"

const (
	hastenOutbox = `UPDATE outbox o SET state = 1 WHERE o.state = 2 AND o.due_at > $1 AND EXISTS (SELECT FROM delivery d
		WHERE d.envelope_id = o.envelope_id AND d.origin_node = o.origin_node AND d.agency_id = o.recipient AND d.reason NOT IN ('', 'REDIRECTED'))`
	hastenJobs = `UPDATE job j SET due_at = $1, claimable_at = $1 WHERE j.due_at > $1 AND j.attempts < 2 AND EXISTS (SELECT FROM delivery d
		WHERE d.envelope_id = j.envelope_id AND d.origin_node = j.origin_node AND d.agency_id = j.agency_id AND d.verdict = '')`
)

// Hasten implements [exchange.ClockStore].
func (s *Store) Hasten(ctx context.Context, now, far int64) error {
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		p.do(hastenOutbox, far)
		p.do(hastenJobs, now)
		return &p
	})
	return err
}
