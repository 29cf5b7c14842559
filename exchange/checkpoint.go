package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// featureCheckpoints is what a node says in Hello that takes heads of its children, or
// shows its own.
const featureCheckpoints = "checkpoints"

// features are what this version understands beyond the frames of the first one.
func features() []string {
	return []string{FeatureZones, featureCheckpoints, featureCredit, featureGiveBack, featureRoom, featureChainBack}
}

// A Head shows the parent where a journal is, and that what the parent has cosigned is
// the beginning of it.
type Head struct {
	Checkpoint envelope.Sealed
	From       uint64 // leaves under the head that was cosigned last; 0 for none
	Proof      []envelope.Digest
}

// Cosigned answers a Head: with the parent's signature, or with why it has none and the
// head that it holds.
type Cosigned struct {
	Cosignature envelope.Sealed
	Refused     string
	Held        envelope.Sealed
}

func (Head) frame()     {}
func (Cosigned) frame() {}

// Reasons for which a head is not cosigned. They are on the wire and in the journal.
const (
	ReasonOtherBase    = "OTHER_BASE"   // it is proved from another head than the one held: prove from that one
	ReasonInconsistent = "INCONSISTENT" // what was cosigned is not its beginning
	ReasonRolledBack   = "ROLLED_BACK"  // it is smaller than what was cosigned
	ReasonNotAChild    = "NOT_A_CHILD"  // the directory knows another parent
	ReasonBadHead      = "BAD_HEAD"     // it is not signed by its node, or of another store
)

// pumpCheckpoints shows the parent the head of this journal, now and then, as long as it
// grows by more than what comes of showing it.
func (s *session) pumpCheckpoints(ctx context.Context) error {
	for waited := 0; ctx.Err() == nil && !s.stopShowing.Load(); waited++ {
		if err := s.showNext(ctx, &waited); err != nil && ctx.Err() == nil {
			s.relay.cfg.Log.Warn("relay: checkpoint", "peer", s.peer, "error", err)
		}
		wait(ctx, nil, s.relay.cfg.CheckpointEvery)
	}
	<-ctx.Done() // refused for good: people have been told
	return context.Cause(ctx)
}

// patience is how many turns an answer to a head is waited for. Then the same head is shown
// again, and no later one, so that one answer at a time is awaited.
const patience = 60

// showNext shows a head if no answer is awaited, and otherwise the same one again after
// patience.
func (s *session) showNext(ctx context.Context, waited *int) error {
	s.showing.Lock()
	defer s.showing.Unlock()
	if s.shown != nil && *waited < patience {
		return nil
	}
	*waited = 0
	if s.shown != nil {
		return s.answer(*s.shown)
	}
	return s.showHead(ctx, nil)
}

// showsHeads reports whether the peer is the parent, and cosigns.
func (s *session) showsHeads() bool {
	me, ok := s.relay.Directory().Node(s.relay.cfg.ID)
	return ok && me.Parent == s.peer && contains(s.hello.Features, featureCheckpoints)
}

// showHead sends the newest head, proved from held, or from the last that was cosigned. The
// caller holds showing, as for all that has to do with the head that is shown.
func (s *session) showHead(ctx context.Context, held *envelope.Checkpoint) error {
	n := s.relay.Node
	size, err := n.cfg.Store.TreeSize(ctx)
	if err != nil || size == 0 || held == nil && size == s.relay.quiet.Load() {
		return err
	}
	head, sealed, err := n.checkpoint(ctx, size)
	if err != nil {
		return err
	}
	frame := Head{Checkpoint: sealed}
	switch last, err := n.cfg.Store.NewestCheckpoint(ctx, n.cfg.ID, n.incarnation); {
	case held != nil:
		frame.From = held.TreeSize
	case err == nil && last.Size == head.TreeSize && len(last.Cosignature.Payload) > 0:
		return nil
	case err == nil:
		frame.From = last.Size
	case !errors.Is(err, ErrNotFound):
		return err
	}
	if frame.From > head.TreeSize {
		return fmt.Errorf("exchange: %q has cosigned %d leaves of this journal, which has %d", s.peer, frame.From, head.TreeSize)
	}
	if frame.From > 0 {
		proof, err := journal.ProveConsistency(head.TreeSize, frame.From, n.reader(ctx))
		if err != nil {
			return err
		}
		for _, h := range proof {
			frame.Proof = append(frame.Proof, envelope.Digest(h))
		}
	}
	s.shown = &frame
	return s.answer(frame)
}

