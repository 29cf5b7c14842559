package exchange

import (
	"bytes"
	"context"
	"fmt"

	"lienthong/envelope"
)

// maxNamesakes bounds how many letters of one number are looked at: the oldest is named.
const maxNamesakes = 3

// duplicates warns of an earlier letter with the number, symbol and year of the same
// issuer, or with the same document's id (Decree 30/2020, Appendix VI), among those that
// the viewer (agency id) may see here.
func (n *Node) duplicates(ctx context.Context, viewer string, l *Letter, m *envelope.Metadata) ([]Field, error) {
	var out []Field
	if !l.Register.IsZero() {
		same, err := n.cfg.Store.SameNumber(ctx, viewer, l.Agency, l.Register, l.Received, maxNamesakes)
		if err != nil {
			return nil, err
		}
		if first, ok := earlier(same, l); ok {
			out = append(out, Field{"metadata.number", "DUPLICATE_NUMBER", fmt.Sprintf("%s of %.4s is that of an earlier letter of this agency, %s, too", printedNumber(m), m.IssuedDate, first)})
		}
	}
	if l.Document.IsZero() {
		return out, nil
	}
	same, err := n.cfg.Store.SameDocument(ctx, viewer, l.Document, l.Received, maxNamesakes)
	if err != nil {
		return nil, err
	}
	if first, ok := earlier(same, l); ok {
		out = append(out, Field{"metadata.document_id", "DUPLICATE_DOCUMENT", fmt.Sprintf("%.200q is that of an earlier letter, %s, too", m.DocumentID, first)})
	}
	return out, nil
}

// earlier finds the oldest of the letters that is not this one and came before it. Of two
// that came in the same microsecond the one with the higher id is the later.
func earlier(marks []LetterMark, l *Letter) (envelope.ID, bool) {
	for _, m := range marks {
		if m.Key != l.Key && (m.Received < l.Received || m.Received == l.Received && bytes.Compare(m.Key.ID[:], l.Key.ID[:]) < 0) {
			return m.Key.ID, true
		}
	}
	return envelope.ID{}, false
}
