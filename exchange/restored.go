package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// A node that goes on from a backup has forgotten what came after it, and others have
// not. Four things make good what can be made good:
//
//   - Its statements get numbers that none of the forgotten ones has ([sequenceAfter]).
//   - Its neighbours see another incarnation in its Hello, and offer again what they had
//     handed over and what it may have forgotten. The rule of custody does the rest: what
//     it remembers it answers as before, the rest is new to it ([session.replay]).
//   - They give back its own letters that they got from it after the backup ([givingBack]),
//     and send the statements again that went between the two, its own among them.
//   - They give back the chains under which they took letters from it, with what it had
//     signed and nobody else may have ([session.giveChains]).
//
// What was submitted to it after the backup and not handed on before it died is lost,
// and nobody else can know of it.

// generationShift leaves 2^24 statements of one kind about one delivery to each generation.
const generationShift = 24

// sequenceAfter numbers the next statement of this node: after the last, and above all
// that a store of an earlier generation may have given out.
func (n *Node) sequenceAfter(last uint64) uint64 {
	return max(last, n.restored.Generation<<generationShift) + 1
}

// follows reports whether a statement is the next after another of its issuer: by
// number, or as the first after a restore.
func follows(next, last uint64) bool {
	return next == last+1 || next>>generationShift > last>>generationShift && next&(1<<generationShift-1) == 1
}

// ReasonPeerRestored is that of deliveries which are offered again because their next
// hop goes on from a backup.
const ReasonPeerRestored = "PEER_RESTORED"

// beginAgain journals that this store was made from a backup, as its first act.
func (n *Node) beginAgain(ctx context.Context) error {
	var err error
	if n.restored, err = n.cfg.Store.Restored(ctx); err != nil || n.restored.Generation == 0 {
		return err
	}
	size, err := n.cfg.Store.TreeSize(ctx)
	if err != nil || size != n.restored.Leaves {
		return err // it was journalled, and more after it
	}
	return n.Record(ctx, n.entry(journal.System, "", "store.restored", n.incarnation.String(),
		fmt.Sprintf("generation=%d leaves=%d until=%d", n.restored.Generation, n.restored.Leaves, n.restored.Until)))
}

// meet compares the store of the peer with the one that was known. known is the one
// before, where it is another.
func (s *session) meet(ctx context.Context) (changed bool, err error) {
	row, err := s.relay.cfg.Store.Peer(ctx, s.peer)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, s.known(ctx, "peer.met", "")
	case err != nil || row.Incarnation == s.hello.Incarnation:
		return false, err
	}
	s.relay.cfg.Log.Error("relay: ALARM: the peer goes on from a backup: its journal begins a new chain, and what it may have forgotten is offered again",
		"peer", s.peer, "before", row.Incarnation.String(), "now", s.hello.Incarnation.String(), "until", timeText(s.hello.Restored))
	s.restored.Store(true)
	return true, nil
}

// known remembers the peer's store, from which this node's view of its journal begins anew.
func (s *session) known(ctx context.Context, action, detail string) error {
	d := s.relay.draft(journal.Actor{Node: s.peer})
	d.change.Link = s.link
	d.change.Peers = []PeerRow{{Peer: s.peer, Incarnation: s.hello.Incarnation, Since: s.relay.now()}}
	d.entry("", action, s.hello.Incarnation.String(), detail)
	_, err := s.relay.commit(ctx, d.change)
	return err
}

// How far before the end of a peer's backup we look. Its clock may differ from ours;
// and a statement may have waited for a link before the peer took and forgot it.
const (
	offerMargin     = 10 * time.Minute
	statementMargin = 72 * time.Hour
)

// replayBatch is how many deliveries one commit of a replay looks at.
const replayBatch = 64

// replay offers and sends again what a restored peer may have forgotten. That the peer
// was restored is remembered at the end: if we die before, all of it is done again,
// which costs the peer repeats and nothing else.
func (s *session) replay(ctx context.Context) error {
	r := replaying{Node: s.relay.Node, link: s.link}
	if s.hello.Restored > 0 {
		r.offersSince = s.hello.Restored - offerMargin.Microseconds()
		r.since = s.hello.Restored - statementMargin.Microseconds()
	}
	g := s.givesBack(r.offersSince)
	if s.hello.Restored > 0 && contains(s.hello.Features, featureGiveBack) {
		if err := g.pass(ctx); err != nil {
			return fmt.Errorf("exchange: give back to %q: %w", s.peer, err)
		}
	}
	var after envelope.ID
	for more := true; more; {
		err := s.relay.decide(ctx, func() (err error) {
			after, more, err = r.page(ctx, after)
			return err
		})
		if err != nil {
			return fmt.Errorf("exchange: replay for %q: %w", s.peer, err)
		}
	}
	chain := 0
	if s.hello.Restored > 0 && contains(s.hello.Features, featureChainBack) {
		var err error
		var refused int
		if chain, refused, err = s.giveChains(ctx, r.offersSince); err != nil {
			return fmt.Errorf("exchange: give chains back to %q: %w", s.peer, err)
		}
		g.gone += refused
	}
	if err := g.rest(ctx); err != nil {
		return fmt.Errorf("exchange: give back to %q: %w", s.peer, err)
	}
	return s.known(ctx, "peer.restored", fmt.Sprintf("offered=%d statements=%d chain=%d returned=%d gone=%d until=%d", r.offered, r.statements, chain, g.returned, g.gone, s.hello.Restored))
}

// replaying is one replay for one peer.
type replaying struct {
	*Node
	link               Link
	since, offersSince int64
	offered            int
	statements         int
}

