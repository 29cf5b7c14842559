package exchange

import (
	"context"
	"errors"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// A node that is to end takes nothing new from its own agencies, and goes on with all else:
// it hands on what it has, takes what the directory still sends to it, and tells what comes
// of that. What was delivered here stays with this node, which has signed so: its agencies
// acknowledge it here, also after they have moved. When nothing is left the journal says so,
// and its last head is cosigned and stamped. Nobody has to wait for it: [Node.Tend] looks.

// Reasons and actions of a node that is to end.
const (
	ReasonRetiring    = "RETIRING" // the node is to end: it takes nothing new from its own agencies
	ReasonRetired     = "RETIRED"  // the node has nothing left to do: that is not taken back
	ReasonNotRetiring = "NOT_RETIRING"
	actionRetire      = "node.retire"
	actionUnretire    = "node.retire.cancel"
	actionRetired     = "node.retired"
)

// Retire has this node end, from now on and across restarts. One that is to end already goes
// on as it was.
func (s *Service) Retire(ctx context.Context, actor journal.Actor, reason string) (RetirementState, error) {
	if err := retireReason(reason); err != nil {
		return RetirementState{}, err
	}
	err := s.decide(ctx, func() error {
		if _, err := s.cfg.Store.Retirement(ctx); !errors.Is(err, ErrNotFound) {
			return err
		}
		d := s.draft(actor)
		d.change.Retirement = &Retirement{Since: s.now(), By: actor.Principal, Reason: reason}
		d.entry("", actionRetire, s.cfg.ID, whyText(reason))
		return s.commitWhy(ctx, d, "retire: this node is to end", reason)
	})
	if err != nil {
		return RetirementState{}, storeError(err)
	}
	return s.Retirement(ctx)
}

// Unretire takes back that this node is to end, unless it has nothing left to do.
func (s *Service) Unretire(ctx context.Context, actor journal.Actor, reason string) (RetirementState, error) {
	if err := retireReason(reason); err != nil {
		return RetirementState{}, err
	}
	err := s.decide(ctx, func() error {
		r, err := s.cfg.Store.Retirement(ctx)
		switch {
		case errors.Is(err, ErrNotFound):
			return fail(Precondition, ReasonNotRetiring, "node %q is not to end: there is nothing to take back", s.cfg.ID)
		case err != nil:
			return err
		case r.Done != 0:
			return fail(Precondition, ReasonRetired, "node %q had nothing left to do at %s, and its journal says so: switch it off, and let another node join", s.cfg.ID, timeText(r.Done))
		}
		d := s.draft(actor)
		d.change.Retirement, d.change.Unretire = &r, true
		d.entry("", actionUnretire, s.cfg.ID, whyText(reason))
		return s.commitWhy(ctx, d, "retire: taken back", reason)
	})
	if err != nil {
		return RetirementState{}, storeError(err)
	}
	return s.Retirement(ctx)
}

// commitWhy commits, and logs why, in the words of whoever wanted it.
func (s *Service) commitWhy(ctx context.Context, d *draft, what, reason string) error {
	_, err := s.commit(ctx, d.change)
	if err == nil {
		s.cfg.Log.Info(what, "by", d.actor.Principal, "reason", reason)
	}
	return err
}

func retireReason(reason string) error {
	if reason != "" && len(reason) <= maxReason && plainText(reason) {
		return nil
	}
	return &Error{Code: Invalid, Reason: "BAD_REASON", Text: "nothing was done",
		Fields: []Field{{"reason", "BAD_REASON", fmt.Sprintf("has %d bytes, want 1 to %d of text on one line: whoever comes after reads it", len(reason), maxReason)}}}
}

// takesNew says why an agency at home here begins nothing new at this node.
func (n *Node) takesNew(ctx context.Context, a *envelope.Agency) error {
	r, err := n.cfg.Store.Retirement(ctx)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return storeError(err)
	}
	return fail(Precondition, ReasonRetiring, "node %q takes nothing new: it is to end (since %s: %s); the directory (%s) names no other home for agency %q yet: its authority moves it (lienthong agency move %s --to NODE), and then the agency works there",
		n.cfg.ID, timeText(r.Since), r.Reason, n.Directory().version(), a.ID, CodeAt(*a, n.cfg.Now()))
}

// retireOn ends a node that is to end when nothing is left to do, and has its last head
// time-stamped, where somebody does that.
func (n *Node) retireOn(ctx context.Context) error {
	return n.decide(ctx, func() error {
		r, err := n.cfg.Store.Retirement(ctx)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		state, err := n.retirement(ctx, r)
		switch {
		case err != nil || state.Open():
			return err
		case r.Done == 0:
			r.Done = n.now()
			d := n.draft(journal.System)
			d.change.Retirement = &r
			d.entry("", actionRetired, n.cfg.ID, fmt.Sprintf("since=%d", r.Since))
			_, err = n.commit(ctx, d.change)
			return err
		case n.cfg.Stamp != nil && !state.Stamped && (state.Parent == "" || state.Cosigned):
			return n.StampCheckpoint(ctx)
		}
		return nil
	})
}
