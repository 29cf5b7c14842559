package exchange_test

import (
	"context"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// The node by which a letter came is gone, and another stands in its place. What is said
// about the letter later still reaches its sender, by a node that never had it.
func TestStatementsFindAnotherWayBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"a": "b", "b": "c", "x": "c", "c": ""}, agencySpec{"from", "a"}, agencySpec{"to", "c"})
	ctx, a, c := context.Background(), w.node("a"), w.node("c")
	doc := a.send(letter(t, "from", "to"))
	a.eventually("delivered and judged", func() bool {
		d, _ := a.delivery(doc.Letter.Key, "to")
		return d.State == exchange.StateDelivered && d.Verdict != ""
	})
	w.node("b").stop()
	moved := w.directory
	moved.Epoch = 2
	moved.Nodes = append([]envelope.Node(nil), moved.Nodes...)
	for i := range moved.Nodes {
		switch n := &moved.Nodes[i]; n.ID {
		case "a":
			n.Parent = "x"
		case "b":
			n.Ended = w.clock().UnixMicro()
		}
	}
	for _, id := range []string{"a", "x", "c"} {
		w.node(id).imports(moved)
	}
	at, _ := c.delivery(doc.Letter.Key, "to")
	if at.From != "b" {
		t.Fatalf("it came from %q, want b", at.From)
	}
	if _, err := c.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "to", Delivery: at.ID, Code: exchange.StatusRefused, Reason: "gửi nhầm"}); err != nil {
		t.Fatal(err)
	}
	a.eventually("status 02", func() bool {
		d, _ := a.delivery(doc.Letter.Key, "to")
		return d.Status == exchange.StatusRefused
	})
	if _, ok := w.node("x").delivery(doc.Letter.Key, "to"); ok {
		t.Error("x has a row of a letter that never came by it")
	}
	w.node("x").verifyJournal()
}

// A node that never had a letter in its hands cannot end it, nor say that it has it.
func TestStrangersWordEndsNothing(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	doc := s.node.send(letter(t, "so", "gian"))
	o, ok := s.next().(exchange.Offer)
	if !ok {
		t.Fatal("no offer")
	}
	custody := s.custody(o)
	s.put(custody)
	s.node.eventually("relayed", func() bool { return s.node.states(doc.Letter.Key)["gian"] == exchange.StateRelayed })
	for i, previous := range []envelope.Digest{custody.Custody[0].Statement.Digest(), o.Chain[0].Digest(), {}} {
		for _, kind := range []envelope.StatementKind{envelope.Failed, envelope.Dropped, envelope.Stopped, envelope.Custody} {
			st := envelope.Statement{Kind: kind, Envelope: doc.Letter.Digest, OriginNode: "node", EnvelopeID: doc.Letter.Key.ID, Recipient: "gian", Issuer: "third",
				Incarnation: envelope.ID{9}, Sequence: uint64(1 + i), Time: s.w.clock().UnixMicro(), Previous: previous, Failed: &envelope.FailedDetail{Reason: "NO_ROUTE"}}
			sealed, err := envelope.SealStatement(&st, s.w.keys["third"])
			if err != nil {
				t.Fatal(err)
			}
			if err := s.node.relay.SettleStatements(context.Background(), "third", exchange.Statements{Statements: []envelope.Receipt{{Statement: sealed}}}); err != nil {
				t.Fatal(err)
			}
			if d, _ := s.node.delivery(doc.Letter.Key, "gian"); d.State != exchange.StateRelayed || d.Custodian != "peer" {
				t.Errorf("%s by a stranger: it is %s with %q", kind, d.State, d.Custodian)
			}
		}
	}
}
