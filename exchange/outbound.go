package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// pollPause is how often the store is asked although nothing woke us: the poll is
// the truth, the wake-up only makes it quick.
const pollPause = time.Second

// outboxBatch is how many rows are read at once: several recipients of a letter
// go in one offer.
const outboxBatch = 1024

// pumpOffers hands over what waits for the peer, in the order of its urgency, and
// never more than the window.
func (s *session) pumpOffers(ctx context.Context) error {
	var next glance
	for ctx.Err() == nil {
		freed, woken := s.window.freed.next(), s.relay.outboxes.of(s.peer).next()
		if err := s.wakeRefused(ctx); err != nil {
			return err
		}
		granted := s.purse.more.next()
		if s.window.room(0) == 0 {
			class, err := next.look(ctx, s, woken)
			if err != nil {
				return err
			}
			if s.window.room(class) == 0 {
				waitEither(ctx, freed, woken, pollPause)
				continue
			}
		}
		free := s.purse.offers(s.window.free())
		if free == 0 {
			waitEither(ctx, freed, granted, pollPause)
			continue
		}
		rows, err := s.due(ctx)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			wait(ctx, woken, pollPause)
			continue
		}
		limit, err := s.allowed(ctx, free)
		if err != nil || limit == 0 {
			continue
		}
		if limit == 1 { // after a pause, in which these may have ended
			if rows, err = s.due(ctx); err != nil {
				return err
			}
		}
		groups, err := s.relay.choose(ctx, s.peer, s.roomy(rows), limit, s.admission(ctx))
		if err != nil {
			return err
		}
		if next = (glance{}); len(groups) == 0 { // larger ones wait for room, or smaller ones for half of it
			waitEither(ctx, freed, woken, pollPause)
			continue
		}
		if err := s.offerAll(ctx, groups); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func (s *session) due(ctx context.Context) ([]OutboxRow, error) {
	return s.relay.cfg.Store.DueOutbox(ctx, s.peer, s.relay.now(), outboxBatch)
}

// allowed is how many offers of those that fit may be made now: it waits while the
// breaker is open, and is 0 where something has changed since.
func (s *session) allowed(ctx context.Context, free int) (int, error) {
	healed := s.breaker.healed.next()
	pause, limit := s.breaker.next()
	if pause > 0 {
		if wait(ctx, healed, pause); !s.breaker.open() {
			return 0, ctx.Err()
		}
	}
	return min(free, limit), ctx.Err()
}

// offerAll marks bundles as offered, durably, and then sends them. If we die in
// between, they count as offered although the peer never heard of them: that is
// the safe side, and they are offered again on the next link.
func (s *session) offerAll(ctx context.Context, groups []*bundle) error {
	var marked []*bundle
	err := s.relay.decide(ctx, func() error {
		var err error
		marked, err = s.relay.markOffered(ctx, s.link, groups)
		return err
	})
	if err != nil {
		return err
	}
	for _, b := range marked {
		offer, err := s.relay.buildOffer(ctx, b)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if errors.Is(err, ErrAway) { // nobody can be read now: all are offered again on the next link
				return err
			}
			// A letter that cannot be read costs nobody else: it is tried again later.
			s.relay.cfg.Log.Error("relay: offer", "letter", b.key.ID.String(), "error", err)
			if err := s.relay.setBack(ctx, s.link, b.key, b.recipients(), setback{reason: reasonUnreadable, asked: true, pause: 5 * holdTime}); err != nil {
				return err
			}
			continue
		}
		keys := make([]DeliveryKey, len(b.rows))
		for i, row := range b.rows {
			keys[i] = row.Key
		}
		if err := s.purse.spend(ctx, offerBytes(offer)); err != nil {
			return err
		}
		s.window.add(keys, b.slot())
		select {
		case s.outgo <- *offer:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (b *bundle) recipients() []string {
	out := make([]string, len(b.rows))
	for i, row := range b.rows {
		out[i] = row.Key.Recipient
	}
	return out
}

// markOffered claims the rows of bundles and writes that their deliveries were
// offered. A row whose delivery has moved on meanwhile is left out.
func (n *Node) markOffered(ctx context.Context, link Link, groups []*bundle) ([]*bundle, error) {
	d, peer := n.draft(journal.System), link.Peer
	d.change.Link = link
	var out []*bundle
	for _, b := range groups {
		rows, err := n.cfg.Store.Deliveries(ctx, b.key)
		if err != nil {
			return nil, err
		}
		at := make(map[string]Delivery, len(rows))
		for _, to := range rows {
			at[to.Key.Recipient] = to
		}
		still := &bundle{key: b.key, tip: b.tip, letter: b.letter}
		for _, row := range b.rows {
			to, ok := at[row.Key.Recipient]
			if !ok || !to.State.open() && to.State != StateDelivered || to.Peer != peer || to.Tip != b.tip {
				continue
			}
			if to.State == StateQueued {
				to.State, to.Reason = StateOffered, ""
			}
			to.Updated, to.Offered = n.now(), true
			d.change.Deliveries = append(d.change.Deliveries, to)
			d.change.Claim = append(d.change.Claim, row.Key)
			still.rows = append(still.rows, row)
		}
		if len(still.rows) == 0 {
			continue
		}
		d.entry(still.rows[0].Agency, "letter.offer", at[still.rows[0].Key.Recipient].Digest.String(),
			fmt.Sprintf("origin=%s letter=%s peer=%s recipients=%d", b.key.Origin, b.key.ID, peer, len(still.rows)))
		out = append(out, still)
	}
	if len(out) == 0 {
		return nil, nil
	}
	_, err := n.commit(ctx, d.change)
	return out, err
}

// buildOffer puts an offer together: small files go along, as far as they fit.
func (n *Node) buildOffer(ctx context.Context, b *bundle) (_ *Offer, err error) {
	ctx, end := n.span(ctx, SpanOffer, b.key.ID)
	defer func() { end(err) }()
	letter, err := n.letterOf(ctx, b)
	if err != nil {
		return nil, err
	}
	if err := letter.whole(); err != nil {
		return nil, err // nothing that is offered is erased
	}
	path, err := n.cfg.Store.Path(ctx, b.tip)
	if err != nil {
		return nil, err
	}
	offer := &Offer{Envelope: letter.Sealed, Content: letter.Content, Recipients: b.recipients(), Chain: path.Chain, Epochs: n.Directory().Epochs()}
	if offer.Files, err = n.offeredFiles(ctx, letter); err != nil {
		return nil, err
	}
	return offer, nil
}

// inline reports whether a file goes in the frame, after total bytes of other things.
func inline(size, total uint64) bool { return size <= MaxInline && total+size <= MaxInlineTotal }

func (n *Node) readAll(ctx context.Context, digest envelope.Digest, size uint64) ([]byte, error) {
	blob, err := n.cfg.Blobs.Open(ctx, digest)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	if blob.Size() != int64(size) {
		return nil, fmt.Errorf("exchange: file %s has %d bytes, want %d", digest, blob.Size(), size)
	}
	buf := make([]byte, size)
	if _, err := blob.ReadAt(buf, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return buf, nil
}

// unkept reports whether an answer is not written down for want of a store, or of space in
// it: that is no fault of the peer's. The link ends, and all is asked for again on the next.
func unkept(err error) bool { return errors.Is(err, ErrAway) || errors.Is(err, ErrFull) }

// accepted settles an answer. What it does not settle is offered again later.
func (s *session) accepted(ctx context.Context, f Accepted) error {
	kept, err := s.relay.settle(ctx, s.link, f.Custody, true)
	s.knows()
	if len(kept) > 0 {
		s.breaker.accept()
	}
	for _, k := range kept {
		s.window.answered(k.delivery)
	}
	if err == nil || ctx.Err() != nil || unkept(err) {
		return err
	}
	return errors.Join(err, s.later(ctx, f.Letter, s.window.open(f.Letter), setback{reason: "BAD_ANSWER", pause: 5 * holdTime}))
}

// refused ends what the peer has refused with its signature, and offers the rest
// again later: a refusal without one proves nothing.
func (s *session) refused(ctx context.Context, f Refused) error {
	kept, err := s.relay.settle(ctx, s.link, f.Failed, true)
	if unkept(err) {
		return err
	}
	ended := make([]string, 0, len(kept))
	for _, k := range kept {
		s.window.answered(k.delivery)
		ended = append(ended, k.delivery.Recipient)
	}
	var rest []string
	for _, r := range f.Recipients {
		if !contains(ended, r) && s.window.has(DeliveryKey{f.Letter.Origin, f.Letter.ID, r}) {
			rest = append(rest, r)
		}
	}
	why := setback{reason: f.Reason, atOnce: f.Permanent, asked: true, pause: min(max(int64(f.RetryAfter)*1_000_000, minRetry), maxRetry)}
	switch f.Reason {
	case ReasonSpace, ReasonBusy, ReasonQuota:
		s.breaker.refuse(why.pause)
	}
	if slices.Contains(forSpace, f.Reason) {
		s.news.set(false)
	}
	return errors.Join(err, s.later(ctx, f.Letter, rest, why))
}

// later makes rows due again after a pause, and frees their place in the window.
func (s *session) later(ctx context.Context, key LetterKey, recipients []string, why setback) error {
	if len(recipients) == 0 {
		return nil
	}
	err := s.relay.setBack(ctx, s.link, key, recipients, why)
	for _, r := range recipients {
		s.window.answered(DeliveryKey{key.Origin, key.ID, r})
	}
	return err
}

// Statements on their way: how many go in a frame, and how many may be unanswered
// before the pump waits and begins again with the oldest.
const (
	statementBatch = 128
	resendPause    = 60 * time.Second
)

// knows says that a restored peer has learned of a letter again: statements about it,
// which it could not store, are sent once more.
func (s *session) knows() {
	if s.restored.Load() {
		s.resend.Store(true)
		s.relay.outboxes.wake(s.peer)
	}
}

// pumpStatements sends what waits for the peer, again and again until it has said
// that it is stored. Statements need no window: they are small, and go before offers.
func (s *session) pumpStatements(ctx context.Context) error {
	after, quiet := uint64(0), time.Duration(0)
	for ctx.Err() == nil {
		woken := s.relay.outboxes.of(s.peer).next()
		rows, err := s.relay.cfg.Store.StatementsTo(ctx, s.peer, after, statementBatch)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			if s.resend.Swap(false) {
				after = 0
				continue
			}
			wait(ctx, woken, pollPause)
			// What was sent and is still there was not stored: begin again.
			if quiet += pollPause; quiet >= resendPause {
				after, quiet = 0, 0
			}
			continue
		}
		frame := Statements{}
		for _, row := range rows {
			after = row.Seq
			if not, err := s.withholds(&row.StatementRow); not || err != nil {
				if err != nil {
					return err
				}
				continue
			}
			receipt, err := s.relay.receipt(ctx, row.StatementRow)
			if err != nil {
				return err
			}
			frame.Statements = append(frame.Statements, receipt)
		}
		for _, part := range parts(frame.Statements) {
			select {
			case s.outgo <- Statements{Statements: part}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return context.Cause(ctx)
}
