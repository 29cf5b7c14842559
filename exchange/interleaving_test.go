package exchange_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store"
)

// said lists who issued the statements of a kind about a document's delivery that a node has.
func (s *byHand) said(node string, doc *exchange.Document, recipient string, kind envelope.StatementKind) []string {
	s.t.Helper()
	rows, err := s.nodes[node].store.Statements(context.Background(), doc.Letter.Digest, recipient)
	if err != nil {
		s.t.Fatal(err)
	}
	out := []string{}
	for _, row := range rows {
		if row.Key.Kind == kind {
			out = append(out, row.Key.Issuer)
		}
	}
	slices.Sort(out)
	return out
}

func (s *byHand) wantSaid(node string, doc *exchange.Document, recipient string, kind envelope.StatementKind, want ...string) {
	s.t.Helper()
	if got := s.said(node, doc, recipient, kind); !slices.Equal(got, want) {
		s.t.Errorf("%s has %s to %s of %q, want %q", node, kind, recipient, got, want)
	}
}

// once finds a document once in the inbox of an agency.
func (s *byHand) once(node string, doc *exchange.Document, agency string) {
	s.t.Helper()
	if n := s.nodes[node].inbox(agency)[doc.Route.ID]; n != 1 {
		s.t.Errorf("%s has the letter %d times, want once", agency, n)
	}
}

// move gives some nodes a newer directory, in which an agency lives elsewhere.
func (s *byHand) move(agency, to string, nodes ...string) {
	s.t.Helper()
	d := s.directory
	d.Epoch++
	d.Agencies = slices.Clone(d.Agencies)
	for i := range d.Agencies {
		if a := &d.Agencies[i]; a.ID == agency {
			a.FormerHomes = append(slices.Clone(a.FormerHomes), envelope.FormerHome{Node: a.HomeNode, Until: 1 << 60})
			a.HomeNode = to
		}
	}
	s.directory = d
	for _, node := range nodes {
		s.nodes[node].imports(d)
	}
}

