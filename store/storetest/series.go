package storetest

import (
	"errors"
	"sync"

	"lienthong/exchange"
	"lienthong/journal"
)

func testSeries(w *world) {
	series := exchange.Series{Agency: "agency-1", Way: exchange.WayOut, Year: 2026, Name: "QĐ"}
	list := ok[[]exchange.Series](w)
	step := func(from, to uint64) exchange.Change {
		s := series
		s.Last, s.LastAt = to, int64(to)
		return exchange.Change{Series: []exchange.SeriesStep{{Series: s, From: from}}}
	}
	w.refuse(step(4, 5), exchange.ErrStale)
	w.commit(step(0, 0)) // in use, without a number
	w.commit(step(0, 1))
	w.refuse(step(0, 1), exchange.ErrStale)
	w.refuse(step(2, 3), exchange.ErrStale)
	w.commit(step(1, 2))
	series.Last, series.LastAt = 2, 2
	other := exchange.Series{Agency: "agency-1", Way: exchange.WayOut, Year: 2026, Last: 7, LastAt: 7}
	w.commit(exchange.Change{Series: []exchange.SeriesStep{{Series: other}}})
	same(w, "series", []exchange.Series{other, series}, list(w.s.SeriesOf(w.ctx, "agency-1", exchange.WayOut, 2026)))
	same(w, "of another year", nil, list(w.s.SeriesOf(w.ctx, "agency-1", exchange.WayOut, 2027)))
	same(w, "of another register", nil, list(w.s.SeriesOf(w.ctx, "agency-1", exchange.WayIn, 2026)))
	same(w, "of another agency", nil, list(w.s.SeriesOf(w.ctx, "agency-2", exchange.WayOut, 2026)))
}

func testNumbers(w *world) {
	number := func(series string, n uint64) exchange.Number {
		return exchange.Number{ID: w.id(), Agency: "agency-1", Way: exchange.WayOut, Year: 2026, Series: series, Number: n, State: exchange.NumberReserved,
			Paper: n == 2, Note: "giấy mời", By: "cb-17", Reserved: w.now, Changed: w.now}
	}
	one, two, other := number("", 1), number("", 2), number("QĐ", 1)
	w.commit(exchange.Change{Numbers: []exchange.Number{one, two, other}})
	w.refuse(exchange.Change{Numbers: []exchange.Number{number("", 2)}}, exchange.ErrStale)
	one.Revision, two.Revision, other.Revision = 1, 1, 1
	one.State, one.Letter, one.Changed = exchange.NumberUsed, w.id(), w.now+1
	w.commit(exchange.Change{Numbers: []exchange.Number{one}})
	w.refuse(exchange.Change{Numbers: []exchange.Number{one}}, exchange.ErrStale)
	one.Revision = 2
	series := exchange.Series{Agency: "agency-1", Way: exchange.WayOut, Year: 2026}
	same(w, "used", one, ok[exchange.Number](w)(w.s.Number(w.ctx, series, 1)))
	fails[exchange.Number](w, exchange.ErrNotFound)(w.s.Number(w.ctx, series, 3))
	w.reopen()
	list := ok[[]exchange.Number](w)
	same(w, "all", []exchange.Number{one, two}, list(w.s.Numbers(w.ctx, series, 0, 9)))
	same(w, "a page", []exchange.Number{one}, list(w.s.Numbers(w.ctx, series, 0, 1)))
	same(w, "the next page", []exchange.Number{two}, list(w.s.Numbers(w.ctx, series, 1, 1)))
	series.Name = "QĐ"
	same(w, "of another series", []exchange.Number{other}, list(w.s.Numbers(w.ctx, series, 0, 9)))
	series.Agency = "agency-2"
	same(w, "of another agency", nil, list(w.s.Numbers(w.ctx, series, 0, 9)))
}

