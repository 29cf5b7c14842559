package exchange

import (
	"context"
	"fmt"
	"time"

	"lienthong/exchange/calendar"
)

// A Period is how long each line of statistics is.
type Period uint8

const (
	PeriodDay     Period = 1
	PeriodMonth   Period = 2
	PeriodQuarter Period = 3
	PeriodYear    Period = 4
)

// maxPeriods bounds the lines of one answer.
const maxPeriods = 400

// A Statistic is one line: what came and what was sent within one period (Decision
// 28/2018/QĐ-TTg, Art. 11 and 15).
type Statistic struct {
	From, To string // first and last day, yyyy-mm-dd, Vietnam's
	Received Figures
	Dossiers Figures // of what was received: the dossiers that were handed over
	Sent     Figures
	Outcome  []SentTally // of what was sent, one for each state and status
}

// Figures add tallies up.
type Figures struct {
	Tally
	ByStatus map[uint32]uint64
}

func (f *Figures) add(t *Tally) {
	if f.ByStatus == nil {
		f.ByStatus = map[uint32]uint64{}
	}
	f.ByStatus[t.Status] += t.Documents
	f.Documents += t.Documents
	f.OnTime += t.OnTime
	f.Late += t.Late
	f.Acknowledged += t.Acknowledged
	f.AcknowledgeSum += t.AcknowledgeSum
	f.Due += t.Due
	f.DueOnTime += t.DueOnTime
	f.DueLate += t.DueLate
	f.Finished += t.Finished
	f.FinishSum += t.FinishSum
}

// Statistics counts for an agency (id or code), period by period, from one day to another
// (yyyy-mm-dd, both included). Every number is as of now, from counts
// that are kept by the day.
func (s *Service) Statistics(ctx context.Context, agency, from, to string, period Period) ([]Statistic, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	periods, bad := split(from, to, period)
	if len(bad) > 0 {
		return nil, &Error{Code: Invalid, Reason: "BAD_PERIOD", Text: "this cannot be counted", Fields: bad}
	}
	out := make([]Statistic, len(periods))
	for i, p := range periods {
		if out[i], err = s.statistic(ctx, a.ID, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// A span is from the beginning of a day to before that of another.
type span struct{ from, until time.Time }

func (s *Service) statistic(ctx context.Context, agency string, p span) (Statistic, error) {
	out := Statistic{From: p.from.Format(time.DateOnly), To: p.until.AddDate(0, 0, -1).Format(time.DateOnly)}
	from, until := DayOf(p.from), DayOf(p.until)
	received, err := s.cfg.Store.TallyFilings(ctx, agency, WayIn, from, until, s.now())
	if err != nil {
		return out, err
	}
	for i := range received {
		out.Received.add(&received[i])
		if received[i].Dossier {
			out.Dossiers.add(&received[i])
		}
	}
	sent, err := s.cfg.Store.TallyFilings(ctx, agency, WayOut, from, until, s.now())
	if err != nil {
		return out, err
	}
	for i := range sent {
		out.Sent.add(&sent[i])
	}
	out.Outcome, err = s.cfg.Store.TallySent(ctx, agency, from, until)
	return out, err
}

// split cuts a range of days where periods of the calendar begin.
func split(from, to string, period Period) (out []span, bad []Field) {
	var first, last time.Time
	for _, d := range []struct {
		field, text string
		out         *time.Time
	}{{"from", from, &first}, {"to", to, &last}} {
		day, err := time.ParseInLocation(time.DateOnly, d.text, calendar.Zone)
		if err != nil || day.Year() < oldest || day.Year() > 9000 {
			bad = append(bad, Field{d.field, "NOT_A_DATE", fmt.Sprintf("is %.40q, want yyyy-mm-dd", d.text)})
		}
		*d.out = day
	}
	if period < PeriodDay || period > PeriodYear {
		bad = append(bad, Field{"period", "UNKNOWN", fmt.Sprintf("is %d, want day (1), month, quarter or year (4)", period)})
	}
	if len(bad) == 0 && last.Before(first) {
		bad = append(bad, Field{"to", "BEFORE_FROM", fmt.Sprintf("is %s, before %s", to, from)})
	}
	if len(bad) > 0 {
		return nil, bad
	}
	for end := last.AddDate(0, 0, 1); first.Before(end); {
		next := following(first, period)
		if next.After(end) {
			next = end
		}
		out = append(out, span{first, next})
		if first = next; len(out) > maxPeriods {
			return nil, []Field{{"period", "TOO_MANY", fmt.Sprintf("makes more than %d lines: take a longer one", maxPeriods)}}
		}
	}
	return out, nil
}

// following is when the period after that of a day begins.
func following(day time.Time, period Period) time.Time {
	y, m, d := day.Date()
	switch period {
	case PeriodDay:
		return time.Date(y, m, d+1, 0, 0, 0, 0, calendar.Zone)
	case PeriodMonth:
		return time.Date(y, m+1, 1, 0, 0, 0, 0, calendar.Zone)
	case PeriodQuarter:
		return time.Date(y, (m-1)/3*3+4, 1, 0, 0, 0, 0, calendar.Zone)
	}
	return time.Date(y+1, 1, 1, 0, 0, 0, 0, calendar.Zone)
}
