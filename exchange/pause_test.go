package exchange_test

import (
	"context"
	"sync/atomic"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A heldStore tells that something was found due, and from then on holds who asks again
// until the test goes on.
type heldStore struct {
	exchange.Store
	armed       atomic.Bool // the next that is due is the one
	found, goOn chan struct{}
}

func (s *heldStore) DueOutbox(ctx context.Context, peer string, now int64, limit int) ([]exchange.OutboxRow, error) {
	select {
	case <-s.found:
		select {
		case <-s.goOn:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	default:
	}
	rows, err := s.Store.DueOutbox(ctx, peer, now, limit)
	if len(rows) > 0 && s.armed.CompareAndSwap(true, false) {
		close(s.found)
	}
	return rows, err
}

// A peer has refused letter after letter, and after a pause one offer is made to it: not of
// a letter that was recalled in the pause, for then the next would wait for another pause.
func TestLetterEndsInThePause(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.p.close()
	s.ended()
	s.node.stop()
	held := &heldStore{found: make(chan struct{}), goOn: make(chan struct{})}
	s.w.config = func(c *exchange.Config) { held.Store, c.Store = c.Store, held }
	s.node = s.w.start("node", s.node.dir)
	s.dial()
	s.hello("peer")
	for range exchange.BreakAfter {
		doc := s.node.send(letter(t, "so", "gian"))
		if f, ok := s.next().(exchange.Offer); !ok {
			t.Fatalf("got %T, want an offer", f)
		}
		s.put(exchange.Refused{Letter: doc.Letter.Key, Recipients: []string{"gian"}, Reason: exchange.ReasonBusy})
		s.node.eventually("the refusal to be taken", func() bool { return s.node.states(doc.Letter.Key)["gian"] == exchange.StateQueued })
	}
	held.armed.Store(true)
	ended := s.node.send(letter(t, "so", "gian"))
	<-held.found // and the pause begins
	if _, err := s.node.service.Recall(context.Background(), clerk, exchange.RecallRequest{Agency: "so", Document: ended.Route.ID, Mode: envelope.RecallNow, Reason: "Ban hành nhầm"}); err != nil {
		t.Fatal(err)
	}
	next := s.node.send(letter(t, "so", "gian"))
	close(held.goOn)
	if f, ok := s.next().(exchange.Offer); !ok || f.Envelope.Digest() != next.Letter.Digest {
		t.Fatalf("got %T, want an offer of the letter that did not end", f)
	}
	if n := s.node.relay.Pauses("peer"); n != 1 {
		t.Errorf("there were %d pauses before it, want 1", n)
	}
}
