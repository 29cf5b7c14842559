package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// writers is the number of goroutines of the concurrent tests.
const writers = 64

// taken is the change by which a node takes a letter for an agency at home.
func taken(w *world) (exchange.Change, exchange.Delivery) {
	l := w.letter("ward", "agency-1", "ward")
	rows := w.withFiles(&l, 10_000)
	d := w.delivery(&l, "agency-2", true)
	d.State = exchange.StateDelivered
	st := w.statement(&d, "district", envelope.Delivered)
	st.SendTo = "ward"
	return exchange.Change{Letter: &l, Paths: []exchange.Path{{Tip: d.Tip, Letter: l.Key, From: "ward",
		Chain: []envelope.Sealed{w.sealed("submitted"), st.Sealed}}}, Wrote: rows, Deliveries: []exchange.Delivery{d},
		Statements: []exchange.StatementRow{st}, Jobs: []exchange.Job{{Key: d.Key, Agency: d.Key.Recipient, DueAt: w.now}},
		Entries: []journal.Entry{w.entry("statement.delivered")}}, d
}

// parallel runs f in many goroutines at once.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-gate
			f(i)
		})
	}
	close(gate)
	wg.Wait()
}

// adopt takes the leaves that are in the store for what must be there.
func (w *world) adopt(want int) {
	w.Helper()
	w.leaves = allLeaves(w, w.s)
	if len(w.leaves) != want {
		w.Fatalf("the journal has %d leaves, want %d", len(w.leaves), want)
	}
	w.verify()
}

// testNeighbours fills batches with changes of which every third fails.
func testNeighbours(w *world) {
	var changes []exchange.Change
	var deliveries []exchange.Delivery
	for i := range 3 * writers {
		c, d := taken(w)
		if i%3 == 1 {
			c.Uses = []envelope.Digest{w.digest()} // not there, noticed in the middle
		}
		changes, deliveries = append(changes, c), append(deliveries, d)
	}
	done := make([]exchange.Committed, len(changes))
	parallel(len(changes), func(i int) {
		var err error
		done[i], err = w.s.Commit(w.ctx, changes[i])
		if i%3 == 1 && !errors.Is(err, exchange.ErrMissing) || i%3 != 1 && err != nil {
			w.Errorf("change %d: %v", i, err)
		}
	})
	w.adopt(2 * writers)
	for i, d := range deliveries {
		got, err := w.s.DeliveryByID(w.ctx, d.ID)
		if i%3 == 1 {
			fails[exchange.Delivery](w, exchange.ErrNotFound)(got, err)
			continue
		}
		d.Revision, d.Changed = 1, done[i].First
		same(w, "delivery", d, ok[exchange.Delivery](w)(got, err))
		leaf, err := changes[i].Entries[0].Leaf()
		if err != nil || string(w.leaves[done[i].First]) != string(leaf) {
			w.Errorf("change %d is said to be leaf %d, which is %s, %v", i, done[i].First, w.leaves[done[i].First], err)
		}
	}
}

func testConcurrent(w *world) {
	const each = 10
	changes := make([][each]exchange.Change, writers)
	for i := range changes {
		for j := range each {
			changes[i][j], _ = taken(w)
		}
	}
	parallel(2*writers, func(i int) {
		for j := range each {
			if i < writers {
				w.writeAndRead(&changes[i][j])
			} else {
				w.readTree()
			}
		}
	})
	w.adopt(writers * each)
	same(w, "statements", writers*each, len(ok[[]exchange.StatementOut](w)(w.s.StatementsTo(w.ctx, "ward", 0, 10_000))))
}

// writeAndRead commits, and reads back at once what it wrote. It runs in
// goroutines, and so may not end the test.
func (w *world) writeAndRead(c *exchange.Change) {
	done, err := w.s.Commit(w.ctx, *c)
	if err != nil {
		w.Error(err)
		return
	}
	d, err := w.s.DeliveryByID(w.ctx, c.Deliveries[0].ID)
	if err != nil || d.Changed != done.First {
		w.Errorf("a returned write is not seen: %+v, %v", d, err)
	}
	size, err := w.s.TreeSize(w.ctx)
	if err != nil || size < done.Size {
		w.Errorf("tree has %d leaves, %v; it had %d before", size, err, done.Size)
	}
	// A receipt is made at once: the proof to the tree of this commit.
	w.prove(done.First, done.Size)
}

