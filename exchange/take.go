package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lienthong/envelope"
	"lienthong/journal"
)

// A takeKind is what to do with one recipient of an offer.
type takeKind uint8

const (
	takeNew    takeKind = iota + 1 // not here, or it had ended
	takeRepeat                     // answered under this very statement: answer as before
	takeAgain                      // answered for, but offered by another way: say so, under this one
	takeBack                       // it came round: take it as new work, and hold it
	takeAnew                       // handed on before, and taken up again by the peer: hand it on again
)

// decideTake is the rule of custody for one recipient. An answer promises that
// somebody goes on answering, so it is given without new work only where that is
// true whatever becomes of what the peer holds:
//
//   - This node has answered under the very statement that the peer presents: that
//     tenure of the peer was taken over once, and what came of it was handed on under
//     statements of its own.
//   - A Delivered is at hand, or a row is live here, or a node that the chain does not
//     name has taken over, and the chain does not name this node.
//
// Otherwise the letter has come round: what this node handed on may be the very
// thing that the peer now offers, so it becomes work again, held, with a longer
// chain, until the directories agree or the hop limit ends it.
//
// Where the peer has taken the letter up again (again) because it has not arrived, what
// this node handed on may be lost behind it: it hands it on once more.
func decideTake(self string, have *Delivery, answered, again bool, visited []string) takeKind {
	switch {
	case have == nil, have.State == StateFailed, have.State == StateDropped, have.State == StateStopped:
		return takeNew
	case answered:
		return takeRepeat
	case have.State == StateDelivered:
		return takeAgain
	case contains(visited, self), have.State == StateRelayed && contains(visited, have.Peer):
		return takeBack
	case again && have.State == StateRelayed:
		return takeAnew
	}
	return takeAgain
}

// taken is what came of an offer: the statements by which this node answers, and
// the recipients for whom it does not.
type taken struct {
	custody []StatementRow
	refused map[string]*refusal // by recipient
}

// accept takes an offer whose files are durable. It returns when everything that
// the statements promise is durable too.
func (n *Node) accept(ctx context.Context, o *offered, wrote []BlobRow) (*taken, error) {
	var out *taken
	err := n.decide(ctx, func() error {
		t := &taking{draft: n.draft(journal.Actor{Node: o.peer}), offered: o, out: &taken{refused: map[string]*refusal{}}}
		if err := t.prepare(ctx, wrote); err != nil {
			return err
		}
		out = t.out
		if len(t.change.Entries) == 0 {
			return nil
		}
		done, err := n.commit(ctx, t.change)
		// Committed: this node answers. If we die before the peer hears it, the peer
		// offers again, and decideTake finds the repeat.
		for _, row := range t.change.Statements {
			if row.Key.Envelope != o.letter.Digest {
				continue // a recall's target that was stopped: that goes its own way
			}
			row.JournalIndex = done.First + uint64(row.Entry)
			out.custody = append(out.custody, row)
		}
		return doubtful(err)
	})
	if errors.Is(err, ErrConflict) {
		return nil, o.conflict()
	}
	return out, err
}

// conflict refuses a letter that is here under the same id with another digest.
func (o *offered) conflict() *refusal {
	why := refuseForGood(ReasonDigestMismatch, "letter %s of %q is here with another digest", o.letter.Key.ID, o.letter.Key.Origin)
	why.twice = true
	return why
}

// needsFiles reports whether an offer leads to work here: else there is only an
// answer to give, and its files need not be fetched. accept decides anew.
func (n *Node) needsFiles(ctx context.Context, o *offered) (bool, error) {
	rows, err := n.cfg.Store.Deliveries(ctx, o.letter.Key)
	if err != nil {
		return false, err
	}
	have := make(map[string]*Delivery, len(rows))
	for i := range rows {
		if rows[i].Digest != o.letter.Digest {
			return false, o.conflict()
		}
		have[rows[i].Key.Recipient] = &rows[i]
	}
	aims, err := n.cfg.Store.Aims(ctx, o.letter.Digest, "")
	if err != nil {
		return false, err
	}
	for _, r := range o.recipients {
		isRecalled := recalled(aims, r.Agency.ID, o.letter.Agency)
		if isRecalled && !n.mayHaveGone(o.letter.Key, have[r.Agency.ID]) {
			continue // it is stopped, or it is here already
		}
		_, answers, err := n.stored(ctx, o, have[r.Agency.ID])
		if err != nil {
			return false, err
		}
		switch decideTake(n.cfg.ID, have[r.Agency.ID], len(answers) > 0, o.again, o.visited) {
		case takeNew:
			if n.refuses(o, r.Agency.ID, n.Directory().Route(n.cfg.ID, r.Agency.ID)) == nil {
				return true, nil
			}
		case takeBack, takeAnew:
			if !isRecalled {
				return true, nil
			}
		}
	}
	return false, nil
}

