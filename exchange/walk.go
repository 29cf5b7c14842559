package exchange

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"lienthong/envelope"
	"lienthong/journal"
)

// walking is a walk through what waits here, by which letters follow a directory that has
// changed: those that are held for want of another one, and those that wait for a neighbour
// that is none any more, or by which their way does not go. There is one when a process
// begins, one after each change of the directory, and one an hour, for what was queued by
// the directory of before while that changed. It does a little at a time, goes on where it
// stopped, and another begins when it is over: however often the directory changes, it
// comes to its end.
type walking struct {
	mu    sync.Mutex
	begun *Directory // by which the last walk began; before the first, that of the process
	at    int64      // when; 0: one is to begin
	fresh bool       // because the directory had changed
	left  []stretch
	stuck map[string]int // letters that stay with who was offered them, by peer, of this walk
	told  map[string]int // the same as the journal says
}

// A stretch is what waits in one state for one peer ("" for none), from a mark on.
type stretch struct {
	state State
	peer  string
	after Mark
}

// walkPages bounds the pages of [tendBatch] deliveries that are walked through at one time.
const walkPages = 16

// followDirectory walks on.
func (n *Node) followDirectory(ctx context.Context) error {
	w := &n.walking
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := n.Directory().Node(n.cfg.ID); !ok {
		return nil
	}
	if len(w.left) == 0 {
		if now := n.now(); w.begun == n.Directory() && now >= w.at && now-w.at < astrayEvery {
			return nil
		}
		if err := n.beginWalk(ctx); err != nil {
			return err
		}
	}
	for range walkPages {
		if len(w.left) == 0 {
			break
		}
		if err := n.walkOn(ctx, &w.left[0]); err != nil {
			return err
		}
	}
	if len(w.left) > 0 {
		return nil
	}
	return n.tellStuck(ctx)
}

// beginWalk lists what there is to walk through.
func (n *Node) beginWalk(ctx context.Context) error {
	w, dir := &n.walking, n.Directory()
	rows, err := n.cfg.Store.OutboxPeers(ctx)
	if err != nil {
		return err
	}
	left := []stretch{{state: StateHeld}}
	for peer := range rows {
		left = append(left, stretch{state: StateQueued, peer: peer})
		if !dir.neighbour(n.cfg.ID, peer) {
			left = append(left, stretch{state: StateOffered, peer: peer}, stretch{state: StateInDoubt, peer: peer})
		}
	}
	w.fresh = w.begun != dir
	w.begun, w.at, w.left, w.stuck = dir, n.now(), left, map[string]int{}
	return nil
}

// walkOn does one page of a stretch, in one commit. What it moves is in the page no more when
// something was faster, and the page is read again.
func (n *Node) walkOn(ctx context.Context, s *stretch) error {
	var rows []Delivery
	var home []envelope.ID
	stuck := 0
	err := n.decide(ctx, func() (err error) {
		if rows, err = n.cfg.Store.WaitingFor(ctx, s.state, s.peer, s.after, tendBatch); err != nil {
			return err
		}
		d := n.draft(journal.System)
		stuck = 0
		if home, err = d.waysOf(ctx, rows, &stuck); err != nil || len(d.change.Entries) == 0 {
			return err
		}
		_, err = n.commit(ctx, d.change)
		return err
	})
	if err != nil {
		return err
	}
	if stuck > 0 {
		n.walking.stuck[s.peer] += stuck
	}
	peer := s.peer
	if len(rows) < tendBatch || s.state != StateHeld && s.state != StateQueued && n.walking.stuck[s.peer] >= countLimit {
		n.walking.left = n.walking.left[1:]
	} else {
		last := &rows[len(rows)-1]
		s.after = Mark{last.Created, last.ID}
	}
	for _, id := range home {
		if err := n.arriveHere(ctx, id); err != nil { // it costs nobody else, and the next walk tries it again
			n.cfg.Log.Error("directory: a letter that waits for a peer is at home here", "delivery", id.String(), "peer", peer, "error", err)
		}
	}
	return nil
}

// waysOf finds the ways of a page. home are letters whose recipient is at home here now;
// stuck counts those that stay with a neighbour that is none any more.
func (d *draft) waysOf(ctx context.Context, rows []Delivery, stuck *int) (home []envelope.ID, err error) {
	n, dir := d.node, d.node.Directory()
	for i := range rows {
		to := &rows[i]
		hop := dir.Route(n.cfg.ID, to.Key.Recipient)
		switch {
		case to.State == StateHeld:
			d.lookAgain(to, hop)
		case to.State != StateQueued || to.Offered:
			if !dir.neighbour(n.cfg.ID, to.Peer) {
				*stuck++
			}
		case !n.strays(to, hop):
		case hop.Here:
			home = append(home, to.ID)
		default:
			if err := d.goBy(ctx, to, hop); err != nil {
				return nil, err
			}
		}
	}
	return home, nil
}

