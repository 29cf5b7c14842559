package exchange

import (
	"context"

	"lienthong/envelope"
)

// checkThread refuses recalls, updates and replacements that nobody can act on, at every
// node: a document is changed and recalled by the agency that sent it, and by no other.
func (o *offered) checkThread() error {
	var want envelope.RelationKind
	switch o.route.Kind {
	case envelope.KindRecall:
		want = envelope.RelationRecalls
	case envelope.KindUpdate, envelope.KindReplacement:
		want = envelope.RelationUpdates
		if o.route.Version < 2 {
			return refuseForGood(ReasonMalformed, "an envelope of kind %d is version %d of its thread, want 2 or more", o.route.Kind, o.route.Version)
		}
	default:
		return nil
	}
	found := false
	for _, rel := range o.route.Relations {
		switch rel.Kind {
		case envelope.RelationRecalls, envelope.RelationUpdates, envelope.RelationReplaces:
		default:
			continue
		}
		if rel.Origin.ID != o.route.OriginAgency.ID {
			return refuseForGood(ReasonNotOrigin, "agency %q acts on a document of %q: only its own agency may", o.route.OriginAgency.ID, rel.Origin.ID)
		}
		found = found || rel.Kind == want && !rel.Digest.IsZero()
	}
	if !found {
		return refuseForGood(ReasonMalformed, "an envelope of kind %d names no earlier one by its digest", o.route.Kind)
	}
	return nil
}

// understood reports whether this version knows what the letter asks of its recipient.
func (o *offered) understood() bool {
	switch o.route.Kind {
	case envelope.KindDocument:
		return true
	case envelope.KindUpdate, envelope.KindReplacement:
		return o.content.Change != nil
	case envelope.KindRecall:
		r := o.content.Recall
		return r != nil && (r.Mode == envelope.RecallNow || r.Mode == envelope.TakeBack)
	}
	return false
}

// recalled reports whether a recall is aimed at an envelope of an agency for a recipient:
// one that has not come here yet is to be stopped when it does.
func recalled(aims []Aim, recipient, agency string) bool {
	for _, aim := range aims {
		if aim.Kind == envelope.RelationRecalls && aim.By.Recipient == recipient && aim.Agency == agency {
			return true
		}
	}
	return false
}

// stoppable reports whether nobody but this node can have it. The offer is marked before
// its frame is written, so that a row without the mark has never left, unless the mark was
// forgotten ([Node.mayHaveGone]); and a row that was offered is never stopped, whatever was
// answered.
func (n *Node) stoppable(d *Delivery) bool {
	return (d.State == StateQueued || d.State == StateHeld) && !d.Offered && !n.mayHaveGone(d.Key.Letter(), d)
}

// strike lets a recall act, for one recipient, on what of its targets is here, and marks
// them for what may come yet; a replacement marks what it takes the place of. It says where
// a recall goes next: the way that its target went, else by the directory. visited are
// nodes that it has come through. An envelope of another kind goes where hop says.
func (d *draft) strike(ctx context.Context, to *Delivery, route *envelope.Route, content *envelope.Content, hop Hop, visited []string) (Hop, error) {
	switch route.Kind {
	case envelope.KindRecall:
		return d.strikeRecall(ctx, to, route, content, hop, visited)
	case envelope.KindReplacement:
		if content.Change == nil || !hop.Here && to.From != "" {
			return hop, nil // passes through
		}
		for _, r := range content.Change.Replaced {
			if !contains(r.Recipients, to.Key.Recipient) {
				continue
			}
			_, known, err := d.node.subject(ctx, r.Envelope, to.Key.Recipient)
			if err != nil {
				return hop, err
			}
			d.change.Aims = append(d.change.Aims, Aim{Target: r.Envelope, By: to.Key, Agency: to.OriginAgency, Kind: envelope.RelationReplaces, Known: known})
		}
	}
	return hop, nil
}