// cosigned keeps what the parent has answered to the newest head. Until that is done none
// is shown: it would be proved from the one before, and pass the one that proves it anew.
func (s *session) cosigned(ctx context.Context, f Cosigned) error {
	s.showing.Lock()
	defer s.showing.Unlock()
	shown := s.answersHead(f)
	if len(shown.Payload) == 0 {
		return nil // it answers once more what was shown twice
	}
	head, err := envelope.ParseCheckpoint(shown)
	if err != nil {
		return err
	}
	if f.Refused != "" {
		return s.headRefused(ctx, f, head)
	}
	co, err := s.relay.Directory().VerifyCosignature(shown, f.Cosignature)
	if err == nil && co.Node != s.peer {
		err = fmt.Errorf("exchange: %q answers a head with a cosignature of %q", s.peer, co.Node)
	}
	if err != nil {
		return err // the next head is answered anew
	}
	d := s.relay.draft(journal.Actor{Node: s.peer})
	d.change.Checkpoints = []CheckpointRow{rowOf(head, shown, f.Cosignature, s.relay.now())}
	d.entry("", "checkpoint.cosigned", shown.Digest().String(), fmt.Sprintf("node=%s leaves=%d by=%s", head.Node, head.TreeSize, co.Node))
	done, err := s.relay.commit(ctx, d.change)
	if err == nil && done.First == head.TreeSize {
		s.relay.quiet.Store(done.First + 1) // only this entry is new: it is shown with the next
	}
	return err
}

// answersHead is the head that an answer is about, which is awaited no more; empty if it is
// about none that is. A refusal does not say about which: it is taken for the last.
func (s *session) answersHead(f Cosigned) envelope.Sealed {
	if s.shown == nil {
		return envelope.Sealed{}
	}
	shown := s.shown.Checkpoint
	if co, err := envelope.ParseCosignature(f.Cosignature); f.Refused == "" && err == nil && co.Checkpoint != shown.Digest() {
		return envelope.Sealed{}
	}
	s.shown = nil
	return shown
}

func rowOf(head envelope.Checkpoint, sealed, cosignature envelope.Sealed, now int64) CheckpointRow {
	return CheckpointRow{Node: head.Node, Incarnation: head.Incarnation, Size: head.TreeSize, Root: head.RootHash, Sealed: sealed, Cosignature: cosignature, Seen: now}
}

// headRefused proves from the head that the parent holds, if it is of this journal. If it
// is not, one of the two is not what it says, and people have to look.
func (s *session) headRefused(ctx context.Context, f Cosigned, head envelope.Checkpoint) error {
	if f.Refused == ReasonNotAChild {
		return fmt.Errorf("exchange: %q cosigns no heads of this node: by its directory it is not the parent", s.peer)
	}
	held, err := envelope.ParseCheckpoint(f.Held)
	if err == nil && f.Refused == ReasonOtherBase && held.Node == head.Node && held.Incarnation == head.Incarnation && held.TreeSize <= head.TreeSize {
		// If it is not of this journal the proof fails there, and the parent knows too.
		return s.showHead(ctx, &held)
	}
	s.stopShowing.Store(true)
	return s.alarmHead(ctx, head, f.Held, f.Refused, "the parent holds another head of this journal")
}

// alarmHead tells people, and the journal, of heads that contradict each other; kept is
// the one that is kept as evidence. Over a link that is not the newest any more it tells
// nobody: what was shown over the newer one may have overtaken this.
func (s *session) alarmHead(ctx context.Context, head envelope.Checkpoint, kept envelope.Sealed, reason, text string) error {
	d := s.relay.draft(journal.Actor{Node: s.peer})
	d.change.Link = s.link
	e := d.entry("", "checkpoint.refused", kept.Digest().String(), fmt.Sprintf("node=%s leaves=%d", head.Node, head.TreeSize))
	d.change.Entries[e].Outcome = fmt.Sprintf("%.64s", reason)
	if parsed, err := envelope.ParseCheckpoint(kept); err == nil {
		row := rowOf(parsed, kept, envelope.Sealed{}, s.relay.now())
		row.Refused = fmt.Sprintf("%.64s", reason)
		d.change.Checkpoints = []CheckpointRow{row}
	}
	_, err := s.relay.commit(ctx, d.change)
	if !errors.Is(err, ErrFenced) { // else also where it cannot be kept
		s.relay.cfg.Log.Error("relay: ALARM: checkpoint: "+text, "peer", s.peer, "node", head.Node, "leaves", head.TreeSize, "reason", reason)
	}
	return err
}

// DefaultCheckpointEvery is how often a node shows its parent the head of its journal.
const DefaultCheckpointEvery = time.Minute

// VerifyCosignature checks that a node of this directory says, in a cosignature, that it
// holds this checkpoint for consistent with those that it was shown before.
func (d *Directory) VerifyCosignature(checkpoint, cosignature envelope.Sealed) (envelope.Cosignature, error) {
	co, err := envelope.ParseCosignature(cosignature)
	if err != nil {
		return co, err
	}
	if co.Checkpoint != checkpoint.Digest() {
		return co, fmt.Errorf("exchange: cosignature of %q: is of checkpoint %s, want %s", co.Node, co.Checkpoint, checkpoint.Digest())
	}
	if err := cosignature.Verify(d.signers(co.Node, co.Time, co.Time)...); err != nil {
		return co, fmt.Errorf("exchange: cosignature of %q: %w", co.Node, err)
	}
	return co, nil
}
