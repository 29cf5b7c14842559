package exchange_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A doubtfulStore loses its connection when it has written a letter, once: in the commit, or
// when the proof is made.
type doubtfulStore struct {
	exchange.Store
	commit, proof atomic.Bool
	lost          atomic.Bool
}

func (d *doubtfulStore) Commit(ctx context.Context, c exchange.Change) (exchange.Committed, error) {
	done, err := d.Store.Commit(ctx, c)
	if err != nil || c.Letter == nil {
		return done, err
	}
	if d.commit.Swap(false) {
		return exchange.Committed{}, exchange.ErrAway
	}
	d.lost.Store(d.proof.Swap(false))
	return done, err
}

func (d *doubtfulStore) TreeSize(ctx context.Context) (uint64, error) {
	if d.lost.Swap(false) {
		return 0, errors.New("input/output error")
	}
	return d.Store.TreeSize(ctx)
}

// A peer is not told that a letter was refused which was taken, or may have been: the link
// ends, and on the next one it is told what is true.
func TestNoAnswerWhileInDoubt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		arm  func(*doubtfulStore)
	}{
		{"the commit", func(d *doubtfulStore) { d.commit.Store(true) }},
		{"the proof", func(d *doubtfulStore) { d.proof.Store(true) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, rows := newStranger(t), &doubtfulStore{}
			dir := s.node.dir
			s.node.stop()
			s.w.mu.Lock()
			s.w.config = func(c *exchange.Config) { rows.Store = c.Store; c.Store = rows }
			s.w.mu.Unlock()
			s.node = s.w.start("node", dir)
			again := func() {
				s.p.close()
				s.ended()
				s.dial()
				s.hello("peer")
			}
			again()
			o := s.offer(1, pdf)
			tt.arm(rows)
			s.put(o.Offer)
			if err := s.ended(); err == nil {
				t.Error("the link ended without an error")
			}
			for len(s.p.frames["peer"]) > 0 {
				switch f := (<-s.p.frames["peer"]).(type) {
				case exchange.Accepted, exchange.Refused:
					t.Errorf("the peer was told %T: %+v", f, f)
				}
			}
			s.dial()
			s.hello("peer")
			s.put(o.Offer)
			if f, ok := s.next().(exchange.Accepted); !ok || len(f.Custody) != 1 {
				t.Errorf("on the next link got %+v, want Accepted", f)
			}
			s.node.verifyJournal()
		})
	}
}

// A refusal for now proves nothing: at the deadline the letter is in doubt, no end of it is
// signed, and the peer that has it after all still says so. So it is when an operator has held
// it meanwhile, even twice.
func TestRefusedForNowIsInDoubtAtItsDeadline(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, holds := range []int{0, 1, 2} {
		s := line(t)
		doc := s.send("to")
		offers := s.offers("ward", "district")
		answers := s.take("ward", "district", offers)
		s.refuse("ward", "district", offers[0])
		s.want(doc, "to", map[string]string{"ward": "queued"})
		ward := s.nodes["ward"]
		d, _ := ward.delivery(doc.Letter.Key, "to")
		for range holds {
			if _, err := ward.service.Hold(ctx, operator, orderFor(d)); err != nil {
				t.Fatal(err)
			}
		}
		s.advance(8 * 24 * time.Hour)
		if err := ward.core.Tend(ctx); err != nil {
			t.Fatal(err)
		}
		s.want(doc, "to", map[string]string{"ward": "in_doubt"})
		rows, err := ward.store.Statements(ctx, doc.Letter.Digest, "to")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if row.Key.Kind == envelope.Failed {
				t.Errorf("held %d times, it has signed that the letter failed", holds)
			}
		}
		s.settle("ward", "district", answers)
		s.want(doc, "to", map[string]string{"ward": "relayed"})
	}
}
