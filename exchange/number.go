package exchange

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"lienthong/envelope"
	"lienthong/exchange/notation"
	"lienthong/journal"
)

const (
	methodReserve = "ReserveNumber"
	maxSeries     = 20   // characters of the name of a series
	maxNote       = 500  // characters
	maxVoid       = 2000 // bytes
	maxNumber     = 99_999_999_999
)

// numbering lets one act at a time of this process give numbers of an agency: others would
// find their number taken when they commit. Other replicas are found so.
type numbering struct {
	mu sync.Mutex
	m  map[string]*sync.Mutex // by agency at home here
}

// lock returns what ends it.
func (n *numbering) lock(agency string) (unlock func()) {
	n.mu.Lock()
	if n.m == nil {
		n.m = map[string]*sync.Mutex{}
	}
	one := n.m[agency]
	if one == nil {
		one = &sync.Mutex{}
		n.m[agency] = one
	}
	n.mu.Unlock()
	one.Lock()
	return one.Unlock
}

// A ReserveRequest asks for the next number of a series.
type ReserveRequest struct {
	Agency    string // id or code
	Way       Way    // WayOut if 0
	Series    string
	Date      string // yyyy-mm-dd, of whose year; today if empty
	Paper     bool
	Note      string
	Staff     envelope.Staff
	RequestID string
}

// next adds to a draft that a series gives its next number, which it returns. SERIES_UNSURE
// after a restore, until a person has said the last one.
func (d *draft) next(ctx context.Context, agency string, way Way, year int, name string) (Series, error) {
	series, _, err := d.node.series(ctx, agency, way, year, name)
	if err == nil {
		err = d.node.unsure(series)
	}
	if err != nil {
		return series, err
	}
	step := SeriesStep{Series: series, From: series.Last}
	step.Last, step.LastAt = series.Last+1, max(d.node.now(), series.LastAt+1)
	d.change.Series = append(d.change.Series, step)
	return step.Series, nil
}

// series finds one by its name, and tells whether the agency has any of that register and year.
func (n *Node) series(ctx context.Context, agency string, way Way, year int, name string) (found Series, any bool, err error) {
	found = Series{Agency: agency, Way: way, Year: year, Name: name}
	list, err := n.cfg.Store.SeriesOf(ctx, agency, way, year)
	for _, s := range list {
		if s.Name == name {
			found = s
		}
	}
	return found, len(list) > 0, err
}

// yearOf is the year of a date, or of now in Vietnam.
func (n *Node) yearOf(date string) (int, []Field) {
	if date == "" {
		return n.cfg.Now().In(Vietnam).Year(), nil
	}
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, []Field{{"date", "NOT_A_DATE", fmt.Sprintf("is %.40q, want yyyy-mm-dd", date)}}
	}
	return at.Year(), nil
}

func checkSeries(way Way, name string) (out []Field) {
	if way != WayOut && way != WayIn {
		out = append(out, Field{"direction", "UNKNOWN", fmt.Sprintf("is %d, want 1 (issued) or 2 (came)", way)})
	}
	if len([]rune(name)) > maxSeries || !plainText(name) {
		out = append(out, Field{"series", "TOO_LONG", fmt.Sprintf("is %.40q, want at most %d characters, such as QĐ", name, maxSeries)})
	}
	if way == WayIn && name != "" {
		out = append(out, Field{"series", "NOT_EMPTY", "is " + strconv.Quote(name) + ": what comes has one series a year"})
	}
	return out
}

func badNumber(fields []Field) error {
	return &Error{Code: Invalid, Reason: "INVALID_NUMBER", Text: "no number was given or changed", Fields: fields}
}

