package storetest

import (
	"sync/atomic"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// testFollow lets a reader go on after the newest change that it was given, as a client
// that watches does, while letters are sent and received. A change that it is not given
// before a newer one is never seen.
func testFollow(w *world) {
	w.commit(exchange.Change{}) // index 0: a cursor of zero is before all others
	const pairs = 120
	changes := make([]exchange.Change, 0, 2*pairs)
	for range pairs {
		in, out := w.letter("province", "agency-9", "peer"), w.letter("ward", "agency-1", "")
		received, sent := w.delivery(&in, "agency-1", true), w.delivery(&out, "agency-2", false)
		for _, d := range []exchange.Delivery{received, sent} {
			changes = append(changes, exchange.Change{Deliveries: []exchange.Delivery{d}, Entries: []journal.Entry{w.entry("test")}})
		}
	}
	var written atomic.Int32
	seen := map[exchange.DeliveryKey]bool{}
	parallel(5, func(i int) {
		if i > 0 { // four writers, each its own changes in their order
			for n := i - 1; n < len(changes); n += 4 {
				if _, err := w.s.Commit(w.ctx, changes[n]); err != nil {
					w.Error(err)
				}
			}
			written.Add(1)
			return
		}
		after := uint64(0)
		for {
			last := written.Load() == 4
			page, err := w.s.Changes(w.ctx, "agency-1", after, 3)
			if err != nil {
				w.Error(err)
				return
			}
			for _, d := range page {
				if d.Changed < after {
					w.Errorf("change %d comes after %d", d.Changed, after)
				}
				seen[d.Key], after = true, d.Changed
			}
			if last && len(page) == 0 {
				return
			}
		}
	})
	for _, c := range changes {
		if !seen[c.Deliveries[0].Key] {
			w.Errorf("the change of %v was never given", c.Deliveries[0].Key)
		}
	}
}

// testAnyText keeps what strangers may send: bytes that are no text, zero, and what one
// store or another may use to mark these. Different texts stay different.
func testAnyText(w *world) {
	texts := []string{"a\x00b", "a", "\x00", "\x01", "\x01\"a\\x00b\"", "\xff\xfe", "\xc4\xa9\xc4", "\\x00", "\ufffd", ""}
	for _, text := range texts {
		l := w.letter("ward", "agency-"+text, "peer "+text)
		l.Staff = text
		d := w.delivery(&l, "to "+text, true)
		d.Reason, d.Peer = text, text
		r := exchange.Request{Principal: "clerk", Method: "m", ID: text, Answer: text, Time: w.now}
		done := w.commit(exchange.Change{Request: &r, Letter: &l, Deliveries: []exchange.Delivery{d}, Queue: []exchange.OutboxRow{w.outbox(&d, "peer "+text)}})
		d.Revision, d.Changed = 1, done.First
		same(w, "letter", l, ok[exchange.Letter](w)(w.s.Letter(w.ctx, l.Key)))
		same(w, "request", r, ok[exchange.Request](w)(w.s.Request(w.ctx, "clerk", "m", text)))
		same(w, "inbox", []exchange.Delivery{d}, ok[[]exchange.Delivery](w)(w.s.Inbox(w.ctx, "to "+text, envelope.ID{}, 9)))
		same(w, "due", []string{"to " + text}, w.due("peer "+text, w.now, 9))
	}
	same(w, "peers", len(texts), len(ok[map[string]int](w)(w.s.OutboxPeers(w.ctx))))
}
