package exchange

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// incompleteAfter is how long a version waits for the one before it until the sender is
// told, in microseconds: 24 hours.
const incompleteAfter = 24 * 3600 * 1_000_000

// remarkComplete takes an INCOMPLETE back.
const remarkComplete = "COMPLETE"

// noted shows a remark of the recipient's home until another takes it back.
func (d *Delivery) noted(reason string) {
	if reason == remarkComplete {
		reason = ""
	}
	d.Reason = fmt.Sprintf("%.64s", reason)
}

// remark signs something that was noted about a delivery, and sends it to the origin.
func (d *draft) remark(ctx context.Context, to *Delivery, reason, text string) error {
	stored, err := d.node.cfg.Store.Statements(ctx, to.Digest, to.Key.Recipient)
	if err != nil {
		return err
	}
	next, _ := d.node.own(stored, envelope.Remark)
	to.noted(reason)
	to.Updated = d.node.now()
	_, err = d.issue(envelope.Remark, *to, next, to.Tip, to.From, func(st *envelope.Statement) {
		st.Remark = &envelope.RemarkDetail{Reason: reason, Text: text}
	})
	return err
}

// noteIncomplete tells the sender of a version that has waited a day for the one before it.
func (n *Node) noteIncomplete(ctx context.Context, id envelope.ID) error {
	return n.decide(ctx, func() error {
		to, err := n.cfg.Store.DeliveryByID(ctx, id)
		if err != nil || to.Copy != CopyWaiting || to.Reason != "" || to.Arrived > n.now()-incompleteAfter {
			return err
		}
		d := n.draft(journal.System)
		if !to.Home { // a sender's own view: its receiver's home says so itself
			to.Reason, to.Updated = ReasonIncomplete, n.now()
			d.entry(to.Key.Recipient, "delivery.incomplete", to.Digest.String(), about(to.Key))
		} else if err := d.remark(ctx, &to, ReasonIncomplete, fmt.Sprintf("version %d waits for version %d since %s", to.Version, to.Follows, timeText(to.Arrived))); err != nil {
			return err
		}
		d.put(to)
		_, err = n.commit(ctx, d.change)
		return err
	})
}
