package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

var operator = journal.Actor{Principal: "quan-tri", Staff: "cb-01"}

func orderFor(d exchange.Delivery) exchange.Order {
	return exchange.Order{Delivery: d.ID, Reason: "theo yêu cầu của cơ quan gửi"}
}

// verb is one of the things that an operator can do.
type verb struct {
	name string
	do   func(context.Context, journal.Actor, exchange.Order) (*exchange.QueueEntry, error)
}

func (n *testNode) verbs(peer string) []verb {
	return []verb{{"hold", n.service.Hold}, {"release", n.service.Release}, {"retry", n.service.Retry}, {"redeliver", n.service.Redeliver},
		{"redirect", func(ctx context.Context, a journal.Actor, o exchange.Order) (*exchange.QueueEntry, error) {
			return n.service.Redirect(ctx, a, o, peer)
		}}, {"drop", n.service.Drop}}
}

// operate lets an operator do something, wise or not, with a letter.
func (c *custody) operate(n *testNode) {
	if len(c.letters) == 0 {
		return
	}
	i := c.random.IntN(len(c.letters))
	rows, err := n.store.Deliveries(context.Background(), c.letters[i])
	if err != nil {
		c.fatal("deliveries: %v", err)
	}
	if len(rows) == 0 {
		return
	}
	verbs, d := n.verbs(c.ids[c.random.IntN(len(c.ids))]), rows[c.random.IntN(len(rows))]
	at := c.random.IntN(len(verbs) + 6)
	if at >= len(verbs) { // most of all to hold and to send again: a drop ends the story
		at = at % 5
	}
	_, err = verbs[at].do(context.Background(), operator, orderFor(d))
	var refused *exchange.Error
	if err != nil && !errors.As(err, &refused) {
		c.fatal("%s: %v", verbs[at].name, err)
	}
	c.note("%s: %s letter %d to %q, %s: %v", n.id, verbs[at].name, i, d.Key.Recipient, d.State, err)
}

// releaseAll ends what operators hold.
func (c *custody) releaseAll(n *testNode) {
	for _, state := range []exchange.State{exchange.StateHeld, exchange.StateDead} {
		list, _, _, err := n.service.Queue(context.Background(), exchange.QueueFilter{State: state}, exchange.QueueCursor{}, 1000)
		if err != nil {
			c.fatal("queue: %v", err)
		}
		for _, e := range list {
			act := n.service.Retry
			if e.Delivery.Reason == exchange.ReasonOperator {
				act = n.service.Release
			}
			if _, err := act(context.Background(), operator, orderFor(e.Delivery)); err != nil {
				c.fatal("release: %v", err)
			}
		}
	}
}

// wantReason fails the test if an error is not one that tells the operator so.
func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	var own *exchange.Error
	if !errors.As(err, &own) || own.Reason != reason {
		t.Errorf("got %v, want reason %s", err, reason)
	}
}

// An operator holds a letter, lets it go, and it arrives; each act stands in the journal.
func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	ctx, ward := context.Background(), w.node("ward")
	w.setDown("ward", "district", true)
	doc := ward.send(letter(t, "ba-hang", "pho-yen"))
	d := doc.Deliveries[0]
	e, err := ward.service.Hold(ctx, operator, orderFor(d))
	if err != nil || e.Delivery.State != exchange.StateHeld || e.Delivery.Reason != exchange.ReasonOperator {
		t.Fatalf("held: %+v, %v", e, err)
	}
	w.setDown("ward", "district", false)
	ward.eventually("a link", func() bool { return ward.relay.HasLink("district") })
	w.advance(48 * time.Hour)
	if err := ward.core.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	if got := ward.states(doc.Letter.Key)["pho-yen"]; got != exchange.StateHeld {
		t.Fatalf("after two days it is %s, want held until it is released", got)
	}
	_, err = ward.service.Retry(ctx, operator, orderFor(d))
	wantReason(t, err, "STATE")
	if _, err := ward.service.Release(ctx, operator, orderFor(d)); err != nil {
		t.Fatal(err)
	}
	ward.eventually("delivered", ward.delivered(doc.Letter.Key, "pho-yen"))
	for _, v := range ward.verbs("district") {
		_, err := v.do(ctx, operator, orderFor(d))
		wantReason(t, err, "STATE") // what has arrived is nobody's to hold back
	}
	_, err = ward.service.Hold(ctx, operator, exchange.Order{Delivery: envelope.ID{1}})
	wantReason(t, err, "NOT_FOUND")
	var acts []string
	leaves, _, err := ward.service.Entries(ctx, 0, 1000)
	for _, l := range leaves {
		entry, perr := journal.ParseLeaf(l.Data)
		if perr != nil {
			t.Fatal(perr)
		}
		if strings.HasPrefix(entry.Action, "queue.") {
			acts = append(acts, fmt.Sprintf("%s by %s/%s", entry.Action, entry.Actor.Principal, entry.Actor.Staff))
			if want := "reason_sha256=" + envelope.Sum([]byte(orderFor(d).Reason)).String(); !strings.Contains(entry.Detail, want) {
				t.Errorf("%s has the detail %q, want the digest of the reason in it", entry.Action, entry.Detail)
			}
		}
	}
	if want := "queue.hold by quan-tri/cb-01, queue.release by quan-tri/cb-01"; err != nil || strings.Join(acts, ", ") != want {
		t.Errorf("journal: %q, %v; want %s", acts, err, want)
	}
	ward.verifyJournal()
}

