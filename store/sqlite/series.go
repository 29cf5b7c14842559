package sqlite

import (
	"context"
	"fmt"

	"lienthong/exchange"
)

const (
	numberColumns  = `SELECT id, agency_id, way, year, series, number, state, paper, note, by, reserved, changed, letter, reason, revision FROM number `
	selectSeries   = `SELECT agency_id, way, year, name, last, last_at FROM series WHERE agency_id = ? AND way = ? AND year = ? ORDER BY name`
	selectNumber   = numberColumns + `WHERE agency_id = ? AND way = ? AND year = ? AND series = ? AND number = ?`
	selectNumbers  = numberColumns + `WHERE agency_id = ? AND way = ? AND year = ? AND series = ? AND number > ? ORDER BY number LIMIT 0+?`
	selectRegister = `SELECT ` + filingColumns + ` FROM filing f CROSS JOIN letter l ON l.n = f.letter WHERE f.agency_id = ? AND f.way = ? AND f.entered > 0
		AND (f.entered, f.id) > (?, ?) AND f.entered < ? ORDER BY f.entered, f.id LIMIT 0+?`
)

func numberInto(n *exchange.Number) []any {
	return []any{fixed(n.ID[:]), &n.Agency, &n.Way, &n.Year, &n.Series, unsigned{&n.Number}, &n.State, &n.Paper, &n.Note, &n.By, &n.Reserved, &n.Changed,
		fixed(n.Letter[:]), &n.Reason, unsigned{&n.Revision}}
}

// SeriesOf implements [exchange.SeriesStore].
func (s *Store) SeriesOf(ctx context.Context, agency string, way exchange.Way, year int) (out []exchange.Series, err error) {
	err = s.all(ctx, selectSeries, []any{agency, int64(way), year}, func(row scanner) error {
		var v exchange.Series
		err := row.Scan(&v.Agency, &v.Way, &v.Year, &v.Name, unsigned{&v.Last}, &v.LastAt)
		out = append(out, v)
		return err
	})
	return out, err
}

// Number implements [exchange.SeriesStore].
func (s *Store) Number(ctx context.Context, series exchange.Series, number uint64) (n exchange.Number, err error) {
	err = s.must(ctx, name(fmt.Sprint(number)), selectNumber, []any{series.Agency, int64(series.Way), series.Year, series.Name, int64(number)}, numberInto(&n)...)
	return n, err
}

// Numbers implements [exchange.SeriesStore].
func (s *Store) Numbers(ctx context.Context, series exchange.Series, after uint64, limit int) (out []exchange.Number, err error) {
	err = s.all(ctx, selectNumbers, []any{series.Agency, int64(series.Way), series.Year, series.Name, int64(after), limit}, func(row scanner) error {
		var n exchange.Number
		err := row.Scan(numberInto(&n)...)
		out = append(out, n)
		return err
	})
	return out, err
}

// Register implements [exchange.SeriesStore].
func (s *Store) Register(ctx context.Context, agency string, way exchange.Way, from, until int64, after exchange.Mark, limit int) ([]exchange.Filing, error) {
	if after.At < from {
		after = exchange.Mark{At: from - 1, ID: newest}
	}
	return s.filings(ctx, selectRegister, agency, int64(way), after.At, after.ID[:], until, limit)
}

const (
	// A series may be new, or be in use without a number.
	firstOfSeries = `INSERT INTO series (agency_id, way, year, name, last, last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT DO UPDATE SET last = excluded.last, last_at = excluded.last_at WHERE last = 0`
	nextOfSeries = `UPDATE series SET last = ?5, last_at = ?6 WHERE agency_id = ?1 AND way = ?2 AND year = ?3 AND name = ?4 AND last = ?7`
	updateNumber = `UPDATE number SET state = ?, changed = ?, letter = ?, reason = ?, revision = revision + 1 WHERE id = ? AND revision = ?`
	insertNumber = `INSERT INTO number (id, agency_id, way, year, series, number, state, paper, note, by, reserved, changed, letter, reason, revision)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`
	updateEntered = `UPDATE filing SET year = ?, number = ?, entered = ? WHERE id = ? AND way = 2 AND number = 0`
)

// stale makes an error of a statement that changed nothing.
func stale(n int64, err error, format string, args ...any) error {
	if err == nil && n == 0 {
		err = fmt.Errorf("sqlite: "+format+": %w", append(args, exchange.ErrStale)...)
	}
	return err
}

func (a *act) stepSeries() error {
	for _, s := range a.Series {
		args := []any{s.Agency, int64(s.Way), s.Year, s.Name, int64(s.Last), s.LastAt}
		query := firstOfSeries
		if s.From > 0 {
			query, args = nextOfSeries, append(args, int64(s.From))
		}
		n, err := a.exec(query, args...)
		if err := stale(n, err, "series %q of %d is not at %d", s.Name, s.Year, s.From); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) putNumbers() error {
	for i := range a.Numbers {
		v := &a.Numbers[i]
		query, args := updateNumber, []any{int64(v.State), v.Changed, v.Letter[:], v.Reason, v.ID[:], int64(v.Revision)}
		if v.Revision == 0 {
			query, args = insertNumber, []any{v.ID[:], v.Agency, int64(v.Way), v.Year, v.Series, int64(v.Number), int64(v.State), v.Paper, v.Note, v.By,
				v.Reserved, v.Changed, v.Letter[:], v.Reason}
		}
		n, err := a.exec(query, args...)
		if err := stale(n, err, "number %d of series %q at revision %d", v.Number, v.Series, v.Revision); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) putEntered() error {
	for _, e := range a.Entered {
		n, err := a.exec(updateEntered, e.Year, int64(e.Number), e.At, e.ID[:])
		if err := stale(n, err, "delivery %s is in the register", e.ID); err != nil {
			return err
		}
	}
	return nil
}