// tend lets a node do what time brings.
func (s *byHand) tend(node string) {
	s.t.Helper()
	if err := s.nodes[node].core.Tend(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

// The answer of the next hop is lost, and the Delivered from beyond it comes first. The
// letter is delivered at once, and is offered again for that answer alone: without the
// custody of the next hop nobody could follow the chain to the Delivered.
func TestDeliveredOvertakesLostCustody(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.take("ward", "district", s.offers("ward", "district")) // and its answer is lost
	s.hand("district", "province")
	s.tell("district", "ward")
	s.want(doc, "to", map[string]string{"ward": "delivered"})
	s.wantSaid("ward", doc, "to", envelope.Custody)
	s.relink("ward", "district")
	if n := len(s.offers("ward", "district")); n != 1 {
		t.Errorf("%d offers, want the letter again", n)
	}
	s.relink("ward", "district")
	s.hand("ward", "district")
	s.wantSaid("ward", doc, "to", envelope.Custody, "district")
	s.want(doc, "to", map[string]string{"ward": "delivered"})
	s.relink("ward", "district")
	if n := len(s.offers("ward", "district")) + len(s.offers("district", "province")); n != 0 {
		t.Errorf("%d offers of what has come to its end", n)
	}
	s.once("province", doc, "to")
}

// The district takes the letter, and drops it before its answer to the ward has arrived: the
// statement of the drop comes first, and counts when the answer is there. When the letter is
// sent again, that drop is of an earlier tenure, and ends nothing.
func TestDroppedOvertakesCustody(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := line(t)
	doc := s.send("to", "other")
	answers := s.take("ward", "district", s.offers("ward", "district"))
	for _, recipient := range []string{"to", "other"} { // the chain goes through the statement about one of them
		d, _ := s.nodes["district"].delivery(doc.Letter.Key, recipient)
		if _, err := s.nodes["district"].service.Drop(ctx, operator, orderFor(d)); err != nil {
			t.Fatal(err)
		}
	}
	s.tell("district", "ward")
	s.want(doc, "to", map[string]string{"ward": "offered"})
	s.settle("ward", "district", answers)
	s.want(doc, "to", map[string]string{"ward": "dropped"})
	s.want(doc, "other", map[string]string{"ward": "dropped"})

	d, _ := s.nodes["ward"].delivery(doc.Letter.Key, "to")
	if _, err := s.nodes["ward"].service.Redeliver(ctx, operator, orderFor(d)); err != nil {
		t.Fatal(err)
	}
	s.relink("ward", "district")
	s.hand("ward", "district")
	s.want(doc, "to", map[string]string{"ward": "relayed"})
	s.hand("district", "province")
	s.tell("district", "ward")
	s.want(doc, "to", map[string]string{"ward": "delivered"})
}

// A node whose clock is ten minutes ahead is refused for now, and takes a letter in; its
// clock is set right, and the process starts again: neither waits until the wrong time.
func TestClockRunsAheadAndIsSetRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ward": "district", "district": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"to-dan-pho", "ward"}, agencySpec{"pho-yen", "district"})
	w.setDown("ward", "district", true)
	ward := w.node("ward")
	ward.stop()
	w.advance(10 * time.Minute)
	ward = w.open("ward", ward.dir) // nothing of it runs
	key := ward.send(letter(t, "ba-hang", "pho-yen", "to-dan-pho")).Letter.Key
	ctx := context.Background()
	if _, err := ward.relay.OffersFor(ctx, "district"); err != nil {
		t.Fatal(err)
	}
	if err := ward.relay.SettleAnswer(ctx, "district", exchange.Refused{Letter: key, Recipients: []string{"pho-yen"}, Reason: exchange.ReasonBusy, RetryAfter: 1}); err != nil {
		t.Fatal(err)
	}
	if err := ward.store.Close(); err != nil {
		t.Fatal(err)
	}
	w.advance(-10 * time.Minute)
	w.setDown("ward", "district", false)
	ward = w.start("ward", ward.dir)
	ward.eventually("delivered", ward.delivered(key, "pho-yen"))
	ward.eventually("a verdict", func() bool { d, _ := ward.delivery(key, "to-dan-pho"); return d.Verdict != "" })
}

// Two directories disagree: each node takes the other for the recipient's home. The letter
// goes to and fro, held a minute each time it comes back, and somebody answers for it all
// the while. When they agree it arrives, once.
func TestPingPongUntilDirectoriesAgree(t *testing.T) {
	t.Parallel()
	s := line(t)
	s.move("to", "ward", "province") // which was its home, and has heard so alone
	doc := s.send("middle", "to")
	s.hand("ward", "district")
	s.hand("district", "province")
	s.want(doc, "to", map[string]string{"ward": "relayed", "district": "relayed", "province": "queued"})
	s.hand("province", "district") // it comes round: new work, and held
	s.want(doc, "to", map[string]string{"province": "relayed", "district": "held"})
	s.advance(61 * time.Second)
	s.tend("district")
	s.hand("district", "province") // as before: it has heard nothing
	s.want(doc, "to", map[string]string{"district": "relayed", "province": "held"})

	s.nodes["district"].imports(s.directory)
	s.nodes["ward"].imports(s.directory)
	s.advance(61 * time.Second)
	s.tend("province")
	s.hand("province", "district")
	s.want(doc, "to", map[string]string{"province": "relayed", "district": "held"})
	s.advance(61 * time.Second)
	s.tend("district")
	s.hand("district", "ward") // which sent it, and is its home now
	s.want(doc, "to", map[string]string{"ward": "delivered", "district": "delivered"})
	s.quiet()
	s.once("ward", doc, "to")
	s.want(doc, "middle", map[string]string{"ward": "delivered", "district": "delivered"})
	s.want(doc, "to", map[string]string{"ward": "delivered", "district": "delivered", "province": "delivered"})
	s.wantSaid("ward", doc, "to", envelope.Delivered, "ward")
}

// They never agree: the letter fails loudly when its chain is as long as a chain may be,
// and its sender knows why. The other has handed it to the sender, whose word counts.
func TestPingPongEndsAtTheHopLimit(t *testing.T) {
	t.Parallel()
	s := newByHand(t, map[string]string{"b": "a"}, []string{"a", "b"}, agencySpec{"from", "a"}, agencySpec{"to", "b"})
	s.move("to", "a", "b")
	doc := s.nodes["a"].send(letter(t, "from", "to"))
	for range exchange.HopLimit + 2 {
		for _, way := range [][2]string{{"a", "b"}, {"b", "a"}} {
			s.hand(way[0], way[1])
			s.tell(way[0], way[1])
			s.tell(way[1], way[0])
			s.advance(61 * time.Second)
			s.tend("a")
			s.tend("b")
		}
	}
	s.want(doc, "to", map[string]string{"a": "failed", "b": "relayed"})
	d, _ := s.nodes["a"].delivery(doc.Letter.Key, "to")
	if d.Reason != exchange.ReasonHopLimit {
		t.Errorf("it failed with %q, want %q", d.Reason, exchange.ReasonHopLimit)
	}
}

// One letter goes two ways, and both lead through one node: to one recipient directly, to
// the other by a neighbour whose directory is newer. There it is one letter with one copy of
// its files, and each recipient's statements go back by the way by which that one came.
func TestFanOutMeetsAgain(t *testing.T) {
	t.Parallel()
	s := newByHand(t, map[string]string{"ward": "top", "near": "ward"}, []string{"top", "ward", "near"}, agencySpec{"from", "ward"}, agencySpec{"straight", "top"}, agencySpec{"moved", "near"})
	s.move("moved", "top", "near", "top")
	doc := s.nodes["ward"].send(letter(t, "from", "straight", "moved"))
	s.hand("ward", "top")
	s.hand("ward", "near") // the home of before, as the ward believes
	s.want(doc, "straight", map[string]string{"ward": "delivered", "top": "delivered", "near": "unknown"})
	s.want(doc, "moved", map[string]string{"ward": "relayed", "top": "unknown"})
	s.advance(61 * time.Second)
	s.tend("near") // it was held until the directories are looked at again
	s.hand("near", "ward")
	s.nodes["ward"].imports(s.directory)
	s.advance(61 * time.Second)
	s.tend("ward")
	s.hand("ward", "top")
	s.want(doc, "moved", map[string]string{"top": "delivered"})
	s.quiet()
	for _, recipient := range []string{"straight", "moved"} {
		s.want(doc, recipient, map[string]string{"ward": "delivered", "top": "delivered"})
		s.once("top", doc, recipient)
		s.wantSaid("ward", doc, recipient, envelope.Delivered, "top")
	}
	s.want(doc, "moved", map[string]string{"near": "delivered"})
	letters, err := s.nodes["top"].store.Deliveries(context.Background(), doc.Letter.Key)
	if err != nil || len(letters) != 2 {
		t.Errorf("%d deliveries at the top, %v; want two of one letter", len(letters), err)
	}
}

// The same letter to the same recipient comes by two links, of which the older is slow: each
// offer after the first finds it there and is answered as before, and the answer that went
// by the older link counts last, for nothing. Two ways: TestWaysCrossAfterANodeMoved.
func TestTwoLinksMeetAtTheReceiver(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.hand("ward", "district")
	lost := s.offers("district", "province")
	s.take("district", "province", lost) // taken, and the answer is lost with the link
	s.tell("province", "district")
	s.relink("district", "province")
	again := s.offers("district", "province")
	if len(lost) != 1 || len(again) != 1 {
		t.Fatalf("%d offers, and %d on the next link; want the letter each time", len(lost), len(again))
	}
	first, second := s.take("district", "province", lost), s.take("district", "province", again)
	s.settle("district", "province", second)
	s.settle("district", "province", first) // the older answer comes last
	s.quiet()
	s.want(doc, "to", map[string]string{"ward": "delivered", "district": "delivered", "province": "delivered"})
	s.once("province", doc, "to")
	s.wantSaid("ward", doc, "to", envelope.Delivered, "province")
}

// The offer was taken and its answer lost; the deadline comes. The sender is in doubt, which
// is not failed, and the answer to the next offer ends the doubt, after the deadline too.
func TestAckLostAtTheDeadline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		arrived  bool // the offer
		district string
		ward     string
	}{
		{"taken", true, "queued", "relayed"},
		{"never arrived", false, "unknown", "failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := line(t)
			doc := s.send("to")
			offers := s.offers("ward", "district")
			if tt.arrived {
				s.take("ward", "district", offers)
			}
			s.want(doc, "to", map[string]string{"ward": "offered", "district": tt.district})
			s.advance(8 * 24 * time.Hour)
			s.tend("ward")
			s.want(doc, "to", map[string]string{"ward": "in_doubt"})
			s.relink("ward", "district")
			s.hand("ward", "district")
			s.want(doc, "to", map[string]string{"ward": tt.ward})
			s.tend("district")
			s.quiet()
			s.want(doc, "to", map[string]string{"ward": "failed", "province": "unknown"})
			s.wantSaid("ward", doc, "to", envelope.Failed, "district")
		})
	}
}