// stored lists the statements about a delivery that is here, and those among them
// that answer the peer's.
func (n *Node) stored(ctx context.Context, o *offered, have *Delivery) (all, answers []StatementRow, err error) {
	if have == nil {
		return nil, nil, nil
	}
	if all, err = n.cfg.Store.Statements(ctx, o.letter.Digest, have.Key.Recipient); err != nil {
		return nil, nil, err
	}
	return all, n.answers(all, o.under), nil
}

// taking is one attempt to decide about an offer.
type taking struct {
	*draft
	*offered
	out   *taken
	tip   envelope.Digest
	aims  []Aim // at this envelope
	works int   // recipients that are taken as new work, and need the files
}

func (t *taking) prepare(ctx context.Context, wrote []BlobRow) error {
	rows, err := t.node.cfg.Store.Deliveries(ctx, t.letter.Key)
	if err != nil {
		return err
	}
	have := make(map[string]*Delivery, len(rows))
	for i := range rows {
		if rows[i].Digest != t.letter.Digest {
			return t.conflict()
		}
		have[rows[i].Key.Recipient] = &rows[i]
	}
	if t.aims, err = t.node.cfg.Store.Aims(ctx, t.letter.Digest, ""); err != nil {
		return err
	}
	t.change.Aimed = len(t.aims)
	for _, r := range t.recipients {
		if err := t.one(ctx, r, have[r.Agency.ID]); err != nil {
			return err
		}
	}
	if t.works > 0 {
		if t.letter.Passing = 0; !slices.ContainsFunc(t.change.Deliveries, func(to Delivery) bool { return to.Home }) {
			t.letter.Passing = t.letter.Received
		}
		t.change.Letter, t.change.Wrote = t.letter, wrote
		if err := t.foldDeliveries(ctx); err != nil {
			return err
		}
		for _, f := range t.letter.Files {
			t.change.Uses = append(t.change.Uses, f.Digest)
		}
	}
	return nil
}

func (t *taking) one(ctx context.Context, r envelope.Recipient, have *Delivery) error {
	stored, answers, err := t.node.stored(ctx, t.offered, have)
	if err != nil {
		return err
	}
	isRecalled := recalled(t.aims, r.Agency.ID, t.letter.Agency)
	kind := decideTake(t.node.cfg.ID, have, len(answers) > 0, t.again, t.visited)
	switch {
	case kind == takeRepeat:
		t.out.custody = append(t.out.custody, answers...)
		return nil
	case kind == takeAgain, kind == takeAnew && isRecalled:
		// What was handed on once is not handed on anew: its recall has gone after it.
		return t.answerAgain(*have, stored)
	case isRecalled && (kind != takeNew || !t.node.mayHaveGone(t.letter.Key, have)):
		return t.answerStopped(ctx, r, have)
	default:
		return t.work(ctx, r, have, stored, kind == takeBack)
	}
}

// answerAgain answers for what this node answers for already, under another statement.
func (t *taking) answerAgain(to Delivery, stored []StatementRow) error {
	kind := envelope.Custody
	if to.Home {
		kind = envelope.Delivered
	}
	next, _ := t.node.own(stored, kind)
	to.Updated = t.node.now()
	t.change.Deliveries = append(t.change.Deliveries, to)
	t.keepChain()
	_, err := t.issue(kind, to, next, t.under, "", nil)
	return err
}

// work takes a recipient over: statement, row, and what is to be done.
func (t *taking) work(ctx context.Context, r envelope.Recipient, have *Delivery, stored []StatementRow, back bool) error {
	hop := t.node.Directory().Route(t.node.cfg.ID, r.Agency.ID)
	if why := t.node.refuses(t.offered, r.Agency.ID, hop); why != nil && (!back || why.reason == ReasonNotUnderstood) {
		t.out.refused[r.Agency.ID] = why
		return nil
	}
	to, err := t.newDelivery(t.letter, &t.route, r, len(t.recipients))
	if err != nil {
		return err
	}
	hop, err = t.strike(ctx, &to, &t.route, &t.content, hop, t.visited)
	if why := (*refusal)(nil); errors.As(err, &why) {
		t.out.refused[r.Agency.ID] = why
		return nil
	}
	if err != nil {
		return err
	}
	if have != nil {
		to.ID, to.Revision, to.Created = have.ID, have.Revision, have.Created
		to.Verdict, to.VerdictSeq, to.Status, to.StatusSeq = have.Verdict, have.VerdictSeq, have.Status, have.StatusSeq
		to.Copy, to.TakeBack = have.Copy, have.TakeBack
		if back || have.From == "" {
			// Statements go on to where the letter first came from, not round in the ring.
			to.From = have.From
		}
		// What was queued was queued under the tenure that ends here.
		t.change.Unqueue = append(t.change.Unqueue, to.Key)
	}
	t.works++
	if hop.Here {
		next, _ := t.node.own(stored, envelope.Delivered)
		row, err := t.issue(envelope.Delivered, to, next, t.under, "", nil)
		to.Tip, to.Follows = row.Digest, t.route.Follows(&t.content, r.Agency.ID)
		t.home(&to, &t.route, &t.content)
		t.put(to)
		t.keepChain()
		return err
	}
	next, _ := t.node.own(stored, envelope.Custody)
	row, err := t.issue(envelope.Custody, to, next, t.under, "", nil)
	if err != nil {
		return err
	}
	if t.tip.IsZero() {
		t.tip = row.Digest
		chain := append(append([]envelope.Sealed(nil), t.chain...), row.Sealed)
		t.change.Paths = append(t.change.Paths, Path{Tip: t.tip, Letter: t.letter.Key, From: t.peer, Chain: chain})
	}
	to.Tip = t.tip
	if back || t.behind && (hop.None() || contains(t.visited, hop.Peer)) {
		t.hold(&to, ReasonDirectorySkew, t.node.now()+holdTime)
	} else {
		t.onward(&to, hop, t.route.NotBefore)
	}
	t.put(to)
	return nil
}

