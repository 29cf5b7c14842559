package sqlite

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	selectThread = `SELECT ` + deliveryColumns + ` FROM delivery WHERE thread = ?1 AND origin_agency_id = ?2
		AND agency_id = ?3 ORDER BY version, id`
	selectThreadAll = `SELECT ` + deliveryColumns + ` FROM delivery WHERE thread = ?1 AND origin_agency_id = ?2
		ORDER BY agency_id, version, id`
	selectAims = `SELECT target, agency_id, envelope_id, origin_node, origin_agency_id, kind, mode, expires FROM aim
		WHERE target = ? AND agency_id = ? ORDER BY envelope_id, origin_node`
	selectAllAims = `SELECT target, agency_id, envelope_id, origin_node, origin_agency_id, kind, mode, expires FROM aim
		WHERE target = ? ORDER BY agency_id, envelope_id, origin_node`
	selectActive = `SELECT ` + deliveryColumns + ` FROM delivery
		WHERE agency_id = ? AND home = 1 AND copy < 2 AND id < ? ORDER BY id DESC LIMIT 0+?`
	selectIncomplete = `SELECT ` + deliveryColumns + ` FROM delivery
		WHERE copy = 1 AND reason = '' AND arrived <= ? ORDER BY arrived LIMIT 0+?`
	sumThread = `SELECT count(*), coalesce(sum(revision), 0) FROM delivery
		WHERE thread = ?1 AND origin_agency_id = ?2 AND agency_id = ?3`
	sumThreadAll = `SELECT count(*), coalesce(sum(revision), 0) FROM delivery WHERE thread = ?1 AND origin_agency_id = ?2`
	countAims    = `SELECT count(*) FROM aim WHERE target = ?`
	selectKnown  = `SELECT EXISTS (SELECT 1 FROM statement WHERE envelope_digest = ? AND agency_id = ?)`
)

// Thread implements [exchange.ThreadStore].
func (s *Store) Thread(ctx context.Context, agency string, thread envelope.ID, recipient string) ([]exchange.Delivery, error) {
	if recipient == "" {
		return s.deliveries(ctx, selectThreadAll, thread[:], agency)
	}
	return s.deliveries(ctx, selectThread, thread[:], agency, recipient)
}

// Aims implements [exchange.ThreadStore].
func (s *Store) Aims(ctx context.Context, target envelope.Digest, recipient string) (out []exchange.Aim, err error) {
	query, args := selectAims, []any{target[:], recipient}
	if recipient == "" {
		query, args = selectAllAims, args[:1]
	}
	err = s.all(ctx, query, args, func(row scanner) error {
		var m exchange.Aim
		err := row.Scan(fixed(m.Target[:]), &m.By.Recipient, fixed(m.By.ID[:]), &m.By.Origin, &m.Agency, &m.Kind, &m.Mode, &m.Expires)
		out = append(out, m)
		return err
	})
	return out, err
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
func (a *act) putAims() error {
	if a.Letter != nil {
		var n int
		if _, err := a.one(countAims, []any{a.Letter.Digest[:]}, &n); err != nil {
			return err
		}
		if n != a.Aimed {
			return fmt.Errorf("sqlite: letter %s is the aim of %d, not %d: %w", a.Letter.Key.ID, n, a.Aimed, exchange.ErrStale)
		}
	}
	for _, m := range a.Aims {
		var known bool
		if _, err := a.one(selectKnown, []any{m.Target[:], m.By.Recipient}, &known); err != nil {
			return err
		}
		if known != m.Known {
			return fmt.Errorf("sqlite: aim %s: known %t, not %t: %w", m.Target, known, m.Known, exchange.ErrStale)
		}
		if err := a.do(`INSERT INTO aim (target, agency_id, envelope_id, origin_node, origin_agency_id, kind, mode, expires)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			m.Target[:], m.By.Recipient, m.By.ID[:], m.By.Origin, m.Agency, int64(m.Kind), int64(m.Mode), m.Expires); err != nil {
			return err
		}
	}
	return nil
}

// checkThreads refuses what was decided over a thread that has changed since.
func (a *act) checkThreads() error {
	for _, t := range a.Threads {
		query, args := sumThread, []any{t.Thread[:], t.Agency, t.Recipient}
		if t.Recipient == "" {
			query, args = sumThreadAll, args[:2]
		}
		var rows int
		var revisions uint64
		if _, err := a.one(query, args, &rows, &revisions); err != nil {
			return err
		}
		if rows != t.Rows || revisions != t.Revisions {
			return fmt.Errorf("sqlite: thread %s has changed: %w", t.Thread, exchange.ErrStale)
		}
	}
	return nil
}
