package exchange

import (
	"context"
	"errors"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// maxRefusals is how many heads of a child are kept as evidence, and journalled, on one
// link: it must not fill the journal.
const maxRefusals = 3

// witness cosigns the head of a child's journal, if what this node has cosigned of it
// before is its beginning. A head that is not so is refused, kept as evidence of two
// journals, and people are told.
func (s *session) witness(ctx context.Context, f Head) error {
	head, reason, err := s.readHead(f.Checkpoint)
	if err != nil {
		s.answerAll(Cosigned{Refused: reason})
		return err
	}
	var answer Cosigned
	err = s.relay.decide(ctx, func() error {
		var err error
		answer, err = s.judgeHead(ctx, f, head)
		return err
	})
	if err != nil {
		return err
	}
	s.answerAll(answer)
	return nil
}

// readHead checks that a head is of the child that shows it, and of the store that it
// has now.
func (s *session) readHead(sealed envelope.Sealed) (envelope.Checkpoint, string, error) {
	head, err := envelope.ParseCheckpoint(sealed)
	if err != nil {
		return head, ReasonBadHead, err
	}
	dir := s.relay.Directory()
	if child, ok := dir.Node(s.peer); !ok || child.Parent != s.relay.cfg.ID {
		return head, ReasonNotAChild, fmt.Errorf("exchange: checkpoint of %q: it is no child of this node", s.peer)
	}
	if head.Node != s.peer || head.Incarnation != s.hello.Incarnation || head.TreeSize == 0 {
		return head, ReasonBadHead, fmt.Errorf("exchange: checkpoint of %q shown by %q, or of another store of it", head.Node, s.peer)
	}
	if err := dir.verifyHead(sealed, head); err != nil {
		return head, ReasonBadHead, err
	}
	return head, "", nil
}

func (s *session) judgeHead(ctx context.Context, f Head, head envelope.Checkpoint) (Cosigned, error) {
	held, err := s.relay.cfg.Store.NewestCheckpoint(ctx, head.Node, head.Incarnation)
	switch {
	case errors.Is(err, ErrNotFound):
		return s.cosign(ctx, f.Checkpoint, head, CheckpointRow{})
	case err != nil:
		return Cosigned{}, err
	case head.TreeSize < held.Size:
		return s.refuseHead(ctx, f.Checkpoint, held, head, ReasonRolledBack, "a child shows a smaller journal than before: its store was put back, and not by restore")
	case head.TreeSize == held.Size && head.RootHash == held.Root:
		return s.again(f.Checkpoint, head, held)
	case head.TreeSize == held.Size:
		return s.refuseHead(ctx, f.Checkpoint, held, head, ReasonInconsistent, "a child has signed two heads of one size")
	case f.From != held.Size:
		return Cosigned{Refused: ReasonOtherBase, Held: held.Sealed}, nil
	}
	proof := make([]journal.Hash, len(f.Proof))
	for i, h := range f.Proof {
		proof[i] = journal.Hash(h)
	}
	if err := journal.VerifyConsistency(proof, head.TreeSize, journal.Hash(head.RootHash), held.Size, journal.Hash(held.Root)); err != nil {
		return s.refuseHead(ctx, f.Checkpoint, held, head, ReasonInconsistent, "the journal that a child shows is not the one that it showed before")
	}
	return s.cosign(ctx, f.Checkpoint, head, held)
}

// again answers for the head that is held. If it was signed anew, so is this.
func (s *session) again(shown envelope.Sealed, head envelope.Checkpoint, held CheckpointRow) (Cosigned, error) {
	if shown.Digest() == held.Sealed.Digest() {
		return Cosigned{Cosignature: held.Cosignature}, nil
	}
	signed, err := s.relay.cosignature(shown, head)
	return Cosigned{Cosignature: signed}, err
}

// cosignature signs that a head is consistent with those before.
func (n *Node) cosignature(sealed envelope.Sealed, head envelope.Checkpoint) (envelope.Sealed, error) {
	co := envelope.Cosignature{Node: n.cfg.ID, Checkpoint: sealed.Digest(), LogNode: head.Node, LogIncarnation: head.Incarnation, TreeSize: head.TreeSize, Time: n.now()}
	return envelope.SealCosignature(&co, n.Signer())
}

// cosign signs, and keeps before it answers: what is cosigned is remembered. held is what the
// head was proved from. Of two that are proved from one, and contradict each other, only one is
// kept and answered: the link must be the newest, at whatever process it ends, and held too.
func (s *session) cosign(ctx context.Context, sealed envelope.Sealed, head envelope.Checkpoint, held CheckpointRow) (Cosigned, error) {
	n := s.relay.Node
	signed, err := n.cosignature(sealed, head)
	if err != nil {
		return Cosigned{}, err
	}
	d := n.draft(journal.Actor{Node: s.peer})
	d.change.Link = s.link
	d.change.Held = &HeadSeen{head.Node, head.Incarnation, held.Size, held.Root}
	d.change.Checkpoints = []CheckpointRow{rowOf(head, sealed, signed, n.now())}
	d.entry("", "checkpoint.cosign", sealed.Digest().String(), fmt.Sprintf("node=%s leaves=%d", head.Node, head.TreeSize))
	_, err = n.commit(ctx, d.change)
	return Cosigned{Cosignature: signed}, err
}

func (s *session) refuseHead(ctx context.Context, shown envelope.Sealed, held CheckpointRow, head envelope.Checkpoint, reason, text string) (Cosigned, error) {
	answer := Cosigned{Refused: reason, Held: held.Sealed}
	if s.badHeads.Add(1) > maxRefusals {
		return answer, nil
	}
	return answer, s.alarmHead(ctx, head, shown, reason, text)
}
