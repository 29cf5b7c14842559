package sqlite

import "context"

const (
	hastenOutbox = `UPDATE outbox SET state = 1 WHERE state = 2 AND due_at > ?1 AND EXISTS (SELECT 1 FROM delivery d
		WHERE d.envelope_id = outbox.envelope_id AND d.origin_node = outbox.origin_node AND d.agency_id = outbox.recipient AND d.reason NOT IN ('', 'REDIRECTED'))`
	hastenJobs = `UPDATE job SET due_at = ?1, claimable_at = ?1 WHERE due_at > ?1 AND attempts < 2 AND EXISTS (SELECT 1 FROM delivery d
		WHERE d.envelope_id = job.envelope_id AND d.origin_node = job.origin_node AND d.agency_id = job.agency_id AND d.verdict = '')`
)

// Hasten implements [exchange.ClockStore].
func (s *Store) Hasten(ctx context.Context, now, far int64) error {
	_, err := s.writer.do(ctx, func(t *tx) error {
		if err := t.do(hastenOutbox, far); err != nil {
			return err
		}
		return t.do(hastenJobs, now)
	})
	return err
}
