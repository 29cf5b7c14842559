package sqlite

import (
	"context"
	"math"
	"slices"
	"strings"

	"lienthong/exchange"
)

const filingColumns = `f.n, f.agency_id, f.way, f.id, l.envelope_id, l.origin_node, f.at, f.due, f.answer_by, f.dossier, f.words,
	f.status, f.acknowledged, f.finished, f.entered, f.year, f.number`

const (
	// The words lead, and are read from the highest row down.
	selectFilings = `SELECT ` + filingColumns + ` FROM filing_words w CROSS JOIN filing f ON f.n = w.rowid CROSS JOIN letter l ON l.n = f.letter
		WHERE w.filing_words MATCH ? AND w.rowid < ? AND f.agency_id = ? ORDER BY w.rowid DESC LIMIT 0+?`
	selectNewestFilings = `SELECT ` + filingColumns + `, f.state FROM filing f CROSS JOIN letter l ON l.n = f.letter
		WHERE f.agency_id = ? AND f.n < ? ORDER BY f.n DESC LIMIT 0+?`
	selectBlankFilings = `SELECT ` + filingColumns + ` FROM filing f CROSS JOIN letter l ON l.n = f.letter WHERE f.words = '' ORDER BY f.n LIMIT 0+?`
)

func filingInto(f *exchange.Filing) []any {
	return []any{unsigned{&f.N}, &f.Agency, &f.Way, fixed(f.ID[:]), fixed(f.Letter.ID[:]), &f.Letter.Origin, &f.At, &f.By, &f.AnswerBy, &f.Dossier, &f.Words,
		&f.Status, &f.Acknowledged, &f.Finished, &f.Entered, &f.Year, unsigned{&f.Number}}
}

func (s *Store) filings(ctx context.Context, query string, args ...any) (out []exchange.Filing, err error) {
	err = s.all(ctx, query, args, func(row scanner) error {
		var f exchange.Filing
		err := row.Scan(filingInto(&f)...)
		out = append(out, f)
		return err
	})
	return out, err
}

// FindFilings implements [exchange.FilingStore].
func (s *Store) FindFilings(ctx context.Context, agency string, terms []exchange.Term, before uint64, limit int) ([]exchange.Filing, error) {
	if slices.ContainsFunc(terms, func(t exchange.Term) bool { return t.Prefix }) {
		out, err := s.newestFilings(ctx, agency, terms, before, limit)
		if err != nil || len(out) == limit {
			return out, err
		}
	}
	return s.filings(ctx, selectFilings, matching(terms), below(before), agency, limit)
}

// nearby is how many of the newest rows are looked at first where there is a prefix: the
// index gathers all that begins so before it gives any.
const nearby = 1000

// newestFilings finds what the newest rows hold of it, at most limit.
func (s *Store) newestFilings(ctx context.Context, agency string, terms []exchange.Term, before uint64, limit int) (out []exchange.Filing, err error) {
	err = s.all(ctx, selectNewestFilings, []any{agency, below(before), nearby}, func(row scanner) error {
		var f exchange.Filing
		var state string
		if err := row.Scan(append(filingInto(&f), &state)...); err != nil {
			return err
		}
		if len(out) < limit && f.Words != "" && holds(" "+f.Words+" "+state+" ", terms) {
			out = append(out, f)
		}
		return nil
	})
	return out, err
}

// holds reports whether words, with spaces around each, hold all terms.
func holds(words string, terms []exchange.Term) bool {
	for _, t := range terms {
		if !slices.ContainsFunc(t.Any, func(word string) bool {
			if !t.Prefix {
				word += " "
			}
			return strings.Contains(words, " "+word)
		}) {
			return false
		}
	}
	return true
}

// below is the number below which a list that goes down begins; 0 is the newest.
func below(n uint64) int64 {
	if n == 0 || n > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(n)
}

// matching is a query of FTS5. Words hold neither quotes nor spaces.
func matching(terms []exchange.Term) string {
	var b strings.Builder
	for i, t := range terms {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteByte('(')
		for k, word := range t.Any {
			if k > 0 {
				b.WriteString(" OR ")
			}
			b.WriteString(`"` + strings.ReplaceAll(word, `"`, "") + `"`)
			if t.Prefix {
				b.WriteByte('*')
			}
		}
		b.WriteByte(')')
	}
	return b.String()
}

// BlankFilings implements [exchange.FilingStore].
func (s *Store) BlankFilings(ctx context.Context, limit int) ([]exchange.Filing, error) {
	return s.filings(ctx, selectBlankFilings, limit)
}