// ReserveNumber gives the next number of a series, on paper or not: nobody else gets it.
func (s *Service) ReserveNumber(ctx context.Context, actor journal.Actor, req ReserveRequest) (*Number, error) {
	a, err := s.agencyHere(req.Agency)
	if err != nil {
		return nil, err
	}
	if req.Way == 0 {
		req.Way = WayOut
	}
	req.Series = notation.Clean(req.Series)
	year, bad := s.yearOf(req.Date)
	bad = append(bad, checkSeries(req.Way, req.Series)...)
	if len([]rune(req.Note)) > maxNote || !plainText(req.Note) {
		bad = append(bad, Field{"note", "TOO_LONG", fmt.Sprintf("has more than %d characters, or is not plain text", maxNote)})
	}
	if len(bad) > 0 {
		return nil, badNumber(bad)
	}
	content := req
	content.RequestID = ""
	request, done, err := s.request(ctx, actor, methodReserve, req.RequestID, a.ID, fingerprint(content))
	if err != nil {
		return nil, err
	}
	if done != "" {
		return s.answeredNumber(ctx, a.ID, done)
	}
	if err := s.takesNew(ctx, &a); err != nil {
		return nil, err
	}
	defer s.numbering.lock(a.ID)()
	var out Number
	err = s.decide(ctx, func() error {
		d := s.draft(actor)
		series, err := d.next(ctx, a.ID, req.Way, year, req.Series)
		if err != nil {
			return err
		}
		out = Number{Agency: a.ID, Way: req.Way, Year: year, Series: req.Series, Number: series.Last, State: NumberReserved, Paper: req.Paper,
			Note: req.Note, By: first(req.Staff.ID, actor.Principal), Reserved: series.LastAt, Changed: series.LastAt}
		if out.ID, err = s.newID(); err != nil {
			return err
		}
		if request != nil {
			request.Answer = fmt.Sprintf("%d %d %d %s", out.Way, out.Year, out.Number, out.Series)
			d.change.Request = request
		}
		d.entry(a.ID, "number.reserve", out.ID.String(), out.about())
		d.change.Numbers = append(d.change.Numbers, out)
		_, err = s.commit(ctx, d.change)
		return err
	})
	out.Revision = 1
	return &out, storeError(err)
}

// about says in an entry's detail which number it is.
func (n *Number) about() string {
	return fmt.Sprintf("way=%d year=%d series=%s number=%d paper=%t", n.Way, n.Year, n.Series, n.Number, n.Paper)
}

// answeredNumber finds what a request id was answered with.
func (s *Service) answeredNumber(ctx context.Context, agency, answer string) (*Number, error) {
	series := Series{Agency: agency}
	var number uint64
	parts := strings.SplitN(answer, " ", 4)
	if len(parts) == 4 {
		series.Name = parts[3]
		parts = parts[:3]
	}
	if _, err := fmt.Sscan(strings.Join(parts, " "), &series.Way, &series.Year, &number); err != nil {
		return nil, fmt.Errorf("exchange: stored answer %q: %w", answer, err)
	}
	out, err := s.cfg.Store.Number(ctx, series, number)
	return &out, storeError(err)
}

// VoidNumber says that no document has, nor will have, a number that was reserved, and why.
func (s *Service) VoidNumber(ctx context.Context, actor journal.Actor, agency string, way Way, year int, series string, number uint64, reason string) (*Number, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(reason) == "" || len(reason) > maxVoid || !plainText(reason) {
		return nil, badNumber([]Field{{"reason", "REQUIRED", fmt.Sprintf("is empty, has more than %d bytes, or is not plain text", maxVoid)}})
	}
	if way == 0 {
		way = WayOut
	}
	var out Number
	err = s.decide(ctx, func() error {
		if out, err = s.cfg.Store.Number(ctx, Series{Agency: a.ID, Way: way, Year: year, Name: notation.Clean(series)}, number); err != nil {
			if errors.Is(err, ErrNotFound) {
				return fail(NotFound, "NOT_FOUND", "number %d of series %q of %d was not reserved", number, series, year)
			}
			return err
		}
		if out.State != NumberReserved {
			return fail(Precondition, "NUMBER_STATE", "number %d of series %q of %d is %s", number, series, year, out.State)
		}
		d := s.draft(actor)
		out.State, out.Reason, out.Changed = NumberVoid, reason, s.now()
		d.entry(a.ID, "number.void", out.ID.String(), out.about())
		d.change.Numbers = append(d.change.Numbers, out)
		_, err = s.commit(ctx, d.change)
		return err
	})
	return &out, storeError(err)
}

// String is a word for errors.
func (s NumberState) String() string {
	switch s {
	case NumberReserved:
		return "reserved"
	case NumberUsed:
		return "used"
	case NumberVoid:
		return "void"
	}
	return "unknown"
}