func (w *world) prove(index, size uint64) {
	path, err := journal.Prove(size, index, hashes(w, w.s))
	if err != nil {
		w.Error(err)
		return
	}
	root, err := journal.Root(size, hashes(w, w.s))
	if err != nil {
		w.Error(err)
		return
	}
	leaf, err := w.s.Leaves(w.ctx, index, 1)
	if err != nil || len(leaf) != 1 {
		w.Errorf("leaf %d: %v, %v", index, leaf, err)
		return
	}
	if err := journal.VerifyInclusion(path, size, root, index, leaf[0].Data); err != nil {
		w.Error(err)
	}
}

func (w *world) readTree() {
	size, err := w.s.TreeSize(w.ctx)
	if err != nil {
		w.Error(err)
		return
	}
	if size > 0 {
		w.prove(size/2, size)
	}
	if _, err := w.s.Inbox(w.ctx, "agency-2", envelope.ID{}, 5); err != nil {
		w.Error(err)
	}
}

func testRace(w *world) {
	c, d := taken(w)
	w.commit(c)
	d.Revision = 1
	var won, lost atomic.Int32
	changes := make([]exchange.Change, writers)
	for i := range changes {
		d.Verdict = fmt.Sprint(i)
		changes[i] = exchange.Change{Deliveries: []exchange.Delivery{d}, Entries: []journal.Entry{w.entry("race")}}
	}
	parallel(writers, func(i int) {
		switch _, err := w.s.Commit(w.ctx, changes[i]); {
		case err == nil:
			won.Add(1)
		case errors.Is(err, exchange.ErrStale):
			lost.Add(1)
		default:
			w.Error(err)
		}
	})
	if won.Load() != 1 || lost.Load() != writers-1 {
		w.Errorf("%d won and %d lost, want 1 and %d", won.Load(), lost.Load(), writers-1)
	}
	w.adopt(2)
}

// testCancelled cancels while batches run: an error must mean that nothing is there.
func testCancelled(w *world) {
	changes := make([]exchange.Change, writers)
	for i := range changes {
		changes[i], _ = taken(w)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	var committed atomic.Int32
	failed := make([]bool, writers)
	parallel(writers, func(i int) {
		if i == writers/2 {
			cancel()
		}
		if _, err := w.s.Commit(ctx, changes[i]); err != nil {
			failed[i] = true
			if !errors.Is(err, context.Canceled) {
				w.Error(err)
			}
			return
		}
		committed.Add(1)
	})
	w.adopt(int(committed.Load()))
	for i, c := range changes {
		_, err := w.s.DeliveryByID(w.ctx, c.Deliveries[0].ID)
		if failed[i] != errors.Is(err, exchange.ErrNotFound) {
			w.Errorf("change %d failed: %t, and is read with %v", i, failed[i], err)
		}
	}
}

func testReopen(w *world) {
	c, d := taken(w)
	r := exchange.Request{Principal: "clerk", Method: "m", ID: "1", Time: w.now}
	c.Request = &r
	c.Queue = []exchange.OutboxRow{w.outbox(&d, "province")}
	d.Revision, d.Changed = 1, w.commit(c).First
	for range 3 {
		w.reopen()
		w.verify()
		same(w, "letter", *c.Letter, ok[exchange.Letter](w)(w.s.Letter(w.ctx, c.Letter.Key)))
		same(w, "delivery", d, ok[exchange.Delivery](w)(w.s.DeliveryByID(w.ctx, d.ID)))
		same(w, "path", c.Paths[0], ok[exchange.Path](w)(w.s.Path(w.ctx, d.Tip)))
		same(w, "request", r, ok[exchange.Request](w)(w.s.Request(w.ctx, "clerk", "m", "1")))
		same(w, "outbox", []string{"agency-2"}, w.due("province", w.now, 9))
		next, _ := taken(w)
		w.commit(next) // the tree goes on where it ended
	}
}

func testClosed(w *world) {
	c, _ := taken(w)
	s := w.s
	w.close()
	parallel(4, func(int) {
		if _, err := s.Commit(w.ctx, c); err == nil {
			w.Error("a closed store committed")
		}
	})
	if _, err := s.Letter(w.ctx, c.Letter.Key); err == nil || errors.Is(err, exchange.ErrNotFound) {
		w.Errorf("a closed store was read: %v", err)
	}
}
