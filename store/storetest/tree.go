package storetest

import (
	"lienthong/exchange"
	"lienthong/journal"
)

func testNoEntries(w *world) {
	l := w.letter("ward", "agency-1", "")
	if _, err := w.s.Commit(w.ctx, exchange.Change{Letter: &l}); err == nil {
		w.Error("a change was committed without a journal entry")
	}
	bad := w.entry("test")
	bad.Actor = journal.Actor{}
	if _, err := w.s.Commit(w.ctx, exchange.Change{Letter: &l, Entries: []journal.Entry{w.entry("a"), bad}}); err == nil {
		w.Error("an entry of nobody was committed")
	}
	fails[exchange.Letter](w, exchange.ErrNotFound)(w.s.Letter(w.ctx, l.Key))
	w.verify()
}

func testAllOrNothing(w *world) {
	l := w.letter("ward", "agency-1", "")
	d := w.delivery(&l, "agency-2", true)
	st := w.statement(&d, "ward", 1)
	st.SendTo = "peer"
	b := w.blob(1)
	r := exchange.Request{Principal: "clerk", Method: "m", ID: "1", Time: w.now}
	stale := w.delivery(&l, "agency-3", true)
	stale.Revision = 9
	w.refuse(exchange.Change{Request: &r, Letter: &l, Wrote: []exchange.BlobRow{b},
		Deliveries: []exchange.Delivery{d, stale}, Queue: []exchange.OutboxRow{w.outbox(&d, "peer")},
		Statements: []exchange.StatementRow{st}, Jobs: []exchange.Job{{Key: d.Key}}}, exchange.ErrStale)
	fails[exchange.Request](w, exchange.ErrNotFound)(w.s.Request(w.ctx, "clerk", "m", "1"))
	fails[exchange.Letter](w, exchange.ErrNotFound)(w.s.Letter(w.ctx, l.Key))
	fails[exchange.BlobRow](w, exchange.ErrNotFound)(w.s.Blob(w.ctx, b.Digest))
	fails[exchange.Delivery](w, exchange.ErrNotFound)(w.s.DeliveryByID(w.ctx, d.ID))
	same(w, "outbox", nil, w.due("peer", w.now, 9))
	same(w, "statements", nil, ok[[]exchange.StatementOut](w)(w.s.StatementsTo(w.ctx, "peer", 0, 9)))
	same(w, "jobs", nil, ok[[]exchange.Job](w)(w.s.ClaimJobs(w.ctx, w.now, w.now, 9)))
}

// testJournal checks every hash and every proof of trees of all sizes to 70: both
// sides of the powers of two.
func testJournal(w *world) {
	w.verify() // empty
	for len(w.leaves) < 70 {
		var c exchange.Change
		for range 1 + len(w.leaves)%3 {
			c.Entries = append(c.Entries, w.entry("test"))
		}
		w.commit(c)
	}
	all := rebuild(w, w.leaves)
	indexes := make([]int64, len(all))
	for i := range indexes {
		indexes[i] = int64(i)
	}
	for range 2 { // from memory, and from the disk
		same(w, "all hashes", all, ok[[]journal.Hash](w)(w.s.Hashes(w.ctx, indexes)))
		same(w, "all stored hashes", all, ok[[]journal.Hash](w)(w.s.StoredHashes(w.ctx, indexes)))
		w.reopen()
	}
	if _, err := w.s.Hashes(w.ctx, []int64{int64(len(all))}); err == nil {
		w.Error("a hash was read that is not there")
	}
	if _, err := w.s.Hashes(w.ctx, []int64{-1}); err == nil {
		w.Error("hash -1 was read")
	}
	size := uint64(len(w.leaves))
	root := ok[journal.Hash](w)(journal.Root(size, hashes(w, w.s)))
	for i, leaf := range w.leaves {
		path := ok[[]journal.Hash](w)(journal.Prove(size, uint64(i), hashes(w, w.s)))
		if err := journal.VerifyInclusion(path, size, root, uint64(i), leaf); err != nil {
			w.Error(err)
		}
	}
	same(w, "leaves after the end", nil, ok[[]exchange.Leaf](w)(w.s.Leaves(w.ctx, size, 9)))
	same(w, "leaves far after the end", nil, ok[[]exchange.Leaf](w)(w.s.Leaves(w.ctx, 1<<63, 9)))
}
