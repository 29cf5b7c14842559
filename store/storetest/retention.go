package storetest

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

// passing makes a letter with one file that passes through, and its delivery.
func (w *world) passing() (exchange.Letter, exchange.Delivery, exchange.BlobRow) {
	w.Helper()
	b := w.aged(1, exchange.Change{})[0]
	l := w.letter("ward", "agency-1", "peer")
	l.Files, l.Passing = []exchange.LetterFile{{Digest: b.Digest, Size: b.Size, LeafRoot: b.LeafRoot}}, w.now
	d := w.delivery(&l, "agency-2", false)
	w.commit(exchange.Change{Letter: &l, Deliveries: []exchange.Delivery{d}})
	d.Revision = 1
	return l, d, b
}

// end puts a delivery in a state.
func (w *world) end(d *exchange.Delivery, state exchange.State) {
	w.Helper()
	d.State = state
	w.commit(exchange.Change{Deliveries: []exchange.Delivery{*d}})
	d.Revision++
}

func erase(l *exchange.Letter) exchange.Change {
	return exchange.Change{Erase: []exchange.Erasure{{Letter: l.Key}}}
}

// testErase: what has ended loses its files, and keeps their digests.
func testErase(w *world) {
	l, d, b := w.passing()
	w.refuse(erase(&l), exchange.ErrStale) // it is queued
	w.end(&d, exchange.StateDelivered)
	w.commit(exchange.Change{Queue: []exchange.OutboxRow{w.outbox(&d, "peer")}})
	w.refuse(erase(&l), exchange.ErrStale) // an answer is waited for
	w.commit(exchange.Change{Unqueue: []exchange.DeliveryKey{d.Key}, Jobs: []exchange.Job{{Key: d.Key, Agency: "agency-2", DueAt: w.now}}})
	w.refuse(erase(&l), exchange.ErrStale) // it is to be judged
	w.commit(exchange.Change{Finished: []exchange.DeliveryKey{d.Key}, Whole: []exchange.LetterKey{l.Key}})
	w.refuse(w.doom(b.Digest), exchange.ErrStale)
	w.commit(erase(&l))
	want := l
	want.Passing, want.Erased = 0, w.now
	same(w, "erased", want, ok[exchange.Letter](w)(w.s.Letter(w.ctx, l.Key)))
	w.refuse(erase(&l), exchange.ErrStale) // once
	w.refuse(exchange.Change{Whole: []exchange.LetterKey{l.Key}}, exchange.ErrStale)
	w.commit(w.doom(b.Digest)) // nothing keeps it any more
	w.refuse(exchange.Change{Letter: &l}, exchange.ErrMissing)
	b.Touched = w.now
	w.commit(exchange.Change{Letter: &l, Wrote: []exchange.BlobRow{b}})
	same(w, "taken up again", l, ok[exchange.Letter](w)(w.s.Letter(w.ctx, l.Key)))
	w.commit(erase(&l))
	want.Erased = w.now
	w.reopen()
	same(w, "erased again", want, ok[exchange.Letter](w)(w.s.Letter(w.ctx, l.Key)))
}

// testEraseTogether: of several letters all lose their files, or none does.
func testEraseTogether(w *world) {
	one, d, _ := w.passing()
	other, _, b := w.passing()
	w.end(&d, exchange.StateFailed)
	both := erase(&one)
	both.Erase = append(both.Erase, erase(&other).Erase...)
	w.refuse(both, exchange.ErrStale)
	same(w, "left alone", one, ok[exchange.Letter](w)(w.s.Letter(w.ctx, one.Key)))
	w.commit(erase(&one))
	w.refuse(w.doom(b.Digest), exchange.ErrStale)
	same(w, "another's files", other, ok[exchange.Letter](w)(w.s.Letter(w.ctx, other.Key)))
}

// testPassing: letters that pass through are found from when their days count.
func testPassing(w *world) {
	first, _, _ := w.passing()
	second, d, _ := w.passing()
	document := w.letter("ward", "agency-1", "")
	w.commit(exchange.Change{Letter: &document})
	keys := func(upTo int64, limit int) (out []envelope.ID) {
		for _, l := range ok[[]exchange.Letter](w)(w.s.PassedThrough(w.ctx, upTo, limit)) {
			out = append(out, l.Key.ID)
		}
		return out
	}
	same(w, "not yet", nil, keys(first.Passing-1, 10))
	same(w, "all", []envelope.ID{first.Key.ID, second.Key.ID}, keys(w.now, 10))
	same(w, "one", []envelope.ID{first.Key.ID}, keys(w.now, 1))
	w.commit(exchange.Change{Passings: []exchange.Passing{{Letter: first.Key, From: w.now + hour}}})
	same(w, "later", []envelope.ID{second.Key.ID}, keys(w.now, 10))
	same(w, "in order", []envelope.ID{second.Key.ID, first.Key.ID}, keys(w.now+hour, 10))
	w.end(&d, exchange.StateStopped)
	w.commit(erase(&second))
	w.commit(exchange.Change{Passings: []exchange.Passing{{Letter: first.Key}, {Letter: second.Key, From: 1}}})
	same(w, "none", nil, keys(w.now+hour, 10))
}