// A hold of what was offered does not call it back: the peer's answer ends the hold.
func TestHoldAfterOffer(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	ctx := context.Background()
	doc := s.node.send(letter(t, "so", "gian"))
	offer, ok := s.next().(exchange.Offer)
	if !ok {
		t.Fatal("no offer")
	}
	s.node.eventually("offered", func() bool { return s.node.states(doc.Letter.Key)["gian"] == exchange.StateOffered })
	d, _ := s.node.delivery(doc.Letter.Key, "gian")
	_, err := s.node.service.Drop(ctx, operator, orderFor(d))
	wantReason(t, err, "STATE")
	if _, err := s.node.service.Hold(ctx, operator, orderFor(d)); err != nil {
		t.Fatal(err)
	}
	s.accept(offer)
	s.node.eventually("relayed", func() bool { return s.node.states(doc.Letter.Key)["gian"] == exchange.StateRelayed })
}

// A held letter whose offer was never answered is in doubt at its deadline, and not failed.
func TestHeldOfferIsInDoubtAtItsDeadline(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	ctx := context.Background()
	doc := s.node.send(letter(t, "so", "gian"))
	if _, ok := s.next().(exchange.Offer); !ok {
		t.Fatal("no offer")
	}
	s.node.eventually("offered", func() bool { return s.node.states(doc.Letter.Key)["gian"] == exchange.StateOffered })
	d, _ := s.node.delivery(doc.Letter.Key, "gian")
	if _, err := s.node.service.Hold(ctx, operator, orderFor(d)); err != nil {
		t.Fatal(err)
	}
	s.w.advance(8 * 24 * time.Hour)
	if err := s.node.core.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	if d, _ = s.node.delivery(doc.Letter.Key, "gian"); d.State != exchange.StateInDoubt {
		t.Fatalf("it is %s (%s), want in doubt", d.State, d.Reason)
	}
	if f, ok := s.next().(exchange.Offer); !ok || f.Envelope.Digest() != doc.Letter.Digest {
		t.Fatalf("got %T, want the offer that ends the doubt", f)
	}
}

