package storetest

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

// What waits is counted by state and peer, with its oldest; what has ended is not.
func testBacklog(w *world) {
	read := func() exchange.Backlog { w.Helper(); return ok[exchange.Backlog](w)(w.s.Backlog(w.ctx, w.now)) }
	same(w, "of an empty store", exchange.Backlog{}, read())

	l := w.letter("ward", "agency-1", "")
	rows := map[string]*exchange.Delivery{}
	for _, r := range []struct {
		recipient, peer string
		state           exchange.State
	}{
		{"a", "tỉnh", exchange.StateQueued}, {"b", "district", exchange.StateQueued}, {"c", "district", exchange.StateQueued},
		{"d", "district", exchange.StateOffered}, {"e", "", exchange.StateHeld}, {"f", "district", exchange.StateInDoubt},
		{"g", "district", exchange.StateRelayed}, {"h", "", exchange.StateDelivered}, {"i", "", exchange.StateFailed},
	} {
		d := w.delivery(&l, r.recipient, false)
		d.Peer, d.State = r.peer, r.state
		w.put(&d)
		rows[r.recipient] = &d
	}
	st := w.statement(rows["h"], "ward", envelope.Delivered)
	st.SendTo = "district"
	w.commit(exchange.Change{Statements: []exchange.StatementRow{st}})
	early, late := exchange.Job{Key: rows["h"].Key, Agency: "h", DueAt: w.now}, exchange.Job{Key: rows["i"].Key, Agency: "i", DueAt: w.now + 60*minute}
	w.commit(exchange.Change{Jobs: []exchange.Job{early, late}})
	job := w.levelJob("agency-1")
	w.commit(exchange.Change{LevelJobs: []exchange.LevelJob{job}})

	want := exchange.Backlog{
		Deliveries: []exchange.Waiting{
			{State: exchange.StateQueued, Peer: "district", Rows: 2, Oldest: rows["b"].Created},
			{State: exchange.StateQueued, Peer: "tỉnh", Rows: 1, Oldest: rows["a"].Created},
			{State: exchange.StateOffered, Peer: "district", Rows: 1, Oldest: rows["d"].Created},
			{State: exchange.StateHeld, Rows: 1, Oldest: rows["e"].Created},
			{State: exchange.StateInDoubt, Peer: "district", Rows: 1, Oldest: rows["f"].Created},
		},
		Statements:  []exchange.Waiting{{Peer: "district", Rows: 1}},
		Validations: exchange.Waiting{Rows: 1, Oldest: early.DueAt},
		LevelJobs:   exchange.Waiting{Rows: 1, Oldest: job.Created},
	}
	same(w, "of all kinds", want, read())

	// What is being worked on, and what has come to an end, waits no more.
	ok[[]exchange.Job](w)(w.s.ClaimJobs(w.ctx, w.now, w.now+10*minute, 10))
	claimed := ok[[]exchange.LevelJob](w)(w.s.ClaimLevelJobs(w.ctx, w.now, w.now+10*minute, 1))
	claimed[0].State, claimed[0].Ended = exchange.LevelGivenUp, w.now
	rows["b"].State, rows["b"].Revision = exchange.StateRelayed, 1
	w.commit(exchange.Change{LevelJobs: claimed, Deliveries: []exchange.Delivery{*rows["b"]}})
	if err := w.s.StatementsSent(w.ctx, "district", []envelope.Digest{st.Digest}); err != nil {
		w.Fatal(err)
	}
	want.Deliveries[0].Rows, want.Deliveries[0].Oldest = 1, rows["c"].Created
	want.Statements, want.Validations, want.LevelJobs = nil, exchange.Waiting{}, exchange.Waiting{}
	same(w, "later", want, read())
}

// Commits are counted, and what failed is not.
func testWritten(w *world) {
	before := w.s.Written()
	const n = 5
	for range n {
		w.commit(exchange.Change{})
	}
	l := w.letter("ward", "agency-1", "")
	d := w.delivery(&l, "a", false)
	d.Revision = 7
	w.refuse(exchange.Change{Deliveries: []exchange.Delivery{d}}, exchange.ErrStale)
	after := w.s.Written()
	if got := after.Operations - before.Operations; got != n {
		w.Errorf("%d operations, want %d", got, n)
	}
	if got := after.Batches - before.Batches; got != n {
		w.Errorf("%d batches, want %d: each was waited for", got, n)
	}
}
