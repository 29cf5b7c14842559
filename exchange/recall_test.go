package exchange_test

import (
	"context"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// A letter that nobody was offered is stopped where it is, and nobody hears of it.
func TestRecallOfWhatNeverLeft(t *testing.T) {
	t.Parallel()
	s := line(t)
	req := letter(t, "from", "to", "near")
	req.NotBefore = s.clock().Add(time.Hour).UnixMicro()
	doc := s.nodes["ward"].send(req)
	got := s.recall(doc, envelope.RecallNow)
	if got.Route.ID != doc.Route.ID {
		t.Errorf("a recall was sent for a letter that never left")
	}
	s.advance(2 * time.Hour)
	s.quiet()
	for _, recipient := range []string{"to", "near"} {
		s.want(doc, recipient, map[string]string{"ward": "stopped", "district": "unknown", "province": "unknown"})
	}
	if _, err := s.tryRecall(doc, envelope.RecallNow); reason(err) != "NOTHING_TO_RECALL" {
		t.Errorf("recalled twice: %v", err)
	}
	s.nodes["ward"].verifyJournal()
}

// The recall follows a letter that is under way, and stops it where it was not offered on.
func TestRecallInFlight(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.hand("ward", "district")
	recall := s.recall(doc, envelope.RecallNow)
	s.want(doc, "to", map[string]string{"ward": "relayed", "district": "queued"})
	s.hand("ward", "district")
	s.want(doc, "to", map[string]string{"district": "stopped"})
	s.quiet()
	s.want(doc, "to", map[string]string{"ward": "stopped", "district": "stopped", "province": "unknown"})
	s.want(recall, "to", map[string]string{"ward": "delivered notice", "district": "delivered", "province": "delivered notice"})
}

// A row that was offered is never stopped, whatever was answered: the next hop may have it.
func TestOfferedIsNotStopped(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.hand("ward", "district")
	lost := s.offers("district", "province") // marked, and the frame is lost
	s.recall(doc, envelope.RecallNow)
	s.hand("ward", "district")
	s.want(doc, "to", map[string]string{"district": "offered"})
	// The recall goes first; then the frame comes after all.
	s.hand("district", "province")
	s.want(doc, "to", map[string]string{"province": "unknown"})
	answers := s.take("district", "province", lost)
	s.want(doc, "to", map[string]string{"province": "unknown"})
	s.settle("district", "province", answers)
	s.want(doc, "to", map[string]string{"district": "stopped"})
	s.quiet()
	s.want(doc, "to", map[string]string{"ward": "stopped", "district": "stopped", "province": "unknown"})
}

// A refusal for now puts a row back into the queue, and it still is with the peer, perhaps:
// the answer to an earlier offer was lost.
func TestRefusedForNowIsNotStopped(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.hand("ward", "district")
	offers := s.offers("district", "province")
	s.take("district", "province", offers) // and the answer is lost
	s.refuse("district", "province", offers[0])
	s.recall(doc, envelope.RecallNow)
	s.hand("ward", "district")
	s.want(doc, "to", map[string]string{"district": "queued", "province": "delivered"})
	s.advance(time.Minute)
	s.quiet()
	s.want(doc, "to", map[string]string{"ward": "delivered recalled", "district": "delivered", "province": "delivered recalled"})
}

// The recall is at the receiver's home before its target, which is then refused by a
// signed Stopped, and refused so again when the answer was lost.
func TestRecallBeforeItsTarget(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.hand("ward", "district")
	held := s.offers("district", "province")
	recall := s.recall(doc, envelope.TakeBack)
	s.hand("ward", "district")
	s.hand("district", "province")
	s.want(recall, "to", map[string]string{"province": "delivered notice"})
	first := s.take("district", "province", held) // lost
	s.relink("district", "province")
	second := s.take("district", "province", s.offers("district", "province"))
	a, b := first[0].(exchange.Accepted), second[0].(exchange.Accepted)
	if len(a.Custody) != 1 || len(b.Custody) != 1 || a.Custody[0].Statement.Digest() != b.Custody[0].Statement.Digest() {
		t.Fatalf("asked again, the province answered otherwise: %+v, %+v", a, b)
	}
	s.settle("district", "province", second)
	s.quiet()
	s.want(doc, "to", map[string]string{"ward": "stopped", "district": "stopped", "province": "unknown"})
	s.want(recall, "to", map[string]string{"ward": "delivered notice"})
}

// A held letter is stopped.
func TestRecallOfAHeldLetter(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	// The district does not know the way, and its directory is the older one.
	newer := s.directory
	newer.Epoch = 2
	s.nodes["ward"].imports(newer)
	older := s.directory
	older.Epoch = 1
	older.Agencies = nil
	for _, a := range s.directory.Agencies {
		if a.ID != "to" {
			older.Agencies = append(older.Agencies, a)
		}
	}
	if err := s.nodes["district"].core.SetDirectory(older); err != nil {
		t.Fatal(err)
	}
	s.hand("ward", "district")
	s.want(doc, "to", map[string]string{"district": "held"})
	s.recall(doc, envelope.RecallNow)
	s.hand("ward", "district")
	s.want(doc, "to", map[string]string{"district": "stopped"})
	s.tell("district", "ward")
	s.want(doc, "to", map[string]string{"ward": "stopped"})
}

// Three recipients in three states: one recall, three outcomes.
func TestRecallOfThreeRecipients(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("near", "middle", "to")
	s.hand("ward", "district")
	recall := s.recall(doc, envelope.RecallNow)
	s.want(doc, "near", map[string]string{"ward": "delivered recalled"})
	s.quiet()
	s.want(doc, "near", map[string]string{"ward": "delivered recalled"})
	s.want(doc, "middle", map[string]string{"ward": "delivered recalled", "district": "delivered recalled"})
	s.want(doc, "to", map[string]string{"ward": "stopped", "district": "stopped", "province": "unknown"})
	s.want(recall, "middle", map[string]string{"ward": "delivered", "district": "delivered"})
	for _, id := range s.ids {
		s.nodes[id].verifyJournal()
	}
}

// A delivered letter is frozen, out of the active inbox, and takes no status any more; its
// clerk has the recall before them until they say that they have seen it.
func TestRecallOfADeliveredLetter(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.quiet()
	at := s.home("province", doc, "to")
	if err := s.report("province", "to", at, exchange.StatusAccepted); err != nil {
		t.Fatal(err)
	}
	recall := s.recall(doc, envelope.RecallNow)
	s.quiet()
	s.want(doc, "to", map[string]string{"ward": "delivered recalled", "province": "delivered recalled"})
	if got := reason(s.report("province", "to", at, exchange.StatusDone)); got != exchange.ReasonRecalled {
		t.Errorf("status of a recalled letter: %q", got)
	}
	inbox, err := s.nodes["province"].store.ActiveInbox(context.Background(), "to", envelope.ID{}, 10)
	if err != nil || len(inbox) != 1 || inbox[0].Kind != envelope.KindRecall {
		t.Fatalf("active inbox %+v, %v; want the recall alone", inbox, err)
	}
	if err := s.report("province", "to", inbox[0], exchange.StatusArrived); err != nil {
		t.Fatal(err)
	}
	s.quiet()
	s.want(recall, "to", map[string]string{"ward": "delivered notice", "province": "delivered notice"})
	if d := s.home("province", doc, "to"); d.Status != exchange.StatusAccepted {
		t.Errorf("handling of a recalled letter became %d", d.Status)
	}
	if _, err := s.tryRecall(doc, envelope.TakeBack); reason(err) != "ALREADY_RECALLED" {
		t.Errorf("taken back after a recall: %v", err)
	}
}

// A take-back has one answer, signed, and apart from handling.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	for code, want := range map[uint32]string{exchange.StatusAgreed: "delivered recalled agreed", exchange.StatusDeclined: "delivered refused"} {
		s := line(t)
		doc := s.send("to")
		s.quiet()
		at := s.home("province", doc, "to")
		if err := s.report("province", "to", at, exchange.StatusAccepted); err != nil {
			t.Fatal(err)
		}
		if got := reason(s.report("province", "to", at, exchange.StatusAgreed)); got != "NO_TAKE_BACK" {
			t.Errorf("answered before it was asked: %q", got)
		}
		recall := s.recall(doc, envelope.TakeBack)
		s.quiet()
		s.want(doc, "to", map[string]string{"ward": "delivered asked", "province": "delivered asked"})
		if _, err := s.tryRecall(doc, envelope.TakeBack); reason(err) != "TAKE_BACK_PENDING" {
			t.Errorf("asked twice: %v", err)
		}
		// Handling goes on meanwhile.
		if err := s.report("province", "to", at, exchange.StatusHandling); err != nil {
			t.Error(err)
		}
		if err := s.report("province", "to", at, code); err != nil {
			t.Fatal(err)
		}
		if got := reason(s.report("province", "to", at, exchange.StatusAgreed)); got != "TAKE_BACK_ANSWERED" {
			t.Errorf("answered twice: %q", got)
		}
		s.quiet()
		s.want(doc, "to", map[string]string{"ward": want, "province": want})
		rows, err := s.nodes["ward"].store.Statements(context.Background(), recall.Letter.Digest, "to")
		if err != nil {
			t.Fatal(err)
		}
		answers := 0
		for _, row := range rows {
			if row.Key.Kind == envelope.Consent {
				answers++
				if st, err := envelope.ParseStatement(row.Sealed); err != nil || st.Status.Code != code || st.Status.Staff.Name == "" {
					t.Errorf("consent %+v, %v", st.Status, err)
				}
			}
		}
		if answers != 1 {
			t.Errorf("%d answers, want 1", answers)
		}
	}
}

