package exchange

import (
	"context"
	"errors"
	"fmt"
)

// receive reads frames and gives each to a worker. It waits for space to work in,
// which frees as the store commits, and never for the peer: so two nodes that are
// both full cannot wait for one another.
func (s *session) receive(ctx context.Context) error {
	for {
		frame, err := s.conn.Recv()
		if err != nil {
			return s.faultOf(err)
		}
		s.heard.Add(1)
		switch f := frame.(type) {
		case Heartbeat:
			s.checkClock(f.Clock)
		case DirectoryNews:
			s.spread.hear(f.Epochs)
		case GoAway:
			if f.Reason == goRenewed {
				return fmt.Errorf("exchange: link with %q: %w", s.peer, errPeerRenewed)
			}
			return fmt.Errorf("exchange: link with %q: it goes away: %.200s", s.peer, f.Reason)
		case Hello:
			return s.fault(FaultFrame, "a second Hello")
		case Offer:
			cost := offerBytes(&f)
			if !s.grants.take(cost) {
				return s.fault(FaultOverrun, "it offers more than it was granted: an offer of %d bytes", cost)
			}
			if !s.offers.TryAcquire(1) {
				return s.fault(FaultOverrun, "more than %d offers without answer", Window)
			}
			err = s.start(ctx, f, func() {
				// Freed before the answer goes out: the peer may offer at once when it has it.
				frames, err := s.take(ctx, f)
				s.knows()
				s.offers.Release(1)
				if err != nil {
					s.cancel(fmt.Errorf("exchange: link with %q: an offer has no answer: %w", s.peer, err))
					return
				}
				if credit := s.grants.done(cost); s.grants.on {
					frames = append(frames, credit)
				}
				s.answerAll(frames...)
			})
		case Credit:
			s.purse.grant(f)
		case Room:
			s.hasRoom()
		case Head:
			err = s.inOrder(ctx, f)
		case Accepted, Refused, Statements, Stored, NeedFiles, Cosigned:
			err = s.start(ctx, f, func() { s.handle(ctx, f) })
		default:
			err = s.fault(FaultFrame, "unknown frame %T", frame)
		}
		if err != nil {
			return err
		}
	}
}

// inOrder works on heads one after the other, and not side by side as on all else: whoever
// comes to the later one first takes the other for a journal that was put back.
func (s *session) inOrder(ctx context.Context, head Head) error {
	before, done := s.heads, make(chan struct{})
	s.heads = done
	return s.start(ctx, head, func() {
		defer close(done)
		if before != nil {
			<-before
		}
		s.handle(ctx, head)
	})
}

// start runs a worker when there is space for its frame.
func (s *session) start(ctx context.Context, frame Frame, work func()) error {
	cost := min(weight(frame), maxWork)
	if err := s.work.Acquire(ctx, cost); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return context.Cause(ctx)
	}
	s.workers.Add(1)
	go func() {
		defer s.workers.Done()
		defer s.work.Release(cost)
		work()
	}()
	return nil
}

// weight is about what a frame costs in memory, in bytes. The floor bounds the
// number of workers.
func weight(frame Frame) int64 {
	const floor = 64 << 10
	n := 0
	switch f := frame.(type) {
	case Offer:
		n = len(f.Envelope.Payload)*2 + len(f.Content)*2 + textSize(f.Recipients) + 128*len(f.Files) + 64*len(f.Epochs)
		for _, file := range f.Files {
			n += len(file.Data)
		}
		for _, sealed := range f.Chain {
			n += sealedSize(sealed)
		}
	case Accepted:
		n = len(f.Custody) * 4096
	case Refused:
		n = len(f.Failed)*4096 + textSize(f.Recipients)
	case Statements:
		n = len(f.Statements) * 4096
	case Stored:
		n = len(f.Digests) * 64
	case NeedFiles:
		n = len(f.Files) * 64
	case Head:
		n = sealedSize(f.Checkpoint) + len(f.Proof)*64
	}
	return int64(max(n, floor))
}

// saidOnce reports whether a frame says something that its sender does not say again on this
// link: where it cannot be kept because the store is away, the link ends, and on the next one
// all is offered and sent again.
func saidOnce(frame Frame) bool {
	switch frame.(type) {
	case Accepted, Refused, Statements, Stored:
		return true
	}
	return false
}

// handle works on a frame that answers something, or carries statements.
func (s *session) handle(ctx context.Context, frame Frame) {
	var err error
	switch f := frame.(type) {
	case Accepted:
		if !s.answersReturn(f.Letter, f) {
			err = s.accepted(ctx, f)
		}
	case Refused:
		if !s.answersReturn(f.Letter, f) {
			err = s.refused(ctx, f)
		}
	case Statements:
		var kept []settled
		kept, err = s.relay.settle(ctx, s.link, f.Statements, false)
		if stored := (Stored{}); len(kept) > 0 {
			for _, k := range kept {
				stored.Digests = append(stored.Digests, k.digest)
			}
			s.answerAll(stored)
		}
	case Stored:
		s.handing.Load().take(f.Digests)
		err = s.relay.cfg.Store.StatementsSent(ctx, s.peer, f.Digests)
	case NeedFiles:
		err = s.put(ctx, f)
	case Head:
		err = s.witness(ctx, f)
	case Cosigned:
		err = s.cosigned(ctx, f)
	}
	if errors.Is(err, ErrFenced) || unkept(err) && saidOnce(frame) {
		s.cancel(err)
	}
	if err != nil && ctx.Err() == nil {
		s.relay.cfg.Log.Warn("relay: frame", "peer", s.peer, "frame", fmt.Sprintf("%T", frame), "error", err)
	}
}