// StartSeries says that an agency takes numbers from here, after a number that was given
// elsewhere. A series never goes back.
func (s *Service) StartSeries(ctx context.Context, actor journal.Actor, agency string, way Way, year int, name string, last uint64) (*Series, error) {
	a, err := s.agencyHere(agency)
	if err != nil {
		return nil, err
	}
	name = notation.Clean(name)
	bad := checkSeries(way, name)
	if year < oldest || year > s.cfg.Now().In(Vietnam).Year()+1 {
		bad = append(bad, Field{"year", "UNKNOWN", fmt.Sprintf("is %d, want a year up to the next one", year)})
	}
	if last > maxNumber {
		bad = append(bad, Field{"last", "TOO_LONG", fmt.Sprintf("is %d, at most %d", last, uint64(maxNumber))})
	}
	if len(bad) > 0 {
		return nil, badNumber(bad)
	}
	defer s.numbering.lock(a.ID)()
	var out Series
	err = s.decide(ctx, func() error {
		have, _, err := s.series(ctx, a.ID, way, year, name)
		if err != nil {
			return err
		}
		if have.Last > last {
			return fail(Precondition, "SERIES_GOES_BACK", "series %q of %d has given %d already, and cannot go back to %d", name, year, have.Last, last)
		}
		d := s.draft(actor)
		out = have
		// after what is not known, whatever the clock says: nobody is asked twice
		out.Last, out.LastAt = last, max(s.now(), have.LastAt+1, s.restored.Until+unsureMargin+1)
		d.change.Series = []SeriesStep{{Series: out, From: have.Last}}
		d.entry(a.ID, "number.start", fmt.Sprintf("%d/%d/%s", way, year, name), fmt.Sprintf("last=%d before=%d", last, have.Last))
		_, err = s.commit(ctx, d.change)
		return err
	})
	return &out, storeError(err)
}

// Numbers lists those of a series that were given out by hand, above a number, ascending.
func (s *Service) Numbers(ctx context.Context, agency string, way Way, year int, name string, after uint64, limit int) ([]Number, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	name = notation.Clean(name)
	if bad := checkSeries(way, name); len(bad) > 0 {
		return nil, badNumber(bad)
	}
	return s.cfg.Store.Numbers(ctx, Series{Agency: a.ID, Way: way, Year: year, Name: name}, after, page(limit))
}

// SeriesOf lists the series of an agency in one register and year.
func (s *Service) SeriesOf(ctx context.Context, agency string, way Way, year int) ([]Series, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	return s.cfg.Store.SeriesOf(ctx, a.ID, way, year)
}

// numberFor finds the number that a document bears, where its agency takes numbers from
// here: it must have been reserved, and not be void. One that a letter has already may be
// sent again, with the warning that every second letter of a number gets.
func (s *Service) numberFor(ctx context.Context, agency string, m *envelope.Metadata) (*Number, []Field, error) {
	if len(m.IssuedDate) < 4 {
		return nil, nil, nil // refused elsewhere
	}
	year, err := strconv.Atoi(m.IssuedDate[:4])
	if err != nil {
		return nil, nil, nil
	}
	list, err := s.cfg.Store.SeriesOf(ctx, agency, WayOut, year)
	if err != nil || len(list) == 0 {
		return nil, nil, err
	}
	name := ""
	for _, one := range list {
		if one.Name == m.TypeCode {
			name = m.TypeCode
		}
	}
	digits, _, _ := strings.Cut(m.Number, "/")
	number, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return nil, []Field{{"metadata.number", "NOT_RESERVED", fmt.Sprintf("is %.30q, and this agency takes its numbers of %d from this node: digits alone", m.Number, year)}}, nil
	}
	out, err := s.cfg.Store.Number(ctx, Series{Agency: agency, Way: WayOut, Year: year, Name: name}, number)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, []Field{{"metadata.number", "NOT_RESERVED", fmt.Sprintf("%d of series %q of %d was not given out by this node, from which this agency takes its numbers: reserve one", number, name, year)}}, nil
	case err != nil:
		return nil, nil, err
	case out.State == NumberVoid:
		return nil, []Field{{"metadata.number", "NUMBER_VOID", fmt.Sprintf("%d of series %q of %d was given up: %.200s", number, name, year, out.Reason)}}, nil
	case out.State == NumberUsed:
		return nil, nil, nil
	}
	return &out, nil, nil
}

// useNumber gives a letter the number that was reserved for it, if one was.
func (d *draft) useNumber(number *Number, letter envelope.ID) {
	if number == nil {
		return
	}
	used := *number
	used.State, used.Letter, used.Changed = NumberUsed, letter, d.node.now()
	d.change.Numbers = append(d.change.Numbers, used)
}
