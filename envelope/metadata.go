package envelope

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A FieldProblem is a field of metadata that breaks a limit.
type FieldProblem struct {
	Field  string // name in the .proto, such as "to_places[3]"
	Reason string // REQUIRED, TOO_LONG, NOT_TEXT, NOT_A_DATE, IN_FUTURE, BEFORE_ISSUE, SECRET
	Text   string
}

// Problems checks the limits of QCVN 102:2016 and Decree 30/2020, Appendix VI, all
// at once. Lengths are in characters. today is the date in Vietnam (yyyy-mm-dd):
// nothing is issued in the future.
func (m *Metadata) Problems(today string) []FieldProblem {
	var out []FieldProblem
	add := func(field, reason, format string, args ...any) {
		out = append(out, FieldProblem{field, reason, fmt.Sprintf(format, args...)})
	}
	for _, f := range m.limits() {
		n := utf8.RuneCountInString(f.value)
		switch {
		case !clean(f.value):
			add(f.name, "NOT_TEXT", "holds control characters or is not UTF-8, want plain text: type it anew")
		case f.required && strings.TrimSpace(f.value) == "":
			add(f.name, "REQUIRED", "is empty, and is required: fill it in")
		case n > f.max:
			add(f.name, "TOO_LONG", "has %d characters, at most %d: shorten it", n, f.max)
		}
	}
	if m.IssuedDate != "" {
		if _, err := time.Parse(time.DateOnly, m.IssuedDate); err != nil {
			add("issued_date", "NOT_A_DATE", "is %.40q, want yyyy-mm-dd", m.IssuedDate)
		} else if m.IssuedDate > today {
			add("issued_date", "IN_FUTURE", "is %s, want a day not after today, %s", m.IssuedDate, today)
		}
	}
	if m.DueDate != "" {
		if _, err := time.Parse(time.DateOnly, m.DueDate); err != nil {
			add("due_date", "NOT_A_DATE", "is %.40q, want yyyy-mm-dd", m.DueDate)
		} else if m.IssuedDate != "" && m.DueDate < m.IssuedDate {
			add("due_date", "BEFORE_ISSUE", "is %s, want a day not before that of issue, %s", m.DueDate, m.IssuedDate)
		}
	}
	if strings.TrimSpace(m.Secrecy) != "" {
		add("secrecy", "SECRET", "is %.40q: documents with state secrets are not sent by this network; send it by the way that is meant for them", m.Secrecy)
	}
	if m.PageAmount > maxPages {
		add("page_amount", "TOO_LONG", "is %d, at most %d: put the number of pages of the main document", m.PageAmount, maxPages)
	}
	if len(m.ToPlaces) > MaxRecipients {
		add("to_places", "TOO_LONG", "has %d entries, at most %d: put several in one", len(m.ToPlaces), MaxRecipients)
	}
	return out
}

// maxPages fills the three digits that registers have for them.
const maxPages = 999

type textLimit struct {
	name, value string
	max         int
	required    bool
}

func (m *Metadata) limits() []textLimit {
	out := []textLimit{
		{"document_id", m.DocumentID, 200, false}, {"number", m.Number, 11, true}, {"symbol", m.Symbol, 30, true},
		{"subject", m.Subject, 500, true}, {"type_code", m.TypeCode, 10, false}, {"type_name", m.TypeName, 100, false},
		{"issued_date", m.IssuedDate, 10, true}, {"place", m.Place, 50, false}, {"due_date", m.DueDate, 10, false},
		{"signer.competence", m.Signer.Competence, 100, false}, {"signer.position", m.Signer.Position, 100, false},
		{"signer.full_name", m.Signer.FullName, 50, false}, {"dossier_code", m.DossierCode, 100, false}, {"summary", m.Summary, 500, false},
	}
	for i, place := range m.ToPlaces {
		if i == MaxRecipients {
			break
		}
		out = append(out, textLimit{fmt.Sprintf("to_places[%d]", i), place, 150, false})
	}
	return out
}

// clean reports whether s is text that every part of the network can carry.
func clean(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return false
		}
	}
	return true
}
