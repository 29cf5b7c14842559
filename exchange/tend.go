package exchange

import (
	"context"
	"errors"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// Rows that are looked at together, and how often at one time.
const (
	tendBatch  = 256
	tendRounds = 64
)

// Tend does what time brings: letters whose way is another now, those that reached their
// deadline, held ones that are to be looked at again, signing sessions that nobody completed, keys whose time
// is over, archive time-stamps that end soon, and minutes whose refused calls are to be
// kept, statements whose neighbour is none any more, and the end of a node that has
// nothing left to do. Run calls it every second. One that cannot be worked on is passed over, and named
// in the error.
func (n *Node) Tend(ctx context.Context) error {
	first := errors.Join(n.watchClock(ctx), n.followDirectory(ctx)) // these make due what the others look at
	now := n.now()
	return errors.Join(first,
		tend(ctx, func() ([]Delivery, error) { return n.cfg.Store.Expiring(ctx, now, tendBatch) }, n.expire),
		tend(ctx, func() ([]Delivery, error) { return n.cfg.Store.HeldDue(ctx, now, tendBatch) }, n.release),
		n.fillBlank(ctx),
		n.rerouteStatements(ctx),
		tend(ctx, func() ([]Delivery, error) { return n.cfg.Store.Incomplete(ctx, now-incompleteAfter, tendBatch) }, n.noteIncomplete),
		n.expireSessions(ctx, now),
		n.expireKeys(ctx),
		n.renew(ctx, now),
		n.retireOn(ctx),
		n.KeepRefusals(ctx, now-now%microMinute))
}

// tend works on what a list gives until it gives no more.
func tend(ctx context.Context, list func() ([]Delivery, error), act func(context.Context, envelope.ID) error) error {
	for range tendRounds {
		rows, err := list()
		if err != nil {
			return err
		}
		var failed error
		for _, d := range rows {
			if err := act(ctx, d.ID); err != nil {
				failed = errors.Join(failed, fmt.Errorf("delivery %s: %w", d.ID, err))
			}
		}
		// Those that failed would be given again.
		if failed != nil || len(rows) < tendBatch {
			return failed
		}
	}
	return nil
}

// expire ends a delivery at its deadline. One that nobody was offered has failed,
// and this node says so; one that was offered, even if it was refused for now, is in doubt: its outbox row stays, so
// that the peer's answer to the next offer ends the doubt.
func (n *Node) expire(ctx context.Context, id envelope.ID) error {
	return n.decide(ctx, func() error {
		to, err := n.cfg.Store.DeliveryByID(ctx, id)
		if err != nil || to.ExpiresAt > n.now() {
			return err
		}
		d := n.draft(journal.System)
		to.Updated, to.Reason, to.HeldUntil = n.now(), ReasonExpired, 0
		switch {
		case to.State == StateOffered, to.State == StateQueued && to.Offered:
			// A refusal for now that the peer did not sign proves nothing.
			d.doubt(&to)
		case to.State == StateHeld && to.Peer != "":
			// It was offered before an operator held it: the peer is asked what came of that.
			d.queue(&to, to.Peer, n.now())
			d.doubt(&to)
		case to.State == StateQueued, to.State == StateHeld, to.State == StateDead:
			to.State = StateFailed
			d.change.Unqueue = append(d.change.Unqueue, to.Key)
			if err := d.fail(ctx, to, ReasonExpired, fmt.Sprintf("not handed on until %s", timeText(to.ExpiresAt))); err != nil {
				return err
			}
		default:
			return nil
		}
		d.change.Deliveries = append(d.change.Deliveries, to)
		_, err = n.commit(ctx, d.change)
		return err
	})
}

// doubt ends a delivery of which only the peer knows whether it was taken.
func (d *draft) doubt(to *Delivery) {
	to.State = StateInDoubt
	e := d.entry(to.Key.Recipient, "delivery.in_doubt", to.Digest.String(), about(to.Key))
	d.change.Entries[e].Outcome = ReasonExpired
}

// fail signs that this node does not answer for a delivery any more.
func (d *draft) fail(ctx context.Context, to Delivery, reason, text string) error {
	stored, err := d.node.cfg.Store.Statements(ctx, to.Digest, to.Key.Recipient)
	if err != nil {
		return err
	}
	next, _ := d.node.own(stored, envelope.Failed)
	_, err = d.issue(envelope.Failed, to, next, to.Tip, to.From, func(st *envelope.Statement) {
		st.Failed = &envelope.FailedDetail{Reason: reason, Text: text}
	})
	return err
}

// release looks at a held delivery again: the directory may know a way now.
func (n *Node) release(ctx context.Context, id envelope.ID) error {
	return n.decide(ctx, func() error {
		to, err := n.cfg.Store.DeliveryByID(ctx, id)
		if err != nil || to.State != StateHeld || to.HeldUntil > n.now() {
			return err
		}
		d := n.draft(journal.System)
		hop := n.Directory().Route(n.cfg.ID, to.Key.Recipient)
		if hop.None() && to.Reason == ReasonNoRoute || hop.Here && to.Reason == ReasonNotUnderstood {
			// Wait as long again as it has waited, between a minute and an hour.
			to.HeldUntil = n.now() + min(max(n.now()-to.Created, holdTime), 60*holdTime)
		} else if err := d.released(ctx, &to, hop); err != nil {
			return err
		}
		d.entry(to.Key.Recipient, "delivery.released", to.Digest.String(), about(to.Key)+" state="+to.State.String())
		d.put(to)
		if err := d.foldDeliveries(ctx); err != nil {
			return err
		}
		_, err = n.commit(ctx, d.change)
		return err
	})
}

func (d *draft) released(ctx context.Context, to *Delivery, hop Hop) error {
	letter, err := d.node.cfg.Store.Letter(ctx, to.Key.Letter())
	if err != nil {
		return err
	}
	route, err := envelope.ParseRoute(letter.Sealed)
	if err != nil {
		return err
	}
	content, ok := understood(letter.Content)
	if hop.Here && !ok {
		d.hold(to, ReasonNotUnderstood, d.node.now()+holdTime)
		return nil
	}
	if hop, err = d.strike(ctx, to, &route, &content, hop, nil); err != nil {
		return err
	}
	if !hop.Here {
		d.onward(to, hop, route.NotBefore)
		return nil
	}
	stored, err := d.node.cfg.Store.Statements(ctx, to.Digest, to.Key.Recipient)
	if err != nil {
		return err
	}
	next, _ := d.node.own(stored, envelope.Delivered)
	if _, err := d.issue(envelope.Delivered, *to, next, to.Tip, to.From, nil); err != nil {
		return err
	}
	to.Follows = route.Follows(&content, to.Key.Recipient)
	d.home(to, &route, &content)
	return nil
}

// understood reads content, if it is of a kind that this version reads.
func understood(data []byte) (envelope.Content, bool) {
	content, err := envelope.ParseContent(data)
	return content, err == nil
}