// page does one batch of deliveries in one commit.
func (r *replaying) page(ctx context.Context, after envelope.ID) (last envelope.ID, more bool, err error) {
	rows, err := r.cfg.Store.Exchanged(ctx, r.link.Peer, r.since, after, replayBatch)
	if err != nil || len(rows) == 0 {
		return after, false, err
	}
	d := r.draft(journal.Actor{Node: r.link.Peer})
	d.change.Link = r.link
	d.entry("", "peer.replay", r.link.Peer, fmt.Sprintf("deliveries=%d", len(rows)))
	offered := 0
	for _, to := range rows {
		again, err := r.forgets(ctx, &to)
		if err != nil {
			return after, false, err
		}
		if again {
			offered++
			d.offerAgain(&to)
		}
		if err := r.sendAgain(ctx, d, &to); err != nil {
			return after, false, err
		}
	}
	if len(d.change.Deliveries)+len(d.change.Statements) > 0 {
		if _, err := r.commit(ctx, d.change); err != nil {
			return after, false, err
		}
	}
	r.offered, r.statements = r.offered+offered, r.statements+len(d.change.Statements)
	return rows[len(rows)-1].ID, len(rows) == replayBatch, nil
}

// forgets reports whether the peer may have forgotten a delivery that it had answered
// for: any that it still answers for, and one that was delivered after the backup, for
// as long as its files are here and it may be taken.
func (r *replaying) forgets(ctx context.Context, to *Delivery) (bool, error) {
	switch {
	case to.Peer != r.link.Peer:
		return false, nil
	case to.State == StateRelayed:
		return true, nil
	case to.State != StateDelivered || to.Updated < r.offersSince || to.ExpiresAt <= r.now():
		return false, nil
	}
	letter, err := r.cfg.Store.Letter(ctx, to.Key.Letter())
	if err != nil {
		return false, err
	}
	if letter.Erased != 0 {
		return false, nil
	}
	for _, f := range letter.Files {
		if _, err := r.cfg.Store.Blob(ctx, f.Digest); errors.Is(err, ErrNotFound) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return true, nil
}

// offerAgain puts a delivery back to where its next hop has not answered. It counts as
// offered: at its deadline it is in doubt, and not failed.
func (d *draft) offerAgain(to *Delivery) {
	to.State, to.Reason, to.Updated = StateOffered, ReasonPeerRestored, d.node.now()
	d.change.Deliveries = append(d.change.Deliveries, *to)
	d.change.Queue = append(d.change.Queue, OutboxRow{Key: to.Key, Peer: to.Peer, Agency: to.OriginAgency, Class: int(to.Urgency), Tip: to.Tip, DueAt: to.Updated})
}

// sendAgain has all statements about a delivery wait for the peer.
func (r *replaying) sendAgain(ctx context.Context, d *draft, to *Delivery) error {
	stored, err := r.cfg.Store.Statements(ctx, to.Digest, to.Key.Recipient)
	if err != nil {
		return err
	}
	for _, row := range stored {
		if row.Key.Kind == envelope.Submitted {
			continue
		}
		row.Entry, row.SendTo = 0, r.link.Peer
		d.change.Statements = append(d.change.Statements, row)
	}
	return nil
}

// repeated takes an answer that is stored already: a peer that was restored, and still
// knows the letter, answers again as it did, and the delivery is as before.
func (s *settling) repeated(d *Delivery, v verified, home string) {
	answers := v.st.Kind == envelope.Custody && d.State.open() && s.answered ||
		v.st.Kind == envelope.Delivered && (d.State.open() || d.State == StateRelayed)
	if d.Peer != s.peer || !answers {
		return
	}
	changed, done := d.apply(&v.st, home)
	if !changed {
		return
	}
	s.entry(v.st.Recipient, "repeated."+v.st.Kind.String(), v.receipt.Statement.Digest().String(), about(d.Key)+" issuer="+v.st.Issuer)
	d.Updated = s.node.now()
	s.changed[v.st.Recipient] = true
	if done {
		s.change.Unqueue = append(s.change.Unqueue, d.Key)
	}
}

// arrived gives a delivery its Delivered back that a restored peer on the way has taken anew:
// it was offered again for the peer's sake. Whether that peer hears once more that the letter
// has arrived, and from where, is open: it may have it from here, and then says nothing.
func (s *settling) arrived(d *Delivery) error {
	dir := s.node.Directory()
	for _, row := range s.stored[d.Key.Recipient] {
		if row.Key.Kind != envelope.Delivered {
			continue
		}
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			return err
		}
		if dir.speaksFor(st.Issuer, st.Recipient, st.Time, s.node.now()) {
			s.apply(d, &st, st.Issuer)
		}
	}
	return nil
}

// forgotten keeps a statement about a letter that this node had sent, and forgot when it
// was restored: it is evidence, and its issuer need not send it for ever.
func (s *settling) forgotten(ctx context.Context, v verified, digest envelope.Digest) error {
	if v.st.OriginNode != s.node.cfg.ID {
		return s.passOn(ctx, v, digest)
	}
	if s.node.restored.Generation == 0 {
		return errUnknownSubject
	}
	kept, err := s.keepAlone(ctx, v, digest, s.peer)
	if kept {
		s.change.Entries[len(s.change.Entries)-1].Outcome = "FORGOTTEN_LETTER"
	}
	return err
}

// LastEntry is the time of the newest journal entry of a store; 0 if it has none.
func LastEntry(ctx context.Context, store Store) (int64, error) {
	size, err := store.TreeSize(ctx)
	if err != nil || size == 0 {
		return 0, err
	}
	leaves, err := store.Leaves(ctx, size-1, 1)
	if err != nil || len(leaves) == 0 {
		return 0, fmt.Errorf("exchange: leaf %d of the journal: %w", size-1, orNotFound(err))
	}
	entry, err := journal.ParseLeaf(leaves[0].Data)
	return entry.Time, err
}
