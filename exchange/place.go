package exchange

import "lienthong/envelope"

// holdTime is how long a held letter waits before its route is looked up again, in
// microseconds.
const holdTime = 60_000_000

// onward adds the rows of a delivery that this node answers for and that is not at
// home here: an outbox row for the next hop, or a reason to hold it.
func (d *draft) onward(to *Delivery, hop Hop, notBefore int64) {
	now := d.node.now()
	to.Updated, to.Custodian, to.Home = now, d.node.cfg.ID, false
	to.Reason, to.HeldUntil, to.Peer = "", 0, hop.Peer
	if hop.None() {
		to.State, to.Reason, to.HeldUntil = StateHeld, ReasonNoRoute, now+holdTime
		return
	}
	to.State = StateQueued
	d.queue(to, hop.Peer, max(d.began(now), notBefore))
}

// began is when the act began, by its first entry: a row that is due then is due when it is
// stored, and need not be woken.
func (d *draft) began(now int64) int64 {
	if len(d.change.Entries) > 0 {
		return d.change.Entries[0].Time
	}
	return now
}

// queue adds the outbox row of a delivery.
func (d *draft) queue(to *Delivery, peer string, due int64) {
	d.change.Queue = append(d.change.Queue, OutboxRow{Key: to.Key, Peer: peer, Agency: to.OriginAgency, Class: int(to.Urgency), Tip: to.Tip, DueAt: due})
}

// hold keeps a delivery here until a time, without an outbox row.
func (d *draft) hold(to *Delivery, reason string, until int64) {
	to.State, to.Reason, to.HeldUntil, to.Peer, to.Home = StateHeld, reason, until, "", false
	to.Updated, to.Custodian = d.node.now(), d.node.cfg.ID
	d.change.Unqueue = append(d.change.Unqueue, to.Key)
}

// home makes the letter the recipient's: its files, and a validation job. The
// Delivered statement goes with it in the same change.
func (d *draft) home(to *Delivery, route *envelope.Route, content *envelope.Content) {
	now := d.node.now()
	to.State, to.Home, to.Custodian, to.Updated = StateDelivered, true, d.node.cfg.ID, now
	to.Reason, to.HeldUntil, to.Peer = "", 0, ""
	to.Arrived, to.AnswerBy = now, 0
	for _, f := range content.Files {
		d.change.Files = append(d.change.Files, File{Holder: to.Key.Recipient, Digest: f.SHA256, Size: f.Size, LeafRoot: f.LeafRoot,
			Name: f.Name, MediaType: f.MediaType, Since: now})
	}
	if to.Kind == envelope.KindRecall {
		return // it has at most what went along, nothing to validate, and asks for no answer by a day
	}
	to.AnswerBy = answerBy(&content.Metadata)
	d.fileIn(to, route, content)
	d.change.Jobs = append(d.change.Jobs, Job{Key: to.Key, Agency: to.Key.Recipient, DueAt: now})
}
