package exchange_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// starving is a ward whose letter to a district was refused for space, and what free space
// the district has.
func starving(t *testing.T) (w *world, ward, district *testNode, free *atomic.Uint64, doc *exchange.Document) {
	t.Helper()
	free = new(atomic.Uint64)
	free.Store(1 << 40)
	w = newWorld(t, nil, agencySpec{"xa", "ward"}, agencySpec{"so", "district"})
	for id, parent := range map[string]string{"ward": "district", "district": ""} {
		w.keys[id] = w.key(id)
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Parent: parent, Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}})
	}
	ward = w.start("ward", t.TempDir())
	w.disks(free)
	district = w.start("district", t.TempDir())
	ward.eventually("a link", func() bool { return ward.relay.HasLink("district") })
	w.has(free, reserve/2, district)
	doc = ward.send(letter(t, "xa", "so"))
	ward.eventually("refused for space", refusedForSpace(ward, doc.Letter.Key))
	return w, ward, district, free, doc
}

func refusedForSpace(ward *testNode, key exchange.LetterKey) func() bool {
	return func() bool {
		d, _ := ward.delivery(key, "so")
		return d.State == exchange.StateQueued && d.Reason == exchange.ReasonSpace
	}
}

// A letter and its recall that were refused for space go on, on a link that is up, as soon as
// there is space again: no clock moves here, so that neither waits for its minute.
func TestRoomIsTold(t *testing.T) {
	t.Parallel()
	_, ward, district, free, doc := starving(t)
	recall, err := ward.service.Recall(context.Background(), clerk, exchange.RecallRequest{Agency: "xa", Document: doc.Letter.Key.ID, Mode: envelope.RecallNow, Reason: "gửi nhầm"})
	if err != nil {
		t.Fatal(err)
	}
	ward.eventually("the recall refused for space", refusedForSpace(ward, recall.Letter.Key))
	began := time.Now()
	free.Store(1 << 40)
	ward.eventually("the recall to arrive", func() bool {
		d, _ := ward.delivery(recall.Letter.Key, "so")
		return d.State == exchange.StateDelivered
	})
	ward.eventually("the letter to end", func() bool {
		d, _ := ward.delivery(doc.Letter.Key, "so")
		return d.State == exchange.StateDelivered || d.State == exchange.StateStopped
	})
	t.Logf("both went on %s after there was space", time.Since(began).Round(10*time.Millisecond))
	ward.verifyJournal()
	district.verifyJournal()
}

// A link that ends takes with it what the peer was to be told: on the next one it is asked,
// whatever the minute says.
func TestRoomAfterTheLinkEnded(t *testing.T) {
	t.Parallel()
	w, ward, district, free, doc := starving(t)
	w.setDown("ward", "district", true)
	w.cut("ward", "district")
	ward.eventually("no link", func() bool { return !ward.relay.HasLink("district") && !district.relay.HasLink("ward") })
	w.has(free, 1<<40, district)
	w.setDown("ward", "district", false)
	ward.eventually("the letter to arrive", func() bool {
		d, _ := ward.delivery(doc.Letter.Key, "so")
		return d.State == exchange.StateDelivered
	})
}

// A node that was refused for space, and speaks to one that knows nothing of Room, comes
// again when its minute is over.
func TestRoomThatIsNotTold(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	doc := s.node.send(letter(t, "so", "gian"))
	if f, ok := s.next().(exchange.Offer); !ok {
		t.Fatalf("got %T, want an offer", f)
	}
	s.put(exchange.Refused{Letter: doc.Letter.Key, Recipients: []string{"gian"}, Reason: exchange.ReasonQuota, RetryAfter: 60})
	s.node.eventually("put off", func() bool { d, _ := s.node.delivery(doc.Letter.Key, "gian"); return d.Reason == exchange.ReasonQuota })
	row, err := s.node.store.Outbox(context.Background(), exchange.DeliveryKey{Origin: "node", ID: doc.Letter.Key.ID, Recipient: "gian"})
	if wait := row.DueAt - s.w.clock().UnixMicro(); err != nil || wait < 50_000_000 || wait > 300_000_000 {
		t.Fatalf("it is due in %d µs, %v; want a minute at least", wait, err)
	}
	s.w.advance(6 * time.Minute)
	if f, ok := s.next().(exchange.Offer); !ok {
		t.Fatalf("got %T, want the offer again", f)
	}
	if d, _ := s.node.delivery(doc.Letter.Key, "gian"); d.Attempts != 0 {
		t.Errorf("it counts %d attempts, want none: the peer's trouble is not the letter's", d.Attempts)
	}
}