// A drop is signed, and the sender two hops away reads why. It can be sent again.
func TestDropReachesTheSender(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	ctx, ward, district := context.Background(), w.node("ward"), w.node("district")
	w.setDown("district", "province", true)
	doc := ward.send(letter(t, "ba-hang", "thai-nguyen"))
	district.eventually("queued", func() bool { return district.states(doc.Letter.Key)["thai-nguyen"] == exchange.StateQueued })
	d, _ := district.delivery(doc.Letter.Key, "thai-nguyen")
	_, err := district.service.Drop(ctx, operator, exchange.Order{Delivery: d.ID})
	wantReason(t, err, "REASON_REQUIRED")
	if _, err := district.service.Drop(ctx, operator, orderFor(d)); err != nil {
		t.Fatal(err)
	}
	ward.eventually("dropped", func() bool { return ward.states(doc.Letter.Key)["thai-nguyen"] == exchange.StateDropped })
	view, err := ward.service.Delivery(ctx, "ba-hang", doc.Deliveries[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	last := view.History[len(view.History)-1]
	if last.Statement.Kind != envelope.Dropped || !last.Verified || last.Statement.Failed == nil || last.Statement.Failed.Text != orderFor(d).Reason {
		t.Errorf("the last event is %s by %q, verified %t, %+v", last.Statement.Kind, last.Statement.Issuer, last.Verified, last.Statement.Failed)
	}
	w.setDown("district", "province", false)
	if _, err := ward.service.Redeliver(ctx, operator, orderFor(doc.Deliveries[0])); err != nil {
		t.Fatal(err)
	}
	ward.eventually("delivered", ward.delivered(doc.Letter.Key, "thai-nguyen"))
}

// The province has lost what it took over, and nobody knows. The ward sends again, and every
// node behind it hands the letter on once more.
func TestRedeliverAfterLoss(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	ctx, ward, district, province := context.Background(), w.node("ward"), w.node("district"), w.node("province")
	province.stop()
	doc := ward.send(letter(t, "ba-hang", "thai-nguyen"))
	district.eventually("queued", func() bool { return district.states(doc.Letter.Key)["thai-nguyen"] != 0 })
	d, _ := district.delivery(doc.Letter.Key, "thai-nguyen")
	// The district believes that another node answers: as if the province had said so, and had
	// lost it. It goes on as the node that it was: what a restored one had, others offer again.
	lost := d
	lost.State, lost.Custodian = exchange.StateRelayed, "province"
	entry := journal.Entry{Time: w.clock().UnixMicro(), Actor: journal.System, Action: "test", Outcome: journal.OutcomeOK}
	if _, err := district.store.Commit(ctx, exchange.Change{Deliveries: []exchange.Delivery{lost}, Unqueue: []exchange.DeliveryKey{d.Key}, Entries: []journal.Entry{entry}}); err != nil {
		t.Fatal(err)
	}
	w.start("province", province.dir)
	district.eventually("a link", func() bool { return district.relay.HasLink("province") })
	ward.eventually("relayed", func() bool { return ward.states(doc.Letter.Key)["thai-nguyen"] == exchange.StateRelayed })
	if _, err := ward.service.Redeliver(ctx, operator, orderFor(doc.Deliveries[0])); err != nil {
		t.Fatal(err)
	}
	ward.eventually("delivered", ward.delivered(doc.Letter.Key, "thai-nguyen"))
	ward.verifyJournal()
	district.verifyJournal()
}

// Another way is taken where there is one: the short cut is dead, and the tree is not.
func TestRedeliverAndRedirectByAnotherWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"a": "b", "b": "", "c": "b"}, agencySpec{"from", "a"}, agencySpec{"to", "c"}, agencySpec{"also", "c"})
	cut := w.directory
	cut.Epoch = 2
	cut.Nodes = append([]envelope.Node(nil), cut.Nodes...)
	for i := range cut.Nodes {
		if cut.Nodes[i].ID == "a" {
			cut.Nodes[i].Dials = []string{"c"}
		}
	}
	w.setDown("a", "c", true)
	for _, id := range []string{"a", "b", "c"} {
		w.node(id).imports(cut)
	}
	ctx, a := context.Background(), w.node("a")
	doc := a.send(letter(t, "from", "to", "also"))
	waits := func() bool { return a.states(doc.Letter.Key)["to"] == exchange.StateQueued }
	a.eventually("queued", waits)
	for _, d := range doc.Deliveries {
		if d.Peer != "c" {
			t.Fatalf("it waits for %q, want the short cut to c", d.Peer)
		}
	}
	byName := map[string]exchange.Delivery{}
	for _, d := range doc.Deliveries {
		byName[d.Key.Recipient] = d
	}
	_, err := a.service.Redirect(ctx, operator, orderFor(byName["to"]), "nobody")
	wantReason(t, err, "NO_NEIGHBOUR")
	if _, err := a.service.Redirect(ctx, operator, orderFor(byName["to"]), "b"); err != nil {
		t.Fatal(err)
	}
	a.eventually("delivered", a.delivered(doc.Letter.Key, "to"))
	// The other one is held to be with c, which never had it.
	d, _ := a.delivery(doc.Letter.Key, "also")
	d.State, d.Custodian = exchange.StateRelayed, "c"
	entry := journal.Entry{Time: w.clock().UnixMicro(), Actor: journal.System, Action: "test", Outcome: journal.OutcomeOK}
	if _, err := a.store.Commit(ctx, exchange.Change{Deliveries: []exchange.Delivery{d}, Unqueue: []exchange.DeliveryKey{d.Key}, Entries: []journal.Entry{entry}}); err != nil {
		t.Fatal(err)
	}
	e, err := a.service.Redeliver(ctx, operator, orderFor(byName["also"]))
	if err != nil || e.Delivery.Peer != "b" {
		t.Fatalf("sent again by %+v, %v; want by b", e, err)
	}
	a.eventually("delivered", a.delivered(doc.Letter.Key, "also"))
	// Back where it came from it cannot go.
	b := w.node("b")
	w.setDown("c", "b", true)
	third := a.send(letter(t, "from", "to"))
	if _, err := a.service.Redirect(ctx, operator, orderFor(third.Deliveries[0]), "b"); err != nil {
		t.Fatal(err)
	}
	b.eventually("queued", func() bool { return b.states(third.Letter.Key)["to"] == exchange.StateQueued })
	atB, _ := b.delivery(third.Letter.Key, "to")
	_, err = b.service.Redirect(ctx, operator, orderFor(atB), "a")
	wantReason(t, err, "VISITED")
}