// Nobody recalls what another agency has sent.
func TestRecallOfAnotherAgency(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.quiet()
	_, err := s.nodes["ward"].service.Recall(context.Background(), clerk, exchange.RecallRequest{Agency: "near", Document: doc.Route.ID, Mode: envelope.RecallNow, Reason: "x"})
	if reason(err) != "NOT_FOUND" {
		t.Errorf("recalled by a neighbour: %v", err)
	}
}

// A Stopped may reach the sender before the answer to its offer does: it counts all the
// same, when that answer has come.
func TestStoppedOvertakesCustody(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	answers := s.take("ward", "district", s.offers("ward", "district"))
	s.recall(doc, envelope.RecallNow)
	s.hand("ward", "district")
	s.want(doc, "to", map[string]string{"ward": "offered", "district": "stopped"})
	s.tell("district", "ward")
	s.want(doc, "to", map[string]string{"ward": "offered"})
	s.settle("ward", "district", answers)
	s.want(doc, "to", map[string]string{"ward": "stopped"})
}

// A home that delivers what another node has signed to have stopped is right, and the
// sender's journal says that both are there.
func TestDeliveredAgainstStopped(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.hand("ward", "district")
	s.hand("district", "province") // delivered; its statement is still on the way
	d, _ := s.nodes["district"].delivery(doc.Letter.Key, "to")
	stopped := envelope.Statement{Kind: envelope.Stopped, Envelope: doc.Letter.Digest, OriginNode: "ward", EnvelopeID: doc.Route.ID, Recipient: "to",
		Issuer: "district", Incarnation: doc.Route.Incarnation, Sequence: 1, Time: s.clock().UnixMicro(), Previous: d.Tip}
	sealed, err := envelope.SealStatement(&stopped, s.keys["district"])
	if err != nil {
		t.Fatal(err)
	}
	frame := exchange.Statements{Statements: []envelope.Receipt{{Statement: sealed}}}
	if err := s.nodes["ward"].relay.SettleStatements(context.Background(), "district", frame); err != nil {
		t.Fatal(err)
	}
	s.want(doc, "to", map[string]string{"ward": "stopped"})
	s.quiet()
	s.want(doc, "to", map[string]string{"ward": "delivered", "province": "delivered"})
	alarms := 0
	leaves, err := s.nodes["ward"].store.Leaves(context.Background(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range leaves {
		if e, err := journal.ParseLeaf(leaf.Data); err == nil && e.Action == exchange.AlarmStoppedDelivered {
			alarms++
		}
	}
	if alarms != 1 {
		t.Errorf("%d alarms, want 1", alarms)
	}
}