// greet is a stranger that understands refusals for quotas.
func (s *stranger) greet() {
	s.t.Helper()
	s.p.close()
	s.ended()
	s.dial()
	s.put(exchange.Hello{Node: "peer", ProtocolMin: 1, ProtocolMax: 1, Clock: s.w.clock().UnixMicro(), Features: []string{"room"}})
}

// quotas makes the node of a stranger anew, with quotas.
func (s *stranger) quotas(q exchange.Quotas) {
	s.t.Helper()
	dir := s.node.dir
	s.node.stop()
	s.w.mu.Lock()
	s.w.config = func(c *exchange.Config) { c.Quotas = q }
	s.w.mu.Unlock()
	s.node = s.w.start("node", dir)
	s.w.mu.Lock()
	s.w.config = nil
	s.w.mu.Unlock()
	s.greet()
}

// A peer that floods is stopped by its own quota, whichever agencies it names, and told so;
// letters of a third node and of agencies at home flow on. What is fetched makes room, and
// the peer hears of it. A restart forgets nothing.
func TestFloodMeetsItsQuota(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.quotas(exchange.Quotas{PeerLetters: 10})
	third := s.bystander()
	id := byte(0)
	offer := func() exchange.Frame {
		id++
		s.put(s.offer(id, pdf).Offer)
		return s.next()
	}
	for range 10 {
		if f, ok := offer().(exchange.Accepted); !ok {
			t.Fatalf("within its quota letter %d got %T, want Accepted", id, f)
		}
	}
	for range 30 {
		f, ok := offer().(exchange.Refused)
		if !ok || f.Reason != exchange.ReasonQuota || f.Permanent || f.RetryAfter != 60 || len(f.Failed) != 0 {
			t.Fatalf("beyond its quota letter %d got %+v, want refused for now with QUOTA", id, f)
		}
		for _, fact := range []string{`"node" holds 10 letters from node "peer"`, "at most 10", "limits.quota"} {
			if !strings.Contains(f.Text, fact) {
				t.Errorf("the refusal %q does not say %q", f.Text, fact)
			}
		}
	}
	s.flows(third)
	local := s.node.send(letter(t, "so", "phong"))
	s.node.eventually("a letter next door", s.node.delivered(local.Letter.Key, "phong"))
	if n := s.counted(exchange.ReasonQuota); n != 30 {
		t.Errorf("%d refusals were counted, want 30", n)
	}
	s.quotas(exchange.Quotas{PeerLetters: 10})
	s.flows(third)
	if f, ok := offer().(exchange.Refused); !ok || f.Reason != exchange.ReasonQuota {
		t.Fatalf("after a restart letter %d got %+v, want refused with QUOTA", id, f)
	}
	s.fetch(1) // nine are its low mark
	if f, ok := s.next().(exchange.Room); !ok {
		t.Fatalf("got %T, want Room", f)
	}
	if f, ok := offer().(exchange.Accepted); !ok {
		t.Fatalf("when there is room again letter %d got %+v, want Accepted", id, f)
	}
	s.node.verifyJournal()
}

// fetch acknowledges so many letters of the peer.
func (s *stranger) fetch(n int) {
	s.t.Helper()
	ctx := context.Background()
	rows, err := s.node.store.Inbox(ctx, "so", envelope.ID{0xff}, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range rows {
		if d.From != "peer" || d.Status != 0 || n == 0 {
			continue
		}
		n--
		if _, err := s.node.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "so", Delivery: d.ID, Code: exchange.StatusRefused, Reason: "gửi nhầm"}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// What an agency has under way is bounded too: its clerks are told why, what was found and
// when to come again; another agency of the same node sends on.
func TestAgencyMeetsItsQuota(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.quotas(exchange.Quotas{AgencyLetters: 4})
	for range 4 {
		s.node.send(letter(t, "so", "gian"))
	}
	_, err := s.node.service.Send(context.Background(), clerk, letter(t, "so", "gian"))
	wantReason(t, err, exchange.ReasonQuotaAgency)
	var told *exchange.Error
	if !errors.As(err, &told) || told.Code != exchange.Exhausted || told.RetryAfter != 300 || !strings.Contains(told.Text, `holds 4 letters of agency "so"`) {
		t.Errorf("the clerk is told %+v", told)
	}
	s.node.send(letter(t, "phong", "gian"))
	for range 5 {
		o, ok := s.next().(exchange.Offer)
		if !ok {
			t.Fatal("no offer")
		}
		s.accept(o)
	}
	s.node.eventually("its letters to go on", func() bool {
		if err := s.node.core.Look(context.Background()); err != nil {
			t.Fatal(err)
		}
		_, err := s.node.service.Send(context.Background(), clerk, letter(t, "so", "gian"))
		return err == nil
	})
}
