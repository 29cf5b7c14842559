package exchange_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// steps drives a world in which no node runs by itself: each step of a relay is a call, so
// that an interleaving is the order of lines of a test.
type steps struct {
	*world
	t *testing.T
}

// newSteps opens nodes, given as child to parent, and runs none of them.
func newSteps(t *testing.T, parents map[string]string, agencies ...agencySpec) *steps {
	t.Helper()
	s := &steps{newWorld(t, nil, agencies...), t}
	for id, parent := range parents {
		s.keys[id] = s.key(id)
		s.directory.Nodes = append(s.directory.Nodes, envelope.Node{ID: id, Name: id, Parent: parent, Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: s.keys[id].Certificate.Raw}}})
	}
	for id := range parents {
		s.reopen(id, t.TempDir())
	}
	return s
}

// reopen opens a node over a folder, in the place of the one before.
func (s *steps) reopen(id, dir string) *testNode {
	s.t.Helper()
	n := s.open(id, dir)
	n.stop = sync.OnceFunc(func() {
		if err := n.store.Close(); err != nil {
			s.t.Error(err)
		}
	})
	s.nodes[id] = n
	s.t.Cleanup(n.stop)
	return n
}

// relink is a new link from one node to another: what was offered before is due again.
func (s *steps) relink(from, to string) {
	s.t.Helper()
	if _, err := s.nodes[from].store.TakeLink(context.Background(), to); err != nil {
		s.t.Fatal(err)
	}
}

// offer lets a node offer what waits for another, and gives the answers, which are not
// settled yet.
func (s *steps) offer(from, to string) []exchange.Frame {
	s.t.Helper()
	offers, err := s.nodes[from].relay.OffersFor(context.Background(), to)
	if err != nil {
		s.t.Fatal(err)
	}
	var out []exchange.Frame
	for _, offer := range offers {
		out = append(out, s.nodes[to].relay.TakeOffer(context.Background(), from, offer)...)
	}
	return out
}

// settle lets answers arrive.
func (s *steps) settle(at, from string, answers []exchange.Frame) {
	s.t.Helper()
	for _, a := range answers {
		if err := s.nodes[at].relay.SettleAnswer(context.Background(), from, a); err != nil {
			s.t.Fatal(err)
		}
	}
}

// hand is an offer and its answer.
func (s *steps) hand(from, to string) int {
	s.t.Helper()
	answers := s.offer(from, to)
	s.settle(from, to, answers)
	return len(answers)
}

// tell sends the statements that wait, and lets them be stored.
func (s *steps) tell(from, to string) {
	s.t.Helper()
	ctx := context.Background()
	frame, digests, err := s.nodes[from].relay.StatementsFor(ctx, to)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(digests) == 0 {
		return
	}
	if err := s.nodes[to].relay.SettleStatements(ctx, from, frame); err != nil {
		s.t.Fatal(err)
	}
	if err := s.nodes[from].store.StatementsSent(ctx, to, digests); err != nil {
		s.t.Fatal(err)
	}
}

// state is where a delivery stands at a node.
func (s *steps) state(node string, key exchange.LetterKey, recipient string) exchange.State {
	s.t.Helper()
	d, _ := s.nodes[node].delivery(key, recipient)
	return d.State
}

func (s *steps) want(node string, key exchange.LetterKey, recipient string, want exchange.State) {
	s.t.Helper()
	if d, ok := s.nodes[node].delivery(key, recipient); d.State != want {
		s.t.Fatalf("at %q the letter to %q is %s %s (there: %t), want %s", node, recipient, d.State, d.Reason, ok, want)
	}
}

// said lists who issued the statements about a delivery that a node has, by kind.
func (s *steps) said(node string, key exchange.LetterKey, recipient string) map[envelope.StatementKind][]string {
	s.t.Helper()
	d, ok := s.nodes[node].delivery(key, recipient)
	if !ok {
		s.t.Fatalf("node %q has no letter to %q", node, recipient)
	}
	rows, err := s.nodes[node].store.Statements(context.Background(), d.Digest, recipient)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[envelope.StatementKind][]string{}
	for _, row := range rows {
		out[row.Key.Kind] = append(out[row.Key.Kind], row.Key.Issuer)
	}
	return out
}

