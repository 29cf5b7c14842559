package storetest

import "lienthong/exchange"

// testClock: what waits for a time far ahead, as a clock that ran ahead has left it, is due
// at once; what is to be sent later, and what is to be judged again, waits.
func testClock(w *world) {
	const minute = 60_000_000
	l := w.letter("ward", "agency-1", "")
	refused, later, soon := w.delivery(&l, "agency-2", false), w.delivery(&l, "agency-3", false), w.delivery(&l, "agency-4", false)
	redirected := w.delivery(&l, "agency-7", false)
	refused.Reason, soon.Reason, redirected.Reason = "BUSY", "BUSY", exchange.ReasonRedirected
	home, judged := w.delivery(&l, "agency-5", true), w.delivery(&l, "agency-6", true)
	judged.Verdict = "indeterminate"
	change := exchange.Change{Letter: &l, Deliveries: []exchange.Delivery{refused, later, soon, redirected, home, judged}}
	for _, o := range []struct {
		d   *exchange.Delivery
		due int64
	}{{&refused, 11 * minute}, {&later, 11 * minute}, {&redirected, 11 * minute}, {&soon, minute}} {
		row := w.outbox(o.d, "district")
		row.DueAt = w.now + o.due
		change.Queue = append(change.Queue, row)
	}
	for _, d := range []*exchange.Delivery{&home, &judged} {
		change.Jobs = append(change.Jobs, exchange.Job{Key: d.Key, Agency: d.Key.Recipient, DueAt: w.now + 10*minute})
	}
	w.commit(change)
	same(w, "before", nil, w.due("district", w.now, 9))
	if err := w.s.Hasten(w.ctx, w.now, w.now+5*minute); err != nil {
		w.Fatal(err)
	}
	same(w, "hastened", []string{"agency-2"}, w.due("district", w.now, 9))
	same(w, "a minute later", []string{"agency-2", "agency-4"}, w.due("district", w.now+minute, 9))
	jobs := ok[[]exchange.Job](w)(w.s.ClaimJobs(w.ctx, w.now, w.now+minute, 9))
	if len(jobs) != 1 || jobs[0].Key != home.Key {
		w.Fatalf("jobs %+v, want that of %s alone", jobs, home.Key.Recipient)
	}
}
