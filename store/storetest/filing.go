package storetest

import (
	"fmt"
	"strings"

	"lienthong/exchange"
)

// filing makes the filing of a letter, in the register of its sender or of a receiver.
func (w *world) filing(l *exchange.Letter, d *exchange.Delivery, words string) exchange.Filing {
	if d == nil {
		return exchange.Filing{Agency: l.Agency, Way: exchange.WayOut, ID: l.Key.ID, Letter: l.Key, At: l.Received, By: w.now + minute, Entered: l.Received, Words: words}
	}
	return exchange.Filing{Agency: d.Key.Recipient, Way: exchange.WayIn, ID: d.ID, Letter: l.Key, At: d.Arrived, By: w.now + minute, AnswerBy: d.AnswerBy,
		Dossier: "H55.13-261121-0001", Words: words}
}

// words are terms that must all hold: a|b is either, a* what begins so.
func terms(text string) (out []exchange.Term) {
	for _, field := range strings.Fields(text) {
		word, prefix := strings.CutSuffix(field, "*")
		out = append(out, exchange.Term{Any: strings.Split(word, "|"), Prefix: prefix})
	}
	return out
}

// found lists filings by their words, two at a time, without what the store counts.
func (w *world) found(agency, text string) (out []exchange.Filing) {
	w.Helper()
	for before := uint64(0); ; {
		page := ok[[]exchange.Filing](w)(w.s.FindFilings(w.ctx, agency, terms(text), before, 2))
		if len(page) == 0 {
			return out
		}
		for _, f := range page {
			if before != 0 && f.N >= before {
				w.Fatalf("filing %d comes after %d", f.N, before)
			}
			before = f.N
			f.N = 0
			out = append(out, f)
		}
	}
}

func testFilings(w *world) {
	put := func(from, words string, to ...string) (exchange.Letter, []exchange.Filing, []exchange.Delivery) {
		l := w.letter("ward", "agency-1", from)
		c := exchange.Change{Letter: &l}
		if from == "" {
			c.Filings = append(c.Filings, w.filing(&l, nil, words))
		}
		for _, recipient := range to {
			d := w.delivery(&l, recipient, true)
			c.Deliveries = append(c.Deliveries, d)
			c.Filings = append(c.Filings, w.filing(&l, &d, words))
		}
		w.commit(c)
		w.commit(exchange.Change{Letter: &l, Filings: c.Filings}) // again: they are here
		return l, c.Filings, c.Deliveries
	}
	one, a, deliveries := put("", "·b1 bao cao quy iv 05 5", "agency-2", "agency-3")
	_, b, _ := put("peer", "·b1 bao cao thang 05 6", "agency-2")
	_, c, _ := put("peer", "·b1 bao tri 字 7", "agency-2")
	of := func(f ...exchange.Filing) []exchange.Filing { return f }
	for _, tt := range []struct {
		agency, text string
		want         []exchange.Filing
	}{
		{"agency-1", "bao cao", of(a[0])}, {"agency-2", "bao cao", of(b[0], a[1])}, {"agency-3", "bao cao", of(a[2])}, {"agency-4", "bao cao", nil},
		{"agency-2", "bao", of(c[0], b[0], a[1])}, {"agency-2", "·b1", of(c[0], b[0], a[1])}, {"agency-2", "b1", nil}, {"agency-2", "字", of(c[0])},
		{"agency-2", "quy|thang bao", of(b[0], a[1])}, {"agency-2", "th*", of(b[0])}, {"agency-2", "th", nil}, {"agency-2", "bao khac", nil},
		{"agency-2", "t*", of(c[0], b[0])}, {"agency-2", "·z0", of(c[0], b[0], a[1])}, {"agency-2", "·z3", nil}, {"agency-2", "05", of(b[0], a[1])},
	} {
		same(w, tt.agency+" "+tt.text, tt.want, w.found(tt.agency, tt.text))
	}

	// A status is found at the receiver, and at the sender who has any of it.
	deliveries[0].Revision, deliveries[0].Status, deliveries[0].Updated = 1, exchange.StatusArrived, w.now+10
	w.commit(exchange.Change{Deliveries: deliveries[:1]})
	deliveries[0].Revision, deliveries[0].Status, deliveries[0].Updated = 2, exchange.StatusRefused, w.now+20
	sent, at := a[0], deliveries[0].Updated
	sent.Status = 0
	w.commit(exchange.Change{Deliveries: deliveries[:1]})
	refused := a[1]
	refused.Status, refused.Acknowledged, refused.Finished = exchange.StatusRefused, at-10-1000, at
	got := w.found("agency-2", "·z2 bao")
	if len(got) != 1 || got[0].Acknowledged == 0 || got[0].Acknowledged >= got[0].Finished {
		w.Fatalf("refused: %+v", got)
	}
	refused.Acknowledged = got[0].Acknowledged
	same(w, "refused", of(refused), got)
	same(w, "at the sender, refused by one", of(sent), w.found("agency-1", "·z2"))
	same(w, "at the sender, not answered by another", of(sent), w.found("agency-1", "·z0 quy"))
	same(w, "arrived, no more", nil, w.found("agency-2", "·z1"))
	same(w, "at the other receiver", of(a[2]), w.found("agency-3", "·z0"))

	// What fails leaves nothing to be found.
	lost := w.filing(&one, nil, "lac loi")
	lost.ID = w.id()
	stale := deliveries[0]
	w.refuse(exchange.Change{Filings: of(lost), Deliveries: []exchange.Delivery{stale}}, exchange.ErrStale)
	same(w, "of a change that failed", nil, w.found("agency-1", "lac"))
	w.reopen()
	same(w, "after a restart", of(c[0], b[0], refused), w.found("agency-2", "bao"))
	same(w, "blank", nil, ok[[]exchange.Filing](w)(w.s.BlankFilings(w.ctx, 10)))
}

// testBlankFilings fills those that have no words, once.
func testBlankFilings(w *world) {
	var want []exchange.Filing
	for i := range 3 {
		l := w.letter("ward", "agency-1", "")
		d := w.delivery(&l, "agency-2", true)
		f := w.filing(&l, &d, "")
		f.Dossier, f.By = "", 0
		w.commit(exchange.Change{Letter: &l, Deliveries: []exchange.Delivery{d}, Filings: []exchange.Filing{f, w.filing(&l, nil, fmt.Sprint("co", i))}})
		want = append(want, f)
	}
	blank := func(limit int) []exchange.Filing {
		out := ok[[]exchange.Filing](w)(w.s.BlankFilings(w.ctx, limit))
		for i := range out {
			out[i].N = 0
		}
		return out
	}
	same(w, "blank, the oldest", want[:2], blank(2))
	filled := want[1]
	filled.Words, filled.By, filled.Dossier, filled.Acknowledged, filled.Finished = "cu", w.now, "H1", w.now+1, w.now+2
	for _, words := range []string{"cu", "moi"} {
		f := filled
		f.Words = words
		if err := w.s.FillFilings(w.ctx, []exchange.Filing{f}); err != nil {
			w.Fatal(err)
		}
	}
	same(w, "still blank", []exchange.Filing{want[0], want[2]}, blank(10))
	same(w, "filled", []exchange.Filing{filled}, w.found("agency-2", "cu"))
	same(w, "filled twice", nil, w.found("agency-2", "moi"))
}