// refuses says why a recipient is not taken, if it is not. Without a route the
// answer is for good only if the peer's directory is not newer than this one.
func (n *Node) refuses(o *offered, recipient string, hop Hop) *refusal {
	dir := n.Directory()
	switch {
	case o.letter.Expires <= n.now():
		return refuseForGood(ReasonExpired, "the letter expired at %s", timeText(o.letter.Expires))
	case strings.TrimSpace(o.content.Metadata.Secrecy) != "":
		return refuseForGood(ReasonSecret, "the letter is marked %.40q: documents with state secrets are not carried by this network", o.content.Metadata.Secrecy)
	case o.route.Kind == envelope.KindDocument && n.closed(recipient, o.route.Created): // what is about an earlier letter follows it
		return refuseForGood(ReasonRecipientClosed, "%s", n.resolve(recipient, nil).text())
	case o.noRoom[recipient] != nil:
		return o.noRoom[recipient]
	case hop.Here && (o.route.Schema != knownSchema || !o.understood()):
		return refuse(ReasonNotUnderstood, "node %q does not understand kind %d with content of schema %d: a newer version may", n.cfg.ID, o.route.Kind, o.route.Schema)
	case !hop.None() || o.behind:
		return nil
	}
	if _, ok := dir.Agency(recipient); !ok {
		return refuseForGood(ReasonUnknownRecipient, "agency %q is not in the directory of node %q (%s)", recipient, n.cfg.ID, dir.version())
	}
	return refuseForGood(ReasonNoRoute, "node %q knows no way to agency %q (%s)", n.cfg.ID, recipient, dir.version())
}

// answers picks what to tell a peer that offers again under a statement that this
// node has answered: the answer given then, and a Delivered that has come since.
func (n *Node) answers(stored []StatementRow, under envelope.Digest) []StatementRow {
	var own, delivered *StatementRow
	for i := range stored {
		row := &stored[i]
		switch row.Key.Kind {
		case envelope.Custody, envelope.Delivered:
		default:
			continue
		}
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			continue
		}
		if st.Issuer == n.cfg.ID && st.Previous == under {
			own = row
		}
		if st.Kind == envelope.Delivered {
			delivered = row
		}
	}
	if own == nil {
		return nil
	}
	if delivered != nil && delivered != own {
		return []StatementRow{*own, *delivered}
	}
	return []StatementRow{*own}
}

// failing signs, once, that this node will not take these recipients over, and
// gives the statements. They are the proof on which the peer ends its rows. Beyond
// [SignedRefusals] a minute the refusal is changed to one for now.
func (n *Node) failing(ctx context.Context, o *offered, why map[string]*refusal) ([]StatementRow, error) {
	var out []StatementRow
	d := n.draft(journal.Actor{Node: o.peer})
	for _, r := range o.recipients {
		refused := why[r.Agency.ID]
		if refused == nil || !refused.permanent {
			continue
		}
		stored, err := n.cfg.Store.Statements(ctx, o.letter.Digest, r.Agency.ID)
		if err != nil {
			return nil, err
		}
		if row := n.ownUnder(stored, envelope.Failed, o.under); row != nil {
			out = append(out, *row)
			continue
		}
		if refused.twice && !n.twice.first(o.peer, o.letter.Key, o.letter.Digest) {
			continue
		}
		if !refused.twice && !n.signs.take(o.peer, n.now(), SignedRefusals) {
			why[r.Agency.ID] = n.unsigned(o.peer, refused)
			continue
		}
		to, err := d.newDelivery(o.letter, &o.route, r, len(o.recipients))
		if err != nil {
			return nil, err
		}
		if refused.twice {
			d.equivocated(o, &to)
		}
		next, _ := n.own(stored, envelope.Failed)
		if _, err := d.issue(envelope.Failed, to, next, o.under, "", func(st *envelope.Statement) {
			st.Failed = &envelope.FailedDetail{Reason: refused.reason, Text: fmt.Sprintf("%.300s", refused.text)}
		}); err != nil {
			return nil, err
		}
	}
	if len(d.change.Statements) == 0 {
		return out, nil
	}
	done, err := n.commit(ctx, d.change)
	for _, row := range d.change.Statements {
		row.JournalIndex = done.First + uint64(row.Entry)
		out = append(out, row)
	}
	return out, doubtful(err)
}
