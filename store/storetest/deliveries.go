package storetest

import (
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// put commits deliveries and gives them the revision and change that they have then.
func (w *world) put(ds ...*exchange.Delivery) exchange.Committed {
	w.Helper()
	c := exchange.Change{Entries: []journal.Entry{w.entry("test.first"), w.entry("test.last")}}
	for _, d := range ds {
		c.Deliveries = append(c.Deliveries, *d)
	}
	done := w.commit(c)
	for _, d := range ds {
		d.Revision++
		d.Changed = done.First + 1 // the last entry of the change
	}
	return done
}

func testDeliveryRevisions(w *world) {
	l := w.letter("ward", "agency-1", "peer")
	d := w.delivery(&l, "agency-2", false)
	fails[exchange.Delivery](w, exchange.ErrNotFound)(w.s.DeliveryByID(w.ctx, d.ID))
	stale := d
	stale.Revision = 1 // of a row that is not there
	w.refuse(exchange.Change{Deliveries: []exchange.Delivery{stale}}, exchange.ErrStale)

	w.put(&d)
	same(w, "new delivery", d, ok[exchange.Delivery](w)(w.s.DeliveryByID(w.ctx, d.ID)))

	again := w.delivery(&l, "agency-2", false) // another id, the same key
	w.refuse(exchange.Change{Deliveries: []exchange.Delivery{again}}, exchange.ErrStale)
	again.Key.Recipient, again.ID = "agency-3", d.ID // the same id, another key
	w.refuse(exchange.Change{Deliveries: []exchange.Delivery{again}}, exchange.ErrStale)

	stale = d
	d.State, d.Reason, d.Peer, d.Custodian, d.Tip = exchange.StateHeld, exchange.ReasonDirectorySkew, "peer", "node", w.digest()
	d.Role, d.Home, d.From, d.Urgency = envelope.RecipientCopy, true, "peer-2", envelope.UrgencyFlash
	d.Created, d.Updated, d.ExpiresAt, d.HeldUntil = d.Created+1, d.Updated+2, d.ExpiresAt+3, 4
	d.Verdict, d.VerdictSeq, d.Status, d.StatusSeq = "valid", 5, 6, 7
	w.put(&d)
	same(w, "changed delivery", d, ok[exchange.Delivery](w)(w.s.DeliveryByID(w.ctx, d.ID)))
	w.refuse(exchange.Change{Deliveries: []exchange.Delivery{stale}}, exchange.ErrStale)
	// Twice in one change: the second was not read after the first.
	w.refuse(exchange.Change{Deliveries: []exchange.Delivery{d, d}}, exchange.ErrStale)
	same(w, "delivery after refusals", d, ok[exchange.Delivery](w)(w.s.DeliveryByID(w.ctx, d.ID)))
}

func testDeliveries(w *world) {
	l, other := w.letter("ward", "agency-1", ""), w.letter("ward", "agency-1", "")
	b, a, c := w.delivery(&l, "agency-B", false), w.delivery(&l, "agency-A", true), w.delivery(&l, "agency-C", false)
	o := w.delivery(&other, "agency-A", true)
	w.put(&b, &a)
	w.put(&c, &o)
	same(w, "deliveries", []exchange.Delivery{a, b, c}, ok[[]exchange.Delivery](w)(w.s.Deliveries(w.ctx, l.Key)))
	same(w, "unknown letter", nil, ok[[]exchange.Delivery](w)(w.s.Deliveries(w.ctx, exchange.LetterKey{Origin: "x", ID: l.Key.ID})))
}

func testInbox(w *world) {
	var want []exchange.Delivery // newest first
	for range 8 {
		l := w.letter("province", "agency-9", "peer")
		home, transit, other := w.delivery(&l, "agency-1", true), w.delivery(&l, "agency-2", false), w.delivery(&l, "agency-3", true)
		w.put(&home, &transit, &other)
		want = append([]exchange.Delivery{home}, want...)
	}
	var got []exchange.Delivery
	var cursor envelope.ID
	for {
		page := ok[[]exchange.Delivery](w)(w.s.Inbox(w.ctx, "agency-1", cursor, 3))
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		cursor = page[len(page)-1].ID
		l := w.letter("province", "agency-9", "peer")
		d := w.delivery(&l, "agency-1", true)
		w.put(&d)
	}
	same(w, "pages", want, got)
	same(w, "not at home here", nil, ok[[]exchange.Delivery](w)(w.s.Inbox(w.ctx, "agency-2", envelope.ID{}, 3)))
}

func testChanges(w *world) {
	received := w.letter("province", "agency-9", "peer")
	in := w.delivery(&received, "agency-1", true)
	w.put(&in)
	sent := w.letter("ward", "agency-1", "")
	var out []exchange.Delivery
	var all []*exchange.Delivery
	for i := range 5 {
		out = append(out, w.delivery(&sent, fmt.Sprintf("agency-%d", i+1), i == 0)) // the first is to itself
	}
	for i := range out {
		all = append(all, &out[i])
	}
	w.put(all...)
	through := w.letter("other", "agency-1", "peer") // passes through: not of this node's agency
	pass := w.delivery(&through, "agency-2", false)
	w.put(&pass)

	changes := func(after uint64, limit int) []exchange.Delivery {
		w.Helper()
		return ok[[]exchange.Delivery](w)(w.s.Changes(w.ctx, "agency-1", after, limit))
	}
	same(w, "all", append([]exchange.Delivery{in}, out...), changes(0, 100))
	same(w, "limited to the first change", []exchange.Delivery{in}, changes(0, 1))
	same(w, "limit within the second change", append([]exchange.Delivery{in}, out...), changes(0, 3))
	same(w, "after the first change", out, changes(in.Changed, 1))
	same(w, "after all", nil, changes(out[0].Changed, 10))
	// A change moves its delivery behind the others.
	in.State = exchange.StateDelivered
	w.put(&in)
	same(w, "after an update", append(append([]exchange.Delivery{}, out...), in), changes(0, 10))
	same(w, "what is new", []exchange.Delivery{in}, changes(out[0].Changed, 10))
}

func testDeadlines(w *world) {
	l := w.letter("ward", "agency-1", "")
	byState := map[exchange.State]*exchange.Delivery{}
	for s := exchange.StateQueued; s <= exchange.StateDead; s++ {
		d := w.delivery(&l, "agency-"+s.String(), false)
		d.State, d.ExpiresAt, d.HeldUntil = s, w.now+int64(11-s)*1_000_000, w.now+500
		byState[s] = &d
		w.put(&d)
	}
	late := *byState[exchange.StateQueued]
	expiring := ok[[]exchange.Delivery](w)(w.s.Expiring(w.ctx, late.ExpiresAt, 100))
	same(w, "expiring, first deadline first",
		[]exchange.Delivery{*byState[exchange.StateDead], *byState[exchange.StateHeld], *byState[exchange.StateOffered], late}, expiring)
	same(w, "one", 1, len(ok[[]exchange.Delivery](w)(w.s.Expiring(w.ctx, late.ExpiresAt, 1))))
	same(w, "before the last deadline", 3, len(ok[[]exchange.Delivery](w)(w.s.Expiring(w.ctx, late.ExpiresAt-1, 100))))

	held := byState[exchange.StateHeld]
	same(w, "held and due", []exchange.Delivery{*held}, ok[[]exchange.Delivery](w)(w.s.HeldDue(w.ctx, held.HeldUntil, 100)))
	same(w, "held and not due", nil, ok[[]exchange.Delivery](w)(w.s.HeldDue(w.ctx, held.HeldUntil-1, 100)))
	held.State = exchange.StateFailed
	w.put(held)
	same(w, "held no more", nil, ok[[]exchange.Delivery](w)(w.s.HeldDue(w.ctx, held.HeldUntil, 100)))
}

func testJobs(w *world) {
	l := w.letter("ward", "agency-1", "")
	var jobs []exchange.Job
	for i := range 3 {
		d := w.delivery(&l, fmt.Sprintf("agency-%d", i), true)
		jobs = append(jobs, exchange.Job{Key: d.Key, Agency: d.Key.Recipient, DueAt: w.now + int64(3-i)*1000})
	}
	w.commit(exchange.Change{Jobs: jobs})
	claim := func(now, until int64, limit int) []exchange.Job {
		w.Helper()
		return ok[[]exchange.Job](w)(w.s.ClaimJobs(w.ctx, now, until, limit))
	}
	counted := func(j exchange.Job, attempts int) exchange.Job { j.Attempts = attempts; return j }
	t0 := w.now + 10_000
	same(w, "not due", nil, claim(jobs[2].DueAt-1, t0, 10))
	same(w, "oldest first", []exchange.Job{counted(jobs[2], 1), counted(jobs[1], 1)}, claim(t0, t0+1000, 2))
	same(w, "the one left", []exchange.Job{counted(jobs[0], 1)}, claim(t0, t0+5000, 2))
	same(w, "all leased", nil, claim(t0+999, t0+2000, 2))
	same(w, "lease ended", []exchange.Job{counted(jobs[1], 2), counted(jobs[2], 2)}, sorted(claim(t0+1000, t0+9000, 5)))
	w.commit(exchange.Change{Finished: []exchange.DeliveryKey{jobs[0].Key, jobs[1].Key, jobs[1].Key}})
	again := jobs[2]
	again.DueAt, again.Attempts = t0, 1
	w.commit(exchange.Change{Jobs: []exchange.Job{again}})
	same(w, "asked for again", []exchange.Job{counted(again, 2)}, claim(t0, t0+9000, 5))
}
