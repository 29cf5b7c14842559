package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"lienthong/envelope"
	"lienthong/exchange"
)

// An exporter gives its rows, as those of both kinds of store do.
type exporter interface {
	Export(ctx context.Context, only []string, row func(table string, columns []string, values []any) error) error
}

// A register is what has been read of a store's rows to count them.
type register struct {
	filings  []exchange.Filing
	sent     []exchange.Delivery
	dossiers map[string]exchange.Handover // that were handed over, by delivery
	copies   map[string]exchange.Copy     // of what came, by delivery
}

// countTries is how often rows and counts are read that differ: a node that is ending, or
// another process, may have written between the two.
const countTries = 10

// Counted compares what a store counts with a walk over all its rows: for every agency, over
// all days, each day, and the halves of them; as of several moments.
func Counted(t testing.TB, s exchange.Store, moments ...int64) {
	t.Helper()
	var diff string
	for range countTries {
		if diff = differs(t, s, moments); diff == "" {
			return
		}
	}
	t.Fatal(diff)
}

// differs tells where counts are not what the rows say.
func differs(t testing.TB, s exchange.Store, moments []int64) string {
	t.Helper()
	r, ctx := rowsOf(t, s), context.WithoutCancel(t.Context()) // a test may end with it
	for _, days := range r.spans() {
		for agency := range r.agencies() {
			for _, way := range []exchange.Way{exchange.WayOut, exchange.WayIn} {
				for _, now := range moments {
					got, err := s.TallyFilings(ctx, agency, way, days[0], days[1], now)
					slices.SortFunc(got, compareTallies)
					if diff := gocmp.Diff(r.countFilings(agency, way, days, now), got); err != nil || diff != "" {
						return fmt.Sprintf("filings of %s, way %d, days %v, at %d: %v, rows and counts differ (-rows +counts):\n%s", agency, way, days, now, err, diff)
					}
				}
			}
			got, err := s.TallySent(ctx, agency, days[0], days[1])
			slices.SortFunc(got, compareSent)
			if diff := gocmp.Diff(r.countSent(agency, days), got); err != nil || diff != "" {
				return fmt.Sprintf("sent by %s, days %v: %v, rows and counts differ (-rows +counts):\n%s", agency, days, err, diff)
			}
		}
	}
	return ""
}