// What waits is listed by state and peer, in pages; what has not arrived in time, by age.
func TestQueueList(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	w.setDown("ward", "district", true)
	ctx, ward := context.Background(), w.node("ward")
	var docs []*exchange.Document
	for i := range 3 {
		req := letter(t, "ba-hang", "pho-yen", "thai-nguyen")
		if i == 2 {
			req.Urgency = envelope.UrgencyFlash
		}
		docs = append(docs, ward.send(req))
	}
	if _, err := ward.service.Hold(ctx, operator, orderFor(docs[0].Deliveries[0])); err != nil {
		t.Fatal(err)
	}
	list := func(f exchange.QueueFilter) (out []exchange.QueueEntry) {
		t.Helper()
		var after exchange.QueueCursor
		for {
			page, next, done, err := ward.service.Queue(ctx, f, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			out, after = append(out, page...), next
			if done {
				return out
			}
		}
	}
	all := list(exchange.QueueFilter{})
	if len(all) != 6 || all[0].Delivery.State != exchange.StateHeld || all[1].Delivery.State != exchange.StateQueued || all[1].DueAt == 0 {
		t.Errorf("all: %+v, want the held one first, then five that are due", all)
	}
	if got := list(exchange.QueueFilter{Peer: "district"}); len(got) != 5 {
		t.Errorf("%d wait for the district, want 5", len(got))
	}
	if got := list(exchange.QueueFilter{State: exchange.StateQueued, Peer: "province"}); len(got) != 0 {
		t.Errorf("%d wait for the province, want none", len(got))
	}
	if got := list(exchange.QueueFilter{Late: true}); len(got) != 0 {
		t.Errorf("%d are late at once", len(got))
	}
	w.advance(6 * time.Minute)
	if got := list(exchange.QueueFilter{Late: true}); len(got) != 2 || got[0].Delivery.Urgency != envelope.UrgencyFlash {
		t.Errorf("after 6 minutes %+v are late, want the two that are hỏa tốc", got)
	}
	w.advance(25 * time.Hour)
	if got := list(exchange.QueueFilter{Late: true}); len(got) != 6 {
		t.Errorf("after a day %d are late, want all 6", len(got))
	}
	late, err := exchange.CountLate(ctx, ward.store, w.clock().UnixMicro())
	if err != nil || late[envelope.UrgencyNormal] != 4 || late[envelope.UrgencyFlash] != 2 {
		t.Errorf("counted as late: %v, %v; want 4 normal ones and 2 that are hỏa tốc", late, err)
	}
	_, _, _, err = ward.service.Queue(ctx, exchange.QueueFilter{State: exchange.StateDelivered}, exchange.QueueCursor{}, 1)
	wantReason(t, err, "BAD_FIELD")
}