// testNumberRace lets many take the next number of one series: each gets one, and none is
// left out.
func testNumberRace(w *world) {
	const callers, each = 16, 4
	series := exchange.Series{Agency: "agency-1", Way: exchange.WayOut, Year: 2026}
	ids, entries := [callers][each]exchange.Number{}, [callers][each]journal.Entry{}
	for i := range ids {
		for k := range ids[i] {
			ids[i][k], entries[i][k] = exchange.Number{ID: w.id(), Agency: "agency-1", Way: exchange.WayOut, Year: 2026, State: exchange.NumberReserved}, w.entry("number")
		}
	}
	var mu sync.Mutex
	seen := map[uint64]int{}
	take := func(n exchange.Number, e journal.Entry) error {
		for {
			list, err := w.s.SeriesOf(w.ctx, "agency-1", exchange.WayOut, 2026)
			if err != nil {
				return err
			}
			last := series
			if len(list) > 0 {
				last = list[0]
			}
			step := exchange.SeriesStep{Series: last, From: last.Last}
			step.Last++
			n.Number = step.Last
			_, err = w.s.Commit(w.ctx, exchange.Change{Series: []exchange.SeriesStep{step}, Numbers: []exchange.Number{n}, Entries: []journal.Entry{e}})
			if errors.Is(err, exchange.ErrStale) {
				continue
			}
			mu.Lock()
			seen[n.Number]++
			mu.Unlock()
			return err
		}
	}
	parallel(callers, func(i int) {
		for k := range each {
			if err := take(ids[i][k], entries[i][k]); err != nil {
				w.Error(err)
			}
		}
	})
	for n := uint64(1); n <= callers*each; n++ {
		if seen[n] != 1 {
			w.Errorf("number %d was given %d times", n, seen[n])
		}
	}
	w.adopt(callers * each)
}

func testRegister(w *world) {
	var sent, came []exchange.Filing
	for i := range 5 {
		l := w.letter("ward", "agency-1", "")
		l.Received = int64(1000 + i/2) // some at one time
		d := w.delivery(&l, "agency-1", true)
		out, in := w.filing(&l, nil, "w"), w.filing(&l, &d, "w")
		w.commit(exchange.Change{Letter: &l, Deliveries: []exchange.Delivery{d}, Filings: []exchange.Filing{out, in}})
		sent, came = append(sent, out), append(came, in)
	}
	// They are accepted the other way round, but for the last one.
	for n, i := range []int{3, 2, 1, 0} {
		e := exchange.Entered{ID: came[i].ID, Year: 2026, Number: uint64(n + 1), At: int64(2000 + n)}
		w.commit(exchange.Change{Entered: []exchange.Entered{e}})
		w.refuse(exchange.Change{Entered: []exchange.Entered{e}}, exchange.ErrStale)
		came[i].Year, came[i].Number, came[i].Entered = e.Year, e.Number, e.At
	}
	read := func(way exchange.Way, from, until int64) (out []exchange.Filing) {
		for mark := (exchange.Mark{}); ; {
			page := ok[[]exchange.Filing](w)(w.s.Register(w.ctx, "agency-1", way, from, until, mark, 2))
			if len(page) == 0 {
				return out
			}
			mark = exchange.Mark{At: page[len(page)-1].Entered, ID: page[len(page)-1].ID}
			for _, f := range page {
				f.N = 0
				out = append(out, f)
			}
		}
	}
	same(w, "what was sent", sent, read(exchange.WayOut, 0, 1<<62))
	same(w, "what was sent at a time", sent[2:4], read(exchange.WayOut, 1001, 1002))
	same(w, "what came, by number", []exchange.Filing{came[3], came[2], came[1], came[0]}, read(exchange.WayIn, 0, 1<<62))
	same(w, "what came, from a time on", []exchange.Filing{came[1], came[0]}, read(exchange.WayIn, 2002, 1<<62))
	same(w, "of another", nil, ok[[]exchange.Filing](w)(w.s.Register(w.ctx, "agency-2", exchange.WayIn, 0, 1<<62, exchange.Mark{}, 9)))
}
