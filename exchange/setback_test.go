package exchange_test

import (
	"context"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// idle is a world of two nodes that do nothing by themselves.
func idle(t *testing.T) (w *world, child *testNode) {
	t.Helper()
	w = newWorld(t, nil, agencySpec{"from", "child"}, agencySpec{"to", "parent"}, agencySpec{"other", "parent"})
	for id, parent := range map[string]string{"child": "parent", "parent": ""} {
		w.keys[id] = w.key(id)
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Parent: parent, Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}})
	}
	child = w.open("child", t.TempDir())
	t.Cleanup(func() { child.store.Close() })
	return w, child
}

// offers are those that the node makes to its parent now.
func (n *testNode) offers(t *testing.T) []exchange.Offer {
	t.Helper()
	out, err := n.relay.OffersFor(context.Background(), "parent")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A letter that no peer takes is put aside alone, with the reason, and its neighbours go
// on. An operator tries it again, or drops it.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, tt := range []struct {
		name    string
		refused exchange.Refused
		after   int // refusals until it is dead; 0: never
	}{
		{"for good, and nobody signed it", exchange.Refused{Reason: "REFUSED", Permanent: true}, 1},
		{"malformed for the peer", exchange.Refused{Reason: exchange.ReasonMalformed}, 1},
		{"again and again for a reason of its own", exchange.Refused{Reason: exchange.ReasonBadChain}, exchange.MaxSetbacks},
		{"an unknown reason, again and again", exchange.Refused{Reason: "TỪ PHIÊN BẢN SAU"}, exchange.MaxSetbacks},
		{"the peer is full", exchange.Refused{Reason: exchange.ReasonSpace}, 0},
		{"the peer is busy", exchange.Refused{Reason: exchange.ReasonBusy, RetryAfter: 1 << 30}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, child := idle(t)
			poison := child.send(letter(t, "from", "to"))
			good := child.send(letter(t, "from", "other"))
			refusals := 0
			for range 2 * exchange.MaxSetbacks {
				for _, o := range child.offers(t) {
					if o.Envelope.Digest() != poison.Letter.Digest {
						continue // the other one waits for an answer
					}
					refusals++
					refused := tt.refused
					refused.Letter, refused.Recipients = poison.Letter.Key, o.Recipients
					if err := child.relay.SettleAnswer(ctx, "parent", refused); err != nil {
						t.Fatal(err)
					}
				}
				w.advance(6 * time.Minute)
			}
			d, _ := child.delivery(poison.Letter.Key, "to")
			if tt.after == 0 {
				if d.State != exchange.StateQueued || refusals < exchange.MaxSetbacks+1 {
					t.Fatalf("after %d refusals it is %s, want queued: it is not the letter's fault", refusals, d.State)
				}
				return
			}
			if d.State != exchange.StateDead || d.Reason != tt.refused.Reason || refusals != tt.after {
				t.Fatalf("it is %s (%s) after %d refusals, want dead after %d", d.State, d.Reason, refusals, tt.after)
			}
			if got := child.states(good.Letter.Key)["other"]; got != exchange.StateOffered {
				t.Errorf("its neighbour is %s, want offered", got)
			}
			list, _, _, err := child.service.Queue(ctx, exchange.QueueFilter{State: exchange.StateDead}, exchange.QueueCursor{}, 10)
			if err != nil || len(list) != 1 || list[0].Delivery.ID != d.ID || list[0].Delivery.Attempts != tt.after {
				t.Errorf("dead letters: %+v, %v", list, err)
			}
			backlog, err := child.store.Backlog(ctx, w.clock().UnixMicro())
			counted := 0
			for _, b := range backlog.Deliveries {
				if b.State == exchange.StateDead && b.Peer == "parent" {
					counted = b.Rows
				}
			}
			if err != nil || counted != 1 {
				t.Errorf("%d dead letters are counted, %v; want 1", counted, err)
			}
			if _, err := child.service.Retry(ctx, operator, orderFor(d)); err != nil {
				t.Fatal(err)
			}
			if again := child.offers(t); len(again) != 1 || again[0].Envelope.Digest() != poison.Letter.Digest {
				t.Errorf("tried again, it is in %d offers, want 1", len(again))
			}
			if _, err := child.service.Hold(ctx, operator, orderFor(d)); err != nil {
				t.Fatal(err)
			}
			if e, err := child.service.Drop(ctx, operator, orderFor(d)); err != nil || e.Delivery.State != exchange.StateDropped {
				t.Errorf("dropped: %+v, %v", e, err)
			}
		})
	}
}

