package storetest

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"lienthong/exchange"
)

// testTallies compares what the store counts with a count of every row, over registers
// that a generator has made and ranges that it has drawn.
func testTallies(w *world) {
	draw := rand.New(rand.NewPCG(1, 2))
	var filings []exchange.Filing
	var sent []exchange.Delivery
	for range 60 {
		l := w.letter("ward", "agency-1", "")
		l.Received = int64(draw.IntN(100))
		d := w.delivery(&l, "agency-2", true)
		d.From, d.Created, d.Arrived, d.AnswerBy = "", l.Received, l.Received+int64(draw.IntN(20)), int64(draw.IntN(2)*draw.IntN(200))
		out, in := w.filing(&l, nil, "w"), w.filing(&l, &d, "w")
		out.By, in.By = int64(draw.IntN(200)), int64(draw.IntN(200))
		if draw.IntN(2) == 0 {
			in.Dossier = ""
		}
		w.commit(exchange.Change{Letter: &l, Deliveries: []exchange.Delivery{d}, Filings: []exchange.Filing{out, in}})
		d.Revision = 1
		for range draw.IntN(3) {
			d.Status, d.Updated = []uint32{1, 2, 3, 6}[draw.IntN(4)], d.Arrived+1+int64(draw.IntN(100))
			w.commit(exchange.Change{Deliveries: []exchange.Delivery{d}})
			d.Revision++
			if d.Status != in.Status {
				in.Status = d.Status
				if in.Acknowledged == 0 {
					in.Acknowledged = d.Updated
				}
				if in.Finished == 0 && exchange.Finishes(d.Status) {
					in.Finished = d.Updated
				}
			}
		}
		filings, sent = append(filings, out, in), append(sent, d)
	}
	for range 40 {
		from, now := int64(draw.IntN(100)), int64(draw.IntN(250))
		until := from + int64(draw.IntN(100))
		for _, way := range []exchange.Way{exchange.WayOut, exchange.WayIn} {
			agency := map[exchange.Way]string{exchange.WayOut: "agency-1", exchange.WayIn: "agency-2"}[way]
			got := ok[[]exchange.Tally](w)(w.s.TallyFilings(w.ctx, agency, way, from, until, now))
			slices.SortFunc(got, func(a, b exchange.Tally) int {
				return cmp.Or(bools(a.Dossier, b.Dossier), cmp.Compare(a.Status, b.Status))
			})
			same(w, "filings", countFilings(filings, way, from, until, now), got)
		}
		got := ok[[]exchange.SentTally](w)(w.s.TallySent(w.ctx, "agency-1", from, until))
		slices.SortFunc(got, func(a, b exchange.SentTally) int { return cmp.Compare(a.Status, b.Status) })
		same(w, "deliveries", countSent(sent, from, until), got)
	}
	same(w, "of another", nil, ok[[]exchange.Tally](w)(w.s.TallyFilings(w.ctx, "agency-3", exchange.WayIn, 0, 1000, 0)))
}

func bools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func one(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

func countFilings(all []exchange.Filing, way exchange.Way, from, until, now int64) (out []exchange.Tally) {
	for _, f := range all {
		if f.Way != way || f.At < from || f.At >= until {
			continue
		}
		i := slices.IndexFunc(out, func(t exchange.Tally) bool { return t.Dossier == (f.Dossier != "") && t.Status == f.Status })
		if i < 0 {
			i = len(out)
			out = append(out, exchange.Tally{Dossier: f.Dossier != "", Status: f.Status})
		}
		t := &out[i]
		t.Documents++
		done, answered := f.Acknowledged, f.Finished
		if way == exchange.WayOut {
			done = f.At
		}
		t.OnTime += one((done != 0 || way == exchange.WayOut) && done < f.By)
		t.Late += one(f.By != 0 && (done >= f.By || way == exchange.WayIn && done == 0 && f.By <= now))
		if f.Acknowledged != 0 {
			t.Acknowledged++
			t.AcknowledgeSum += f.Acknowledged - f.At
		}
		if f.AnswerBy != 0 && f.Status != exchange.StatusRefused {
			t.Due++
			t.DueOnTime += one(answered != 0 && answered < f.AnswerBy)
			t.DueLate += one(answered != 0 && answered >= f.AnswerBy || answered == 0 && f.AnswerBy <= now)
		}
		if answered != 0 {
			t.Finished++
			t.FinishSum += answered - f.At
		}
	}
	slices.SortFunc(out, func(a, b exchange.Tally) int {
		return cmp.Or(bools(a.Dossier, b.Dossier), cmp.Compare(a.Status, b.Status))
	})
	return out
}

func countSent(all []exchange.Delivery, from, until int64) (out []exchange.SentTally) {
	for _, d := range all {
		if d.Created < from || d.Created >= until {
			continue
		}
		i := slices.IndexFunc(out, func(t exchange.SentTally) bool { return t.State == d.State && t.Status == d.Status })
		if i < 0 {
			i = len(out)
			out = append(out, exchange.SentTally{State: d.State, Status: d.Status})
		}
		out[i].Deliveries++
		if d.Arrived != 0 {
			out[i].Arrived++
			out[i].ArriveSum += d.Arrived - d.Created
		}
	}
	slices.SortFunc(out, func(a, b exchange.SentTally) int { return cmp.Compare(a.Status, b.Status) })
	return out
}
