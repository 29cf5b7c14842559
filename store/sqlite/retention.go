package sqlite

import (
	"context"
	"fmt"

	"lienthong/exchange"
)

const selectPassed = letterColumns + `WHERE passing > 0 AND passing <= ? ORDER BY passing LIMIT 0+?`

// PassedThrough implements [exchange.RetentionStore].
func (s *Store) PassedThrough(ctx context.Context, upTo int64, limit int) ([]exchange.Letter, error) {
	return s.letters(ctx, selectPassed, upTo, limit)
}

const (
	// erasable: letters of which nothing waits, and that nobody holds.
	erasable = ` WHERE envelope_id = ?2 AND origin_node = ?3
		AND NOT EXISTS (SELECT 1 FROM delivery x WHERE x.envelope_id = ?2 AND x.origin_node = ?3 AND x.state NOT IN (4, 6, 8, 9))
		AND NOT EXISTS (SELECT 1 FROM outbox x WHERE x.envelope_id = ?2 AND x.origin_node = ?3)
		AND NOT EXISTS (SELECT 1 FROM job x WHERE x.envelope_id = ?2 AND x.origin_node = ?3)
		AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.released = 0 AND ` + held + `)`
	eraseLetter = `UPDATE letter SET erased = ?1, passing = 0` + erasable + ` AND erased = 0`
	// What an earlier erasure has kept, before the letter came once more, is the same.
	keepDigests = `INSERT INTO erased_file (letter, position, agency_id, digest, size, leaf_root)
		SELECT letter, position, agency_id, digest, size, leaf_root FROM letter_file
		WHERE letter = (SELECT n FROM letter WHERE envelope_id = ? AND origin_node = ?) ON CONFLICT DO NOTHING`
	deleteLetterFiles = `DELETE FROM letter_file WHERE letter = (SELECT n FROM letter WHERE envelope_id = ? AND origin_node = ?)`
	updatePassing     = `UPDATE letter SET passing = ? WHERE envelope_id = ? AND origin_node = ? AND erased = 0`
	selectWhole       = `SELECT 1 FROM letter WHERE envelope_id = ? AND origin_node = ? AND erased = 0`
)

// erase lets files of letters go.
func (a *act) erase() error {
	for _, e := range a.Erase {
		id, origin := e.Letter.ID[:], e.Letter.Origin
		query, rest := eraseLetter, []string{keepDigests, deleteLetterFiles}
		if e.Text {
			query, rest = clearLetter, append(rest, clearRest...)
		}
		n, err := a.exec(query, a.now(), id, origin)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("sqlite: erase letter %s of %q: %w", e.Letter.ID, origin, exchange.ErrStale)
		}
		for _, query := range rest {
			if err := a.do(query, id, origin); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *act) putPassings() error {
	for _, p := range a.Passings {
		if err := a.do(updatePassing, p.From, p.Letter.ID[:], p.Letter.Origin); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) needWhole() error {
	for _, key := range a.Whole {
		var one int
		found, err := a.one(selectWhole, []any{key.ID[:], key.Origin}, &one)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("sqlite: letter %s of %q was erased: %w", key.ID, key.Origin, exchange.ErrStale)
		}
	}
	return nil
}