// The answer of the next hop is lost, and the Delivered from beyond it comes first. The
// letter is delivered at once, and is offered again for that answer alone: without the
// custody of the next hop nobody could follow the chain to the Delivered.
func TestDeliveredOvertakesLostCustody(t *testing.T) {
	t.Parallel()
	s := newSteps(t, map[string]string{"ward": "district", "district": "province", "province": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"thai-nguyen", "province"})
	key := s.nodes["ward"].send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	s.offer("ward", "district") // taken, and its answer is lost
	s.hand("district", "province")
	s.tell("district", "ward")
	s.want("ward", key, "thai-nguyen", exchange.StateDelivered)
	if got := s.said("ward", key, "thai-nguyen")[envelope.Custody]; len(got) != 0 {
		t.Fatalf("the ward has custody of %q, want none yet", got)
	}
	s.relink("ward", "district")
	if n := s.hand("ward", "district"); n != 1 {
		t.Errorf("%d answers, want one to the letter that was offered again", n)
	}
	if got := s.said("ward", key, "thai-nguyen")[envelope.Custody]; len(got) != 1 || got[0] != "district" {
		t.Errorf("the ward has custody of %q, want the district's", got)
	}
	s.want("ward", key, "thai-nguyen", exchange.StateDelivered)
	s.relink("ward", "district")
	if n := s.hand("ward", "district"); n != 0 {
		t.Errorf("%d answers to what is not to be offered any more", n)
	}
	if n := s.hand("district", "province"); n != 0 {
		t.Errorf("the district handed on %d letters, want none: it has handed on this one", n)
	}
}

// The district takes the letter, and drops it before its answer to the ward has arrived: the
// statement of the drop comes first, and counts when the answer is there. When the letter is
// sent again, that drop is of an earlier tenure, and ends nothing.
func TestDroppedOvertakesCustody(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newSteps(t, map[string]string{"ward": "district", "district": "province", "province": ""}, agencySpec{"ba-hang", "ward"},
		agencySpec{"so-tu-phap", "province"}, agencySpec{"thai-nguyen", "province"})
	doc := s.nodes["ward"].send(letter(t, "ba-hang", "so-tu-phap", "thai-nguyen"))
	key := doc.Letter.Key
	answers := s.offer("ward", "district")
	for _, recipient := range []string{"so-tu-phap", "thai-nguyen"} { // the chain goes through the statement about one of them
		d, _ := s.nodes["district"].delivery(key, recipient)
		if _, err := s.nodes["district"].service.Drop(ctx, operator, orderFor(d)); err != nil {
			t.Fatal(err)
		}
	}
	s.tell("district", "ward")
	s.want("ward", key, "thai-nguyen", exchange.StateOffered)
	s.settle("ward", "district", answers)
	s.want("ward", key, "so-tu-phap", exchange.StateDropped)
	s.want("ward", key, "thai-nguyen", exchange.StateDropped)

	d, _ := s.nodes["ward"].delivery(key, "thai-nguyen")
	if _, err := s.nodes["ward"].service.Redeliver(ctx, operator, orderFor(d)); err != nil {
		t.Fatal(err)
	}
	s.relink("ward", "district")
	s.hand("ward", "district")
	s.want("ward", key, "thai-nguyen", exchange.StateRelayed)
	s.hand("district", "province")
	s.tell("district", "ward")
	s.want("ward", key, "thai-nguyen", exchange.StateDelivered)
}

// A node whose clock is ten minutes ahead is refused for now, and takes a letter in; its
// clock is set right, and the process starts again: neither waits until the wrong time.
func TestClockRunsAheadAndIsSetRight(t *testing.T) {
	t.Parallel()
	s := newSteps(t, map[string]string{"ward": "district", "district": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"to-dan-pho", "ward"}, agencySpec{"pho-yen", "district"})
	ward := s.nodes["ward"]
	s.advance(10 * time.Minute)
	key := ward.send(letter(t, "ba-hang", "pho-yen", "to-dan-pho")).Letter.Key
	if _, err := ward.relay.OffersFor(context.Background(), "district"); err != nil {
		t.Fatal(err)
	}
	s.settle("ward", "district", []exchange.Frame{exchange.Refused{Letter: key, Recipients: []string{"pho-yen"}, Reason: exchange.ReasonBusy, RetryAfter: 1}})
	ward.stop()
	s.nodes["district"].stop()
	s.advance(-10 * time.Minute)
	ward = s.start("ward", ward.dir)
	s.start("district", s.nodes["district"].dir)
	ward.eventually("delivered", ward.delivered(key, "pho-yen"))
	ward.eventually("a verdict", func() bool { d, _ := ward.delivery(key, "to-dan-pho"); return d.Verdict != "" })
}
