package storetest

import (
	"errors"

	"lienthong/exchange"
)

func testLinks(w *world) {
	l := w.letter("ward", "agency-1", "")
	d := w.delivery(&l, "agency-2", false)
	w.commit(exchange.Change{Queue: []exchange.OutboxRow{w.outbox(&d, "district")}})
	take := func() exchange.Link {
		w.Helper()
		return ok[exchange.Link](w)(w.s.TakeLink(w.ctx, "district"))
	}
	first := take()
	if first.Peer != "district" || first.Epoch == 0 {
		w.Fatalf("took %+v, want a link to the district with an epoch", first)
	}
	w.commit(exchange.Change{Link: first, Claim: []exchange.DeliveryKey{d.Key}})
	same(w, "claimed", nil, w.due("district", w.now, 9))
	second := take()
	same(w, "rewound", []string{"agency-2"}, w.due("district", w.now, 9))

	stale := []exchange.Link{{Peer: "district", Epoch: second.Epoch + 1}}
	if first != second { // else this store has one process, whose memory keeps the order
		stale = append(stale, first)
	}
	for _, link := range stale {
		w.refuse(exchange.Change{Link: link, Claim: []exchange.DeliveryKey{d.Key}}, exchange.ErrFenced)
		if err := w.s.KeepLink(w.ctx, link); !errors.Is(err, exchange.ErrFenced) {
			w.Fatalf("kept %+v: %v, want ErrFenced", link, err)
		}
	}
	same(w, "not claimed", []string{"agency-2"}, w.due("district", w.now, 9))
	if err := w.s.KeepLink(w.ctx, second); err != nil {
		w.Fatal(err)
	}
	if taken := ok[bool](w)(w.s.LinkTaken(w.ctx, "district")); taken {
		w.Fatal("its own link keeps the process from dialling")
	}
	w.commit(exchange.Change{Link: second, Unqueue: []exchange.DeliveryKey{d.Key}})
	for _, link := range append(stale, second) {
		if err := w.s.EndLink(w.ctx, link); err != nil {
			w.Fatal(err)
		}
	}
}
