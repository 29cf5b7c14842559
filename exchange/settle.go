package exchange

import (
	"context"
	"errors"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// maxStatements bounds the statements of one frame.
const maxStatements = 16_384

// settle keeps statements that a peer sent over a link, lets them change the deliveries that
// they are about, and sends them on towards the origin. answered: they answer an offer. It
// returns those that are durable here, which the peer need not send again; the error names
// one that was not taken. Statements are taken whatever space is left.
func (n *Node) settle(ctx context.Context, link Link, receipts []envelope.Receipt, answered bool) ([]settled, error) {
	if len(receipts) > maxStatements {
		return nil, fmt.Errorf("exchange: %d statements in one frame, at most %d", len(receipts), maxStatements)
	}
	byLetter := make(map[LetterKey][]verified)
	var order []LetterKey
	var bad error
	dir := n.Directory()
	for _, r := range receipts {
		st, err := dir.verifyStatement(r.Statement, n.now())
		if err != nil {
			bad = err
			continue
		}
		if r.Proof != nil && dir.verifyProof(st, r) != nil {
			r.Proof = nil // the statement stands by its signature alone
		}
		key := LetterKey{st.OriginNode, st.EnvelopeID}
		if _, ok := byLetter[key]; !ok {
			order = append(order, key)
		}
		byLetter[key] = append(byLetter[key], verified{st, r})
	}
	var out []settled
	for _, key := range order {
		stored, err := n.settleLetter(ctx, link, key, byLetter[key], answered)
		out = append(out, stored...)
		if err != nil {
			bad = err
		}
	}
	return out, bad
}

// A verified is a statement whose issuer signed it.
type verified struct {
	st      envelope.Statement
	receipt envelope.Receipt
}

// A settled is a statement that is durable here.
type settled struct {
	digest   envelope.Digest
	delivery DeliveryKey
}

func (n *Node) settleLetter(ctx context.Context, link Link, key LetterKey, list []verified, answered bool) ([]settled, error) {
	var out []settled
	var bad error
	err := n.decide(ctx, func() error {
		out, bad = nil, nil
		rows, err := n.cfg.Store.Deliveries(ctx, key)
		if err != nil {
			return err
		}
		s := &settling{draft: n.draft(journal.Actor{Node: link.Peer}), peer: link.Peer, answered: answered, rows: make(map[string]*Delivery, len(rows)), stored: map[string][]StatementRow{}, changed: map[string]bool{}}
		s.change.Link = link
		for i := range rows {
			s.rows[rows[i].Key.Recipient] = &rows[i]
		}
		for _, v := range list {
			digest, err := s.one(ctx, v)
			if err != nil {
				bad = err
				continue
			}
			out = append(out, settled{digest, DeliveryKey{key.Origin, key.ID, v.st.Recipient}})
		}
		if len(s.change.Entries) == 0 {
			return nil
		}
		for recipient := range s.changed {
			s.change.Deliveries = append(s.change.Deliveries, *s.rows[recipient])
		}
		if err := s.foldDeliveries(ctx); err != nil {
			return err
		}
		_, err = n.commit(ctx, s.change)
		// Committed: rows that a peer answered for are gone from the outbox. If we die
		// before, they are offered again, and the peer answers as it did.
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, bad
}

// settling is one attempt to keep statements about one letter.
type settling struct {
	*draft
	peer     string
	answered bool // they came as the answer to an offer
	rows     map[string]*Delivery
	stored   map[string][]StatementRow
	changed  map[string]bool
}

var errUnknownSubject = errors.New("exchange: statement about a letter that is not here")

func (s *settling) one(ctx context.Context, v verified) (envelope.Digest, error) {
	digest := v.receipt.Statement.Digest()
	d := s.rows[v.st.Recipient]
	if d == nil {
		return digest, s.forgotten(ctx, v, digest)
	}
	if d.Digest != v.st.Envelope {
		return digest, errUnknownSubject
	}
	dir, home := s.node.Directory(), ""
	if dir.speaksFor(v.st.Issuer, v.st.Recipient, v.st.Time, s.node.now()) {
		home = v.st.Issuer
	}
	switch v.st.Kind {
	case envelope.Delivered, envelope.Validated, envelope.Status, envelope.Consent, envelope.Remark:
		if home == "" {
			return digest, fmt.Errorf("exchange: %s statement by %q about %q, which is not at home there (%s)", v.st.Kind, v.st.Issuer, v.st.Recipient, dir.version())
		}
	}
	stored, ok := s.stored[v.st.Recipient]
	if !ok {
		var err error
		if stored, err = s.node.cfg.Store.Statements(ctx, d.Digest, v.st.Recipient); err != nil {
			return digest, err
		}
		s.stored[v.st.Recipient] = stored
	}
	for _, row := range stored {
		if row.Key == v.st.Key() {
			s.repeated(d, v, home)
			return digest, nil // it did its work when it came first
		}
	}
	if err := tooMuch(stored, &v.st); err != nil {
		return digest, err
	}
	s.alarm(d, &v.st)
	again := d.Reason == ReasonPeerRestored
	changed, done, err := s.applies(ctx, d, &v.st, home)
	if err != nil {
		return digest, err
	}
	s.keep(d, v, digest)
	if changed {
		d.Updated = s.node.now()
	}
	// A status or an end that waits puts the row too, so that whoever takes what is before it
	// at the same time is told that the row is stale, looks again, and finds this one.
	if changed || v.st.Kind == envelope.Status || isEnd(v.st.Kind) {
		s.changed[v.st.Recipient] = true
	}
	if done {
		s.change.Unqueue = append(s.change.Unqueue, d.Key)
	}
	if v.st.Kind == envelope.Custody && d.State == StateRelayed && s.peer == d.Peer && (s.answered || v.st.Issuer != d.Peer) {
		if err := s.ended(ctx, d, home); err != nil {
			return digest, err
		}
		if again {
			if err := s.arrived(d); err != nil {
				return digest, err
			}
		}
	}
	if changed && (v.st.Kind == envelope.Delivered || isEnd(v.st.Kind)) {
		if err := s.round(ctx, d); err != nil {
			return digest, err
		}
	}
	return digest, s.follow(d, home)
}

// apply is [Delivery.apply] with what this node knows besides: what it said itself before
// it was restored moves no letter, and a refusal undoes no Delivered.
func (s *settling) apply(d *Delivery, st *envelope.Statement, home string) (changed, done bool) {
	if st.Issuer == s.node.cfg.ID && st.Kind != envelope.Validated && st.Kind != envelope.Status && st.Kind != envelope.Consent && st.Kind != envelope.Remark {
		return false, false
	}
	for _, row := range s.stored[d.Key.Recipient] {
		if st.Kind == envelope.Remark && row.Key.Kind == envelope.Remark && row.Key.Issuer == st.Issuer && row.Key.Sequence > st.Sequence {
			return false, false // a later one is here already
		}
	}
	changed, done = d.apply(st, home)
	if changed && d.State == StateFailed && st.Kind == envelope.Failed {
		for _, row := range s.stored[d.Key.Recipient] {
			if row.Key.Kind == envelope.Delivered {
				d.State, d.Reason = StateDelivered, ""
			}
		}
	}
	return changed, done
}

// follow applies statuses that waited for one before them, which is here now.
func (s *settling) follow(d *Delivery, home string) error {
	for i := 0; i < len(s.stored[d.Key.Recipient]); i++ {
		row := s.stored[d.Key.Recipient][i]
		if row.Key.Kind != envelope.Status || row.Key.Issuer != home || !follows(row.Key.Sequence, d.StatusSeq) {
			continue
		}
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			return err
		}
		if changed, _ := d.apply(&st, home); !changed {
			return nil
		}
		s.changed[d.Key.Recipient] = true
		i = -1 // the next one may stand before it
	}
	return nil
}

// keep adds the statement and the entry that it was received, and sends it on towards
// the origin.
func (s *settling) keep(d *Delivery, v verified, digest envelope.Digest) {
	entry := s.entry(v.st.Recipient, "received."+v.st.Kind.String(), digest.String(), about(d.Key)+" issuer="+v.st.Issuer)
	row := StatementRow{Key: v.st.Key(), Digest: digest, Agency: v.st.Recipient, Delivery: d.Key, Sealed: v.receipt.Statement,
		Proof: v.receipt.Proof.Marshal(), Received: s.node.now(), Entry: entry}
	if to := s.node.backTo(d); to != s.peer {
		row.SendTo = to
	}
	s.change.Statements = append(s.change.Statements, row)
	s.stored[v.st.Recipient] = append(s.stored[v.st.Recipient], row)
}
