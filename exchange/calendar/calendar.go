// Package calendar is the working calendar of an office and the deadlines that are
// counted by it: sending what was signed (Decision 28/2018/QĐ-TTg, Art. 6) and
// acknowledging what came (Decree 30/2020, Art. 21). Which days are worked is data that
// the government gives out each year; without it, Saturdays and Sundays are free.
//
// Days and hours are Vietnam's. All functions are pure: the time is an argument.
package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Zone is Vietnam's time, which has no summer time.
var Zone = time.FixedZone("+07", 7*3600)

// A Year is what differs in one year from a plain week.
type Year struct {
	Free   map[string]string // yyyy-mm-dd of this year that are not worked, with the reason
	Worked map[string]string // Saturdays and Sundays that are worked in exchange
}

// Hours is one stretch of office hours, in minutes after midnight; Until is outside.
type Hours struct{ From, Until int }

// A Calendar is never changed once it is in use.
type Calendar struct {
	Years map[int]Year
	Hours []Hours               // of a working day, in order; see [DefaultHours]
	Soon  map[int]time.Duration // by urgency from 2 on: how soon an urgent document is sent or acknowledged
}

// What holds where nothing else was given.
var (
	DefaultHours = []Hours{{7*60 + 30, 11*60 + 30}, {13*60 + 30, 17 * 60}}
	DefaultSoon  = map[int]time.Duration{2: 60 * time.Minute, 3: 30 * time.Minute, 4: 15 * time.Minute}
)

// Plain is a calendar that knows no year.
func Plain() *Calendar { return &Calendar{Hours: DefaultHours, Soon: DefaultSoon} }

// flash is the urgency (hỏa tốc) that does not wait for office hours.
const flash = 4

// Check says what is wrong with a calendar, each fault with what was found.
func (c *Calendar) Check() []string {
	var out []string
	last := 0
	for i, h := range c.Hours {
		if h.From < last || h.Until <= h.From || h.Until > 24*60 {
			out = append(out, fmt.Sprintf("hours[%d]: %s–%s, want stretches of one day in order", i, clock(h.From), clock(h.Until)))
		}
		last = h.Until
	}
	if len(c.Hours) == 0 {
		out = append(out, "hours: none, want at least one stretch, such as 07:30-11:30")
	}
	for urgency := 2; urgency <= flash; urgency++ {
		if d := c.Soon[urgency]; d <= 0 || d > 24*time.Hour {
			out = append(out, fmt.Sprintf("urgent: %s for urgency %d, want more than 0 and at most 24h", d, urgency))
		}
	}
	for n, year := range c.Years {
		for day := range year.Free {
			out = append(out, checkDay(n, day, "free", func(time.Weekday) bool { return true }, "")...)
			if _, both := year.Worked[day]; both {
				out = append(out, fmt.Sprintf("%s is both free and worked", day))
			}
		}
		for day := range year.Worked {
			out = append(out, checkDay(n, day, "worked", weekend, "a Saturday or a Sunday")...)
		}
	}
	slices.Sort(out)
	return out
}

func checkDay(year int, day, kind string, right func(time.Weekday) bool, want string) []string {
	t, err := time.ParseInLocation(time.DateOnly, day, Zone)
	switch {
	case err != nil:
		return []string{fmt.Sprintf("%d.%s: %.30q, want yyyy-mm-dd", year, kind, day)}
	case t.Year() != year:
		return []string{fmt.Sprintf("%d.%s: %s is of another year", year, kind, day)}
	case !right(t.Weekday()):
		return []string{fmt.Sprintf("%d.%s: %s is a %s, want %s", year, kind, day, t.Weekday(), want)}
	}
	return nil
}

func weekend(d time.Weekday) bool { return d == time.Saturday || d == time.Sunday }

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// ParseHours reads a stretch of office hours, such as 07:30-11:30.
func ParseHours(s string) (Hours, error) {
	from, until, _ := strings.Cut(s, "-")
	a, errA := time.Parse("15:04", strings.TrimSpace(from))
	b, errB := time.Parse("15:04", strings.TrimSpace(until))
	if errA != nil || errB != nil || !a.Before(b) {
		return Hours{}, fmt.Errorf("hours %.30q: want from-until, such as 07:30-11:30", s)
	}
	return Hours{a.Hour()*60 + a.Minute(), b.Hour()*60 + b.Minute()}, nil
}

// Knows reports whether the calendar has data of the year of a time.
func (c *Calendar) Knows(t time.Time) bool {
	_, ok := c.Years[t.In(Zone).Year()]
	return ok
}

// Worked reports whether the day of a time is worked.
func (c *Calendar) Worked(t time.Time) bool {
	t = t.In(Zone)
	day, year := t.Format(time.DateOnly), c.Years[t.Year()]
	if _, free := year.Free[day]; free {
		return false
	}
	if _, worked := year.Worked[day]; worked {
		return true
	}
	return !weekend(t.Weekday())
}

// maxFree bounds every search for a working day: a calendar in which so many days on
// end are free is wrong, and the next weekday has to do.
const maxFree = 60

// step goes from a day to the nearest working day before (-1) or after (+1) it.
func (c *Calendar) step(day time.Time, by int) time.Time {
	first := midnight(day).AddDate(0, 0, by)
	for d, i := first, 0; i < maxFree; d, i = d.AddDate(0, 0, by), i+1 {
		if c.Worked(d) {
			return d
		}
	}
	for weekend(first.Weekday()) {
		first = first.AddDate(0, 0, by)
	}
	return first
}

// Next is the working day after the day of a time, at midnight.
func (c *Calendar) Next(t time.Time) time.Time { return c.step(t, 1) }

func midnight(t time.Time) time.Time {
	y, m, d := t.In(Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Zone)
}

func at(day time.Time, minutes int) time.Time {
	return midnight(day).Add(time.Duration(minutes) * time.Minute)
}

// closing is when office hours end on a day, if it is worked.
func (c *Calendar) closing(day time.Time) time.Time { return at(day, c.Hours[len(c.Hours)-1].Until) }

// open is a time itself within office hours, otherwise when they next begin.
func (c *Calendar) open(t time.Time) time.Time {
	if c.Worked(t) {
		for _, h := range c.Hours {
			if t.Before(at(t, h.Until)) {
				return later(t, at(t, h.From))
			}
		}
	}
	return at(c.Next(t), c.Hours[0].From)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
