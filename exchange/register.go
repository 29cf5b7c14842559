package exchange

import (
	"context"
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/exchange/calendar"
)

// A RegisterLine is one line of a register of an agency (Decree 30/2020, Appendix IV).
type RegisterLine struct {
	Found
	Fate
	Deliveries []Delivery // of what was sent: one a recipient; of what came: that one
	Assigned   *Assigned  // of what came: nil if it was not given to anybody
}

// Assigned says to whom a document was given.
type Assigned struct {
	At    int64
	Staff envelope.Staff
	Note  string
}

// Register lists what was entered in a register on the days from and to (yyyy-mm-dd,
// Vietnam's, both included; empty: without end), in its order: what was sent, by when; what came, by
// its number. The mark says where to go on.
func (s *Service) Register(ctx context.Context, agency string, way Way, from, to string, after Mark, limit int) ([]RegisterLine, Mark, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, after, err
	}
	bad := checkSeries(way, "")
	begin, until, problems := days(from, to)
	if bad = append(bad, problems...); len(bad) > 0 {
		return nil, after, &Error{Code: Invalid, Reason: "BAD_REGISTER", Text: "there is no such register", Fields: bad}
	}
	rows, err := s.cfg.Store.Register(ctx, a.ID, way, begin, until, after, page(limit))
	if err != nil || len(rows) == 0 {
		return nil, after, err
	}
	found, err := s.found(ctx, rows)
	if err != nil {
		return nil, after, err
	}
	out := make([]RegisterLine, len(found))
	for i, f := range found {
		if out[i], err = s.line(ctx, f); err != nil {
			return nil, after, err
		}
	}
	last := rows[len(rows)-1]
	return out, Mark{last.Entered, last.ID}, nil
}

// days are the microseconds of a range of days in Vietnam, without its end.
func days(from, to string) (begin, until int64, bad []Field) {
	until = 1<<63 - 1
	for _, d := range []struct {
		field, text string
		plus        int
		out         *int64
	}{{"from", from, 0, &begin}, {"to", to, 1, &until}} {
		if d.text == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, d.text, calendar.Zone)
		if err != nil {
			bad = append(bad, Field{d.field, "NOT_A_DATE", fmt.Sprintf("is %.40q, want yyyy-mm-dd", d.text)})
			continue
		}
		*d.out = day.AddDate(0, 0, d.plus).UnixMicro()
	}
	return begin, until, bad
}

func (s *Service) line(ctx context.Context, f Found) (RegisterLine, error) {
	out := RegisterLine{Found: f}
	var err error
	if f.Filing.Way == WayOut {
		if out.Deliveries, err = s.cfg.Store.Deliveries(ctx, f.Filing.Letter); err != nil {
			return out, err
		}
		out.Fate, err = s.fate(ctx, out.Deliveries)
		return out, err
	}
	d, err := s.cfg.Store.DeliveryByID(ctx, f.Filing.ID)
	if err != nil {
		return out, err
	}
	out.Deliveries = []Delivery{d}
	if out.Fate, err = s.fate(ctx, out.Deliveries); err != nil {
		return out, err
	}
	rows, err := s.cfg.Store.Statements(ctx, d.Digest, d.Key.Recipient)
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		if row.Key.Kind != envelope.Status {
			continue
		}
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			return out, err
		}
		if st.Status != nil && st.Status.Code == StatusAssigned {
			out.Assigned = &Assigned{st.Time, st.Status.Staff, st.Status.Reason}
		}
	}
	return out, nil
}

// register gives what an agency accepts its number in the register of what comes.
func (d *draft) register(ctx context.Context, to *Delivery) error {
	year := d.node.cfg.Now().In(Vietnam).Year()
	series, err := d.next(ctx, to.Key.Recipient, WayIn, year, "")
	if err != nil {
		return err
	}
	d.change.Entered = append(d.change.Entered, Entered{ID: to.ID, Year: year, Number: series.Last, At: series.LastAt})
	d.entry(to.Key.Recipient, "register.in", to.Digest.String(), fmt.Sprintf("year=%d number=%d %s", year, series.Last, about(to.Key)))
	return nil
}