// restore opens a node over a backup, in the place of the one before, and lets its
// neighbours meet it.
func (s *byHand) restore(id, backup string, neighbours ...string) {
	s.t.Helper()
	ctx := context.Background()
	s.advance(time.Minute)
	dir := filepath.Join(s.t.TempDir(), "again")
	report, err := store.Restore(ctx, backup, "sqlite:"+dir, id, s.clock(), false)
	if err != nil || len(report.Problems) > 0 {
		s.t.Fatalf("restore of %q: %+v, %v", id, report, err)
	}
	n, before := s.open(id, dir), s.nodes[id]
	s.nodes[id] = n
	s.t.Cleanup(func() { before.store.Close() }) // the others are closed with the world
	for _, neighbour := range neighbours {
		if err := s.nodes[neighbour].relay.Meet(ctx, n.core); err != nil {
			s.t.Fatal(err)
		}
	}
}

// meet lets each node know the store of each other.
func (s *byHand) meet() {
	s.t.Helper()
	for _, a := range s.ids {
		for _, b := range s.ids {
			if a == b {
				continue
			}
			if err := s.nodes[a].relay.Meet(context.Background(), s.nodes[b].core); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// The sender goes on from a backup in which a letter still waits that has arrived since, with
// its answer: it is offered again, is there once, and its statements come again.
func TestRestoredSenderOffersAgain(t *testing.T) {
	t.Parallel()
	s := line(t)
	s.meet()
	doc := s.send("to")
	backup := s.nodes["ward"].backup()
	s.quiet()
	if err := s.report("province", "to", s.home("province", doc, "to"), exchange.StatusArrived); err != nil {
		t.Fatal(err)
	}
	s.quiet()
	s.want(doc, "to", map[string]string{"ward": "delivered"})

	s.restore("ward", backup, "district")
	s.want(doc, "to", map[string]string{"ward": "queued"})
	s.quiet()
	s.want(doc, "to", map[string]string{"ward": "delivered", "district": "delivered", "province": "delivered"})
	s.once("province", doc, "to")
	s.wantSaid("ward", doc, "to", envelope.Custody, "district")
	s.wantSaid("ward", doc, "to", envelope.Delivered, "province")
	if d, _ := s.nodes["ward"].delivery(doc.Letter.Key, "to"); d.Status != exchange.StatusArrived {
		t.Errorf("the restored sender knows status %d, want %d", d.Status, exchange.StatusArrived)
	}
}

// The receiver goes on from a backup without a letter for which it had signed Delivered: its
// neighbour, who has that signature, offers the letter again; and the status that was
// reported and forgotten comes back, before or after a new one.
func TestRestoredReceiverIsOfferedAgain(t *testing.T) {
	t.Parallel()
	for _, hops := range []string{"one", "two"} {
		t.Run(fmt.Sprintf("%s away", hops), func(t *testing.T) {
			t.Parallel()
			s := line(t)
			s.meet()
			from, to := "district", "to"
			backup := s.nodes["province"].backup()
			doc := s.send(to)
			s.quiet()
			if err := s.report("province", to, s.home("province", doc, to), exchange.StatusArrived); err != nil {
				t.Fatal(err)
			}
			if hops == "two" {
				s.quiet() // the ward has it all
			} else {
				s.tell("province", from)
			}
			s.restore("province", backup, from)
			s.want(doc, to, map[string]string{"province": "unknown", "district": "offered"})
			s.quiet()
			s.want(doc, to, map[string]string{"ward": "delivered", "district": "delivered", "province": "delivered"})
			s.once("province", doc, to)
			if d := s.home("province", doc, to); d.Status != exchange.StatusArrived {
				t.Errorf("the receiver knows status %d of its own, want %d", d.Status, exchange.StatusArrived)
			}
			s.nodes["province"].starts(to, 0)
			if err := s.report("province", to, s.home("province", doc, to), exchange.StatusAccepted); err != nil {
				t.Fatal(err)
			}
			s.quiet()
			if d, _ := s.nodes["ward"].delivery(doc.Letter.Key, to); d.Status != exchange.StatusAccepted {
				t.Errorf("the sender knows status %d, want %d", d.Status, exchange.StatusAccepted)
			}
		})
	}
}

// crammed are files of a node whose disk is full for a while.
type crammed struct {
	exchange.Blobs
	full *bool
}

func (c crammed) Put(ctx context.Context, data []byte) (envelope.Digest, error) {
	if *c.full {
		return envelope.Digest{}, fmt.Errorf("here: %w", exchange.ErrFull)
	}
	return c.Blobs.Put(ctx, data)
}

// Two neighbours are both full, with letters for one another. Neither takes one, neither
// loses one, and statuses go through all the while; each that has space again takes what
// waits for it, whatever the other can do.
func TestBothNeighboursFull(t *testing.T) {
	t.Parallel()
	s := line(t)
	full := map[string]*bool{}
	for _, id := range s.ids {
		full[id] = new(bool)
		s.blobs = func(b exchange.Blobs) exchange.Blobs { return crammed{b, full[id]} }
		if err := s.nodes[id].store.Close(); err != nil {
			t.Fatal(err)
		}
		s.nodes[id] = s.open(id, t.TempDir())
	}
	before := s.send("middle")
	s.quiet()
	up := s.send("middle")
	down := s.nodes["district"].send(letter(t, "middle", "from"))
	*full["ward"], *full["district"] = true, true
	refused := func(from, to string) {
		t.Helper()
		s.relink(from, to)
		answers := s.take(from, to, s.offers(from, to))
		if len(answers) != 1 {
			t.Fatalf("%d answers of %s, want one", len(answers), to)
		}
		if f, ok := answers[0].(exchange.Refused); !ok || f.Reason != exchange.ReasonSpace || f.Permanent {
			t.Fatalf("%s answers %+v, want a refusal for now, for space", to, answers[0])
		} else if f.RetryAfter == 0 || f.RetryAfter > 10 {
			t.Errorf("%s asks for %d s: a write failed, and what the accounts say is known within one", to, f.RetryAfter)
		}
		s.settle(from, to, answers)
		s.advance(6 * time.Minute)
	}
	for range 3 {
		refused("ward", "district")
		refused("district", "ward")
	}
	if err := s.report("district", "middle", s.home("district", before, "middle"), exchange.StatusArrived); err != nil {
		t.Fatal(err)
	}
	s.tell("district", "ward")
	if d, _ := s.nodes["ward"].delivery(before.Letter.Key, "middle"); d.Status != exchange.StatusArrived {
		t.Errorf("the sender knows status %d, want %d", d.Status, exchange.StatusArrived)
	}
	*full["district"] = false
	s.hand("ward", "district")
	s.want(up, "middle", map[string]string{"ward": "delivered", "district": "delivered"})
	refused("district", "ward")
	*full["ward"] = false
	s.quiet()
	s.want(down, "from", map[string]string{"ward": "delivered", "district": "delivered"})
	s.once("ward", down, "from")
	s.once("district", up, "middle")
}
