package storetest

import (
	"errors"

	"lienthong/envelope"
	"lienthong/exchange"
)

// Letters that wait are paged by state, peer and age; letters under way by urgency and age.
func testUnderway(w *world) {
	l := w.letter("ward", "agency-1", "")
	rows := map[string]exchange.Delivery{}
	for _, r := range []struct {
		recipient, peer string
		state           exchange.State
		urgency         envelope.Urgency
	}{
		{"a", "tỉnh", exchange.StateQueued, envelope.UrgencyNormal}, {"b", "district", exchange.StateQueued, envelope.UrgencyFlash},
		{"c", "district", exchange.StateQueued, envelope.UrgencyNormal}, {"d", "district", exchange.StateDead, envelope.UrgencyNormal},
		{"e", "", exchange.StateHeld, envelope.UrgencyNormal}, {"f", "district", exchange.StateRelayed, envelope.UrgencyFlash},
		{"g", "", exchange.StateDelivered, envelope.UrgencyFlash}, {"h", "", exchange.StateFailed, envelope.UrgencyFlash},
	} {
		d := w.delivery(&l, r.recipient, false)
		d.Peer, d.State, d.Urgency, d.Attempts = r.peer, r.state, r.urgency, len(rows)
		w.put(&d)
		rows[r.recipient] = d
	}
	some := func(recipients ...string) (out []exchange.Delivery) {
		for _, r := range recipients {
			out = append(out, rows[r])
		}
		return out
	}
	waiting := func(state exchange.State, after exchange.QueueMark, limit int) []exchange.Delivery {
		w.Helper()
		return ok[[]exchange.Delivery](w)(w.s.Waiting(w.ctx, state, after, limit))
	}
	same(w, "queued, by peer", some("b", "c", "a"), waiting(exchange.StateQueued, exchange.QueueMark{}, 10))
	same(w, "first page", some("b", "c"), waiting(exchange.StateQueued, exchange.QueueMark{}, 2))
	same(w, "second page", some("a"), waiting(exchange.StateQueued, exchange.QueueMark{Peer: "district", Mark: exchange.Mark{At: rows["c"].Created, ID: rows["c"].ID}}, 2))
	same(w, "dead", some("d"), waiting(exchange.StateDead, exchange.QueueMark{}, 2))
	same(w, "relayed ones do not wait", nil, waiting(exchange.StateRelayed, exchange.QueueMark{}, 2))
	forPeer := ok[[]exchange.Delivery](w)(w.s.WaitingFor(w.ctx, exchange.StateQueued, "district", exchange.Mark{At: rows["b"].Created, ID: rows["b"].ID}, 10))
	same(w, "for one peer, after the first", some("c"), forPeer)

	under := func(urgency envelope.Urgency, before int64, after exchange.Mark, limit int) []exchange.Delivery {
		w.Helper()
		return ok[[]exchange.Delivery](w)(w.s.Underway(w.ctx, urgency, before, after, limit))
	}
	end := rows["h"].Created + 1
	same(w, "urgent and under way", some("b", "f"), under(envelope.UrgencyFlash, end, exchange.Mark{}, 10))
	same(w, "normal and under way", some("a", "c", "d", "e"), under(envelope.UrgencyNormal, end, exchange.Mark{}, 10))
	same(w, "old enough", some("a"), under(envelope.UrgencyNormal, rows["c"].Created, exchange.Mark{}, 10))
	same(w, "a page", some("c", "d"), under(envelope.UrgencyNormal, end, exchange.Mark{At: rows["a"].Created, ID: rows["a"].ID}, 2))

	b := rows["b"]
	o := w.outbox(&b, "district")
	w.commit(exchange.Change{Queue: []exchange.OutboxRow{o}, Claim: []exchange.DeliveryKey{b.Key}})
	got := ok[exchange.OutboxRow](w)(w.s.Outbox(w.ctx, b.Key))
	o.Seq, o.Claimed = got.Seq, true
	same(w, "an outbox row", o, got)
	a := rows["a"]
	if _, err := w.s.Outbox(w.ctx, a.Key); !errors.Is(err, exchange.ErrNotFound) {
		w.Errorf("a row that is not there: %v, want ErrNotFound", err)
	}
}