// lookAgain makes a letter due that is held for want of another directory than the one
// before: this may be it. Where the directory is as it was, it is one whose time no right
// clock can have meant.
func (d *draft) lookAgain(to *Delivery, hop Hop) {
	now := d.node.now()
	switch {
	case to.HeldUntil <= now:
		return
	case to.Reason == ReasonDirectorySkew && (d.node.walking.fresh || to.HeldUntil > now+holdTime):
	case to.Reason == ReasonNoRoute && !hop.None():
	default:
		return
	}
	to.HeldUntil, to.Updated = now, now
	d.put(*to)
	d.entry(to.Key.Recipient, "delivery.look_again", to.Digest.String(), about(to.Key))
}

// strays reports whether a letter that nobody was offered waits for the wrong peer. What
// goes another way than the directory says for a reason of its own stays with its peer as
// long as that is a neighbour: what an operator has sent there, and a recall, which follows
// its document.
func (n *Node) strays(to *Delivery, hop Hop) bool {
	dir := n.Directory()
	if hop.Peer == to.Peer {
		return false
	}
	if !dir.neighbour(n.cfg.ID, to.Peer) {
		return hop.Peer == "" || dir.neighbour(n.cfg.ID, hop.Peer)
	}
	if to.Kind == envelope.KindRecall || to.Reason == ReasonRedirected {
		return false
	}
	return hop.Here || dir.neighbour(n.cfg.ID, hop.Peer)
}

// goBy queues a letter for another peer, or holds it where no way is known. When it was to
// go at the earliest stands in its row.
func (d *draft) goBy(ctx context.Context, to *Delivery, hop Hop) error {
	row, err := d.node.cfg.Store.Outbox(ctx, to.Key)
	if errors.Is(err, ErrNotFound) {
		return nil // it has gone on since it was listed
	}
	if err != nil {
		return err
	}
	from := to.Peer
	d.entry(to.Key.Recipient, "delivery.reroute", to.Digest.String(), fmt.Sprintf("%s from=%s to=%s", about(to.Key), from, hop.Peer))
	d.change.Unqueue = append(d.change.Unqueue, to.Key)
	d.onward(to, hop, row.DueAt)
	d.put(*to)
	return nil
}

// arriveHere ends the wait of a letter for a peer where its recipient is at home here now.
func (n *Node) arriveHere(ctx context.Context, id envelope.ID) error {
	return n.decide(ctx, func() error {
		to, err := n.cfg.Store.DeliveryByID(ctx, id)
		hop := n.Directory().Route(n.cfg.ID, to.Key.Recipient)
		if err != nil || to.State != StateQueued || to.Offered || !hop.Here {
			return err
		}
		row, err := n.cfg.Store.Outbox(ctx, to.Key)
		if err != nil {
			return err
		}
		d := n.draft(journal.System)
		d.entry(to.Key.Recipient, "delivery.reroute", to.Digest.String(), about(to.Key)+" from="+to.Peer+" to=")
		d.change.Unqueue = append(d.change.Unqueue, to.Key)
		if row.DueAt > n.now() {
			d.hold(&to, ReasonNotYet, row.DueAt)
		} else if err := d.released(ctx, &to, hop); err != nil {
			return err
		}
		d.put(to)
		if err := d.foldDeliveries(ctx); err != nil {
			return err
		}
		_, err = n.commit(ctx, d.change)
		return err
	})
}

// tellStuck says which letters stay where they are although the way does not go there any
// more: who was offered them may answer for them, and only an operator can know better. The
// journal says so again when there are others.
func (n *Node) tellStuck(ctx context.Context) error {
	w := &n.walking
	d := n.draft(journal.System)
	for _, peer := range slices.Sorted(maps.Keys(w.stuck)) {
		count := w.stuck[peer]
		n.cfg.Log.Error("relay: ALARM: letters that were offered to a node which is no neighbour any more wait for its answer: lienthong queue list --peer NODE, then redirect",
			"peer", peer, "letters", count)
		if w.told[peer] != count {
			e := d.entry("", "letter.astray", "", fmt.Sprintf("peer=%s letters=%d", peer, count))
			d.change.Entries[e].Outcome = "NO_NEIGHBOUR"
		}
	}
	w.told = w.stuck
	if len(d.change.Entries) == 0 {
		return nil
	}
	return n.Record(ctx, d.change.Entries...)
}
