package exchange

import (
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/exchange/calendar"
	"lienthong/exchange/notation"
)

// cleanRegistration brings what identifies a document into the one form in which it is
// compared: NFC, without space around it.
func cleanRegistration(m *envelope.Metadata) {
	for _, p := range []*string{&m.Number, &m.Symbol, &m.TypeCode, &m.DocumentID} {
		*p = notation.Clean(*p)
	}
}

// registrationProblems are the fields of a document that must not be sent so. today is
// the date in Vietnam, yyyy-mm-dd.
func registrationProblems(m *envelope.Metadata, today string) []Field {
	var out []Field
	for _, p := range m.Problems(today) {
		out = append(out, Field{"metadata." + p.Field, p.Reason, p.Text})
	}
	for _, f := range registration(m).Check() {
		if f.Refuse {
			out = append(out, Field{"metadata." + f.Field, f.Reason, f.Text})
		}
	}
	for _, f := range []struct{ name, mark string }{
		{"subject", notation.SecretMark(m.Subject)}, {"summary", notation.SecretMark(m.Summary)},
		{"type_name", notation.SecretMark(m.TypeName)}, {"symbol", notation.SecretSymbol(m.Symbol)},
	} {
		if f.mark != "" {
			out = append(out, Field{"metadata." + f.name, "SECRET", fmt.Sprintf("holds the mark %q: documents with state secrets are not sent by this network; send it by the way that is meant for them", f.mark)})
		}
	}
	return out
}

// maxToPlaces is the room for all places together in a register of what comes in
// (Decree 30/2020, Appendix VI), in characters.
const maxToPlaces = 1000

// competences are the signing capacities of Decree 30/2020, Art. 13; none: the head of
// an agency in person.
var competences = map[string]bool{"": true, "TM.": true, "Q.": true, "KT.": true, "TL.": true, "TUQ.": true}

// registrationWarnings are the fields of a document that look odd, and by which it is
// taken all the same.
func registrationWarnings(m *envelope.Metadata) []Field {
	var out []Field
	for _, f := range registration(m).Check() {
		if !f.Refuse {
			out = append(out, Field{"metadata." + f.Field, f.Reason, f.Text})
		}
	}
	if c := m.Signer.Competence; !competences[notation.Clean(c)] {
		out = append(out, Field{"metadata.signer.competence", "UNKNOWN_COMPETENCE", fmt.Sprintf("is %.40q, want TM., Q., KT., TL. or TUQ., or nothing", c)})
	}
	places := 0
	for _, p := range m.ToPlaces {
		places += len([]rune(p))
	}
	if places > maxToPlaces {
		out = append(out, Field{"metadata.to_places", "TOO_LONG", fmt.Sprintf("have %d characters together; a receiver's register has room for %d", places, maxToPlaces)})
	}
	return out
}

// printedNumber is number and symbol as they stand on the document.
func printedNumber(m *envelope.Metadata) string { return notation.Join(m.Number, m.Symbol) }

func registration(m *envelope.Metadata) notation.Registration {
	return notation.Registration{Number: m.Number, Symbol: m.Symbol, TypeCode: m.TypeCode, TypeName: m.TypeName, IssuedDate: m.IssuedDate}
}

// today is the date in Vietnam, yyyy-mm-dd.
func today(now time.Time) string { return now.In(Vietnam).Format(time.DateOnly) }

// registerOf are the digests by which a letter is compared with others: those of a new
// document. A later version has the number of the one before, a recall that of what it
// recalls, and what is forwarded that of another agency: none of them is there twice.
func registerOf(route *envelope.Route, content *envelope.Content) (register, document envelope.Digest) {
	if route.Kind != envelope.KindDocument || len(route.Targets(envelope.RelationForwards)) > 0 {
		return envelope.Digest{}, envelope.Digest{}
	}
	return registerKeys(&content.Metadata)
}

// registerKeys are the digests by which letters are compared (Decree 30/2020, Appendix
// VI): digests, since what a stranger sends may be of any length.
func registerKeys(m *envelope.Metadata) (register, document envelope.Digest) {
	if key := notation.Key(m.Number, m.Symbol, m.IssuedDate); key != "" {
		register = envelope.Sum([]byte(key))
	}
	if id := notation.Clean(m.DocumentID); id != "" {
		document = envelope.Sum([]byte(id))
	}
	return register, document
}

// answerBy is the end of the day by which an answer is wanted, in microseconds; 0: none.
func answerBy(m *envelope.Metadata) int64 {
	at := calendar.Answer(m.DueDate)
	if at.IsZero() {
		return 0
	}
	return max(0, at.UnixMicro())
}