// At its deadline a dead letter has failed, and its sender is told.
func TestDeadLetterExpires(t *testing.T) {
	t.Parallel()
	w, child := idle(t)
	ctx := context.Background()
	doc := child.send(letter(t, "from", "to"))
	for _, o := range child.offers(t) {
		if err := child.relay.SettleAnswer(ctx, "parent", exchange.Refused{Letter: doc.Letter.Key, Recipients: o.Recipients, Reason: exchange.ReasonMalformed}); err != nil {
			t.Fatal(err)
		}
	}
	w.advance(8 * 24 * time.Hour)
	if err := child.core.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	view, err := child.service.Delivery(ctx, "from", doc.Deliveries[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if last := view.History[len(view.History)-1]; view.Delivery.State != exchange.StateFailed || last.Statement.Kind != envelope.Failed {
		t.Errorf("it is %s, and the last statement is %s; want failed, and a statement", view.Delivery.State, last.Statement.Kind)
	}
}

// However many urgent letters come, a normal one goes out within as many offers as its
// class's share of them says.
func TestUrgentLettersDoNotStarveOthers(t *testing.T) {
	t.Parallel()
	_, child := idle(t)
	ctx := context.Background()
	urgent := func(n int) {
		for range n {
			req := letter(t, "from", "to")
			req.Urgency = envelope.UrgencyFlash
			child.send(req)
		}
	}
	urgent(80)
	normal := map[exchange.LetterKey]bool{}
	for range 10 {
		normal[child.send(letter(t, "from", "to")).Letter.Key] = true
	}
	seen, rounds := 0, 0
	for ; seen < len(normal) && rounds < 10; rounds++ {
		keys, err := child.relay.ChooseFor(ctx, "parent", 32)
		if err != nil || len(keys) != 32 {
			t.Fatalf("%d are chosen, %v; want 32", len(keys), err)
		}
		ofNormal := 0
		for _, key := range keys {
			if normal[key] {
				ofNormal++
			}
		}
		seen += ofNormal
		if rounds == 0 && ofNormal != 4 {
			t.Errorf("%d of the first 32 are normal, want 4", ofNormal)
		}
		urgent(32) // the stream does not end
	}
	if rounds != 3 {
		t.Errorf("ten normal letters took %d rounds of 32, want 3", rounds)
	}
}

// The pause doubles with the attempts, at random, between a second and five minutes.
func TestRetryPause(t *testing.T) {
	t.Parallel()
	highest := map[int]int64{}
	for attempts := range 40 {
		for range 200 {
			p := exchange.RetryPause(attempts, 0)
			if p < 1_000_000 || p > 300_000_000 || p > 1_000_000+1_000_000<<min(attempts, 20) {
				t.Fatalf("after %d attempts the pause is %d µs", attempts, p)
			}
			highest[attempts] = max(highest[attempts], p)
		}
	}
	if highest[0] < 1_500_000 || highest[30] < 200_000_000 {
		t.Errorf("the highest of 200 pauses are %d at first and %d after 30: they do not spread", highest[0], highest[30])
	}
	if p := exchange.RetryPause(0, 60_000_000); p < 60_000_000 {
		t.Errorf("a peer that asked for a minute gets %d µs", p)
	}
}

// A peer that was full and takes letters again gets all that waits, and not one in a second.
func TestPeerThatWasFullCatchesUp(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	const letters, refusals = 100, 33
	for range letters {
		s.node.send(letter(t, "so", "gian"))
	}
	for i := range letters {
		o, ok := s.next().(exchange.Offer)
		if !ok {
			t.Fatalf("frame %d is no offer", i)
		}
		if i >= refusals {
			s.accept(o)
			continue
		}
		route, err := envelope.ParseRoute(o.Envelope)
		if err != nil {
			t.Fatal(err)
		}
		s.put(exchange.Refused{Letter: exchange.LetterKey{Origin: "node", ID: route.ID}, Recipients: o.Recipients, Reason: exchange.ReasonSpace, RetryAfter: 1})
	}
}
