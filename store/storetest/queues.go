package storetest

import (
	"slices"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

func sorted(jobs []exchange.Job) []exchange.Job {
	slices.SortFunc(jobs, func(a, b exchange.Job) int { return strings.Compare(a.Agency, b.Agency) })
	return jobs
}

// due lists recipients in the order of the outbox.
func (w *world) due(peer string, now int64, limit int) (recipients []string) {
	w.Helper()
	var seq uint64
	class := 1 << 30
	for _, o := range ok[[]exchange.OutboxRow](w)(w.s.DueOutbox(w.ctx, peer, now, limit)) {
		if o.Peer != peer || o.Claimed || o.Class == class && o.Seq <= seq {
			w.Fatalf("outbox of %q has row %+v after %d", peer, o, seq)
		}
		seq, class = o.Seq, o.Class
		recipients = append(recipients, o.Key.Recipient)
	}
	return recipients
}

func testOutboxOrder(w *world) {
	l := w.letter("ward", "agency-1", "")
	queue := func(recipient, peer string, urgency envelope.Urgency) {
		d := w.delivery(&l, recipient, false)
		d.Urgency = urgency
		w.commit(exchange.Change{Queue: []exchange.OutboxRow{w.outbox(&d, peer)}})
	}
	queue("a", "district", envelope.UrgencyNormal)
	queue("b", "district", envelope.UrgencyFlash)
	queue("c", "province", envelope.UrgencyFlash)
	queue("d", "district", envelope.UrgencyNormal)
	queue("e", "district", envelope.UrgencyVeryUrgent)
	queue("f", "district", envelope.UrgencyFlash)
	same(w, "order", []string{"b", "f", "e", "a", "d"}, w.due("district", w.now, 100))
	same(w, "limited", []string{"b", "f"}, w.due("district", w.now, 2))
	ofClass := ok[[]exchange.OutboxRow](w)(w.s.DueOutboxOf(w.ctx, "district", int(envelope.UrgencyNormal), 1))
	if len(ofClass) != 1 || ofClass[0].Key.Recipient != "a" {
		w.Errorf("the first of the normal ones is %+v, want a", ofClass)
	}
	same(w, "unknown peer", nil, w.due("nobody", w.now, 2))
	same(w, "peers", map[string]int{"district": 5, "province": 1}, ok[map[string]int](w)(w.s.OutboxPeers(w.ctx)))
}

func testOutboxStates(w *world) {
	l := w.letter("ward", "agency-1", "")
	var keys []exchange.DeliveryKey
	for _, r := range []string{"a", "b", "c"} {
		d := w.delivery(&l, r, false)
		o := w.outbox(&d, "district")
		if r == "c" {
			o.DueAt = w.now + 60_000_000
		}
		keys = append(keys, d.Key)
		w.commit(exchange.Change{Queue: []exchange.OutboxRow{o}})
	}
	later := w.now + 60_000_000
	same(w, "one sleeps", []string{"a", "b"}, w.due("district", w.now, 9))
	same(w, "it wakes", []string{"a", "b", "c"}, w.due("district", later, 9))

	w.commit(exchange.Change{Claim: []exchange.DeliveryKey{keys[0], keys[1], {Origin: "gone", ID: keys[0].ID, Recipient: "a"}}})
	same(w, "claimed rows are passed over", []string{"c"}, w.due("district", later, 9))
	w.commit(exchange.Change{Defer: []exchange.Deferral{{Key: keys[0], DueAt: later + 1}, {Key: exchange.DeliveryKey{Origin: "gone"}}}})
	same(w, "deferred", []string{"c"}, w.due("district", later, 9))
	same(w, "deferred and due", []string{"a", "c"}, w.due("district", later+1, 9))

	w.commit(exchange.Change{Claim: keys[:1]})
	ok[exchange.Link](w)(w.s.TakeLink(w.ctx, "district"))
	same(w, "rewound", []string{"a", "b", "c"}, w.due("district", 0, 9))
	w.commit(exchange.Change{Unqueue: keys[1:]})
	same(w, "settled", []string{"a"}, w.due("district", later, 9))
	w.commit(exchange.Change{Unqueue: keys})
	same(w, "peers", map[string]int{}, ok[map[string]int](w)(w.s.OutboxPeers(w.ctx)))
}

func testOutboxReplaced(w *world) {
	l := w.letter("ward", "agency-1", "")
	a, b := w.delivery(&l, "a", false), w.delivery(&l, "b", false)
	w.commit(exchange.Change{Queue: []exchange.OutboxRow{w.outbox(&a, "district"), w.outbox(&b, "district")}})
	w.commit(exchange.Change{Claim: []exchange.DeliveryKey{a.Key}})
	again := w.outbox(&a, "province")
	w.commit(exchange.Change{Queue: []exchange.OutboxRow{again}})
	same(w, "old peer", []string{"b"}, w.due("district", w.now, 9))
	rows := ok[[]exchange.OutboxRow](w)(w.s.DueOutbox(w.ctx, "province", w.now, 9))
	if len(rows) == 1 {
		again.Seq = rows[0].Seq
	}
	same(w, "new peer", []exchange.OutboxRow{again}, rows)
	same(w, "peers", map[string]int{"district": 1, "province": 1}, ok[map[string]int](w)(w.s.OutboxPeers(w.ctx)))
}

func testStatements(w *world) {
	l := w.letter("ward", "agency-1", "")
	d := w.delivery(&l, "agency-2", false)
	custody, delivered := w.statement(&d, "district", envelope.Custody), w.statement(&d, "province", envelope.Delivered)
	delivered.Proof, delivered.Entry = []byte("proof"), 1
	done := w.commit(exchange.Change{Statements: []exchange.StatementRow{custody, delivered},
		Entries: []journal.Entry{w.entry("statement.custody"), w.entry("statement.delivered")}})
	custody.JournalIndex, delivered.JournalIndex = done.First, done.First+1
	delivered.Entry = 0
	list := func() []exchange.StatementRow {
		w.Helper()
		return ok[[]exchange.StatementRow](w)(w.s.Statements(w.ctx, d.Digest, "agency-2"))
	}
	same(w, "in the order of storing", []exchange.StatementRow{custody, delivered}, list())

	// A repeat brings a proof for the one that lacked it, and changes no other.
	repeat, late := custody, delivered
	repeat.Proof, repeat.Received = []byte("late proof"), custody.Received+1
	late.Proof = []byte("another proof")
	w.commit(exchange.Change{Statements: []exchange.StatementRow{repeat, late}})
	custody.Proof = repeat.Proof
	same(w, "after a repeat", []exchange.StatementRow{custody, delivered}, list())

	// Another statement under the same key is not stored, nor is its proof.
	forged := w.statement(&d, "district", envelope.Custody)
	next := w.statement(&d, "district", envelope.Custody)
	next.Key.Sequence = 2
	done = w.commit(exchange.Change{Statements: []exchange.StatementRow{forged, next}})
	next.JournalIndex = done.First
	same(w, "after a forgery", []exchange.StatementRow{custody, delivered, next}, list())
	same(w, "another recipient", nil, ok[[]exchange.StatementRow](w)(w.s.Statements(w.ctx, d.Digest, "agency-3")))

	bad := w.statement(&d, "district", envelope.Failed)
	bad.Entry = 1
	if _, err := w.s.Commit(w.ctx, exchange.Change{Statements: []exchange.StatementRow{bad},
		Entries: []journal.Entry{w.entry("test")}}); err == nil {
		w.Error("a statement that names an entry that is not there was stored")
	}
}

func testStatementsOut(w *world) {
	l := w.letter("ward", "agency-1", "ward")
	d := w.delivery(&l, "agency-2", true)
	var rows []exchange.StatementRow
	for _, kind := range []envelope.StatementKind{envelope.Custody, envelope.Delivered, envelope.Validated} {
		st := w.statement(&d, "district", kind)
		st.SendTo = "ward"
		st.JournalIndex = w.commit(exchange.Change{Statements: []exchange.StatementRow{st}}).First
		rows = append(rows, st)
	}
	list := func(peer string, after uint64, limit int) (out []exchange.StatementRow, last uint64) {
		w.Helper()
		for _, st := range ok[[]exchange.StatementOut](w)(w.s.StatementsTo(w.ctx, peer, after, limit)) {
			if st.Seq <= after {
				w.Fatalf("statement %d comes after %d", st.Seq, after)
			}
			after = st.Seq
			out = append(out, st.StatementRow)
		}
		return out, after
	}
	page, last := list("ward", 0, 2)
	same(w, "first page", rows[:2], page)
	page, _ = list("ward", last, 2)
	same(w, "second page", rows[2:], page)
	page, _ = list("province", 0, 2)
	same(w, "another peer", nil, page)

	sent := []envelope.Digest{rows[0].Digest, rows[2].Digest, w.digest()}
	for range 2 { // an acknowledgement may come twice
		if err := w.s.StatementsSent(w.ctx, "ward", sent); err != nil {
			w.Fatal(err)
		}
	}
	page, _ = list("ward", 0, 9)
	same(w, "left", rows[1:2], page)
	// A repeat of one that still waits is not sent twice; one that was sent, or waits
	// for another peer, waits anew.
	again, other := rows[1], rows[0]
	other.SendTo = "province"
	w.commit(exchange.Change{Statements: []exchange.StatementRow{again, rows[2], other}})
	page, _ = list("ward", 0, 9)
	same(w, "after repeats", rows[1:], page)
	page, _ = list("province", 0, 9)
	same(w, "for another peer", []exchange.StatementRow{other}, page)
}
