package storetest

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
)

// testTallies compares what the store counts with a count of every row, over registers
// that a generator has made and ranges that it has drawn.
func testTallies(w *world) {
	draw := rand.New(rand.NewPCG(1, 2))
	var filings []exchange.Filing
	var sent []exchange.Delivery
	t := &tallying{world: w, draw: draw, dossiers: map[envelope.ID]exchange.Handover{}, copies: map[envelope.ID]exchange.Copy{}}
	for range 60 {
		l := w.letter("ward", "agency-1", "")
		l.Received = int64(draw.IntN(100))
		d := w.delivery(&l, "agency-2", true)
		d.From, d.Thread, d.Created, d.Arrived, d.AnswerBy = "", l.Key.ID, l.Received, l.Received+int64(draw.IntN(20)), int64(draw.IntN(2)*draw.IntN(200))
		out, in := w.filing(&l, nil, "w"), w.filing(&l, &d, "w")
		out.By, in.By = int64(draw.IntN(200)), int64(draw.IntN(200))
		t.handOver(&in, &d)
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
		t.finish(&l, &in, &d)
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
			same(w, "filings", t.count(filings, way, from, until, now), got)
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

// tallying knows what became of each dossier.
type tallying struct {
	*world
	draw     *rand.Rand
	dossiers map[envelope.ID]exchange.Handover // by the delivery that handed it over; superseded ones too
	copies   map[envelope.ID]exchange.Copy
}

// handOver makes some letters belong to a dossier, and of those that have a day some hand
// it over: by a day that can be later than that of the letter, which may be a free one.
func (t *tallying) handOver(in *exchange.Filing, d *exchange.Delivery) {
	if t.draw.IntN(3) == 0 {
		in.Dossier = ""
	}
	if in.Dossier != "" && in.AnswerBy != 0 {
		in.WantedBy = in.AnswerBy + int64(t.draw.IntN(2)*20)
		t.dossiers[d.ID] = exchange.Handover{Due: in.WantedBy}
	}
}

// finish gives some results back, and recalls or supersedes some letters.
func (t *tallying) finish(l *exchange.Letter, in *exchange.Filing, d *exchange.Delivery) {
	if h, is := t.dossiers[d.ID]; is && t.draw.IntN(2) == 0 {
		h.Answered = in.At + 1 + int64(t.draw.IntN(200))
		t.result(l, in.Dossier, h.Answered)
		t.dossiers[d.ID] = h
	}
	if d.Copy = []exchange.Copy{exchange.CopyCurrent, exchange.CopyUpdated, exchange.CopyReplaced, exchange.CopyRecalled}[max(0, t.draw.IntN(8)-4)]; d.Copy != 0 {
		t.commit(exchange.Change{Deliveries: []exchange.Delivery{*d}})
	}
	t.copies[d.ID] = d.Copy
}

// result answers a letter within its dossier: nothing that is counted here.
func (t *tallying) result(l *exchange.Letter, dossier string, at int64) {
	back := t.letter("ward", "agency-2", "")
	back.Received = at
	d := t.delivery(&back, "agency-1", true)
	d.From, d.Created, d.Arrived, d.Thread = "", at, at, l.Key.ID
	in := t.filing(&back, &d, "w")
	in.Dossier, in.Answers, in.AnsweredAt = dossier, []envelope.Digest{l.Digest}, at
	out := t.filing(&back, nil, "w")
	out.Dossier, out.Answers, out.AnsweredAt = dossier, in.Answers, at
	t.commit(exchange.Change{Letter: &back, Deliveries: []exchange.Delivery{d}, Filings: []exchange.Filing{out, in}})
}

// answered is by when an answer to what came is wanted, 0 if nobody waits, and when it
// came; and whether it handed a dossier over.
func (t *tallying) answered(f *exchange.Filing) (wanted, at int64, dossier bool) {
	if f.Way == exchange.WayOut {
		return 0, 0, false
	}
	h, dossier := t.dossiers[f.ID]
	wanted, at = f.AnswerBy, f.Finished
	if dossier {
		wanted, at = h.Due, h.Answered
	}
	switch copied := t.copies[f.ID]; {
	case copied == exchange.CopyUpdated || copied == exchange.CopyReplaced:
		return 0, at, false
	case copied == exchange.CopyRecalled || f.Status == exchange.StatusRefused:
		wanted = 0
	}
	return wanted, at, dossier
}

func (s *tallying) count(all []exchange.Filing, way exchange.Way, from, until, now int64) (out []exchange.Tally) {
	for _, f := range all {
		if f.Way != way || f.At < from || f.At >= until {
			continue
		}
		wanted, answered, dossier := s.answered(&f)
		i := slices.IndexFunc(out, func(t exchange.Tally) bool { return t.Dossier == dossier && t.Status == f.Status })
		if i < 0 {
			i = len(out)
			out = append(out, exchange.Tally{Dossier: dossier, Status: f.Status})
		}
		t := &out[i]
		t.Documents++
		done := f.Acknowledged
		if way == exchange.WayOut {
			done = f.At
		}
		t.OnTime += one((done != 0 || way == exchange.WayOut) && done < f.By)
		t.Late += one(f.By != 0 && (done >= f.By || way == exchange.WayIn && done == 0 && f.By <= now))
		if f.Acknowledged != 0 {
			t.Acknowledged++
			t.AcknowledgeSum += f.Acknowledged - f.At
		}
		if wanted != 0 {
			t.Due++
			t.DueOnTime += one(answered != 0 && answered < wanted)
			t.DueLate += one(answered != 0 && answered >= wanted || answered == 0 && wanted <= now)
		}
		if f.Finished != 0 {
			t.Finished++
			t.FinishSum += f.Finished - f.At
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
