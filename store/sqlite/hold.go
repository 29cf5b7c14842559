package sqlite

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	// held: the hold h keeps the letter ?2 of ?3.
	held = `(h.kind = 1 AND h.subject = ?2 AND h.origin_node = ?3
		OR h.kind = 2 AND EXISTS (SELECT 1 FROM delivery x WHERE x.envelope_id = ?2 AND x.origin_node = ?3 AND x.thread = h.subject AND x.origin_agency_id = h.agency_id)
		OR h.kind = 3 AND EXISTS (SELECT 1 FROM letter x WHERE x.envelope_id = ?2 AND x.origin_node = ?3 AND x.agency_id = h.agency_id)
		OR h.kind = 3 AND EXISTS (SELECT 1 FROM delivery x WHERE x.envelope_id = ?2 AND x.origin_node = ?3 AND x.agency_id = h.agency_id))`

	holdColumns       = `h.id, h.kind, h.subject, h.origin_node, h.agency_id, h.reason, h.by, h.placed, h.released, h.released_by, h.release_reason, h.revision`
	selectHold        = `SELECT ` + holdColumns + ` FROM legal_hold h WHERE h.id = ?`
	selectHolds       = `SELECT ` + holdColumns + ` FROM legal_hold h WHERE h.id < ? ORDER BY h.id DESC LIMIT 0+?`
	selectActiveHolds = `SELECT ` + holdColumns + ` FROM legal_hold h WHERE h.released = 0 AND h.id < ? ORDER BY h.id DESC LIMIT 0+?`
	selectHeldBy      = `SELECT ` + holdColumns + ` FROM legal_hold h WHERE h.released = ?1 AND ` + held

	// A letter or thread must have its text.
	insertHold = `INSERT INTO legal_hold (id, kind, subject, origin_node, agency_id, reason, by, placed, released, released_by, release_reason, revision)
		SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, '', '', 1 WHERE ?2 = 3
			OR ?2 = 1 AND EXISTS (SELECT 1 FROM letter WHERE envelope_id = ?3 AND origin_node = ?4 AND cleared = 0)
			OR ?2 = 2 AND EXISTS (SELECT 1 FROM delivery d JOIN letter l ON l.envelope_id = d.envelope_id AND l.origin_node = d.origin_node
				WHERE d.thread = ?3 AND d.origin_agency_id = ?5 AND l.cleared = 0)
		ON CONFLICT DO NOTHING`
	releaseHold = `UPDATE legal_hold SET released = ?, released_by = ?, release_reason = ?, revision = revision + 1
		WHERE id = ? AND revision = ? AND released = 0`
)

func (s *Store) holds(ctx context.Context, query string, args ...any) (out []exchange.LegalHold, err error) {
	err = s.all(ctx, query, args, func(row scanner) error {
		var h exchange.LegalHold
		var subject envelope.ID
		err := row.Scan(fixed(h.ID[:]), &h.Kind, fixed(subject[:]), &h.Letter.Origin, &h.Agency, &h.Reason, &h.By, &h.Placed,
			&h.Released, &h.ReleasedBy, &h.ReleaseReason, unsigned{&h.Revision})
		switch h.Kind {
		case exchange.HoldLetter:
			h.Letter.ID = subject
		case exchange.HoldThread:
			h.Thread = subject
		}
		out = append(out, h)
		return err
	})
	return out, err
}

// LegalHold implements [exchange.HoldStore].
func (s *Store) LegalHold(ctx context.Context, id envelope.ID) (exchange.LegalHold, error) {
	list, err := s.holds(ctx, selectHold, id[:])
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("sqlite: hold %s: %w", id, exchange.ErrNotFound)
	}
	if err != nil {
		return exchange.LegalHold{}, err
	}
	return list[0], nil
}

// LegalHolds implements [exchange.HoldStore].
func (s *Store) LegalHolds(ctx context.Context, active bool, after envelope.ID, limit int) ([]exchange.LegalHold, error) {
	if active {
		return s.holds(ctx, selectActiveHolds, before(after), limit)
	}
	return s.holds(ctx, selectHolds, before(after), limit)
}

// HeldBy implements [exchange.HoldStore].
func (s *Store) HeldBy(ctx context.Context, key exchange.LetterKey) ([]exchange.LegalHold, error) {
	return s.holds(ctx, selectHeldBy, 0, key.ID[:], key.Origin)
}

func (a *act) putHolds() error {
	for i := range a.Holds {
		n, err := a.putHold(&a.Holds[i])
		if err == nil && n == 0 {
			err = fmt.Errorf("sqlite: hold %s: %w", a.Holds[i].ID, exchange.ErrStale)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *act) putHold(h *exchange.LegalHold) (int64, error) {
	if h.Revision > 0 {
		return a.exec(releaseHold, h.Released, h.ReleasedBy, h.ReleaseReason, h.ID[:], int64(h.Revision))
	}
	subject := h.Letter.ID
	if h.Kind == exchange.HoldThread {
		subject = h.Thread
	}
	return a.exec(insertHold, h.ID[:], int64(h.Kind), subject[:], h.Letter.Origin, h.Agency, h.Reason, h.By, h.Placed)
}
