package postgres

import (
	"context"
	"fmt"

	"lienthong/exchange"
)

const (
	numberColumns  = `SELECT id, agency_id, way, year, series, number, state, paper, note, by, reserved, changed, letter, reason, revision FROM number `
	selectSeries   = `SELECT agency_id, way, year, name, last, last_at FROM series WHERE agency_id = $1 AND way = $2 AND year = $3 ORDER BY name`
	selectNumber   = numberColumns + `WHERE agency_id = $1 AND way = $2 AND year = $3 AND series = $4 AND number = $5`
	selectNumbers  = numberColumns + `WHERE agency_id = $1 AND way = $2 AND year = $3 AND series = $4 AND number > $5 ORDER BY number LIMIT $6`
	selectRegister = filingColumns + `filing f JOIN letter l ON l.n = f.letter WHERE f.agency_id = $1 AND f.way = $2 AND f.entered > 0
		AND (f.entered, f.id) > ($3, $4) AND f.entered < $5 ORDER BY f.entered, f.id LIMIT $6`
)

func numberInto(n *exchange.Number) []any {
	return []any{fixed(n.ID[:]), &n.Agency, &n.Way, &n.Year, &n.Series, unsigned{&n.Number}, &n.State, &n.Paper, &n.Note, &n.By, &n.Reserved, &n.Changed,
		fixed(n.Letter[:]), &n.Reason, unsigned{&n.Revision}}
}

// SeriesOf implements [exchange.SeriesStore].
func (s *Store) SeriesOf(ctx context.Context, agency string, way exchange.Way, year int) ([]exchange.Series, error) {
	return list(ctx, s, selectSeries, []any{agency, int64(way), year}, func(row scanner, v *exchange.Series) error {
		return row.Scan(&v.Agency, &v.Way, &v.Year, &v.Name, unsigned{&v.Last}, &v.LastAt)
	})
}

// Number implements [exchange.SeriesStore].
func (s *Store) Number(ctx context.Context, series exchange.Series, number uint64) (n exchange.Number, err error) {
	err = s.must(ctx, name(fmt.Sprint(number)), selectNumber, []any{series.Agency, int64(series.Way), series.Year, series.Name, int64(number)}, numberInto(&n)...)
	return n, err
}

// Numbers implements [exchange.SeriesStore].
func (s *Store) Numbers(ctx context.Context, series exchange.Series, after uint64, limit int) ([]exchange.Number, error) {
	return list(ctx, s, selectNumbers, []any{series.Agency, int64(series.Way), series.Year, series.Name, int64(after), limit}, func(row scanner, n *exchange.Number) error { return row.Scan(numberInto(n)...) })
}

// Register implements [exchange.SeriesStore].
func (s *Store) Register(ctx context.Context, agency string, way exchange.Way, from, until int64, after exchange.Mark, limit int) ([]exchange.Filing, error) {
	if after.At < from {
		after = exchange.Mark{At: from - 1, ID: newest}
	}
	return list(ctx, s, selectRegister, []any{agency, int64(way), after.At, after.ID[:], until, limit}, scanFiling)
}

const (
	// A series may be new, or be in use without a number.
	firstOfSeries = `INSERT INTO series AS s (agency_id, way, year, name, last, last_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (agency_id, way, year, name) DO UPDATE SET last = excluded.last, last_at = excluded.last_at WHERE s.last = 0`
	nextOfSeries = `UPDATE series SET last = $5, last_at = $6 WHERE agency_id = $1 AND way = $2 AND year = $3 AND name = $4 AND last = $7`
	updateNumber = `UPDATE number SET state = $1, changed = $2, letter = $3, reason = $4, revision = revision + 1 WHERE id = $5 AND revision = $6`
	insertNumber = `INSERT INTO number (id, agency_id, way, year, series, number, state, paper, note, by, reserved, changed, letter, reason, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1) ON CONFLICT DO NOTHING`
	updateEntered = `UPDATE filing SET year = $1, number = $2, entered = $3 WHERE id = $4 AND way = 2 AND number = 0`
)

// stale is what a statement means that changed nothing.
func stale(format string, args ...any) func() error {
	return func() error { return fmt.Errorf("postgres: "+format+": %w", append(args, exchange.ErrStale)...) }
}

func (a *act) stepSeries() {
	for _, s := range a.Series {
		args := []any{s.Agency, int64(s.Way), s.Year, s.Name, int64(s.Last), s.LastAt}
		query := firstOfSeries
		if s.From > 0 {
			query, args = nextOfSeries, append(args, int64(s.From))
		}
		a.must(stale("series %q of %d is not at %d", s.Name, s.Year, s.From), query, args...)
	}
}

func (a *act) putNumbers() {
	for i := range a.Numbers {
		v := &a.Numbers[i]
		query, args := updateNumber, []any{int64(v.State), v.Changed, v.Letter[:], v.Reason, v.ID[:], int64(v.Revision)}
		if v.Revision == 0 {
			query, args = insertNumber, []any{v.ID[:], v.Agency, int64(v.Way), v.Year, v.Series, int64(v.Number), int64(v.State), v.Paper, v.Note, v.By,
				v.Reserved, v.Changed, v.Letter[:], v.Reason}
		}
		a.must(stale("number %d of series %q at revision %d", v.Number, v.Series, v.Revision), query, args...)
	}
}

func (a *act) putEntered() {
	for _, e := range a.Entered {
		a.must(stale("delivery %s is in the register", e.ID), updateEntered, e.Year, int64(e.Number), e.At, e.ID[:])
	}
}
