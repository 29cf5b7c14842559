package postgres

import (
	"context"
	"fmt"

	"lienthong/exchange"
)

const selectPassed = letterColumns + `WHERE passing > 0 AND passing <= $1 ORDER BY passing LIMIT $2`

// PassedThrough implements [exchange.RetentionStore].
func (s *Store) PassedThrough(ctx context.Context, upTo int64, limit int) ([]exchange.Letter, error) {
	return list(ctx, s, selectPassed, []any{upTo, limit}, scanLetter)
}

const (
	// erasable: letters of which nothing waits, and that nobody holds.
	erasable = ` WHERE envelope_id = $2 AND origin_node = $3
		AND NOT EXISTS (SELECT 1 FROM delivery x WHERE x.envelope_id = $2 AND x.origin_node = $3 AND x.state NOT IN (4, 6, 8, 9))
		AND NOT EXISTS (SELECT 1 FROM outbox x WHERE x.envelope_id = $2 AND x.origin_node = $3)
		AND NOT EXISTS (SELECT 1 FROM job x WHERE x.envelope_id = $2 AND x.origin_node = $3)
		AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.released = 0 AND ` + held + `)`
	eraseLetter = `UPDATE letter SET erased = $1, passing = 0` + erasable + ` AND erased = 0`
	// What an earlier erasure has kept, before the letter came once more, is the same.
	keepDigests = `INSERT INTO erased_file (letter, position, agency_id, digest, size, leaf_root)
		SELECT letter, position, agency_id, digest, size, leaf_root FROM letter_file
		WHERE letter = (SELECT n FROM letter WHERE envelope_id = $1 AND origin_node = $2) ON CONFLICT DO NOTHING`
	deleteLetterFiles = `DELETE FROM letter_file WHERE letter = (SELECT n FROM letter WHERE envelope_id = $1 AND origin_node = $2)`
	updatePassing     = `UPDATE letter SET passing = $1 WHERE envelope_id = $2 AND origin_node = $3 AND erased = 0`
	// Locked, so that no other replica erases it before this act is there.
	lockWhole = `SELECT 1 FROM letter WHERE envelope_id = $1 AND origin_node = $2 AND erased = 0 FOR SHARE`
)

// erase lets files of letters go. What another replica has begun with one of them, or to
// hold it, is not seen here; but both append to the journal, and the second one there begins
// anew.
func (a *act) erase() {
	for _, e := range a.Erase {
		id, origin := e.Letter.ID[:], e.Letter.Origin
		query, rest := eraseLetter, []string{keepDigests, deleteLetterFiles}
		if e.Text {
			query, rest = clearLetter, append(rest, clearRest...)
		}
		a.must(func() error {
			return fmt.Errorf("postgres: erase letter %s of %q: %w", e.Letter.ID, origin, exchange.ErrStale)
		}, query, a.now(), id, origin)
		for _, query := range rest {
			a.do(query, id, origin)
		}
	}
}

func (a *act) putPassings() {
	for _, p := range a.Passings {
		a.do(updatePassing, p.From, p.Letter.ID[:], p.Letter.Origin)
	}
}

func (a *act) needWhole() {
	for _, key := range a.Whole {
		a.must(func() error {
			return fmt.Errorf("postgres: letter %s of %q was erased: %w", key.ID, key.Origin, exchange.ErrStale)
		}, lockWhole, key.ID[:], key.Origin)
	}
}
