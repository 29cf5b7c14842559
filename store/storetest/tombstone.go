package storetest

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

// testTombstones: an aim of a recall goes when its time is over, unless there is something
// for it to act on.
func testTombstones(w *world) {
	target := w.letter("ward", "agency-1", "")
	aim := func(recipient string, expires int64) exchange.Aim {
		return exchange.Aim{Target: target.Digest, By: exchange.DeliveryKey{Origin: "ward", ID: w.id(), Recipient: recipient}, Agency: "agency-1",
			Kind: envelope.RelationRecalls, Mode: envelope.RecallNow, Expires: expires}
	}
	end := w.now + 30*hour
	came, never, later, replaced := aim("agency-2", end), aim("agency-3", end+1), aim("agency-4", end+hour), aim("agency-5", 0)
	w.commit(exchange.Change{Aims: []exchange.Aim{came, never, later, replaced}})
	d := w.delivery(&target, "agency-2", false)
	w.commit(exchange.Change{Statements: []exchange.StatementRow{w.statement(&d, "ward", envelope.Stopped)}})
	list := ok[[]exchange.Aim](w)
	same(w, "not yet", nil, list(w.s.Tombstones(w.ctx, end-1, 10)))
	known := came
	known.Known = true
	same(w, "due", []exchange.Aim{known, never}, list(w.s.Tombstones(w.ctx, end+1, 10)))
	same(w, "one", []exchange.Aim{known}, list(w.s.Tombstones(w.ctx, end+1, 1)))

	// What came since it was looked for stays, as it does for who saw it.
	e := w.delivery(&target, "agency-3", false)
	w.commit(exchange.Change{Statements: []exchange.StatementRow{w.statement(&e, "ward", envelope.Custody)}})
	w.commit(exchange.Change{Forget: []exchange.Aim{known, never, later}})
	w.reopen()
	came.Expires, never.Expires = 0, 0
	same(w, "of what is known", []exchange.Aim{came, never, replaced}, list(w.s.Aims(w.ctx, target.Digest, "")))
	same(w, "once", nil, list(w.s.Tombstones(w.ctx, end+2*hour, 10)))
	w.commit(exchange.Change{Letter: &target, Aimed: 3})
}
