package storetest

import (
	"cmp"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
)

// holdings lists what is held, in an order.
func (w *world) holdings(after int64) []exchange.Holding {
	w.Helper()
	out := ok[[]exchange.Holding](w)(w.s.Holdings(w.ctx, after))
	slices.SortFunc(out, func(a, b exchange.Holding) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Peer, b.Peer), cmp.Compare(a.Agency, b.Agency))
	})
	return out
}

// What waits is held, and what has not been acknowledged for a while; ends are not, and
// nothing is forgotten by a restart.
func testHoldings(w *world) {
	same(w, "nothing", nil, w.holdings(0))
	put := func(agency, from, peer string, state exchange.State, home bool) exchange.Delivery {
		l := w.letter("ward", agency, from)
		d := w.delivery(&l, "x", home)
		d.State, d.Peer = state, peer
		w.commit(exchange.Change{Deliveries: []exchange.Delivery{d}})
		d.Revision = 1
		return d
	}
	old := put("agency-1", "ward", "", exchange.StateDelivered, true)
	since := w.now
	queued := put("agency-1", "ward", "province", exchange.StateQueued, false)
	put("agency-1", "ward", "province", exchange.StateOffered, false)
	put("agency-2", "ward", "province", exchange.StateInDoubt, false)
	put("agency-2", "", "province", exchange.StateDead, false)
	put("agency-2", "ward", "", exchange.StateHeld, false)
	for _, ended := range []exchange.State{exchange.StateRelayed, exchange.StateFailed, exchange.StateStopped, exchange.StateDropped} {
		put("agency-3", "ward", "province", ended, false)
	}
	fresh := put("agency-3", "province", "", exchange.StateDelivered, true)
	want := []exchange.Holding{
		{From: "", Peer: "province", Agency: "agency-2", Letters: 1, Bytes: 1000},
		{From: "province", Agency: "agency-3", Home: true, Letters: 1, Bytes: 1000},
		{From: "ward", Agency: "agency-2", Letters: 1, Bytes: 1000},
		{From: "ward", Peer: "province", Agency: "agency-1", Letters: 2, Bytes: 2000},
		{From: "ward", Peer: "province", Agency: "agency-2", Letters: 1, Bytes: 1000},
	}
	same(w, "what waits, and what is fresh", want, w.holdings(since))
	w.reopen()
	same(w, "after a restart", want, w.holdings(since))
	queued.State, fresh.Status, old.Size = exchange.StateRelayed, exchange.StatusArrived, 7
	w.commit(exchange.Change{Deliveries: []exchange.Delivery{queued, fresh, old}})
	want[3].Letters, want[3].Bytes = 1, 1000
	same(w, "one is handed on, one acknowledged", slices.Delete(slices.Clone(want), 1, 2), w.holdings(since))
	want = slices.Insert(slices.Delete(want, 1, 2), 2, exchange.Holding{From: "ward", Agency: "agency-1", Home: true, Letters: 1, Bytes: 7})
	got := w.holdings(0)
	if len(got) != len(want) {
		w.Fatalf("with older ones: %+v, want %+v", got, want)
	}
	for _, h := range want {
		if !slices.Contains(got, h) {
			w.Errorf("with older ones: %+v is missing in %+v", h, got)
		}
	}
}

// Only what that peer refused for these reasons is due, and nothing that waits longer.
func testWakeRefused(w *world) {
	later := w.now + 60_000_000
	put := func(recipient, peer, reason string, due int64) {
		l := w.letter("ward", "agency-1", "")
		d := w.delivery(&l, recipient, false)
		d.Peer, d.Reason = peer, reason
		o := w.outbox(&d, peer)
		o.DueAt = due
		w.commit(exchange.Change{Deliveries: []exchange.Delivery{d}, Queue: []exchange.OutboxRow{o}})
	}
	put("space", "district", exchange.ReasonSpace, later)
	put("quota", "district", exchange.ReasonQuota, later+1)
	put("busy", "district", exchange.ReasonBusy, later)
	put("planned", "district", "", later)
	put("far", "district", exchange.ReasonSpace, later*2)
	put("other", "province", exchange.ReasonSpace, later)
	reasons := []string{exchange.ReasonSpace, exchange.ReasonQuota}
	wake := func(limit, want int) {
		same(w, "woken", want, ok[int](w)(w.s.WakeRefused(w.ctx, "district", reasons, later+10, limit)))
	}
	wake(1, 1)
	same(w, "one", []string{"space"}, w.due("district", w.now, 9))
	wake(9, 1)
	same(w, "both", []string{"space", "quota"}, w.due("district", w.now, 9))
	same(w, "the other peer", nil, w.due("province", w.now, 9))
}

// What a peer has given counts as loose while no letter has it; what others have does not.
func testLoose(w *world) {
	w.now++
	since := w.now
	put := func(holder string, at int64, name string) envelope.Digest {
		digest := envelope.Sum([]byte(name))
		w.commit(exchange.Change{Wrote: []exchange.BlobRow{{Digest: digest, Size: 7, LeafRoot: envelope.Sum(digest[:]), Touched: at}},
			Files: []exchange.File{{Holder: holder, Digest: digest, Size: 7, LeafRoot: envelope.Sum(digest[:]), Since: at}}})
		return digest
	}
	put("node:ward", since-1, "earlier")
	put("agency-1", since, "of an agency")
	loose, used := put("node:ward", since, "a"), put("node:district", since, "b")
	list := func() []exchange.File {
		out := ok[[]exchange.File](w)(w.s.Loose(w.ctx, since))
		slices.SortFunc(out, func(a, b exchange.File) int { return cmp.Compare(b.Holder, a.Holder) })
		return out
	}
	file := func(holder string, digest envelope.Digest) exchange.File {
		return exchange.File{Holder: holder, Digest: digest, Size: 7, LeafRoot: envelope.Sum(digest[:]), Since: since}
	}
	same(w, "loose", []exchange.File{file("node:ward", loose), file("node:district", used)}, list())
	l := w.letter("ward", "agency-1", "ward")
	l.Files = []exchange.LetterFile{{Digest: used, Size: 7, LeafRoot: envelope.Sum(used[:])}}
	w.commit(exchange.Change{Letter: &l, Uses: []envelope.Digest{used}})
	w.reopen()
	same(w, "loose, with one of a letter", []exchange.File{file("node:ward", loose)}, list())
}
