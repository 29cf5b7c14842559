package exchange_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// Two nodes whose directories disagree each send a letter to the other. It is never
// dropped: it comes round, is held, and goes home when the directories agree.
func TestLetterComesRoundUntilDirectoriesAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"a": "b", "b": "c", "c": ""}, agencySpec{"from", "a"}, agencySpec{"moved", "c"})
	// The newer directory moves the agency to node a; only b and c have heard of it.
	newer := w.directory
	newer.Epoch = 2
	newer.Agencies = append([]envelope.Agency(nil), newer.Agencies...)
	for i := range newer.Agencies {
		if newer.Agencies[i].ID == "moved" {
			newer.Agencies[i].HomeNode, newer.Agencies[i].FormerHomes = "a", []envelope.FormerHome{{Node: "c", Until: 1 << 60}}
		}
	}
	w.node("b").imports(newer)
	w.node("c").imports(newer)
	a := w.node("a")
	doc := a.send(letter(t, "from", "moved"))
	// a sends up, b sends back down, a takes it as new work and holds it.
	a.eventually("held", func() bool {
		d, _ := a.delivery(doc.Letter.Key, "moved")
		return d.State == exchange.StateHeld && d.Reason == exchange.ReasonDirectorySkew
	})
	if got := w.node("b").states(doc.Letter.Key)["moved"]; got != exchange.StateRelayed {
		b := w.node("b")
		b.eventually("relayed", func() bool { return b.states(doc.Letter.Key)["moved"] == exchange.StateRelayed })
	}
	a.imports(newer)
	w.advance(2 * time.Minute)
	a.eventually("delivered", a.delivered(doc.Letter.Key, "moved"))
	if d, _ := a.delivery(doc.Letter.Key, "moved"); !d.Home || d.From != "" {
		t.Fatalf("at home %t, from %q; want at home, and still its sender's", d.Home, d.From)
	}
	a.verifyJournal()
}

// A letter that goes round for ever ends at the hop limit, loudly, and its sender hears.
func TestHopLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"a": "b", "b": ""}, agencySpec{"from", "a"}, agencySpec{"lost", "b"})
	newer := w.directory
	newer.Epoch = 2
	newer.Agencies = append([]envelope.Agency(nil), newer.Agencies...)
	newer.Agencies[1].HomeNode, newer.Agencies[1].FormerHomes = "a", []envelope.FormerHome{{Node: "b", Until: 1 << 60}}
	if newer.Agencies[1].ID != "lost" {
		t.Fatal("the world lists agencies in another order")
	}
	w.node("b").imports(newer)
	a := w.node("a")
	doc := a.send(letter(t, "from", "lost"))
	for range 40 {
		if a.states(doc.Letter.Key)["lost"] == exchange.StateFailed {
			break
		}
		w.advance(61 * time.Second)
		for _, id := range []string{"a", "b"} {
			if err := w.node(id).core.Tend(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		settled := func(id string) func() bool {
			return func() bool {
				peers, err := w.node(id).store.OutboxPeers(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				for _, rows := range peers {
					if rows > 0 {
						return false
					}
				}
				return true
			}
		}
		a.eventually("an empty outbox at a", settled("a"))
		w.node("b").eventually("an empty outbox at b", settled("b"))
	}
	d, _ := a.delivery(doc.Letter.Key, "lost")
	if d.State != exchange.StateFailed || d.Reason != exchange.ReasonHopLimit {
		t.Fatalf("the letter is %s (%s), want failed (%s)", d.State, d.Reason, exchange.ReasonHopLimit)
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	w.setDown("ward", "district", true)
	ward := w.node("ward")
	doc := ward.send(letter(t, "ba-hang", "thai-nguyen"))
	w.advance(8 * 24 * time.Hour)
	ward.eventually("failed", func() bool { return ward.states(doc.Letter.Key)["thai-nguyen"] == exchange.StateFailed })
	d, _ := ward.delivery(doc.Letter.Key, "thai-nguyen")
	if d.Reason != exchange.ReasonExpired {
		t.Errorf("reason %q, want %q", d.Reason, exchange.ReasonExpired)
	}
	// The way is open again: what failed was not offered, and is not sent now.
	w.setDown("ward", "district", false)
	ward.eventually("a link", func() bool { return ward.relay.HasLink("district") })
	if _, ok := w.node("district").delivery(doc.Letter.Key, "thai-nguyen"); ok {
		t.Error("an expired letter was handed on")
	}
}

// The offer went out and its answer was lost for good: the sender is in doubt until
// the peer, asked again, says what came of it.
func TestDoubtEnds(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	ward := w.node("ward")
	w.mu.Lock()
	w.lossy = func(from, to string, f exchange.Frame) bool {
		_, accepted := f.(exchange.Accepted)
		if accepted && to == "ward" {
			w.mu.Lock()
			w.down["ward district"] = true
			w.mu.Unlock()
			return true
		}
		return false
	}
	w.mu.Unlock()
	doc := ward.send(letter(t, "ba-hang", "pho-yen"))
	w.node("district").eventually("taken", w.node("district").delivered(doc.Letter.Key, "pho-yen"))
	w.advance(8 * 24 * time.Hour)
	ward.eventually("in doubt", func() bool { return ward.states(doc.Letter.Key)["pho-yen"] == exchange.StateInDoubt })
	w.mu.Lock()
	w.lossy = nil
	w.mu.Unlock()
	w.setDown("ward", "district", false)
	ward.eventually("delivered", ward.delivered(doc.Letter.Key, "pho-yen"))
}

func TestRefusalForGood(t *testing.T) {
	t.Parallel()
	// The ward's directory knows an agency that the district's newer one has not.
	w := newWorld(t, map[string]string{"ward": "district", "district": ""}, agencySpec{"ba-hang", "ward"})
	newer := w.directory
	newer.Epoch = 3
	w.node("district").imports(newer)
	ward, other := w.node("ward"), w.directory
	other.Epoch = 2
	other.Agencies = append(other.Agencies[:1:1], envelope.Agency{ID: "gone", HomeNode: "district", Codes: []envelope.AgencyCode{{Code: "H55.gone", NotBefore: 1}}})
	ward.imports(other)
	doc := ward.send(letter(t, "ba-hang", "gone"))
	ward.eventually("failed", func() bool { return ward.states(doc.Letter.Key)["gone"] == exchange.StateFailed })
	d, _ := ward.delivery(doc.Letter.Key, "gone")
	view, err := ward.service.Delivery(context.Background(), "ba-hang", d.ID)
	if err != nil {
		t.Fatal(err)
	}
	last := view.History[len(view.History)-1]
	if d.Reason != exchange.ReasonUnknownRecipient || last.Statement.Kind != envelope.Failed || !last.Verified {
		t.Fatalf("failed with %q, last event %s verified %t; want %q with the district's verified statement", d.Reason, last.Statement.Kind, last.Verified, exchange.ReasonUnknownRecipient)
	}
	var own *exchange.Error
	if _, err := ward.service.Delivery(context.Background(), "gone", d.ID); !errors.As(err, &own) {
		t.Errorf("another agency sees the delivery: %v", err)
	}
}
