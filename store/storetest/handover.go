package storetest

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

// testHandovers hands dossiers over from agency-1 to two others on one node, and gives
// results back.
func testHandovers(w *world) {
	const code = "H55.13-261121-0001"
	send := func(from, to string, at int64, wanted int64, answers ...envelope.Digest) (exchange.Letter, exchange.Delivery) {
		l := w.letter("ward", from, "")
		l.Received = at
		d := w.delivery(&l, to, true)
		d.From, d.OriginAgency, d.Created, d.Arrived, d.Thread, d.State = "", from, at, at, l.Key.ID, exchange.StateDelivered
		out, in := w.filing(&l, nil, "w"), w.filing(&l, &d, "w")
		for _, f := range []*exchange.Filing{&out, &in} {
			f.Dossier, f.WantedBy, f.Answers, f.AnsweredAt = code, wanted, answers, at
		}
		w.commit(exchange.Change{Letter: &l, Deliveries: []exchange.Delivery{d}, Filings: []exchange.Filing{out, in}})
		w.commit(exchange.Change{Letter: &l, Filings: []exchange.Filing{out, in}}) // again: they are here
		d.Revision = 1
		return l, d
	}
	list := func(agency string, q exchange.HandoverQuery) (out []exchange.Handover) {
		for mark := (exchange.Mark{}); ; {
			page := ok[[]exchange.Handover](w)(w.s.Handovers(w.ctx, agency, q, mark, 1))
			if len(page) == 0 {
				return out
			}
			out = append(out, page...)
			mark = exchange.Mark{At: page[0].At, ID: page[0].ID}
		}
	}
	row := func(l exchange.Letter, d exchange.Delivery, way exchange.Way, due int64) exchange.Handover {
		h := exchange.Handover{ID: d.ID, Way: way, Agency: l.Agency, Other: d.Key.Recipient, Code: code, Letter: l.Key, At: l.Received, Due: due, State: d.State, Status: d.Status, Copy: d.Copy}
		if way == exchange.WayIn {
			h.Agency, h.Other = h.Other, h.Agency
		}
		return h
	}
	type rows = []exchange.Handover
	one, first := send("agency-1", "agency-2", 100, 200)
	two, second := send("agency-1", "agency-3", 110, 300)
	a, b := row(one, first, exchange.WayOut, 200), row(two, second, exchange.WayOut, 300)
	in := row(one, first, exchange.WayIn, 200)
	same(w, "handed over", rows{b, a}, list("agency-1", exchange.HandoverQuery{}))
	same(w, "to the other", rows{in}, list("agency-2", exchange.HandoverQuery{Code: code}))
	same(w, "of the other way", nil, list("agency-2", exchange.HandoverQuery{Way: exchange.WayOut}))
	same(w, "of another code", nil, list("agency-1", exchange.HandoverQuery{Code: "H55"}))
	same(w, "not late yet", nil, list("agency-1", exchange.HandoverQuery{Late: 199}))
	same(w, "late", rows{a}, list("agency-1", exchange.HandoverQuery{Late: 200, Code: code}))

	send("agency-3", "agency-1", 250, 0, one.Digest) // nobody asked them
	send("agency-2", "agency-4", 250, 0, one.Digest) // goes to another
	same(w, "still late", rows{a}, list("agency-1", exchange.HandoverQuery{Late: 250}))
	_, result := send("agency-2", "agency-1", 260, 0, one.Digest)
	_, other := send("agency-3", "agency-1", 270, 0, two.Digest)
	a.Answered, a.Result, b.Answered, b.Result, in.Answered, in.Result = 260, result.ID, 270, other.ID, 260, result.ID
	same(w, "given back", rows{b, a}, list("agency-1", exchange.HandoverQuery{}))
	same(w, "by the other", rows{in}, list("agency-2", exchange.HandoverQuery{Late: 1000}))
	same(w, "late, the other in time", rows{a}, list("agency-1", exchange.HandoverQuery{Late: 1000}))

	// A result that is refused is none, and another takes its place.
	result.Status, result.Updated = exchange.StatusRefused, 280
	w.commit(exchange.Change{Deliveries: []exchange.Delivery{result}})
	a.Answered, a.Result, in.Answered, in.Result = 0, envelope.ID{}, 0, envelope.ID{}
	same(w, "open again", rows{b, a}, list("agency-1", exchange.HandoverQuery{}))
	same(w, "open there, too", rows{in}, list("agency-2", exchange.HandoverQuery{}))
	_, result = send("agency-2", "agency-1", 290, 0, one.Digest)
	a.Answered, a.Result = 290, result.ID
	same(w, "given back again", rows{b, a}, list("agency-1", exchange.HandoverQuery{}))

	// What a later version took the place of is not listed, and a recalled one is not late.
	second.Copy = exchange.CopyUpdated
	first.Copy, a.Copy = exchange.CopyRecalled, exchange.CopyRecalled
	w.commit(exchange.Change{Deliveries: []exchange.Delivery{first, second}})
	same(w, "recalled", rows{a}, list("agency-1", exchange.HandoverQuery{}))
	same(w, "and so not late", nil, list("agency-1", exchange.HandoverQuery{Late: 1000}))
}
