package storetest

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

// inThread gives a delivery a place in a thread.
func inThread(d exchange.Delivery, thread envelope.ID, version uint32) *exchange.Delivery {
	d.Kind, d.Thread, d.Version, d.Follows, d.Offered = envelope.KindUpdate, thread, version, version-1, true
	return &d
}

func testThread(w *world) {
	thread := w.id()
	var want []exchange.Delivery // by recipient, then version
	for _, recipient := range []string{"agency-2", "agency-3"} {
		for version := uint32(1); version <= 3; version++ {
			l := w.letter("ward", "agency-1", "")
			d := inThread(w.delivery(&l, recipient, false), thread, version)
			w.put(d)
			want = append(want, *d)
		}
	}
	foreign := w.letter("ward", "agency-9", "") // the same thread's id, of another agency
	w.put(inThread(w.delivery(&foreign, "agency-2", false), thread, 1))
	get := func(recipient string) []exchange.Delivery {
		return ok[[]exchange.Delivery](w)(w.s.Thread(w.ctx, "agency-1", thread, recipient))
	}
	same(w, "all", want, get(""))
	same(w, "of one recipient", want[3:], get("agency-3"))
	same(w, "of nobody", nil, get("agency-4"))

	d := want[4]
	d.Copy, d.TakeBack, d.Follows, d.Offered = exchange.CopyRecalled, exchange.TakeBackAgreed, 0, false
	w.put(&d)
	same(w, "changed", d, get("agency-3")[1])
	seen := exchange.ThreadSeen{Agency: "agency-1", Thread: thread, Recipient: "agency-3", Rows: 3, Revisions: 4}
	w.commit(exchange.Change{Threads: []exchange.ThreadSeen{seen}})
	all := exchange.ThreadSeen{Agency: "agency-1", Thread: thread, Rows: 6, Revisions: 7}
	w.commit(exchange.Change{Threads: []exchange.ThreadSeen{seen, all}})
	for _, stale := range []exchange.ThreadSeen{
		{Agency: "agency-1", Thread: thread, Recipient: "agency-3", Rows: 3, Revisions: 3},
		{Agency: "agency-1", Thread: thread, Recipient: "agency-3", Rows: 2, Revisions: 4},
		{Agency: "agency-1", Thread: thread, Recipient: "agency-4", Rows: 1},
		{Agency: "agency-1", Thread: thread, Rows: 6, Revisions: 6},
	} {
		w.refuse(exchange.Change{Threads: []exchange.ThreadSeen{seen, stale}}, exchange.ErrStale)
	}
	nothing := exchange.ThreadSeen{Agency: "agency-7", Thread: thread, Recipient: "agency-3"}
	w.commit(exchange.Change{Threads: []exchange.ThreadSeen{nothing}})
}

func testAims(w *world) {
	target := w.letter("ward", "agency-1", "")
	aim := func(recipient string, known bool) exchange.Aim {
		return exchange.Aim{Target: target.Digest, By: exchange.DeliveryKey{Origin: "ward", ID: w.id(), Recipient: recipient}, Agency: "agency-1",
			Kind: envelope.RelationRecalls, Mode: envelope.TakeBack, Known: known}
	}
	stored := func(aims ...exchange.Aim) (out []exchange.Aim) {
		for _, m := range aims {
			m.Known = false
			out = append(out, m)
		}
		return out
	}
	get := func(recipient string) []exchange.Aim {
		return ok[[]exchange.Aim](w)(w.s.Aims(w.ctx, target.Digest, recipient))
	}
	first, second, other := aim("agency-2", false), aim("agency-2", false), aim("agency-3", false)
	w.refuse(exchange.Change{Aims: []exchange.Aim{aim("agency-2", true)}}, exchange.ErrStale) // nothing is known of it
	w.commit(exchange.Change{Aims: []exchange.Aim{first, second, first}})
	w.commit(exchange.Change{Aims: []exchange.Aim{other, first}})
	same(w, "of one recipient", stored(first, second), get("agency-2"))
	same(w, "of all", stored(first, second, other), get(""))
	same(w, "of nobody", nil, get("agency-4"))

	// Whoever stores the target has to have seen them.
	for _, aimed := range []int{0, 2, 4} {
		w.refuse(exchange.Change{Letter: &target, Aimed: aimed}, exchange.ErrStale)
	}
	w.commit(exchange.Change{Letter: &target, Aimed: 3})
	// And whoever aims at it has to have seen that it is here.
	d := w.delivery(&target, "agency-2", false)
	w.commit(exchange.Change{Statements: []exchange.StatementRow{w.statement(&d, "ward", envelope.Custody)}})
	w.refuse(exchange.Change{Aims: []exchange.Aim{aim("agency-2", false)}}, exchange.ErrStale)
	third := aim("agency-2", true)
	w.commit(exchange.Change{Aims: []exchange.Aim{third, aim("agency-3", false)}})
	same(w, "after all", stored(first, second, third), get("agency-2"))
}

