package exchange_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/evidence"
)

// statements are all that a node has about the recipients of a letter, by digest.
func (n *testNode) statements(doc *exchange.Document) map[envelope.Digest]envelope.Statement {
	n.w.t.Helper()
	out := map[envelope.Digest]envelope.Statement{}
	for _, to := range doc.Route.Recipients {
		rows, err := n.store.Statements(context.Background(), doc.Letter.Digest, to.Agency.ID)
		if err != nil {
			n.w.t.Fatal(err)
		}
		for _, row := range rows {
			st, err := envelope.ParseStatement(row.Sealed)
			if err != nil {
				n.w.t.Fatal(err)
			}
			out[row.Digest] = st
		}
	}
	return out
}

// chained says why no Delivered of a recipient that a node has leads back, statement by
// statement, to the Submitted of the letter's origin; nil if one does.
func (n *testNode) chained(doc *exchange.Document, recipient string) (broken error) {
	n.w.t.Helper()
	all := n.statements(doc)
	broken = fmt.Errorf("node %q has no Delivered", n.id)
	for _, st := range all {
		if st.Kind != envelope.Delivered || st.Recipient != recipient {
			continue
		}
		if err := leadsBack(st, all); err == nil {
			return nil
		} else {
			broken = err
		}
	}
	return broken
}

func leadsBack(st envelope.Statement, all map[envelope.Digest]envelope.Statement) error {
	for range exchange.HopLimit + 1 {
		if st.Kind == envelope.Submitted && st.Issuer == st.OriginNode {
			return nil
		}
		before, ok := all[st.Previous]
		if !ok {
			return fmt.Errorf("%s %d of %q follows a statement that is not here", st.Kind, st.Sequence, st.Issuer)
		}
		st = before
	}
	return fmt.Errorf("the chain has no end")
}

// receiptsVerify checks the receipts that an agency sees at a node, as a sender or receiver
// does, and what it can prove by them to a third party.
func (n *testNode) receiptsVerify(agency string, doc *exchange.Document, recipient string) {
	n.w.t.Helper()
	d, _ := n.delivery(doc.Letter.Key, recipient)
	view, err := n.service.Delivery(context.Background(), agency, d.ID)
	if err != nil {
		n.w.t.Fatal(err)
	}
	for _, e := range view.History {
		if _, err := n.core.Directory().VerifyReceipt(e.Receipt); err != nil {
			n.w.t.Errorf("node %q: %v", n.id, err)
		}
	}
	at := d.ID
	if d.From == "" {
		at = doc.Letter.Key.ID
	}
	n.evidence(agency, at, evidence.Options{WithoutContent: true})
}

