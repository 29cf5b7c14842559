package storetest

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

func testRetirement(w *world) {
	read := ok[exchange.Retirement](w)
	fails[exchange.Retirement](w, exchange.ErrNotFound)(w.s.Retirement(w.ctx))
	r := exchange.Retirement{Since: w.now, By: "quản-trị", Reason: "sáp nhập xã"}
	w.commit(exchange.Change{Begins: true})
	w.commit(exchange.Change{Retirement: &r})
	w.refuse(exchange.Change{Begins: true}, exchange.ErrStale)
	w.refuse(exchange.Change{Retirement: &r}, exchange.ErrStale)
	w.reopen()
	r.Revision = 1
	same(w, "decided", r, read(w.s.Retirement(w.ctx)))

	// Of an end and a cancellation one is first; the words stay.
	done := r
	done.Done, done.Reason = w.now+minute, "khác"
	w.commit(exchange.Change{Retirement: &done})
	w.refuse(exchange.Change{Retirement: &r, Unretire: true}, exchange.ErrStale)
	r.Done, r.Revision = done.Done, 2
	same(w, "done", r, read(w.s.Retirement(w.ctx)))

	w.commit(exchange.Change{Retirement: &r, Unretire: true})
	w.commit(exchange.Change{Begins: true})
	fails[exchange.Retirement](w, exchange.ErrNotFound)(w.s.Retirement(w.ctx))
	again := exchange.Retirement{Since: w.now + 2*minute, By: "b", Reason: "lần nữa"}
	w.commit(exchange.Change{Retirement: &again})
	// What was decided about the one before says nothing about this one.
	before := r
	before.Revision = 1
	w.refuse(exchange.Change{Retirement: &before}, exchange.ErrStale)
	again.Revision = 1
	same(w, "again", again, read(w.s.Retirement(w.ctx)))
}

func testRemains(w *world) {
	read := func() exchange.Remains { w.Helper(); return ok[exchange.Remains](w)(w.s.Remains(w.ctx)) }
	same(w, "of an empty store", exchange.Remains{}, read())
	l := w.letter("ward", "agency-1", "district")
	put := func(recipient string, home bool, state exchange.State, status uint32, c exchange.Copy) *exchange.Delivery {
		d := w.delivery(&l, recipient, home)
		d.State, d.Status, d.Copy = state, status, c
		w.put(&d)
		return &d
	}
	for _, state := range []exchange.State{exchange.StateQueued, exchange.StateOffered, exchange.StateHeld, exchange.StateInDoubt, exchange.StateDead, exchange.StateRelayed,
		exchange.StateFailed, exchange.StateStopped, exchange.StateDropped, exchange.StateDelivered} {
		put(state.String(), false, state, 0, 0)
	}
	one := put("a", true, exchange.StateDelivered, 0, 0)
	put("b", true, exchange.StateDelivered, exchange.StatusArrived, 0)
	put("c", true, exchange.StateDelivered, 0, exchange.CopyRecalled)
	put("đ", true, exchange.StateDelivered, 0, 0)
	st := w.statement(one, "ward", envelope.Delivered)
	st.SendTo = "district"
	due, asleep := exchange.Job{Key: one.Key, Agency: "a", DueAt: w.now}, exchange.Job{Key: exchange.DeliveryKey{Origin: "ward", ID: l.Key.ID, Recipient: "đ"}, Agency: "đ", DueAt: w.now + 60*minute}
	w.commit(exchange.Change{Statements: []exchange.StatementRow{st}, Jobs: []exchange.Job{due, asleep}, LevelJobs: []exchange.LevelJob{w.levelJob("agency-1")}})
	// One that is being worked on is not done.
	ok[[]exchange.Job](w)(w.s.ClaimJobs(w.ctx, w.now, w.now+10*minute, 10))
	same(w, "of all kinds", exchange.Remains{Waiting: 5, Relayed: 1, Statements: 1, Jobs: 2, LevelJobs: 1, Unread: map[string]int{"a": 1, "đ": 1}}, read())
}
