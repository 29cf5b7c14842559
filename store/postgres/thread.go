package postgres

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	selectThread = `SELECT ` + deliveryColumns + ` FROM delivery WHERE thread = $1 AND origin_agency_id = $2
		AND agency_id = $3 ORDER BY version, id`
	selectThreadAll = `SELECT ` + deliveryColumns + ` FROM delivery WHERE thread = $1 AND origin_agency_id = $2
		ORDER BY agency_id, version, id`
	selectAims = `SELECT target, agency_id, envelope_id, origin_node, origin_agency_id, kind, mode, expires FROM aim
		WHERE target = $1 AND agency_id = $2 ORDER BY envelope_id, origin_node`
	selectAllAims = `SELECT target, agency_id, envelope_id, origin_node, origin_agency_id, kind, mode, expires FROM aim
		WHERE target = $1 ORDER BY agency_id, envelope_id, origin_node`
	selectActive = `SELECT ` + deliveryColumns + ` FROM delivery
		WHERE agency_id = $1 AND home AND copy < 2 AND id < $2 ORDER BY id DESC LIMIT $3`
	selectIncomplete = `SELECT ` + deliveryColumns + ` FROM delivery
		WHERE copy = 1 AND reason = '' AND arrived <= $1 ORDER BY arrived LIMIT $2`
	// A row comes back only where what was decided is not so any more.
	sumThread = `SELECT 1 FROM delivery WHERE thread = $1 AND origin_agency_id = $2 AND agency_id = $3
		HAVING count(*) <> $4 OR coalesce(sum(revision), 0) <> $5`
	sumThreadAll = `SELECT 1 FROM delivery WHERE thread = $1 AND origin_agency_id = $2
		HAVING count(*) <> $3 OR coalesce(sum(revision), 0) <> $4`
	unseenAims   = `SELECT count(*) FROM aim WHERE target = $1 HAVING count(*) <> $2`
	unseenTarget = `SELECT 1 WHERE EXISTS (SELECT 1 FROM statement WHERE envelope_digest = $1 AND agency_id = $2) <> $3`
	insertAim    = `INSERT INTO aim (target, agency_id, envelope_id, origin_node, origin_agency_id, kind, mode, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`
)

// Thread implements [exchange.ThreadStore].
func (s *Store) Thread(ctx context.Context, agency string, thread envelope.ID, recipient string) ([]exchange.Delivery, error) {
	if recipient == "" {
		return s.deliveries(ctx, selectThreadAll, thread[:], agency)
	}
	return s.deliveries(ctx, selectThread, thread[:], agency, recipient)
}

// Aims implements [exchange.ThreadStore].
func (s *Store) Aims(ctx context.Context, target envelope.Digest, recipient string) ([]exchange.Aim, error) {
	query, args := selectAims, []any{target[:], recipient}
	if recipient == "" {
		query, args = selectAllAims, args[:1]
	}
	return list(ctx, s, query, args, func(row scanner, m *exchange.Aim) error {
		return row.Scan(fixed(m.Target[:]), &m.By.Recipient, fixed(m.By.ID[:]), &m.By.Origin, &m.Agency, &m.Kind, &m.Mode, &m.Expires)
	})
}

// ActiveInbox implements [exchange.ThreadStore].
func (s *Store) ActiveInbox(ctx context.Context, agency string, after envelope.ID, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectActive, agency, before(after), limit)
}

// Incomplete implements [exchange.ThreadStore].
func (s *Store) Incomplete(ctx context.Context, before int64, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectIncomplete, before, limit)
}

// putAims stores what recalls and replacements are aimed at. Whoever decided about an
// envelope must have seen what is aimed at it, and the other way round: of two that did
// not see one another the second is stale.
func (a *act) putAims() {
	if a.Letter != nil {
		a.none("an aim", unseenAims, a.Letter.Digest[:], int64(a.Aimed))
	}
	for _, m := range a.Aims {
		a.none("a target", unseenTarget, m.Target[:], m.By.Recipient, m.Known)
		a.do(insertAim, m.Target[:], m.By.Recipient, m.By.ID[:], m.By.Origin, m.Agency, int64(m.Kind), int64(m.Mode), m.Expires)
	}
}

// none adds a query that must give no row: else the act was decided without seeing what.
func (a *act) none(what, query string, args ...any) {
	a.each(func(scanner) error { return nil }, query, args...)
	a.steps[len(a.steps)-1].check = func(n int64) error {
		if n == 0 {
			return nil
		}
		return fmt.Errorf("postgres: %s was not seen when it was decided: %w", what, exchange.ErrStale)
	}
}

// checkThreads refuses what was decided over a thread that has changed since.
func (a *act) checkThreads() {
	for _, t := range a.Threads {
		if t.Recipient == "" {
			a.none("a thread", sumThreadAll, t.Thread[:], t.Agency, int64(t.Rows), int64(t.Revisions))
			continue
		}
		a.none("a thread", sumThread, t.Thread[:], t.Agency, t.Recipient, int64(t.Rows), int64(t.Revisions))
	}
}