// FillFilings implements [exchange.FilingStore].
func (s *Store) FillFilings(ctx context.Context, list []exchange.Filing) error {
	_, err := s.writer.do(ctx, func(t *tx) error {
		for i := range list {
			f := &list[i]
			if err := t.refile(`UPDATE filing SET due = ?, dossier = ?, acknowledged = max(acknowledged, ?), finished = max(finished, ?), words = ?
				WHERE id = ? AND way = ? AND words = '' RETURNING n`,
				f.By, f.Dossier, f.Acknowledged, f.Finished, f.Words, f.ID[:], int64(f.Way)); err != nil {
				return err
			}
			if err := t.handOver(f); err != nil {
				return err
			}
			if f.Way == exchange.WayOut {
				if err := t.refile(updateSentState, f.ID[:], f.Letter.Origin); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return err
}

// refile runs a statement that returns the numbers of filings whose words it has
// changed: they are indexed when the batch ends, since each savepoint would write what
// the index has gathered.
func (t *tx) refile(query string, args ...any) error {
	return t.all(query, args, func(row scanner) error {
		var n int64
		err := row.Scan(&n)
		t.w.filed = append(t.w.filed, n)
		return err
	})
}

// index puts the words of what a batch has filed into the index. What failed and was
// undone is not there to be put.
func (w *writer) index() error {
	slices.Sort(w.filed)
	for _, n := range slices.Compact(w.filed) {
		if err := w.exec(`INSERT OR REPLACE INTO filing_words (rowid, words) SELECT n, words || ' ' || state FROM filing WHERE n = ? AND words <> ''`, n); err != nil {
			return err
		}
	}
	w.filed = w.filed[:0]
	return nil
}

const (
	insertFiling = `INSERT INTO filing (letter, agency_id, way, id, at, due, answer_by, dossier, status, acknowledged, finished, entered, year, number, words, state, copy)
		SELECT n, ?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, 0, ?8, 0, 0, ?9, '` + exchange.StatusWord + `0', coalesce((SELECT copy FROM delivery WHERE id = ?3), 0) FROM letter WHERE envelope_id = ?10 AND origin_node = ?11
		ON CONFLICT (id, way) DO NOTHING RETURNING n`
	updateReceivedState = `UPDATE filing SET status = ?1, state = '` + exchange.StatusWord + `' || ?1,
		acknowledged = iif(acknowledged = 0, ?2, acknowledged), finished = iif(?3 AND finished = 0, ?2, finished)
		WHERE id = ?4 AND way = 2 AND status <> ?1 RETURNING n`
	// The statuses of all recipients.
	updateSentState = `UPDATE filing SET state = s.state FROM (SELECT group_concat('` + exchange.StatusWord + `' || status, ' ') AS state
			FROM (SELECT DISTINCT status FROM delivery WHERE envelope_id = ?1 AND origin_node = ?2 ORDER BY status)) s
		WHERE filing.id = ?1 AND filing.way = 1 AND filing.state <> s.state RETURNING n`
)

func (a *act) putFilings() error {
	for i := range a.Filings {
		f := &a.Filings[i]
		if err := a.refile(insertFiling, f.Agency, int64(f.Way), f.ID[:], f.At, f.By, f.AnswerBy, f.Dossier, f.Entered, f.Words, f.Letter.ID[:], f.Letter.Origin); err != nil {
			return err
		}
		if err := a.handOver(f); err != nil {
			return err
		}
	}
	return nil
}

// fileStatuses keeps filings at the status of their deliveries.
func (a *act) fileStatuses() error {
	sent := map[exchange.LetterKey]bool{}
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		if d.Status == exchange.StatusRefused || d.Copy == exchange.CopyRecalled {
			if err := a.do(reopenHandovers, d.ID[:]); err != nil {
				return err
			}
		}
		if d.Status == 0 {
			continue
		}
		if d.Home {
			if err := a.do(deleteClaim, d.ID[:]); err != nil {
				return err
			}
			if err := a.refile(updateReceivedState, int64(d.Status), d.Updated, exchange.Finishes(d.Status), d.ID[:]); err != nil {
				return err
			}
		}
		if d.From == "" {
			sent[d.Key.Letter()] = true
		}
	}
	for key := range sent {
		if err := a.refile(updateSentState, key.ID[:], key.Origin); err != nil {
			return err
		}
	}
	return nil
}
