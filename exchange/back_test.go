package exchange_test

import (
	"context"
	"slices"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
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
	moveAway(w)
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

// moveAway ends b in the directory, and hangs a under x; of the nodes that are named a ends, too.
func moveAway(w *world, also ...string) {
	w.t.Helper()
	moved := w.directory
	moved.Epoch = 2
	moved.Nodes = append([]envelope.Node(nil), moved.Nodes...)
	for i := range moved.Nodes {
		n := &moved.Nodes[i]
		if n.ID == "a" {
			n.Parent = "x"
		}
		if n.ID == "b" || slices.Contains(also, n.ID) {
			n.Ended = w.clock().UnixMicro()
		}
	}
	for _, id := range []string{"a", "x", "c"} {
		if !slices.Contains(also, id) {
			w.node(id).imports(moved)
		}
	}
}

// What waits already for a node when that ends goes by the way that is left; where the node
// that wants it has ended, too, it waits no longer, and the journal says why.
func TestWaitingStatementsFindAnotherWay(t *testing.T) {
	t.Parallel()
	for _, gone := range []bool{false, true} {
		w := newWorld(t, map[string]string{"a": "b", "b": "c", "x": "c", "c": ""}, agencySpec{"from", "a"}, agencySpec{"to", "c"})
		ctx, a, c := context.Background(), w.node("a"), w.node("c")
		doc := a.send(letter(t, "from", "to"))
		a.eventually("delivered and judged", func() bool {
			d, _ := a.delivery(doc.Letter.Key, "to")
			return d.State == exchange.StateDelivered && d.Verdict != ""
		})
		w.node("b").stop()
		at, _ := c.delivery(doc.Letter.Key, "to")
		if _, err := c.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "to", Delivery: at.ID, Code: exchange.StatusRefused, Reason: "gửi nhầm"}); err != nil {
			t.Fatal(err)
		}
		waiting := func(peer string) int {
			rows, err := c.store.StatementsTo(ctx, peer, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			return len(rows)
		}
		if waiting("b") == 0 {
			t.Fatal("nothing waits for b")
		}
		action := "statement.reroute"
		if gone {
			a.stop()
			action = "statement.end"
			moveAway(w, "a")
		} else {
			moveAway(w)
			a.eventually("status 02", func() bool {
				d, _ := a.delivery(doc.Letter.Key, "to")
				return d.Status == exchange.StatusRefused
			})
		}
		c.eventually("nothing waits", func() bool { return waiting("b") == 0 && waiting("x") == 0 })
		if !c.journalled(action) {
			t.Errorf("the journal has no %s", action)
		}
		c.verifyJournal()
	}
}

// journalled reports whether a node's journal has an action.
func (n *testNode) journalled(action string) bool {
	n.w.t.Helper()
	leaves, err := n.store.Leaves(context.Background(), 0, 10_000)
	if err != nil {
		n.w.t.Fatal(err)
	}
	return slices.ContainsFunc(leaves, func(l exchange.Leaf) bool {
		e, err := journal.ParseLeaf(l.Data)
		return err == nil && e.Action == action
	})
}
