package postgres

import (
	"context"
	"math"
	"slices"
	"strings"

	"lienthong/exchange"
)

const filingColumns = `SELECT f.n, f.agency_id, f.way, f.id, l.envelope_id, l.origin_node, f.at, f.due, f.answer_by, f.dossier, f.words,
	f.status, f.acknowledged, f.finished, f.entered, f.year, f.number FROM `

// There is no index that is ordered by time and searched by words, so a search goes two
// ways. What is frequent is found among the newest; what is rare, by its words alone. What is
// neither, such as the words of one week long ago, is found by walking there.
const (
	selectNewestFilings = filingColumns + `(SELECT * FROM filing WHERE agency_id = $1 AND n < $2 ORDER BY n DESC LIMIT $3) f
		JOIN letter l ON l.n = f.letter WHERE (f.tokens @@ $4::text::tsquery) IS TRUE ORDER BY f.n DESC LIMIT $5`
	selectRareFilings = `SELECT n FROM filing WHERE tokens @@ $1::text::tsquery LIMIT $2`
	selectFilingsOf   = filingColumns + `filing f JOIN letter l ON l.n = f.letter WHERE f.n = ANY ($1::bigint[]) AND (f.agency_id = $2) IS TRUE ORDER BY f.n DESC LIMIT $3`
	selectBlank       = filingColumns + `filing f JOIN letter l ON l.n = f.letter WHERE f.words = '' ORDER BY f.n LIMIT $1`
)

const (
	nearby = 2000 // the newest rows that are looked at first
	rare   = 2000 // what is found more often than this is not rare
)

func scanFiling(row scanner, f *exchange.Filing) error {
	return row.Scan(unsigned{&f.N}, &f.Agency, &f.Way, fixed(f.ID[:]), fixed(f.Letter.ID[:]), &f.Letter.Origin, &f.At, &f.By, &f.AnswerBy, &f.Dossier, &f.Words,
		&f.Status, &f.Acknowledged, &f.Finished, &f.Entered, &f.Year, unsigned{&f.Number})
}

// FindFilings implements [exchange.FilingStore].
func (s *Store) FindFilings(ctx context.Context, agency string, terms []exchange.Term, before uint64, limit int) ([]exchange.Filing, error) {
	words, from := matching(terms), below(before)
	out, err := list(ctx, s, selectNewestFilings, []any{agency, from, nearby, words, limit}, scanFiling)
	if err != nil || len(out) == limit {
		return out, err
	}
	found, err := list(ctx, s, selectRareFilings, []any{words, rare + 1}, func(row scanner, n *int64) error { return row.Scan(n) })
	if err != nil {
		return nil, err
	}
	if len(found) > rare {
		return list(ctx, s, selectNewestFilings, []any{agency, from, int64(math.MaxInt64), words, limit}, scanFiling)
	}
	found = slices.DeleteFunc(found, func(n int64) bool { return n >= from })
	return list(ctx, s, selectFilingsOf, []any{found, agency, limit}, scanFiling)
}

// below is the number below which a list that goes down begins; 0 is the newest.
func below(n uint64) int64 {
	if n == 0 || n > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(n)
}

// matching is a tsquery. Words hold neither quotes nor backslashes.
func matching(terms []exchange.Term) string {
	var b strings.Builder
	for i, t := range terms {
		if i > 0 {
			b.WriteString(" & ")
		}
		b.WriteByte('(')
		for k, word := range t.Any {
			if k > 0 {
				b.WriteString(" | ")
			}
			b.WriteString("'" + strings.NewReplacer("'", "", `\`, "").Replace(word) + "'")
			if t.Prefix {
				b.WriteString(":*")
			}
		}
		b.WriteByte(')')
	}
	return b.String()
}

// BlankFilings implements [exchange.FilingStore].
func (s *Store) BlankFilings(ctx context.Context, limit int) ([]exchange.Filing, error) {
	return list(ctx, s, selectBlank, []any{limit}, scanFiling)
}

// FillFilings implements [exchange.FilingStore].
func (s *Store) FillFilings(ctx context.Context, filings []exchange.Filing) error {
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		for i := range filings {
			f := &filings[i]
			p.do(fillFiling, f.By, f.Dossier, f.Acknowledged, f.Finished, f.Words, f.ID[:], int64(f.Way))
			p.handOver(f)
			if f.Way == exchange.WayOut {
				p.do(updateSentState, f.ID[:], f.Letter.Origin)
			}
		}
		return &p
	})
	return err
}

const (
	insertFiling = `INSERT INTO filing (letter, agency_id, way, id, at, due, answer_by, dossier, status, acknowledged, finished, entered, year, number, words, state, copy)
		SELECT n, $1, $2, $3, $4, $5, $6, $7, 0, 0, 0, $8, 0, 0, $9, '` + exchange.StatusWord + `0', COALESCE((SELECT copy FROM delivery WHERE id = $3), 0) FROM letter WHERE envelope_id = $10 AND origin_node = $11
		ON CONFLICT DO NOTHING`
	fillFiling = `UPDATE filing SET due = $1, dossier = $2, acknowledged = greatest(acknowledged, $3), finished = greatest(finished, $4), words = $5
		WHERE id = $6 AND way = $7 AND length(words) = 0`
	updateReceivedState = `UPDATE filing SET status = $1, state = '` + exchange.StatusWord + `' || $1::bigint,
		acknowledged = CASE WHEN acknowledged = 0 THEN $2 ELSE acknowledged END, finished = CASE WHEN $3 AND finished = 0 THEN $2 ELSE finished END
		WHERE id = $4 AND way = 2 AND status <> $1`
	// The statuses of all recipients.
	updateSentState = `UPDATE filing SET state = s.state FROM (SELECT string_agg('` + exchange.StatusWord + `' || status, ' ' ORDER BY status) AS state
			FROM (SELECT DISTINCT status FROM delivery WHERE envelope_id = $1 AND origin_node = $2) d) s
		WHERE filing.id = $1 AND filing.way = 1 AND filing.state <> s.state`
)

func (a *act) putFilings() {
	for i := range a.Filings {
		f := &a.Filings[i]
		a.do(insertFiling, f.Agency, int64(f.Way), f.ID[:], f.At, f.By, f.AnswerBy, f.Dossier, f.Entered, f.Words, f.Letter.ID[:], f.Letter.Origin)
		a.handOver(f)
	}
}

// fileStatuses keeps filings at the status of their deliveries.
func (a *act) fileStatuses() {
	sent := map[exchange.LetterKey]bool{}
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		if d.Status == exchange.StatusRefused || d.Copy == exchange.CopyRecalled {
			a.do(reopenHandovers, d.ID[:])
		}
		if d.Status == 0 {
			continue
		}
		if d.Home {
			a.do(deleteClaim, d.ID[:])
			a.do(updateReceivedState, int64(d.Status), d.Updated, exchange.Finishes(d.Status), d.ID[:])
		}
		if d.From == "" {
			sent[d.Key.Letter()] = true
		}
	}
	for key := range sent {
		a.do(updateSentState, key.ID[:], key.Origin)
	}
}
