package signer_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"lienthong/signer"
)

var (
	asciiWord = regexp.MustCompile(`[\p{L}]+`)
	goQuoted  = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	// ownToken is a name that is the same in every language: a key of the format, a
	// name with points, strokes, digits or capitals in it, an OID, a digest.
	ownToken = regexp.MustCompile(`/[^\s,;:)]+|[^\s,;:()]*[.\d_/\[][^\s,;:()]*|\w*[a-z][A-Z]\w*|\w*[A-Z]{2}[a-z]\w*|\b[A-Z]{2,}\b`)
)

// bothLanguages are Vietnamese words that are spelled as English ones, and units.
var bothLanguages = regexp.MustCompile(`^(?:an|bit|byte|do|in|so|Sig)$`)

// englishWords are the words of the English texts that the Vietnamese ones do without.
var englishWords = sync.OnceValue(func() map[string]bool {
	words := make(map[string]bool)
	for _, row := range signer.TextRows() {
		for _, w := range asciiWord.FindAllString(ownToken.ReplaceAllString(row.English, " "), -1) {
			if len(w) > 1 && !bothLanguages.MatchString(w) {
				words[w] = true
			}
		}
	}
	return words
})

// english are the English words of a Vietnamese text, outside of what is technical,
// quoted, or a name.
func english(text string) (found []string) {
	text, _, _ = strings.Cut(text, signer.Technical)
	text = ownToken.ReplaceAllString(goQuoted.ReplaceAllString(text, " "), " ")
	for _, w := range asciiWord.FindAllString(text, -1) {
		if englishWords()[w] {
			found = append(found, w)
		}
	}
	return found
}

func TestTablesAreVietnamese(t *testing.T) {
	t.Parallel()
	if n := len(englishWords()); n < 200 {
		t.Fatalf("%d English words", n)
	}
	if found := english(`the certificate of "x" was revoked`); len(found) != 5 {
		t.Fatalf("found %q: does this test see English?", found)
	}
	for _, row := range signer.TextRows() {
		if found := english(place.ReplaceAllString(row.Vietnamese, " ")); len(found) > 0 {
			t.Errorf("%s: %q in %q", row.Code, found, row.Vietnamese)
		}
	}
}

// checkVietnamese holds a report to be Vietnamese in all that it says. Every report that
// the tests of this package make comes here: of sound letters, of attacks, of corpora.
func checkVietnamese(t testing.TB, r *signer.Report) {
	t.Helper()
	lists := [][]signer.Finding{r.Findings}
	for _, of := range [][]signer.Signature{r.Signatures, r.Timestamps} {
		for i := range of {
			lists = append(lists, of[i].Findings)
		}
	}
	for _, list := range lists {
		for _, f := range list {
			text := f.Text(signer.Vietnamese)
			if f.Detail != "" && f.Code == "" || strings.HasPrefix(text, signer.Technical) {
				t.Errorf("finding %s has no Vietnamese: %q", f.Name, f.Detail)
			}
			if found := english(withoutNames(text, f.Params)); len(found) > 0 {
				t.Errorf("finding %s, text %s: English words %q in %q", f.Name, f.Code, found, text)
			}
		}
	}
}

// withoutNames leaves the names of fields, which the file gives, out of a text.
func withoutNames(text string, params []signer.Param) string {
	for _, p := range params {
		if p.Name == "name" && p.Code == "" && p.Value != "" {
			text = strings.ReplaceAll(text, p.Value, " ")
		}
		text = withoutNames(text, p.Params)
	}
	return text
}
