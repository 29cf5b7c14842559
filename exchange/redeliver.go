package exchange

import (
	"context"

	"lienthong/envelope"
	"lienthong/journal"
)

// Redeliver sends a letter once more that this node has handed on and that has not
// arrived, or that failed: the same envelope, by another way where there is one. This node
// answers for it again, by a new statement whose number tells the nodes behind it that the
// letter was taken up again: they hand it on once more. Its home keeps it once.
func (s *Service) Redeliver(ctx context.Context, actor journal.Actor, o Order) (*QueueEntry, error) {
	return s.order(ctx, actor, "redeliver", o, func(d *draft, to *Delivery) error {
		switch {
		case to.State != StateRelayed && to.State != StateFailed && to.State != StateDropped:
			return to.wrongState("sent again", "what was handed on and has not arrived, has failed or was dropped")
		case to.ExpiresAt <= d.node.now():
			return fail(Precondition, ReasonExpired, "the letter expired at %s, and no node takes it any more: its agency sends a new one", timeText(to.ExpiresAt))
		}
		aims, err := s.cfg.Store.Aims(ctx, to.Digest, to.Key.Recipient)
		if err != nil {
			return err
		}
		if recalled(aims, to.Key.Recipient, to.OriginAgency) {
			return fail(Precondition, ReasonRecalled, "the letter was recalled by its agency: it is not sent again")
		}
		return d.redeliver(ctx, to)
	})
}

func (d *draft) redeliver(ctx context.Context, to *Delivery) error {
	letter, err := d.node.cfg.Store.Letter(ctx, to.Key.Letter())
	if err != nil {
		return err
	}
	if err := letter.whole(); err != nil {
		return err
	}
	d.change.Whole = append(d.change.Whole, letter.Key)
	for _, f := range letter.Files {
		d.change.Uses = append(d.change.Uses, f.Digest) // gone ones are an error, not a promise
	}
	visited, err := d.nodesBefore(ctx, to)
	if err != nil {
		return err
	}
	hop := d.node.Directory().RouteBut(d.node.cfg.ID, to.Key.Recipient, to.Peer, visited)
	if hop.Here {
		to.Attempts = 0
		return d.released(ctx, to, hop)
	}
	if err := d.renew(ctx, to); err != nil {
		return err
	}
	to.Attempts = 0
	d.onward(to, hop, 0)
	if hop != d.node.Directory().Route(d.node.cfg.ID, to.Key.Recipient) {
		to.Reason = ReasonRedirected
	}
	return nil
}

// renew begins a new tenure of this node: its own statement once more, with the next
// number, behind the same path.
func (d *draft) renew(ctx context.Context, to *Delivery) error {
	path, err := d.node.cfg.Store.Path(ctx, to.Tip)
	if err != nil {
		return err
	}
	stored, err := d.node.cfg.Store.Statements(ctx, to.Digest, to.Key.Recipient)
	if err != nil {
		return err
	}
	before := path.Chain[:len(path.Chain)-1]
	kind, previous := envelope.Submitted, envelope.Digest{}
	if len(before) > 0 {
		kind, previous = envelope.Custody, before[len(before)-1].Digest()
	}
	next, _ := d.node.own(stored, kind)
	row, err := d.issue(kind, *to, next, previous, to.From, nil)
	if err != nil {
		return err
	}
	to.Tip = row.Digest
	d.change.Paths = append(d.change.Paths, Path{Tip: to.Tip, Letter: path.Letter, From: path.From,
		Chain: append(append([]envelope.Sealed(nil), before...), row.Sealed)})
	return nil
}

// RouteBut is [Directory.Route] by another neighbour than one, where another leads to the
// agency's home: a direct peer, or the way along the tree. Nodes that were visited lead
// back. Where there is no other it is the one.
func (d *Directory) RouteBut(self, agency, but string, visited []string) Hop {
	hop := d.Route(self, agency)
	if hop.Here || hop.None() || hop.Peer != but && !contains(visited, hop.Peer) {
		return hop
	}
	if other := d.alongTree(self, d.agencies[agency].HomeNode); other.Peer != "" && other.Peer != but && !contains(visited, other.Peer) {
		return other
	}
	return hop
}
