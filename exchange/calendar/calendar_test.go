package calendar

import (
	"strings"
	"testing"
	"time"
)

// tet is 2026 as far as the tests need it: free from Monday 16 February (the eve of
// Tết) to Friday 20 February, and on Monday 23 February, for which Saturday 28 February
// is worked.
func tet() *Calendar {
	c := Plain()
	c.Years = map[int]Year{2026: {
		Free: map[string]string{"2026-01-01": "Tết Dương lịch", "2026-02-16": "Tết", "2026-02-17": "Tết", "2026-02-18": "Tết", "2026-02-19": "Tết",
			"2026-02-20": "Tết", "2026-02-23": "nghỉ hoán đổi"},
		Worked: map[string]string{"2026-02-28": "làm bù"},
	}}
	return c
}

func when(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, Zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A month of letters over Tết: every deadline was counted by hand on the calendar of
// February 2026.
func TestDeadlinesOverTet(t *testing.T) {
	t.Parallel()
	c := tet()
	for _, tt := range []struct {
		at      string // signed, and arrived
		urgency int
		send    string
		limit   string
		ack     string
	}{
		{"2026-02-05 09:00", 1, "2026-02-06 00:00", "2026-02-06 12:00", "2026-02-06 00:00"}, // Thursday
		{"2026-02-06 16:59", 1, "2026-02-07 00:00", "2026-02-09 12:00", "2026-02-07 00:00"}, // Friday: Monday noon
		{"2026-02-06 17:00", 1, "2026-02-07 00:00", "2026-02-09 12:00", "2026-02-10 00:00"}, // after hours: came on Monday
		{"2026-02-07 10:00", 1, "2026-02-08 00:00", "2026-02-09 12:00", "2026-02-10 00:00"}, // Saturday
		{"2026-02-08 23:59", 1, "2026-02-09 00:00", "2026-02-09 12:00", "2026-02-10 00:00"}, // Sunday night
		{"2026-02-09 00:00", 1, "2026-02-10 00:00", "2026-02-10 12:00", "2026-02-10 00:00"}, // Monday before hours
		{"2026-02-12 12:15", 1, "2026-02-13 00:00", "2026-02-13 12:00", "2026-02-13 00:00"}, // at noon, between hours
		{"2026-02-13 08:00", 1, "2026-02-14 00:00", "2026-02-24 12:00", "2026-02-14 00:00"}, // the last day before Tết
		{"2026-02-13 18:00", 1, "2026-02-14 00:00", "2026-02-24 12:00", "2026-02-25 00:00"},
		{"2026-02-17 09:00", 1, "2026-02-18 00:00", "2026-02-24 12:00", "2026-02-25 00:00"}, // mùng một
		{"2026-02-22 20:00", 1, "2026-02-23 00:00", "2026-02-24 12:00", "2026-02-25 00:00"}, // Sunday before the swapped Monday
		{"2026-02-23 09:00", 1, "2026-02-24 00:00", "2026-02-24 12:00", "2026-02-25 00:00"}, // the swapped Monday itself
		{"2026-02-24 09:00", 1, "2026-02-25 00:00", "2026-02-25 12:00", "2026-02-25 00:00"},
		{"2026-02-27 16:00", 1, "2026-02-28 00:00", "2026-02-28 12:00", "2026-02-28 00:00"}, // Friday: the Saturday is worked
		{"2026-02-27 19:00", 1, "2026-02-28 00:00", "2026-02-28 12:00", "2026-03-01 00:00"},
		{"2026-02-28 11:00", 1, "2026-03-01 00:00", "2026-03-02 12:00", "2026-03-01 00:00"}, // the worked Saturday
		{"2026-02-28 17:30", 1, "2026-03-01 00:00", "2026-03-02 12:00", "2026-03-03 00:00"},
		{"2026-03-01 08:00", 1, "2026-03-02 00:00", "2026-03-02 12:00", "2026-03-03 00:00"}, // Sunday

		{"2026-02-12 09:00", 2, "2026-02-12 10:00", "2026-02-12 10:00", "2026-02-12 10:00"}, // khẩn
		{"2026-02-12 11:45", 2, "2026-02-12 12:45", "2026-02-12 12:45", "2026-02-12 14:30"}, // between hours
		{"2026-02-13 17:00", 3, "2026-02-13 17:30", "2026-02-13 17:30", "2026-02-24 08:00"}, // thượng khẩn, over Tết
		{"2026-02-17 03:00", 4, "2026-02-17 03:15", "2026-02-17 03:15", "2026-02-17 03:15"}, // hỏa tốc waits for nobody
	} {
		at := when(t, tt.at)
		send, ack := c.Send(at, tt.urgency), c.Acknowledge(at, tt.urgency)
		for _, d := range []struct {
			name, want string
			got        time.Time
		}{{"send by", tt.send, send.By}, {"send limit", tt.limit, send.Limit}, {"acknowledge by", tt.ack, ack}} {
			if !d.got.Equal(when(t, d.want)) {
				t.Errorf("%s, urgency %d: %s %s, want %s", tt.at, tt.urgency, d.name, d.got.Format("2006-01-02 15:04"), d.want)
			}
		}
	}
}

// The range of late arrivals is exactly those whose deadline is over, through all hours
// of two weeks on both sides.
func TestUnacknowledged(t *testing.T) {
	t.Parallel()
	c := tet()
	from, until := when(t, "2026-02-11 00:00"), when(t, "2026-03-03 00:00")
	for urgency := 1; urgency <= 4; urgency++ {
		for now := from; now.Before(until); now = now.Add(227 * time.Minute) {
			before := c.Unacknowledged(now, urgency)
			for arrived := from; arrived.Before(until); arrived = arrived.Add(30 * time.Minute) {
				late := !c.Acknowledge(arrived, urgency).After(now)
				if late != arrived.Before(before) {
					t.Fatalf("urgency %d, now %s: arrived %s is late: %t, and the range ends at %s", urgency, now, arrived, late, before)
				}
			}
			// At its very edge, too.
			if edge := before.Add(-time.Microsecond); c.Acknowledge(edge, urgency).After(now) || !c.Acknowledge(before, urgency).After(now) {
				t.Fatalf("urgency %d, now %s: the range ends at %s, which is not its edge", urgency, now, before)
			}
		}
	}
}

// Days are Vietnam's, whatever the zone of the time.
func TestZone(t *testing.T) {
	t.Parallel()
	c := tet()
	utc := time.Date(2026, 2, 8, 18, 0, 0, 0, time.UTC) // Monday 9 February, 01:00 in Vietnam
	if !c.Worked(utc) {
		t.Error("Monday in Vietnam is not worked")
	}
	if got := c.Acknowledge(utc, 1); !got.Equal(when(t, "2026-02-10 00:00")) {
		t.Errorf("acknowledge by %s", got)
	}
	if got := Answer("2026-02-10"); !got.Equal(when(t, "2026-02-11 00:00")) || !Answer("x").IsZero() {
		t.Errorf("answer by %s", got)
	}
}

func TestKnows(t *testing.T) {
	t.Parallel()
	c := tet()
	if !c.Knows(when(t, "2026-12-31 23:59")) || c.Knows(when(t, "2027-01-01 00:00")) {
		t.Error("2026 is known and 2027 is not")
	}
	if !Plain().Worked(when(t, "2027-01-01 00:00")) {
		t.Error("without data a Friday is worked")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if bad := tet().Check(); len(bad) > 0 {
		t.Error(bad)
	}
	c := tet()
	c.Hours = []Hours{{800, 700}}
	c.Soon = nil
	c.Years[2026].Free["2026-02-30"] = ""
	c.Years[2026].Free["2027-02-01"] = ""
	c.Years[2026].Free["2026-02-28"] = ""
	c.Years[2026].Worked["2026-03-02"] = ""
	text := strings.Join(c.Check(), "\n")
	for _, want := range []string{"hours[0]", "urgency 2", "2026-02-30", "2027-02-01 is of another year", "2026-02-28 is both", "2026-03-02 is a Monday"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	for _, bad := range []string{"", "7-9", "09:00-08:00", "09:00", "24:00-25:00"} {
		if h, err := ParseHours(bad); err == nil {
			t.Errorf("%q was read as %v", bad, h)
		}
	}
	if h, err := ParseHours("07:30 - 11:30"); err != nil || h != (Hours{450, 690}) {
		t.Errorf("%v, %v", h, err)
	}
}

// A calendar without a working day does not hang.
func TestNothingWorked(t *testing.T) {
	t.Parallel()
	c := Plain()
	c.Years = map[int]Year{2026: {Free: map[string]string{}}}
	for d := when(t, "2026-01-01 00:00"); d.Year() == 2026; d = d.AddDate(0, 0, 1) {
		c.Years[2026].Free[d.Format(time.DateOnly)] = "x"
	}
	if got := c.Next(when(t, "2026-02-06 10:00")); !got.Equal(when(t, "2026-02-09 00:00")) {
		t.Errorf("next %s", got)
	}
}

// A result is due at the end of a working day, and days that are free do not make it later.
func TestResult(t *testing.T) {
	t.Parallel()
	c := tet()
	for _, tt := range []struct {
		due, by, until string
		late           int
	}{
		{"2026-02-12", "2026-02-13 00:00", "2026-02-12 23:59", 0},
		{"2026-02-12", "2026-02-13 00:00", "2026-02-13 00:00", 1},
		{"2026-02-13", "2026-02-14 00:00", "2026-02-20 17:00", 0}, // all free since
		{"2026-02-14", "2026-02-25 00:00", "2026-02-24 17:00", 0}, // Saturday before Tết: Tuesday after it
		{"2026-02-16", "2026-02-25 00:00", "2026-03-02 08:00", 5}, // Wed, Thu, Fri, the Saturday worked for Tết, Mon
	} {
		by := c.Result(tt.due)
		if want := when(t, tt.by); !by.Equal(want) {
			t.Errorf("due %s: late from %s, want %s", tt.due, by, want)
		}
		if got := c.Late(by, when(t, tt.until)); got != tt.late {
			t.Errorf("due %s, given back %s: late by %d, want %d", tt.due, tt.until, got, tt.late)
		}
	}
	if !c.Result("30/4/2026").IsZero() {
		t.Error("a date that is none has a deadline")
	}
}