func testCopies(w *world) {
	var want []exchange.Delivery // active, newest first
	for copied := exchange.CopyCurrent; copied <= exchange.CopyNotice; copied++ {
		l := w.letter("province", "agency-9", "peer")
		d, transit := w.delivery(&l, "agency-1", true), w.delivery(&l, "agency-2", false)
		d.Copy, d.Arrived, d.Reason = copied, int64(copied), ""
		w.put(&d, &transit)
		if copied <= exchange.CopyWaiting {
			want = append([]exchange.Delivery{d}, want...)
		}
	}
	same(w, "active", want, ok[[]exchange.Delivery](w)(w.s.ActiveInbox(w.ctx, "agency-1", envelope.ID{}, 10)))
	same(w, "second page", want[1:], ok[[]exchange.Delivery](w)(w.s.ActiveInbox(w.ctx, "agency-1", want[0].ID, 10)))
	same(w, "whole inbox", 6, len(ok[[]exchange.Delivery](w)(w.s.Inbox(w.ctx, "agency-1", envelope.ID{}, 10))))
	same(w, "not late", want, reversed(ok[[]exchange.Delivery](w)(w.s.Unacknowledged(w.ctx, "agency-1", envelope.UrgencyNormal, 100, exchange.Mark{At: -1}, 10))))

	waiting := want[0]
	same(w, "incomplete", want[:1], ok[[]exchange.Delivery](w)(w.s.Incomplete(w.ctx, waiting.Arrived, 10)))
	same(w, "not yet", nil, ok[[]exchange.Delivery](w)(w.s.Incomplete(w.ctx, waiting.Arrived-1, 10)))
	waiting.Reason = exchange.ReasonIncomplete
	w.put(&waiting)
	same(w, "told", nil, ok[[]exchange.Delivery](w)(w.s.Incomplete(w.ctx, waiting.Arrived, 10)))
}

func reversed(in []exchange.Delivery) (out []exchange.Delivery) {
	for i := len(in) - 1; i >= 0; i-- {
		out = append(out, in[i])
	}
	return out
}

func testAlso(w *world) {
	one, two := w.letter("ward", "agency-1", ""), w.letter("ward", "agency-1", "")
	blob := w.blob(7)
	two.Files = []exchange.LetterFile{{Digest: blob.Digest, Size: 7, LeafRoot: blob.LeafRoot}}
	w.refuse(exchange.Change{Letter: &one, Also: []*exchange.Letter{&two}}, exchange.ErrMissing)
	w.commit(exchange.Change{Letter: &one, Also: []*exchange.Letter{&two}, Wrote: []exchange.BlobRow{blob}})
	same(w, "first", one, ok[exchange.Letter](w)(w.s.Letter(w.ctx, one.Key)))
	same(w, "second", two, ok[exchange.Letter](w)(w.s.Letter(w.ctx, two.Key)))
}
