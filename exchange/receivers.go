package exchange

import (
	"context"
	"errors"
	"fmt"

	"lienthong/envelope"
)

// An ownThread is a document that an agency sent from here, in all its versions.
type ownThread struct {
	seen      ThreadSeen
	version   uint32 // the highest
	newest    Letter // of that version
	route     envelope.Route
	content   envelope.Content
	receivers []*receiver // in the order of their ids
}

// A receiver is one recipient of a thread, as its origin sees it.
type receiver struct {
	as      envelope.Recipient
	letters []Delivery // by version
	recalls []pastRecall
}

// A pastRecall is a recall that was sent to a receiver.
type pastRecall struct {
	row     Delivery
	mode    envelope.RecallMode
	targets map[envelope.Digest]bool
}

// threadOf reads the thread of a document that an agency (id) sent.
func (s *Service) threadOf(ctx context.Context, agency string, document envelope.ID) (*ownThread, error) {
	letter, err := s.cfg.Store.Letter(ctx, LetterKey{s.cfg.ID, document})
	if err == nil && letter.Agency != agency {
		err = ErrNotFound
	}
	if errors.Is(err, ErrNotFound) {
		return nil, fail(NotFound, "NOT_FOUND", "agency %q has sent no document %s", agency, document)
	}
	if err != nil {
		return nil, err
	}
	route, err := envelope.ParseRoute(letter.Sealed)
	if err != nil {
		return nil, err
	}
	if route.Kind == envelope.KindRecall {
		return nil, fail(Precondition, "IS_RECALL", "%s is a recall: name the document that was sent", document)
	}
	rows, err := s.cfg.Store.Thread(ctx, agency, route.Thread, "")
	if err != nil {
		return nil, err
	}
	t := &ownThread{seen: ThreadSeen{Agency: agency, Thread: route.Thread, Rows: len(rows)}}
	newest := LetterKey{s.cfg.ID, document}
	for _, row := range rows {
		t.seen.Revisions += row.Revision
		if row.From != "" || row.Key.Origin != s.cfg.ID {
			continue
		}
		if row.Kind != envelope.KindRecall && row.Version > t.version {
			t.version, newest = row.Version, row.Key.Letter()
		}
		if err := t.add(ctx, s.Node, row); err != nil {
			return nil, err
		}
	}
	if t.newest, err = s.cfg.Store.Letter(ctx, newest); err != nil {
		return nil, err
	}
	if t.route, err = envelope.ParseRoute(t.newest.Sealed); err != nil {
		return nil, err
	}
	if err := t.newest.legible(); err != nil {
		return nil, err
	}
	t.content, err = envelope.ParseContent(t.newest.Content)
	return t, err
}

// add sorts a row to its receiver: rows come ordered by recipient and version.
func (t *ownThread) add(ctx context.Context, n *Node, row Delivery) error {
	if last := len(t.receivers) - 1; last < 0 || t.receivers[last].as.Agency.ID != row.Key.Recipient {
		a, _ := n.Directory().Agency(row.Key.Recipient)
		ref := Ref(a, n.cfg.Now())
		ref.ID = row.Key.Recipient
		t.receivers = append(t.receivers, &receiver{as: envelope.Recipient{Agency: ref, Role: row.Role}})
	}
	r := t.receivers[len(t.receivers)-1]
	if row.Kind != envelope.KindRecall {
		r.letters = append(r.letters, row)
		return nil
	}
	letter, err := n.cfg.Store.Letter(ctx, row.Key.Letter())
	if err != nil {
		return err
	}
	doc, err := opened(letter)
	if err != nil || doc.Content.Recall == nil {
		return err
	}
	past := pastRecall{row: row, mode: doc.Content.Recall.Mode, targets: map[envelope.Digest]bool{}}
	for _, target := range doc.Route.Targets(envelope.RelationRecalls) {
		past.targets[target] = true
	}
	r.recalls = append(r.recalls, past)
	return nil
}

// open lists the letters that the receiver has, or may still get, and that no recall takes
// away: neither one that acts at once, nor one that was agreed to.
func (r *receiver) open() []Delivery {
	var out []Delivery
	for _, row := range r.letters {
		if !row.State.ended() && !r.recalledAway(row) {
			out = append(out, row)
		}
	}
	return out
}

func (r *receiver) recalledAway(row Delivery) bool {
	for _, past := range r.recalls {
		if past.targets[row.Digest] && !past.row.State.ended() && (past.mode == envelope.RecallNow || past.row.TakeBack == TakeBackAgreed) {
			return true
		}
	}
	return row.Copy == CopyRecalled
}

// pending reports that a take-back of what is open waits for its answer.
func (r *receiver) pending() bool {
	for _, past := range r.recalls {
		if past.mode != envelope.TakeBack || past.row.State.ended() {
			continue
		}
		unanswered := past.row.State != StateDelivered && past.row.TakeBack == TakeBackNone || past.row.TakeBack == TakeBackAsked
		for _, row := range r.open() {
			if unanswered && past.targets[row.Digest] {
				return true
			}
		}
	}
	return false
}

// askBack says why a receiver cannot be asked for the document, if so.
func (r *receiver) askBack(mode envelope.RecallMode) *Field {
	open := r.open()
	code := r.as.Agency.Code
	switch {
	case len(open) == 0 && r.anyAway():
		return &Field{"", "ALREADY_RECALLED", fmt.Sprintf("the document was recalled from %s already", code)}
	case len(open) == 0:
		return &Field{"", "NOTHING_TO_RECALL", fmt.Sprintf("no version of the document has gone, or will go, to %s", code)}
	case mode != envelope.TakeBack:
		return nil
	case r.pending():
		return &Field{"", "TAKE_BACK_PENDING", fmt.Sprintf("%s was asked already, and has not answered", code)}
	case open[len(open)-1].Status == StatusRefused:
		return &Field{"", "ALREADY_REFUSED", fmt.Sprintf("%s has refused the document (02): there is nothing to give back", code)}
	}
	return nil
}

// anyAway reports that a recall took a letter away.
func (r *receiver) anyAway() bool {
	for _, row := range r.letters {
		if !row.State.ended() && r.recalledAway(row) {
			return true
		}
	}
	return false
}

// askedBack lists the receivers of whom the document is asked back.
func (t *ownThread) askedBack(_ context.Context, req *RecallRequest) ([]*receiver, error) {
	var out []*receiver
	var bad []Field
	if len(req.Recipients) == 0 {
		for _, r := range t.receivers {
			if why := r.askBack(req.Mode); why != nil {
				bad = append(bad, *why)
				continue
			}
			out = append(out, r)
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	for i, name := range req.Recipients {
		path := fmt.Sprintf("recipients[%d]", i)
		r := t.named(name)
		if r == nil {
			bad = append(bad, Field{path, "NOT_A_RECIPIENT", fmt.Sprintf("%.80q is no recipient of the document", name)})
			continue
		}
		if why := r.askBack(req.Mode); why != nil {
			bad = append(bad, Field{path, why.Reason, why.Text})
			continue
		}
		out = append(out, r)
	}
	if len(bad) > 0 {
		return nil, &Error{Code: Precondition, Reason: bad[0].Reason, Text: "nothing was recalled", Fields: bad}
	}
	return out, nil
}

// named finds a receiver by id or code.
func (t *ownThread) named(name string) *receiver {
	for _, r := range t.receivers {
		if r.as.Agency.ID == name || r.as.Agency.Code == name {
			return r
		}
	}
	return nil
}
