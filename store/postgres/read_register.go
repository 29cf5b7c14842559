package postgres

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	letterMarks = `SELECT l.envelope_id, l.origin_node, l.received FROM letter l WHERE `
	// What the agency $1 may see: what it submitted here, and what came to it here. With
	// EXISTS the planner would read all that has come to it.
	visibleLetter = ` AND (l.from_peer = '' AND l.agency_id = $1 OR (SELECT d.home FROM delivery d
		WHERE d.envelope_id = l.envelope_id AND d.origin_node = l.origin_node AND d.agency_id = $1))`
	selectSameNumber = letterMarks + `l.agency_id = $2 AND l.register = $3 AND l.received <= $4` + visibleLetter +
		` ORDER BY l.received LIMIT $5`
	selectSameDocument   = letterMarks + `l.document = $2 AND l.received <= $3` + visibleLetter + ` ORDER BY l.received LIMIT $4`
	selectUnacknowledged = `SELECT ` + deliveryColumns + ` FROM delivery WHERE agency_id = $1 AND urgency = $2 AND home AND status = 0 AND copy < 2 AND kind <> 4
		AND arrived < $3 AND (arrived, id) > ($4, $5) ORDER BY arrived, id LIMIT $6`
	selectUnfetched  = `SELECT ` + deliveryColumns + ` FROM delivery WHERE agency_id = $1 AND urgency = $2 AND home AND status = 0 AND copy < 2 ORDER BY arrived, id LIMIT $3`
	selectUnanswered = `SELECT ` + deliveryColumns + ` FROM delivery WHERE agency_id = $1 AND home AND answer_by <> 0
		AND status IN (0, 1, 3, 4, 5) AND copy < 2 AND answer_by <= $2 AND (answer_by, id) > ($3, $4) ORDER BY answer_by, id LIMIT $5`
)

// SameNumber implements [exchange.RegisterStore].
func (s *Store) SameNumber(ctx context.Context, viewer, issuer string, register envelope.Digest, upTo int64, limit int) ([]exchange.LetterMark, error) {
	return s.letterMarks(ctx, selectSameNumber, viewer, issuer, register[:], upTo, limit)
}

// SameDocument implements [exchange.RegisterStore].
func (s *Store) SameDocument(ctx context.Context, viewer string, document envelope.Digest, upTo int64, limit int) ([]exchange.LetterMark, error) {
	return s.letterMarks(ctx, selectSameDocument, viewer, document[:], upTo, limit)
}

func (s *Store) letterMarks(ctx context.Context, query string, args ...any) ([]exchange.LetterMark, error) {
	return list(ctx, s, query, args, func(row scanner, m *exchange.LetterMark) error {
		return row.Scan(fixed(m.Key.ID[:]), &m.Key.Origin, &m.Received)
	})
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
