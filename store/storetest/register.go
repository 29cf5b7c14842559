package storetest

import (
	"bytes"
	"cmp"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
)

func marksOf(letters ...exchange.Letter) []exchange.LetterMark {
	var out []exchange.LetterMark
	for _, l := range letters {
		out = append(out, exchange.LetterMark{Key: l.Key, Received: l.Received})
	}
	return out
}

func testNamesakes(w *world) {
	number, document := w.digest(), w.digest()
	// put stores a letter of agency-1 that bears both, and its deliveries to others at home here.
	put := func(from string, received int64, to ...string) exchange.Letter {
		l := w.letter("ward", "agency-1", from)
		l.Register, l.Document, l.Received = number, document, received
		w.commit(exchange.Change{Letter: &l})
		for _, recipient := range to {
			d := w.delivery(&l, recipient, true)
			w.put(&d)
		}
		return l
	}
	sent, came := put("", 100, "agency-2"), put("peer", 200, "agency-2", "agency-3")
	passing := put("peer", 300)
	d := w.delivery(&passing, "agency-2", false)
	w.put(&d)
	other := w.letter("ward", "agency-9", "peer") // the same document, of another issuer
	other.Register, other.Document, other.Received = number, document, 400
	w.commit(exchange.Change{Letter: &other})
	d = w.delivery(&other, "agency-2", true)
	w.put(&d)

	same(w, "number, as its sender", marksOf(sent), ok[[]exchange.LetterMark](w)(w.s.SameNumber(w.ctx, "agency-1", "agency-1", number, 1000, 10)))
	same(w, "number, as a receiver", marksOf(sent, came), ok[[]exchange.LetterMark](w)(w.s.SameNumber(w.ctx, "agency-2", "agency-1", number, 1000, 10)))
	same(w, "number, as another receiver", marksOf(came), ok[[]exchange.LetterMark](w)(w.s.SameNumber(w.ctx, "agency-3", "agency-1", number, 1000, 10)))
	same(w, "number, up to a time", marksOf(sent), ok[[]exchange.LetterMark](w)(w.s.SameNumber(w.ctx, "agency-2", "agency-1", number, 199, 10)))
	same(w, "number, the oldest", marksOf(sent), ok[[]exchange.LetterMark](w)(w.s.SameNumber(w.ctx, "agency-2", "agency-1", number, 1000, 1)))
	same(w, "another number", nil, ok[[]exchange.LetterMark](w)(w.s.SameNumber(w.ctx, "agency-2", "agency-1", w.digest(), 1000, 10)))
	same(w, "number of nobody's letters", nil, ok[[]exchange.LetterMark](w)(w.s.SameNumber(w.ctx, "agency-7", "agency-1", number, 1000, 10)))
	same(w, "document", marksOf(sent, came, other), ok[[]exchange.LetterMark](w)(w.s.SameDocument(w.ctx, "agency-2", document, 400, 10)))
	same(w, "document, up to a time", marksOf(sent, came), ok[[]exchange.LetterMark](w)(w.s.SameDocument(w.ctx, "agency-2", document, 399, 10)))
}

// pages follows a list that is ordered by a time two at a time.
func pages(w *world, at func(exchange.Delivery) int64, list func(exchange.Mark) ([]exchange.Delivery, error)) (out []exchange.Delivery) {
	w.Helper()
	var mark exchange.Mark
	for {
		page := ok[[]exchange.Delivery](w)(list(mark))
		if len(page) == 0 {
			return out
		}
		out = append(out, page...)
		last := page[len(page)-1]
		mark = exchange.Mark{At: at(last), ID: last.ID}
	}
}

func testUnacknowledged(w *world) {
	var want, fetch []exchange.Delivery
	for i, arrived := range []int64{10, 20, 20, 20, 30, 40} {
		l := w.letter("province", "agency-9", "peer")
		late, answered, urgent, other, transit, recall := w.delivery(&l, "agency-1", true), w.delivery(&l, "agency-1", true), w.delivery(&l, "agency-1", true),
			w.delivery(&l, "agency-2", true), w.delivery(&l, "agency-1", false), w.delivery(&l, "agency-1", true)
		all := []*exchange.Delivery{&late, &answered, &urgent, &other, &transit, &recall}
		for k, d := range all {
			d.Key.ID = envelope.ID{byte(i + 1), byte(k + 1)} // each of a letter of its own
			d.Arrived = arrived
		}
		answered.Status, urgent.Urgency, recall.Kind = exchange.StatusArrived, envelope.UrgencyUrgent, envelope.KindRecall
		w.put(all...)
		fetch = append(fetch, late, recall)
		if arrived < 40 {
			want = append(want, late)
		}
	}
	got := pages(w, func(d exchange.Delivery) int64 { return d.Arrived }, func(after exchange.Mark) ([]exchange.Delivery, error) {
		return w.s.Unacknowledged(w.ctx, "agency-1", envelope.UrgencyNormal, 40, after, 2)
	})
	same(w, "late", want, got)
	slices.SortFunc(fetch, func(a, b exchange.Delivery) int {
		return cmp.Or(cmp.Compare(a.Arrived, b.Arrived), bytes.Compare(a.ID[:], b.ID[:]))
	})
	same(w, "to fetch, recalls too", fetch[:5], ok[[]exchange.Delivery](w)(w.s.Unfetched(w.ctx, "agency-1", envelope.UrgencyNormal, 5)))
	unfetched := func() int { return ok[int](w)(w.s.CountUnfetched(w.ctx, "agency-1")) }
	all := 0
	for u := envelope.UrgencyNormal; u <= envelope.UrgencyFlash; u++ {
		all += len(ok[[]exchange.Delivery](w)(w.s.Unfetched(w.ctx, "agency-1", u, 1000)))
	}
	same(w, "counted", all, unfetched())
	asked := fetch[slices.IndexFunc(fetch, func(d exchange.Delivery) bool { return d.Kind == envelope.KindRecall })]
	asked.TakeBack = exchange.TakeBackAsked
	w.put(&asked)
	same(w, "counted without one that asks a document back", all-1, unfetched())
	same(w, "counted for another", 0, ok[int](w)(w.s.CountUnfetched(w.ctx, "nobody")))
}

func testUnanswered(w *world) {
	var want []exchange.Delivery
	for i, by := range []int64{0, 10, 20, 20, 20, 30, 40} {
		for status := uint32(0); status <= 6; status++ {
			l := w.letter("province", "agency-9", "peer")
			d, transit := w.delivery(&l, "agency-1", true), w.delivery(&l, "agency-2", false)
			d.Arrived, d.AnswerBy, d.Status, transit.AnswerBy = int64(100-i), by, status, by
			w.put(&d, &transit)
			if by > 0 && by <= 30 && status != exchange.StatusRefused && status != exchange.StatusDone {
				want = append(want, d)
			}
		}
	}
	got := pages(w, func(d exchange.Delivery) int64 { return d.AnswerBy }, func(after exchange.Mark) ([]exchange.Delivery, error) {
		return w.s.Unanswered(w.ctx, "agency-1", 30, after, 2)
	})
	same(w, "late", want, got)
	same(w, "of another", nil, ok[[]exchange.Delivery](w)(w.s.Unanswered(w.ctx, "agency-2", 30, exchange.Mark{}, 10)))
}
