package storetest

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

func testPeers(w *world) {
	same(w, "made from a backup", exchange.Restored{}, ok[exchange.Restored](w)(w.s.Restored(w.ctx)))
	fails[exchange.PeerRow](w, exchange.ErrNotFound)(w.s.Peer(w.ctx, "district"))
	for i := range int64(2) {
		row := exchange.PeerRow{Peer: "district", Incarnation: w.id(), Since: w.now + i}
		w.commit(exchange.Change{Peers: []exchange.PeerRow{row}})
		same(w, "peer", row, ok[exchange.PeerRow](w)(w.s.Peer(w.ctx, "district")))
	}

	var want []envelope.ID
	for i, tt := range []struct {
		from, peer string
		state      exchange.State
		updated    int64
		listed     bool
	}{
		{"", "district", exchange.StateRelayed, 1, true},
		{"", "district", exchange.StateDelivered, 100, true},
		{"", "district", exchange.StateDelivered, 99, false},
		{"", "district", exchange.StateQueued, 99, false},
		{"district", "ward", exchange.StateRelayed, 1, true},
		{"district", "", exchange.StateDelivered, 200, true},
		{"ward", "province", exchange.StateRelayed, 200, false},
		{"", "", exchange.StateDelivered, 200, false},
	} {
		l := w.letter("ward", "agency-1", tt.from)
		d := w.delivery(&l, "agency-2", false)
		d.Key.ID[15] = byte(i)
		d.Peer, d.State, d.Updated = tt.peer, tt.state, tt.updated
		w.put(&d)
		if tt.listed {
			want = append(want, d.ID)
		}
	}
	var got []envelope.ID
	for after := (envelope.ID{}); ; {
		page := ok[[]exchange.Delivery](w)(w.s.Exchanged(w.ctx, "district", 100, after, 3))
		for _, d := range page {
			got, after = append(got, d.ID), d.ID
		}
		if len(page) == 0 {
			break
		}
	}
	same(w, "exchanged", want, got)
}
