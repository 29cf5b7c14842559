package storetest

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

func testCheckpoints(w *world) {
	incarnation := w.id()
	head := func(size uint64) exchange.CheckpointRow {
		return exchange.CheckpointRow{Node: "ward", Incarnation: incarnation, Size: size, Root: w.digest(), Sealed: w.sealed("head"), Seen: w.now}
	}
	put := func(rows ...exchange.CheckpointRow) {
		w.Helper()
		w.commit(exchange.Change{Checkpoints: rows})
	}
	seen := func(c exchange.CheckpointRow) *exchange.HeadSeen {
		return &exchange.HeadSeen{Node: "ward", Incarnation: incarnation, Size: c.Size, Root: c.Root}
	}
	fails[exchange.CheckpointRow](w, exchange.ErrNotFound)(w.s.NewestCheckpoint(w.ctx, "ward", incarnation))
	w.refuse(exchange.Change{Held: seen(head(5)), Checkpoints: []exchange.CheckpointRow{head(10)}}, exchange.ErrStale)
	w.commit(exchange.Change{Held: seen(exchange.CheckpointRow{})}) // there is none, as was seen
	bare, cosigned, stamped, refused := head(10), head(20), head(1<<40), head(1<<41)
	cosigned.Cosignature = w.sealed("cosignature")
	refused.Refused = exchange.ReasonInconsistent
	put(bare, cosigned)
	put(stamped, refused)
	stamped.Stamp, stamped.Stamped = []byte("token"), 7
	put(stamped)
	again := stamped // one that is there keeps what it has
	again.Stamp, again.Seen = []byte("another"), 9
	put(again)
	other := bare
	other.Sealed, other.Cosignature = w.sealed("signed anew"), w.sealed("cosignature")
	put(other) // of other bytes: what is there is not what was cosigned
	also := cosigned
	also.Refused, also.Cosignature = exchange.ReasonRolledBack, envelope.Sealed{}
	put(also)

	for _, h := range []*exchange.HeadSeen{seen(exchange.CheckpointRow{}), seen(cosigned), seen(refused), seen(head(stamped.Size))} {
		w.refuse(exchange.Change{Held: h, Checkpoints: []exchange.CheckpointRow{head(1 << 42)}}, exchange.ErrStale)
	}
	w.commit(exchange.Change{Held: seen(stamped)})

	var all []exchange.CheckpointRow
	for after := uint64(0); ; {
		page := ok[[]exchange.CheckpointRow](w)(w.s.Checkpoints(w.ctx, "ward", after, 2))
		for i := range page {
			after, page[i].N = page[i].N, 0
		}
		all = append(all, page...)
		if len(page) == 0 {
			break
		}
	}
	same(w, "all", []exchange.CheckpointRow{bare, cosigned, stamped, refused, also}, all)
	one := func(what string, want exchange.CheckpointRow, got exchange.CheckpointRow) {
		w.Helper()
		got.N = 0
		same(w, what, want, got)
	}
	one("newest", stamped, ok[exchange.CheckpointRow](w)(w.s.NewestCheckpoint(w.ctx, "ward", incarnation)))
	one("over 5", cosigned, ok[exchange.CheckpointRow](w)(w.s.CheckpointOver(w.ctx, "ward", incarnation, 5)))
	one("over 21", stamped, ok[exchange.CheckpointRow](w)(w.s.CheckpointOver(w.ctx, "ward", incarnation, 21)))
	fails[exchange.CheckpointRow](w, exchange.ErrNotFound)(w.s.CheckpointOver(w.ctx, "ward", incarnation, 1<<40+1))
	fails[exchange.CheckpointRow](w, exchange.ErrNotFound)(w.s.NewestCheckpoint(w.ctx, "ward", w.id()))
	fails[exchange.CheckpointRow](w, exchange.ErrNotFound)(w.s.NewestCheckpoint(w.ctx, "district", incarnation))
}