func (d *draft) strikeRecall(ctx context.Context, to *Delivery, route *envelope.Route, content *envelope.Content, hop Hop, visited []string) (Hop, error) {
	var mode envelope.RecallMode
	if content.Recall != nil {
		mode = content.Recall.Mode
	}
	follow, live := "", false
	for _, target := range route.Targets(envelope.RelationRecalls) {
		row, known, err := d.node.subject(ctx, target, to.Key.Recipient)
		if err != nil {
			return hop, err
		}
		if row != nil && row.OriginAgency != to.OriginAgency {
			return hop, refuseForGood(ReasonNotOrigin, "agency %q recalls a document of %q: only its own agency may", to.OriginAgency, row.OriginAgency)
		}
		d.change.Aims = append(d.change.Aims, Aim{Target: target, By: to.Key, Agency: to.OriginAgency, Kind: envelope.RelationRecalls, Mode: mode, Known: known,
			Expires: to.ExpiresAt + tombstoneMargin})
		if row == nil {
			continue
		}
		*row = d.overlay(*row)
		if d.node.stoppable(row) {
			if err := d.stop(ctx, row, nil); err != nil {
				return hop, err
			}
			continue
		}
		// As it was read: an offer or an answer in between makes this decision stale.
		d.put(*row)
		if went := row.went(visited); went != "" && (row.State != StateDelivered || !live) {
			follow, live = went, row.State != StateDelivered
		}
	}
	if follow != "" && !hop.Here {
		hop = Hop{Peer: follow}
	}
	return hop, nil
}

// went is the peer that was offered a delivery, empty if none was, or if it lies behind.
func (d *Delivery) went(visited []string) string {
	switch d.State {
	case StateQueued, StateOffered, StateInDoubt, StateRelayed, StateDelivered, StateHeld, StateDead:
		if d.Offered && !d.Home && d.Peer != "" && d.Peer != d.From && !contains(visited, d.Peer) {
			return d.Peer
		}
	}
	return ""
}

// stop ends a delivery that was never offered, and says so towards its origin.
func (d *draft) stop(ctx context.Context, to *Delivery, why *envelope.StatusDetail) error {
	stored, err := d.node.cfg.Store.Statements(ctx, to.Digest, to.Key.Recipient)
	if err != nil {
		return err
	}
	next, _ := d.node.own(stored, envelope.Stopped)
	to.State, to.Reason, to.HeldUntil, to.Updated = StateStopped, ReasonRecalled, 0, d.node.now()
	d.change.Unqueue = append(d.change.Unqueue, to.Key)
	d.put(*to)
	_, err = d.issue(envelope.Stopped, *to, next, to.Tip, to.From, func(st *envelope.Statement) { st.Status = why })
	return err
}

// answerStopped answers an envelope whose recall was here first: it is not taken, and goes
// nowhere from here. One that has come round ends here, too.
func (t *taking) answerStopped(ctx context.Context, r envelope.Recipient, have *Delivery) error {
	stored, err := t.node.cfg.Store.Statements(ctx, t.letter.Digest, r.Agency.ID)
	if err != nil {
		return err
	}
	if row := t.node.ownUnder(stored, envelope.Stopped, t.under); row != nil {
		t.out.custody = append(t.out.custody, *row)
		return nil
	}
	to, err := t.newDelivery(t.letter, &t.route, r, len(t.recipients))
	if err != nil {
		return err
	}
	sendTo := ""
	if have != nil {
		back := *have
		back.State, back.Reason, back.HeldUntil, back.Updated = StateStopped, ReasonRecalled, 0, t.node.now()
		t.change.Unqueue = append(t.change.Unqueue, back.Key)
		t.put(back)
		if back.From != t.peer {
			sendTo = back.From
		}
	}
	next, _ := t.node.own(stored, envelope.Stopped)
	_, err = t.issue(envelope.Stopped, to, next, t.under, sendTo, nil)
	return err
}

// ownUnder finds this node's statement of a kind under another one.
func (n *Node) ownUnder(stored []StatementRow, kind envelope.StatementKind, under envelope.Digest) *StatementRow {
	for i := range stored {
		if stored[i].Key.Issuer != n.cfg.ID || stored[i].Key.Kind != kind {
			continue
		}
		if st, err := envelope.ParseStatement(stored[i].Sealed); err == nil && st.Previous == under {
			return &stored[i]
		}
	}
	return nil
}

// alarm tells of a letter that one node says was stopped, and its recipient's home has: the
// home is right, and somebody has to look why.
func (s *settling) alarm(d *Delivery, st *envelope.Statement) {
	if !(st.Kind == envelope.Delivered && d.State == StateStopped || st.Kind == envelope.Stopped && d.State == StateDelivered) {
		return
	}
	s.node.cfg.Log.Error("alarm: a letter was stopped and delivered", "origin", d.Key.Origin, "letter", d.Key.ID.String(), "recipient", d.Key.Recipient, "issuer", st.Issuer)
	e := s.entry(d.Key.Recipient, AlarmStoppedDelivered, d.Digest.String(), about(d.Key)+" issuer="+st.Issuer)
	s.change.Entries[e].Outcome = "ALARM"
}

// AlarmStoppedDelivered is the action of the journal entry of a letter that was stopped by
// one node and delivered by another.
const AlarmStoppedDelivered = "alarm.stopped_and_delivered"
