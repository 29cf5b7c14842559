package sqlite

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	letterMarks = `SELECT l.envelope_id, l.origin_node, l.received FROM letter l WHERE `
	// What the agency ?1 may see: what it submitted here, and what came to it here.
	visibleLetter = ` AND (l.from_peer = '' AND l.agency_id = ?1 OR EXISTS (SELECT 1 FROM delivery d
		WHERE d.envelope_id = l.envelope_id AND d.origin_node = l.origin_node AND d.agency_id = ?1 AND d.home = 1))`
	selectSameNumber = letterMarks + `l.agency_id = ?2 AND l.register = ?3 AND l.received <= ?4` + visibleLetter +
		` ORDER BY l.received LIMIT 0+?5`
	selectSameDocument   = letterMarks + `l.document = ?2 AND l.received <= ?3` + visibleLetter + ` ORDER BY l.received LIMIT 0+?4`
	selectUnacknowledged = `SELECT ` + deliveryColumns + ` FROM delivery WHERE agency_id = ? AND urgency = ? AND home = 1 AND status = 0 AND copy < 2 AND kind <> 4
		AND arrived < ? AND (arrived, id) > (?, ?) ORDER BY arrived, id LIMIT 0+?`
	selectUnfetched  = `SELECT ` + deliveryColumns + ` FROM delivery WHERE agency_id = ? AND urgency = ? AND home = 1 AND status = 0 AND copy < 2 ORDER BY arrived, id LIMIT 0+?`
	selectUnanswered = `SELECT ` + deliveryColumns + ` FROM delivery WHERE agency_id = ? AND home = 1 AND answer_by <> 0
		AND status IN (0, 1, 3, 4, 5) AND copy < 2 AND answer_by <= ? AND (answer_by, id) > (?, ?) ORDER BY answer_by, id LIMIT 0+?`
)

// SameNumber implements [exchange.RegisterStore].
func (s *Store) SameNumber(ctx context.Context, viewer, issuer string, register envelope.Digest, upTo int64, limit int) ([]exchange.LetterMark, error) {
	return s.letterMarks(ctx, selectSameNumber, viewer, issuer, register[:], upTo, limit)
}

// SameDocument implements [exchange.RegisterStore].
func (s *Store) SameDocument(ctx context.Context, viewer string, document envelope.Digest, upTo int64, limit int) ([]exchange.LetterMark, error) {
	return s.letterMarks(ctx, selectSameDocument, viewer, document[:], upTo, limit)
}

func (s *Store) letterMarks(ctx context.Context, query string, args ...any) (out []exchange.LetterMark, err error) {
	err = s.all(ctx, query, args, func(row scanner) error {
		var m exchange.LetterMark
		err := row.Scan(fixed(m.Key.ID[:]), &m.Key.Origin, &m.Received)
		out = append(out, m)
		return err
	})
	return out, err
}

// Unacknowledged implements [exchange.RegisterStore].
func (s *Store) Unacknowledged(ctx context.Context, agency string, urgency envelope.Urgency, before int64, after exchange.Mark, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectUnacknowledged, agency, int64(urgency), before, after.At, after.ID[:], limit)
}

// Unfetched implements [exchange.RegisterStore].
func (s *Store) Unfetched(ctx context.Context, agency string, urgency envelope.Urgency, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectUnfetched, agency, int64(urgency), limit)
}

// Unanswered implements [exchange.RegisterStore].
func (s *Store) Unanswered(ctx context.Context, agency string, upTo int64, after exchange.Mark, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectUnanswered, agency, upTo, after.At, after.ID[:], limit)
}