// A node hands a letter on, or delivers it, burns down, and is asked for it once more when a
// recall has come to it. It cannot know whether the letter had gone on, so it does not say that
// it was stopped: the letter goes on, and who remembers it answers. The sender's Delivered leads
// back to its own Submitted, and nobody is alarmed.
func TestRecallAfterANodeBurned(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		node    string // that burns down
		queued  bool   // its backup has the letter, which had not left it then
		arrived bool
	}{
		{"on the way", "district", false, true},
		{"on the way, and it had not gone on", "district", false, false},
		{"on the way, with the letter in its queue", "district", true, true},
		{"the home", "province", false, true},
		{"the origin", "ward", true, true},
	} {
		for _, recallFirst := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, recall first %t", tt.name, recallFirst), func(t *testing.T) {
				t.Parallel()
				s := line(t)
				s.meet()
				backup := s.nodes[tt.node].backup()
				doc := s.send("to")
				if tt.queued && tt.node == "ward" {
					backup = s.nodes["ward"].backup()
				}
				s.take("ward", "district", s.offers("ward", "district")) // and the answer is lost
				if tt.queued && tt.node == "district" {
					backup = s.nodes["district"].backup()
				}
				if tt.arrived {
					s.hand("district", "province")
				}
				s.restore(tt.node, backup, map[string]string{"ward": "district", "district": "province", "province": "district"}[tt.node])
				recall := s.recall(doc, envelope.RecallNow)
				if recall.Route.Kind != envelope.KindRecall {
					t.Fatal("the sender has stopped the letter, and recalls nothing")
				}
				for _, way := range [][2]string{{"ward", "district"}, {"district", "province"}} {
					s.relink(way[0], way[1])
					offers := s.offers(way[0], way[1])
					if recallFirst {
						slices.Reverse(offers)
					}
					s.settle(way[0], way[1], s.take(way[0], way[1], offers))
				}
				s.quiet()
				for _, id := range s.ids {
					s.nodes[id].verifyJournal()
					if n := s.nodes[id].action(exchange.AlarmStoppedDelivered); n != 0 {
						t.Errorf("%d alarms at %s, want none: nothing was stopped", n, id)
					}
				}
				if !tt.arrived { // the next hop knows that it never came: it may say so
					return
				}
				s.want(doc, "to", map[string]string{"ward": "delivered recalled", "province": "delivered recalled"})
				s.once("province", doc, "to")
				if err := s.nodes["ward"].chained(doc, "to"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// allChained says why a Delivered of a recipient that a node has does not lead back; nil if
// each does.
func (n *testNode) allChained(doc *exchange.Document, recipient string) error {
	n.w.t.Helper()
	all := n.statements(doc)
	for _, st := range all {
		if st.Kind == envelope.Delivered && st.Recipient == recipient {
			if err := leadsBack(st, all); err != nil {
				return err
			}
		}
	}
	return n.chained(doc, recipient)
}

// A node on the way burns down before the node before it has its answer, and the letter goes
// by it no more: it has expired when the link is up again. What it had signed comes back to it
// from the home, which kept the chain of the offer, and by it to the sender; to a node of an
// earlier version, which would take it for an answer, nobody sends it.
func TestCustodyOfABurnedNodeComesBack(t *testing.T) {
	t.Parallel()
	for _, old := range []string{"", "ward", "district"} {
		t.Run("old "+old, func(t *testing.T) {
			t.Parallel()
			w := chain(t)
			w.courier = func(c *courier) exchange.Courier { return &earlier{c, c.from == old} }
			for _, dials := range []string{"ward district", "district province"} {
				from, to, _ := strings.Cut(dials, " ")
				w.cut(from, to)
			}
			ward, province := w.node("ward"), w.node("province")
			before := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
			ward.eventually("the first letter", ward.delivered(before, "thai-nguyen"))
			backup := w.node("district").backup()
			w.mu.Lock()
			w.lossy = func(from, to string, f exchange.Frame) bool {
				_, answer := f.(exchange.Accepted)
				if lost := answer && from == "district" && to == "ward"; !lost {
					return false
				}
				w.mu.Lock()
				defer w.mu.Unlock()
				w.down["ward district"] = true
				return true
			}
			w.mu.Unlock()
			doc := ward.send(letter(t, "ba-hang", "thai-nguyen"))
			key := doc.Letter.Key
			province.eventually("the letter at its home", province.delivered(key, "thai-nguyen"))
			if got := ward.states(key)["thai-nguyen"]; got != exchange.StateOffered {
				t.Fatalf("the letter is %s at its sender, want offered: the answer was lost", got)
			}
			district := w.node("district").restored(backup)
			province.eventually("the province has given back what it has", func() bool { return province.action("peer.restored") == 1 })
			if _, here := district.delivery(key, "thai-nguyen"); here {
				t.Fatal("the restored node has the letter, which nobody offered to it")
			}
			w.advance(8 * 24 * time.Hour)
			w.setDown("ward", "district", false)
			ward.eventually("the letter is delivered, and waits no more", func() bool {
				waiting, err := ward.store.OutboxPeers(t.Context())
				return err == nil && waiting["district"] == 0 && ward.delivered(key, "thai-nguyen")()
			})
			province.report(key, "thai-nguyen", exchange.StatusArrived)
			ward.eventually("a status", ward.hasStatus(key, "thai-nguyen", exchange.StatusArrived))
			for _, id := range []string{"ward", "district", "province"} {
				w.node(id).verifyJournal()
			}
			if n := province.inbox("thai-nguyen")[key.ID]; n != 1 {
				t.Errorf("it stands %d times in the inbox", n)
			}
			if old != "" {
				if ward.allChained(doc, "thai-nguyen") == nil {
					t.Error("custody came back by a node that would not know it for what it is")
				}
				return
			}
			ward.eventually("the custody of the district", func() bool { return ward.allChained(doc, "thai-nguyen") == nil })
			ward.receiptsVerify("ba-hang", doc, "thai-nguyen")
			province.receiptsVerify("thai-nguyen", doc, "thai-nguyen")
			district.eventually("no statement waits for the ward", func() bool {
				waiting, err := district.store.StatementsTo(t.Context(), "ward", 0, 10)
				return err == nil && len(waiting) == 0
			})
		})
	}
}

// An earlier is a link of a node that may be of the version before custody came back.
type earlier struct {
	*courier
	is bool
}

func (e *earlier) Send(f exchange.Frame) error {
	if hello, ok := f.(exchange.Hello); ok && e.is {
		hello.Features = slices.DeleteFunc(slices.Clone(hello.Features), func(s string) bool { return s == "chain-back" })
		f = hello
	}
	return e.courier.Send(f)
}

// Custody that comes back answers no offer: what a node had signed for two recipients before
// it burned down, and handed on for one, is still offered to it for the other.
func TestCustodyThatComesBackAnswersNothing(t *testing.T) {
	t.Parallel()
	s := newByHand(t, map[string]string{"ward": "district", "hamlet": "district", "district": "province"}, []string{"ward", "hamlet", "district", "province"},
		agencySpec{"from", "ward"}, agencySpec{"to", "province"}, agencySpec{"x", "hamlet"})
	s.meet()
	backup := s.nodes["district"].backup()
	doc := s.send("to", "x")
	s.take("ward", "district", s.offers("ward", "district")) // and the answer is lost
	offers := s.offers("district", "hamlet")
	s.settle("district", "hamlet", s.take("district", "hamlet", offers))
	chain := offers[0].Chain
	s.restore("district", backup, "hamlet")
	frame := exchange.Statements{Statements: []envelope.Receipt{{Statement: chain[len(chain)-1]}}}
	for range 2 {
		if err := s.nodes["district"].relay.SettleStatements(context.Background(), "hamlet", frame); err != nil {
			t.Fatal(err)
		}
		s.tell("district", "ward")
	}
	// The word of it has come to the sender, and moves nothing.
	if _, ok := s.nodes["ward"].statements(doc)[chain[len(chain)-1].Digest()]; !ok {
		t.Error("the sender has not heard of it")
	}
	s.want(doc, "to", map[string]string{"ward": "offered", "province": "unknown"})
	s.quiet()
	for recipient, home := range map[string]string{"to": "province", "x": "hamlet"} {
		s.want(doc, recipient, map[string]string{"ward": "delivered", home: "delivered"})
		s.once(home, doc, recipient)
		if err := s.nodes["ward"].allChained(doc, recipient); err != nil {
			t.Errorf("%s: %v", recipient, err)
		}
	}
	for _, id := range s.ids {
		s.nodes[id].verifyJournal()
	}
}

// What a restored node had signed comes back to it however much it is: a flood of others'
// statements about letters that are not here is what is bounded.
func TestOwnStatementsComeBackWithoutBound(t *testing.T) {
	t.Parallel()
	s := line(t)
	s.meet()
	s.restore("district", s.nodes["district"].backup(), "province")
	frame := exchange.Statements{}
	for range 3 * exchange.AloneStatements / 2 {
		id, err := envelope.NewID(s.clock(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		st := envelope.Statement{Kind: envelope.Custody, Envelope: envelope.Sum(id[:]), OriginNode: "ward", EnvelopeID: id, Recipient: "to",
			Issuer: "district", Incarnation: id, Sequence: 1, Time: s.clock().UnixMicro(), Previous: envelope.Sum([]byte("before"))}
		sealed, err := envelope.SealStatement(&st, s.keys["district"])
		if err != nil {
			t.Fatal(err)
		}
		frame.Statements = append(frame.Statements, envelope.Receipt{Statement: sealed})
	}
	district := s.nodes["district"]
	if err := district.relay.SettleStatements(t.Context(), "province", frame); err != nil {
		t.Fatal(err)
	}
	waiting, err := district.store.StatementsTo(t.Context(), "ward", 0, 1000)
	if err != nil || len(waiting) != len(frame.Statements) {
		t.Errorf("%d of %d go on to the sender, %v", len(waiting), len(frame.Statements), err)
	}
}
