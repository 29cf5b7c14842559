package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange/calendar"
	"lienthong/exchange/notation"
)

// termMark begins what a filing is found by that is no word of its text: words have
// letters and digits alone.
const termMark = "·"

// Kinds of terms, behind the mark.
const (
	termAgency  = "b" // whose register
	termOut     = "o" // and which of the two
	termIn      = "i"
	termOther   = "w" // sender, recipients
	termNumber  = "n"
	termSymbol  = "s"
	termType    = "t"
	termDossier = "c"
	termYear    = "y" // of issue
	termMonth   = "m"
	termDay     = "d"
)

// hashed is the term of a value that may hold anything: the same bytes, the same term.
func hashed(kind, value string) string {
	sum := sha256.Sum256([]byte(value))
	return termMark + kind + hex.EncodeToString(sum[:8])
}

func numberTerm(number string) string {
	number, _, _ = strings.Cut(notation.Fold(notation.Clean(number)), "/") // a legal document's bears its year
	return hashed(termNumber, strings.TrimLeft(number, "0"))
}

func symbolTerm(symbol string) string {
	return hashed(termSymbol, notation.Fold(notation.Clean(symbol)))
}

// maxFiledWords bounds the words of one filing's text: strangers' text may be long.
const maxFiledWords = 1000

// filingWords are what a document is found by in the register of an agency; others are
// the ids of who sent it, or of those to whom it went.
func filingWords(agency string, way Way, m *envelope.Metadata, others []string) string {
	text := strings.Join([]string{m.Number, m.Symbol, m.Subject, m.TypeName, m.Summary, m.DossierCode, m.DocumentID, m.Signer.FullName, m.Signer.Position}, " ")
	words := notation.Words(text)
	words = words[:min(len(words), maxFiledWords)]
	kind := termOut
	if way == WayIn {
		kind = termIn
	}
	words = append(words, hashed(termAgency, agency), hashed(kind, agency), numberTerm(m.Number), symbolTerm(m.Symbol), hashed(termType, notation.Clean(m.TypeCode)))
	if m.DossierCode != "" {
		words = append(words, hashed(termDossier, notation.Clean(m.DossierCode)))
	}
	if _, err := time.Parse(time.DateOnly, m.IssuedDate); err == nil {
		day := strings.ReplaceAll(m.IssuedDate, "-", "")
		words = append(words, termMark+termYear+day[:4], termMark+termMonth+day[:6], termMark+termDay+day)
	}
	for _, id := range others {
		words = append(words, hashed(termOther, id))
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}

// fileOut files what an agency sends.
func (d *draft) fileOut(letter *Letter, route *envelope.Route, content *envelope.Content) {
	f := Filing{Agency: letter.Agency, Way: WayOut, ID: letter.Key.ID, Letter: letter.Key, At: letter.Received, Entered: letter.Received}
	d.node.fill(&f, &content.Metadata, recipientIDs(route.Recipients), 0)
	d.node.fillHandover(&f, route, &content.Metadata)
	d.change.Filings = append(d.change.Filings, f)
}

// fileIn files what has come to an agency.
func (d *draft) fileIn(to *Delivery, route *envelope.Route, content *envelope.Content) {
	f := Filing{Agency: to.Key.Recipient, Way: WayIn, ID: to.ID, Letter: to.Key.Letter(), At: to.Arrived, AnswerBy: to.AnswerBy}
	d.node.fill(&f, &content.Metadata, []string{to.OriginAgency}, to.Urgency)
	d.node.fillHandover(&f, route, &content.Metadata)
	d.change.Filings = append(d.change.Filings, f)
}

func recipientIDs(to []envelope.Recipient) []string {
	out := make([]string, len(to))
	for i, r := range to {
		out[i] = r.Agency.ID
	}
	return out
}

// fill adds what the content of a document says.
func (n *Node) fill(f *Filing, m *envelope.Metadata, others []string, urgency envelope.Urgency) {
	f.Words, f.Dossier = filingWords(f.Agency, f.Way, m, others), notation.Clean(m.DossierCode)
	if f.Way == WayIn {
		f.By = n.cfg.Calendar.Acknowledge(time.UnixMicro(f.At), int(urgency)).UnixMicro()
		return
	}
	if issued, err := time.ParseInLocation(time.DateOnly, m.IssuedDate, calendar.Zone); err == nil {
		f.By = max(0, n.cfg.Calendar.Send(issued, int(envelope.UrgencyNormal)).Limit.UnixMicro())
	}
}

// fillBlank files, a few at a time, what was taken by a version that had no registers.
func (n *Node) fillBlank(ctx context.Context) error {
	for range tendRounds {
		if n.filled.Load() {
			return nil
		}
		rows, err := n.cfg.Store.BlankFilings(ctx, tendBatch)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := n.fillOne(ctx, &rows[i]); err != nil {
				return fmt.Errorf("exchange: file letter %s of %q: %w", rows[i].Letter.ID, rows[i].Letter.Origin, err)
			}
		}
		if len(rows) == 0 {
			n.filled.Store(true)
			return nil
		}
		if err := n.cfg.Store.FillFilings(ctx, rows); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) fillOne(ctx context.Context, f *Filing) error {
	letter, err := n.cfg.Store.Letter(ctx, f.Letter)
	if err != nil {
		return err
	}
	doc, err := opened(letter)
	if err != nil { // then there is nothing to be found but that it is there
		n.cfg.Log.Error("file a letter", "letter", f.Letter.ID, "origin", f.Letter.Origin, "error", err)
		doc = &Document{}
	}
	others := recipientIDs(doc.Route.Recipients)
	if f.Way == WayIn {
		others = []string{letter.Agency}
		if err := n.statusTimes(ctx, f, letter.Digest); err != nil {
			return err
		}
	}
	n.fill(f, &doc.Content.Metadata, others, letter.Urgency)
	n.fillHandover(f, &doc.Route, &doc.Content.Metadata)
	return nil
}

// statusTimes finds in its statements when what came was acknowledged, and finished.
func (n *Node) statusTimes(ctx context.Context, f *Filing, digest envelope.Digest) error {
	rows, err := n.cfg.Store.Statements(ctx, digest, f.Agency)
	for _, row := range rows {
		if row.Key.Kind != envelope.Status || row.Key.Issuer != n.cfg.ID {
			continue
		}
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			return err
		}
		if f.Acknowledged == 0 {
			f.Acknowledged = st.Time
		}
		if st.Status != nil && Finishes(st.Status.Code) && f.Finished == 0 {
			f.Finished = st.Time
		}
	}
	return err
}

// Finishes reports whether a status ends the handling of what came.
func Finishes(status uint32) bool { return status == StatusRefused || status == StatusDone }
