package exchange

import (
	"slices"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lienthong/envelope"
)

// A Suggestion is an agency whose code is near one that is not known.
type Suggestion struct {
	Agency envelope.AgencyRef
	Name   string
}

const (
	maxSuggestions = 3
	maxNear        = 3  // codes of one request for which anything is suggested
	maxAskedCode   = 60 // bytes of a code for which anything is suggested
)

// near finds the agencies with the codes nearest to one: at most two edits away (an edit is
// one character more, less, other, or two swapped); or those whose name has the words, for
// who types a name. It looks at every code, which takes some tens of milliseconds with a
// hundred thousand: it is for people who mistyped.
func (d *Directory) near(asked string, limit int) []Suggestion {
	if asked == "" || len(asked) > maxAskedCode {
		return nil
	}
	type candidate struct {
		agency   *envelope.Agency
		code     string
		distance int
	}
	var found []candidate
	want := []byte(strings.ToUpper(asked))
	for code, a := range d.codes {
		if a.Ended != 0 {
			continue
		}
		if n := distance(want, code, 2); n <= 2 {
			found = append(found, candidate{a, code, n})
		}
	}
	if words := strings.Fields(plain(asked)); len(found) == 0 && len(words) > 1 {
		for _, a := range d.Agencies {
			name := plain(a.Name)
			if a.Ended == 0 && len(a.Codes) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(name, w) }) {
				found = append(found, candidate{a, a.Codes[len(a.Codes)-1].Code, len(name)})
			}
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if found[i].distance != found[j].distance {
			return found[i].distance < found[j].distance
		}
		return found[i].code < found[j].code
	})
	var out []Suggestion
	for _, c := range found {
		if len(out) < limit && !slices.ContainsFunc(out, func(s Suggestion) bool { return s.Agency.ID == c.agency.ID }) {
			out = append(out, Suggestion{envelope.AgencyRef{ID: c.agency.ID, Code: c.code}, c.agency.Name})
		}
	}
	return out
}

// plain is text without marks, in lower case: people type names without them.
func plain(s string) string {
	var b strings.Builder
	for _, c := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case unicode.Is(unicode.Mn, c):
		case c == 'đ':
			b.WriteByte('d')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// distance is the number of edits (optimal string alignment) between two codes, or more
// than limit where it is more.
func distance(a []byte, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	var rows [3][maxAskedCode + 4]int
	before, last, now := &rows[0], &rows[1], &rows[2]
	for j := 0; j <= len(b); j++ {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
			least = min(least, now[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
