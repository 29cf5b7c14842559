package calendar

import "time"

// A Deadline is a time by which something is to be done, and the last one at which it
// may be: between the two it is late, after Limit it is a breach. Both are the first
// moment that is too late.
type Deadline struct{ By, Limit time.Time }

// Send is when a document is to go out that was signed at a time: on the day of signing,
// at the latest by noon of the next working day (Decision 28/2018, Art. 6). An urgent one
// (urgency from 2 on) goes right after it was signed, in minutes.
func (c *Calendar) Send(signed time.Time, urgency int) Deadline {
	if soon, ok := c.Soon[urgency]; ok {
		by := signed.Add(soon)
		return Deadline{by, by}
	}
	return Deadline{midnight(signed).AddDate(0, 0, 1), c.Next(signed).Add(12 * time.Hour)}
}

// Acknowledge is when a document that came at a time is to be acknowledged: on the same
// working day (Decree 30/2020, Art. 21(2)). What comes after office hours, or on a day
// that is free, came on the next working day. For an urgent one it is minutes of office
// hours, and for hỏa tốc of any hour.
func (c *Calendar) Acknowledge(arrived time.Time, urgency int) time.Time {
	soon, urgent := c.Soon[urgency]
	switch {
	case urgent && urgency >= flash:
		return arrived.Add(soon)
	case urgent:
		return c.open(arrived).Add(soon)
	case c.Worked(arrived) && arrived.Before(c.closing(arrived)):
		return midnight(arrived).AddDate(0, 0, 1)
	}
	return c.Next(arrived).AddDate(0, 0, 1)
}

// Unacknowledged turns [Calendar.Acknowledge] round: what is not acknowledged now is
// late exactly if it arrived before the time that this gives. So a list of what is late
// is a range of arrivals, whatever the calendar.
func (c *Calendar) Unacknowledged(now time.Time, urgency int) time.Time {
	soon, urgent := c.Soon[urgency]
	switch {
	case urgent && urgency >= flash:
		return now.Add(-soon + time.Microsecond)
	case urgent:
		return c.opened(now.Add(-soon))
	}
	return c.closing(c.step(now, -1))
}

// opened is the end (outside) of the arrivals whose office hours had begun at a time.
func (c *Calendar) opened(t time.Time) time.Time {
	if c.Worked(t) {
		for i := len(c.Hours) - 1; i >= 0; i-- {
			h := c.Hours[i]
			if !t.Before(at(t, h.Until)) {
				return at(t, h.Until)
			}
			if !t.Before(at(t, h.From)) {
				return t.Add(time.Microsecond)
			}
		}
	}
	return c.closing(c.step(t, -1))
}

// Answer is when an answer is due by a date of a document (hạn trả lời, yyyy-mm-dd): the
// end of that day. Zero if the date is none.
func Answer(date string) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, date, Zone)
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}

// Result is when the result of a dossier is late that is due on a day: at the end of that
// day, or of the next working day if it is free (Civil Code 2015, Art. 148(5)). Zero if the
// date is none.
func (c *Calendar) Result(date string) time.Time {
	end := Answer(date)
	if day := end.AddDate(0, 0, -1); !end.IsZero() && !c.Worked(day) {
		return c.Next(day).AddDate(0, 0, 1)
	}
	return end
}

// maxLate bounds what [Calendar.Late] counts, in days.
const maxLate = 20_000

// Late counts the working days that have begun from a deadline (the first moment that is
// too late) until a time, the day of that time included: 0 if it is in time.
func (c *Calendar) Late(deadline, until time.Time) (days int) {
	if until.Before(deadline) {
		return 0
	}
	for day, n := midnight(deadline), 0; !day.After(until) && n < maxLate; day, n = day.AddDate(0, 0, 1), n+1 {
		if c.Worked(day) {
			days++
		}
	}
	return days
}