func rowsOf(t testing.TB, s exchange.Store) register {
	t.Helper()
	r := register{dossiers: map[string]exchange.Handover{}, copies: map[string]exchange.Copy{}}
	if err := s.(exporter).Export(context.WithoutCancel(t.Context()), []string{"filing", "delivery", "handover"}, func(table string, columns []string, values []any) error {
		number := func(name string) int64 { n, _ := values[slices.Index(columns, name)].(int64); return n }
		text := func(name string) string { s, _ := values[slices.Index(columns, name)].(string); return s }
		id := func(name string) string { return string(values[slices.Index(columns, name)].([]byte)) }
		switch {
		case table == "handover" && number("way") == int64(exchange.WayIn):
			r.dossiers[id("delivery")] = exchange.Handover{Due: number("due"), Answered: number("answered")}
		case table == "filing":
			f := exchange.Filing{Agency: text("agency_id"), Way: exchange.Way(number("way")), At: number("at"), By: number("due"),
				AnswerBy: number("answer_by"), Dossier: text("dossier"), Status: uint32(number("status")), Acknowledged: number("acknowledged"), Finished: number("finished")}
			copy(f.ID[:], id("id"))
			r.filings = append(r.filings, f)
		case table == "delivery":
			r.copies[id("id")] = exchange.Copy(number("copy"))
			if text("from_peer") != "" || envelope.Kind(number("kind")) == envelope.KindRecall {
				return nil
			}
			r.sent = append(r.sent, exchange.Delivery{OriginAgency: text("origin_agency_id"), State: exchange.State(number("state")), Status: uint32(number("status")),
				Created: number("created"), Arrived: number("arrived")})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return r
}

// answered is by when an answer to what came is wanted, 0 if nobody waits, and when it
// came; and whether it handed a dossier over.
func (r *register) answered(f *exchange.Filing) (wanted, at int64, dossier bool) {
	wanted, at = f.AnswerBy, f.Finished
	if f.Way == exchange.WayOut {
		return wanted, at, false
	}
	h, dossier := r.dossiers[string(f.ID[:])]
	if dossier {
		at = h.Answered
		if wanted != 0 {
			wanted = h.Due
		}
	}
	switch copied := r.copies[string(f.ID[:])]; {
	case copied == exchange.CopyUpdated || copied == exchange.CopyReplaced:
		return 0, at, false
	case copied == exchange.CopyRecalled || f.Status == exchange.StatusRefused:
		wanted = 0
	}
	return wanted, at, dossier
}

// dayOf is told by hand: seven hours before it begins in Greenwich.
func dayOf(at int64) exchange.Day { return exchange.Day((at + 7*hour) / (24 * hour)) }

// spans are days: from one on, and before another.
func (r *register) spans() (out [][2]exchange.Day) {
	var days []exchange.Day
	for i := range r.filings {
		days = append(days, dayOf(r.filings[i].At))
	}
	for i := range r.sent {
		days = append(days, dayOf(r.sent[i].Created))
	}
	slices.Sort(days)
	days = slices.Compact(days)
	out = append(out, [2]exchange.Day{0, 1 << 30})
	for i, day := range days {
		out = append(out, [2]exchange.Day{day, day + 1})
		if i == len(days)/2 {
			out = append(out, [2]exchange.Day{0, day}, [2]exchange.Day{day, 1 << 30})
		}
	}
	return out
}

func (r *register) agencies() map[string]bool {
	out := map[string]bool{"nobody": true}
	for i := range r.filings {
		out[r.filings[i].Agency] = true
	}
	for i := range r.sent {
		out[r.sent[i].OriginAgency] = true
	}
	return out
}

func (r *register) countFilings(agency string, way exchange.Way, days [2]exchange.Day, now int64) (out []exchange.Tally) {
	for i := range r.filings {
		f := &r.filings[i]
		if day := dayOf(f.At); f.Agency != agency || f.Way != way || day < days[0] || day >= days[1] {
			continue
		}
		wanted, answered, dossier := r.answered(f)
		k := slices.IndexFunc(out, func(t exchange.Tally) bool { return t.Dossier == dossier && t.Status == f.Status })
		if k < 0 {
			k = len(out)
			out = append(out, exchange.Tally{Dossier: dossier, Status: f.Status})
		}
		countFiling(&out[k], f, now, r.copies[string(f.ID[:])])
		if wanted != 0 {
			out[k].Due++
			out[k].DueOnTime += one(answered != 0 && answered < wanted)
			out[k].DueLate += one(answered != 0 && answered >= wanted || answered == 0 && wanted <= now)
		}
	}
	slices.SortFunc(out, compareTallies)
	return out
}

// countFiling counts one by hand. What is not read is late while somebody waits for it.
func countFiling(t *exchange.Tally, f *exchange.Filing, now int64, copied exchange.Copy) {
	t.Documents++
	done := f.Acknowledged
	if f.Way == exchange.WayOut {
		done = f.At
	}
	t.OnTime += one((done != 0 || f.Way == exchange.WayOut) && done < f.By)
	t.Late += one(f.By != 0 && (done >= f.By || f.Way == exchange.WayIn && done == 0 && f.By <= now && (copied == exchange.CopyCurrent || copied == exchange.CopyWaiting)))
	if f.Acknowledged != 0 {
		t.Acknowledged++
		t.AcknowledgeSum += f.Acknowledged - f.At
	}
	if f.Finished != 0 {
		t.Finished++
		t.FinishSum += f.Finished - f.At
	}
}

func (r *register) countSent(agency string, days [2]exchange.Day) (out []exchange.SentTally) {
	for i := range r.sent {
		d := &r.sent[i]
		if day := dayOf(d.Created); d.OriginAgency != agency || day < days[0] || day >= days[1] {
			continue
		}
		k := slices.IndexFunc(out, func(t exchange.SentTally) bool { return t.State == d.State && t.Status == d.Status })
		if k < 0 {
			k = len(out)
			out = append(out, exchange.SentTally{State: d.State, Status: d.Status})
		}
		out[k].Deliveries++
		if d.Arrived != 0 {
			out[k].Arrived++
			out[k].ArriveSum += d.Arrived - d.Created
		}
	}
	slices.SortFunc(out, compareSent)
	return out
}

func compareTallies(a, b exchange.Tally) int {
	return cmp.Or(cmp.Compare(one(a.Dossier), one(b.Dossier)), cmp.Compare(a.Status, b.Status))
}

func compareSent(a, b exchange.SentTally) int {
	return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Status, b.Status))
}

func one(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}
