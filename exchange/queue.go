package exchange

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"lienthong/envelope"
	"lienthong/journal"
)

// An Order is what an operator wants of one delivery that this node answers for, or has
// handed on. It is safe at any moment: an offer in flight is not called back, and what the
// peer answers to it counts as ever.
type Order struct {
	Delivery envelope.ID // at this node
	Staff    envelope.Staff
	Reason   string // for the log, and by its digest for the journal; of a drop also for the sender
}

// untilReleased is when a letter that an operator holds is looked at again: never.
const untilReleased = 1 << 62

// maxReason bounds the reason of an order, in bytes.
const maxReason = 500

// Hold keeps a letter here until it is released. One that was offered already may be with
// the peer: it is not offered again, and the peer's answer to that offer ends the hold.
func (s *Service) Hold(ctx context.Context, actor journal.Actor, o Order) (*QueueEntry, error) {
	return s.order(ctx, actor, "hold", o, func(d *draft, to *Delivery) error {
		switch to.State {
		case StateQueued, StateHeld:
			if !to.Offered {
				to.Peer = ""
			}
		case StateOffered, StateInDoubt: // as where it was offered before: the peer's answer is still wanted
		default:
			return to.wrongState("held", "what waits for its next hop")
		}
		to.State, to.Reason, to.HeldUntil = StateHeld, ReasonOperator, untilReleased
		d.change.Unqueue = append(d.change.Unqueue, to.Key)
		return nil
	})
}

// Release lets a held letter go on, by the way that the directory knows now.
func (s *Service) Release(ctx context.Context, actor journal.Actor, o Order) (*QueueEntry, error) {
	return s.order(ctx, actor, "release", o, func(d *draft, to *Delivery) error {
		if to.State != StateHeld {
			return to.wrongState("released", "what is held")
		}
		return d.goOn(ctx, to)
	})
}

// Retry makes a letter due now: one that waits after a refusal, one without a route, a
// dead one.
func (s *Service) Retry(ctx context.Context, actor journal.Actor, o Order) (*QueueEntry, error) {
	return s.order(ctx, actor, "retry", o, func(d *draft, to *Delivery) error {
		switch {
		case to.State == StateQueued, to.State == StateInDoubt:
			route, err := d.routeOf(ctx, to.Key)
			d.change.Defer = append(d.change.Defer, Deferral{to.Key, max(d.node.now(), route.NotBefore)})
			return err
		case to.State == StateDead, to.State == StateHeld && to.HeldUntil != untilReleased:
			return d.goOn(ctx, to)
		case to.State == StateHeld:
			return fail(Precondition, "STATE", "delivery %s is held by an operator: release it", to.ID)
		case to.State == StateOffered:
			return fail(Precondition, "STATE", "delivery %s is offered to %q already, and is offered again on the next link: wait for the answer, or redirect it", to.ID, to.Peer)
		}
		return to.wrongState("tried again", "what waits here")
	})
}

// goOn looks for the way of a letter that waits without an outbox row.
func (d *draft) goOn(ctx context.Context, to *Delivery) error {
	hop := d.node.Directory().Route(d.node.cfg.ID, to.Key.Recipient)
	to.Attempts = 0
	return d.released(ctx, to, hop)
}

// Redirect hands a letter to another neighbour than the directory says. The recipient
// stays: this names the next hop alone.
func (s *Service) Redirect(ctx context.Context, actor journal.Actor, o Order, peer string) (*QueueEntry, error) {
	return s.order(ctx, actor, "redirect", o, func(d *draft, to *Delivery) error {
		if !to.State.answerable() {
			return to.wrongState("redirected", "what waits for its next hop")
		}
		if err := d.mayGo(ctx, to, peer); err != nil {
			return err
		}
		route, err := d.routeOf(ctx, to.Key)
		to.Attempts = 0
		d.onward(to, Hop{Peer: peer}, route.NotBefore)
		to.Reason = ReasonRedirected
		return err
	})
}

// mayGo says why a letter cannot be handed to a node next.
func (d *draft) mayGo(ctx context.Context, to *Delivery, peer string) error {
	dir, self := d.node.Directory(), d.node.cfg.ID
	node, ok := dir.Node(peer)
	switch {
	case !ok || node.Ended != 0 || !dir.peers(self, peer):
		return &Error{Code: Invalid, Reason: "NO_NEIGHBOUR", Text: "the letter was not redirected",
			Fields: []Field{{"peer", "NO_NEIGHBOUR", fmt.Sprintf("is %.80q, want a neighbour of this node: %q", peer, dir.Neighbours(self))}}}
	case dir.Route(self, to.Key.Recipient).Here:
		return fail(Precondition, "AT_HOME", "agency %q is at home here: release the letter", to.Key.Recipient)
	}
	visited, err := d.nodesBefore(ctx, to)
	if contains(visited, peer) {
		return fail(Precondition, "VISITED", "the letter came by way of node %q: it would come back here", peer)
	}
	return err
}

