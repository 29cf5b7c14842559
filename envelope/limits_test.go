package envelope

import (
	"fmt"
	"strings"
	"testing"
)

// Every field of metadata has the length that QCVN 102:2016 and Decree 30/2020, Appendix
// VI, give it, in characters and not in bytes. What is longer, missing or not text is
// refused by its own name, with what was found, what was wanted and what to do.
func TestMetadataLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		field    string
		most     int
		required bool
		text     func(*Metadata) *string
	}{
		{"document_id", 200, false, func(m *Metadata) *string { return &m.DocumentID }},
		{"number", 11, true, func(m *Metadata) *string { return &m.Number }},
		{"symbol", 30, true, func(m *Metadata) *string { return &m.Symbol }},
		{"subject", 500, true, func(m *Metadata) *string { return &m.Subject }},
		{"summary", 500, false, func(m *Metadata) *string { return &m.Summary }},
		{"type_code", 10, false, func(m *Metadata) *string { return &m.TypeCode }},
		{"type_name", 100, false, func(m *Metadata) *string { return &m.TypeName }},
		{"place", 50, false, func(m *Metadata) *string { return &m.Place }},
		{"signer.competence", 100, false, func(m *Metadata) *string { return &m.Signer.Competence }},
		{"signer.position", 100, false, func(m *Metadata) *string { return &m.Signer.Position }},
		{"signer.full_name", 50, false, func(m *Metadata) *string { return &m.Signer.FullName }},
		{"dossier_code", 100, false, func(m *Metadata) *string { return &m.DossierCode }},
		{"to_places[0]", 150, false, func(m *Metadata) *string { return &m.ToPlaces[0] }},
	} {
		t.Run(tt.field, func(t *testing.T) {
			t.Parallel()
			judge := func(value string) []FieldProblem {
				m := goldenContent().Metadata
				*tt.text(&m) = value
				return m.Problems("2026-11-21")
			}
			want := func(what string, got []FieldProblem, reason string, words ...string) {
				t.Helper()
				if len(got) != 1 || got[0].Field != tt.field || got[0].Reason != reason {
					t.Errorf("%s: %v, want %s %s alone", what, got, tt.field, reason)
					return
				}
				for _, w := range words {
					if !strings.Contains(got[0].Text, w) {
						t.Errorf("%s: %q does not say %q", what, got[0].Text, w)
					}
				}
			}
			if got := judge(strings.Repeat("ữ", tt.most)); len(got) > 0 {
				t.Errorf("%d characters: %v", tt.most, got)
			}
			want("one more", judge(strings.Repeat("ữ", tt.most+1)), "TOO_LONG", fmt.Sprint(tt.most+1), fmt.Sprint("at most ", tt.most), "shorten")
			want("a zero byte", judge("a\x00"), "NOT_TEXT", "control characters", "plain text", "type it anew")
			switch got := judge("\u00a0 "); {
			case tt.required:
				want("blank", got, "REQUIRED", "is empty", "required", "fill it in")
			case len(got) > 0:
				t.Errorf("blank: %v", got)
			}
		})
	}
}

// Dates and amounts have limits of their own.
func TestMetadataBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, field, reason string
		change              func(*Metadata)
		words               []string
	}{
		{"a date in another order", "issued_date", "NOT_A_DATE", func(m *Metadata) { m.IssuedDate = "20-11-2026" }, []string{"20-11-2026", "yyyy-mm-dd"}},
		{"a day that is none", "due_date", "NOT_A_DATE", func(m *Metadata) { m.DueDate = "2026-02-30" }, []string{"2026-02-30", "yyyy-mm-dd"}},
		{"issued tomorrow", "issued_date", "IN_FUTURE", func(m *Metadata) { m.IssuedDate = "2026-11-22" }, []string{"2026-11-22", "today", "2026-11-21"}},
		{"due before it was issued", "due_date", "BEFORE_ISSUE", func(m *Metadata) { m.IssuedDate, m.DueDate = "2026-11-20", "2026-11-19" }, []string{"2026-11-19", "2026-11-20"}},
		{"four digits of pages", "page_amount", "TOO_LONG", func(m *Metadata) { m.PageAmount = 1000 }, []string{"1000", "at most 999"}},
		{"more places than recipients", "to_places", "TOO_LONG", func(m *Metadata) { m.ToPlaces = make([]string, MaxRecipients+1) }, []string{fmt.Sprint(MaxRecipients + 1), fmt.Sprint("at most ", MaxRecipients)}},
		{"a mark of secrecy", "secrecy", "SECRET", func(m *Metadata) { m.Secrecy = "Tối mật" }, []string{"Tối mật", "not sent by this network"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := goldenContent().Metadata
			tt.change(&m)
			got := m.Problems("2026-11-21")
			if len(got) != 1 || got[0].Field != tt.field || got[0].Reason != tt.reason {
				t.Fatalf("%v, want %s %s alone", got, tt.field, tt.reason)
			}
			for _, w := range tt.words {
				if !strings.Contains(got[0].Text, w) {
					t.Errorf("%q does not say %q", got[0].Text, w)
				}
			}
		})
	}
}
