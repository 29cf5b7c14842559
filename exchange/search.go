package exchange

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange/notation"
)

// A SearchRequest asks for documents in the registers of an agency. What is empty does
// not matter; what is given must all hold.
type SearchRequest struct {
	Agency   string // id or code
	Text     string // words of number, symbol, subject, type, signer …, with or without accents; one with * behind it begins so
	Number   string // exactly, but for zeros before it
	Symbol   string // exactly, but for case and accents
	Other    string // id or code of the agency from which it came, or one to which it went
	From, To string // dates of issue, yyyy-mm-dd, both included
	TypeCode string // exactly
	Dossier  string // exactly
	Status   uint32 // of what came, or of any recipient of what was sent
	Way      Way    // 0: both
}

// A Found is a document that was found.
type Found struct {
	Filing  Filing
	Route   envelope.Route
	Content envelope.Content
}

// maxSearchWords bounds what is searched for at once.
const maxSearchWords = 32

// Search lists the documents of an agency that are as asked, the newest first, with an N
// below before (0: from the newest).
func (s *Service) Search(ctx context.Context, req SearchRequest, before uint64, limit int) ([]Found, error) {
	a, err := s.agencyOf(req.Agency)
	if err != nil {
		return nil, err
	}
	terms, bad := s.searchTerms(a.ID, &req)
	if len(bad) > 0 {
		return nil, &Error{Code: Invalid, Reason: "BAD_SEARCH", Text: "this cannot be searched for", Fields: bad}
	}
	rows, err := s.cfg.Store.FindFilings(ctx, a.ID, terms, before, page(limit))
	if err != nil {
		return nil, err
	}
	return s.found(ctx, rows)
}

func (n *Node) found(ctx context.Context, rows []Filing) ([]Found, error) {
	out := make([]Found, 0, len(rows))
	for _, f := range rows {
		letter, err := n.cfg.Store.Letter(ctx, f.Letter)
		if err != nil {
			return nil, err
		}
		doc, err := opened(letter)
		if err != nil {
			return nil, err
		}
		out = append(out, Found{f, doc.Route, doc.Content})
	}
	return out, nil
}

// searchTerms are all that must hold, whose register it is first.
func (n *Node) searchTerms(agency string, req *SearchRequest) (terms []Term, bad []Field) {
	add := func(words ...string) { terms = append(terms, Term{Any: words}) }
	switch req.Way {
	case 0:
		add(hashed(termAgency, agency))
	case WayOut:
		add(hashed(termOut, agency))
	case WayIn:
		add(hashed(termIn, agency))
	default:
		bad = append(bad, Field{"direction", "UNKNOWN", fmt.Sprintf("is %d, want 1 (sent) or 2 (came)", req.Way)})
	}
	if req.Other != "" {
		other, known := n.Directory().Agency(req.Other)
		if !known {
			bad = append(bad, Field{"counterpart", "UNKNOWN_AGENCY", fmt.Sprintf("%.80q is not in the directory", req.Other)})
		}
		add(hashed(termOther, other.ID))
	}
	if req.Number != "" {
		add(numberTerm(req.Number))
	}
	if req.Symbol != "" {
		add(symbolTerm(req.Symbol))
	}
	if req.TypeCode != "" {
		add(hashed(termType, notation.Clean(req.TypeCode)))
	}
	if req.Dossier != "" {
		add(hashed(termDossier, notation.Clean(req.Dossier)))
	}
	if req.Status != 0 {
		add(fmt.Sprintf("%s%d", StatusWord, req.Status))
	}
	words, problem := textTerms(req.Text)
	terms, bad = append(terms, words...), append(bad, problem...)
	dates, problem := dateTerm(req.From, req.To, n.cfg.Now())
	return append(terms, dates...), append(bad, problem...)
}

// textTerms are the words of a text, each of which must be there.
func textTerms(text string) (out []Term, bad []Field) {
	for _, field := range strings.Fields(text) {
		words := notation.Words(field)
		for i, word := range words {
			if i > 0 && strings.TrimLeft(words[i-1], "0") == word {
				continue // 05 is found as it is; whoever means 5 writes 5
			}
			out = append(out, Term{Any: []string{word}, Prefix: i == len(words)-1 && strings.HasSuffix(field, "*")})
		}
	}
	if len(out) > maxSearchWords {
		bad = []Field{{"text", "TOO_LONG", fmt.Sprintf("has %d words, at most %d", len(out), maxSearchWords)}}
	} else if len(out) == 0 && strings.TrimSpace(text) != "" {
		bad = []Field{{"text", "NO_WORDS", fmt.Sprintf("%.80q holds no letter and no digit", text)}}
	}
	return out, bad
}

// oldest is the year before which no document is looked for where no date is given.
const oldest = 1945

// dateTerm covers a range of dates by years, months and days: a few dozen words at most
// but for the years.
func dateTerm(from, to string, now time.Time) ([]Term, []Field) {
	if from == "" && to == "" {
		return nil, nil
	}
	first, last := time.Date(oldest, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(now.Year()+1, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, d := range []struct {
		field, text string
		to          *time.Time
	}{{"issued_from", from, &first}, {"issued_to", to, &last}} {
		if d.text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, d.text)
		if err != nil || day.Year() < oldest || day.Year() > now.Year()+100 {
			return nil, []Field{{d.field, "NOT_A_DATE", fmt.Sprintf("is %.40q, want yyyy-mm-dd, from %d on", d.text, oldest)}}
		}
		*d.to = day
	}
	if last.Before(first) {
		return nil, []Field{{"issued_to", "BEFORE_FROM", fmt.Sprintf("is %s, before issued_from, %s", to, from)}}
	}
	var words []string
	for day := first; !day.After(last); {
		year, month := day.AddDate(1, 0, 0), day.AddDate(0, 1, 0)
		switch {
		case day.YearDay() == 1 && !year.AddDate(0, 0, -1).After(last):
			words, day = append(words, termMark+termYear+day.Format("2006")), year
		case day.Day() == 1 && !month.AddDate(0, 0, -1).After(last):
			words, day = append(words, termMark+termMonth+day.Format("200601")), month
		default:
			words, day = append(words, termMark+termDay+day.Format("20060102")), day.AddDate(0, 0, 1)
		}
	}
	return []Term{{Any: words}}, nil
}