// nodesBefore lists the nodes that have had a letter before this one.
func (d *draft) nodesBefore(ctx context.Context, to *Delivery) ([]string, error) {
	path, err := d.node.cfg.Store.Path(ctx, to.Tip)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	var out []string
	for _, sealed := range path.Chain {
		st, err := envelope.ParseStatement(sealed)
		if err != nil {
			return nil, err
		}
		out = append(out, st.Issuer)
	}
	return out, err
}

// Drop ends a letter that waits here, with a statement that says so to its sender.
func (s *Service) Drop(ctx context.Context, actor journal.Actor, o Order) (*QueueEntry, error) {
	if o.Reason == "" {
		return nil, &Error{Code: Invalid, Reason: "REASON_REQUIRED", Text: "the letter was not dropped", Fields: []Field{{"reason", "REQUIRED", "is required: the sender reads it"}}}
	}
	return s.order(ctx, actor, "drop", o, func(d *draft, to *Delivery) error {
		switch to.State {
		case StateQueued, StateHeld, StateDead, StateInDoubt:
		case StateOffered:
			return fail(Precondition, "STATE", "delivery %s is offered to %q this moment: hold it first", to.ID, to.Peer)
		default:
			return to.wrongState("dropped", "what waits here")
		}
		stored, err := d.node.cfg.Store.Statements(ctx, to.Digest, to.Key.Recipient)
		if err != nil {
			return err
		}
		next, _ := d.node.own(stored, envelope.Dropped)
		to.State, to.Reason, to.HeldUntil = StateDropped, ReasonDropped, 0
		d.change.Unqueue = append(d.change.Unqueue, to.Key)
		_, err = d.issue(envelope.Dropped, *to, next, to.Tip, to.From, func(st *envelope.Statement) {
			st.Failed = &envelope.FailedDetail{Reason: ReasonDropped, Text: fmt.Sprintf("%.300s", o.Reason)}
		})
		return err
	})
}

// order carries out an act on one delivery, with an entry that says who wanted it and why.
func (s *Service) order(ctx context.Context, actor journal.Actor, verb string, o Order, act func(*draft, *Delivery) error) (*QueueEntry, error) {
	if len(o.Reason) > maxReason || !plainText(o.Reason) {
		return nil, &Error{Code: Invalid, Reason: "BAD_REASON", Text: "nothing was done", Fields: []Field{{"reason", "BAD_REASON", fmt.Sprintf("want at most %d bytes of text on one line", maxReason)}}}
	}
	var to Delivery
	err := s.decide(ctx, func() (err error) {
		if to, err = s.cfg.Store.DeliveryByID(ctx, o.Delivery); errors.Is(err, ErrNotFound) {
			return fail(NotFound, "NOT_FOUND", "this node has no delivery %s", o.Delivery)
		}
		if err != nil {
			return err
		}
		before := to.State
		d := s.draft(actor)
		if err := act(d, &to); err != nil {
			return err
		}
		to.Updated = s.now()
		d.put(to)
		if err := d.foldDeliveries(ctx); err != nil {
			return err
		}
		d.entry(to.OriginAgency, "queue."+verb, to.Digest.String(), strings.TrimSpace(fmt.Sprintf("%s was=%s state=%s peer=%s %s", about(to.Key), before, to.State, to.Peer, whyText(o.Reason))))
		if _, err = s.commit(ctx, d.change); err == nil && o.Reason != "" {
			s.cfg.Log.Info("queue: "+verb, "delivery", to.ID.String(), "by", actor.Principal, "reason", o.Reason)
		}
		return err
	})
	if err != nil {
		return nil, storeError(err)
	}
	return s.queueEntry(ctx, to)
}

func (d *Delivery) wrongState(done, want string) error {
	return fail(Precondition, "STATE", "delivery %s is %s and cannot be %s: only %s can", d.ID, d.State, done, want)
}

// routeOf reads what the origin signed about a letter's way.
func (d *draft) routeOf(ctx context.Context, key DeliveryKey) (envelope.Route, error) {
	letter, err := d.node.cfg.Store.Letter(ctx, key.Letter())
	if err != nil {
		return envelope.Route{}, err
	}
	return envelope.ParseRoute(letter.Sealed)
}
