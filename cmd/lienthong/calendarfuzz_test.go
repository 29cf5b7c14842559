package main

import (
	"os"
	"testing"
	"time"

	"lienthong/exchange/calendar"
)

// FuzzCalendar holds for whatever calendar is taken: every deadline is found, after the
// moment from which it is counted.
func FuzzCalendar(f *testing.F) {
	example, err := os.ReadFile("../../docs/calendar.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(example), "", "hours: [07:30-11:30]", "years: {2026: {free: {2026-11-23: x}}}", "urgent: {khan: 4h, hoa_toc: 1m}",
		"hours: [00:00-00:01]\nyears: {2026: {worked: {2026-11-21: bù}}}"} {
		f.Add([]byte(s))
	}
	at := []time.Time{time.Date(2026, 2, 13, 9, 0, 0, 0, calendar.Zone), time.Date(2026, 11, 20, 23, 59, 0, 0, calendar.Zone), time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := readCalendar("c.yaml", data)
		if err != nil {
			return
		}
		for _, from := range at {
			for urgency := range 5 {
				if d := c.Send(from, urgency); d.Limit.Before(from) {
					t.Errorf("what is signed at %s, of urgency %d, was to be sent by %s", from, urgency, d.Limit)
				}
			}
		}
	})
}
