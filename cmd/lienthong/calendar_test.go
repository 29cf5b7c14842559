package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/exchange/calendar"
)

// The example in docs is a calendar of three years that a node takes.
func TestCalendarExample(t *testing.T) {
	t.Parallel()
	c, err := loadCalendar("../../docs/calendar.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	worked := 0
	for d := time.Date(2025, 1, 1, 9, 0, 0, 0, calendar.Zone); d.Year() < 2028; d = d.AddDate(0, 0, 1) {
		if !c.Knows(d) {
			t.Fatalf("%d is not known", d.Year())
		}
		if c.Worked(d) {
			worked++
		}
	}
	// 261 days of each year are Monday to Friday; 12, 13 and 11 of these are free, and three
	// Saturdays are worked.
	if worked != 750 {
		t.Errorf("%d days are worked, want 750", worked)
	}
	tet := time.Date(2026, 2, 13, 9, 0, 0, 0, calendar.Zone)
	if got := c.Send(tet, 1).Limit.Format("2006-01-02 15:04"); got != "2026-02-23 12:00" {
		t.Errorf("what is signed before Tết is sent by %s", got)
	}
}

func TestCalendarFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"holidays: {}":                             "holidays",
		"hours: [morning]":                         "want from-until",
		"years: {2026: {free: {2026-13-01: x}}}":   "2026.free: \"2026-13-01\", want yyyy-mm-dd",
		"years: {2026: {worked: {2026-02-24: x}}}": "2026-02-24 is a Tuesday",
		"urgent: {khan: 48h}":                      "urgent: 48h0m0s for urgency 2",
	} {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadCalendar(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// This year and, from October on, the next are warned about while they are missing.
func TestCalendarWarns(t *testing.T) {
	t.Parallel()
	c := calendar.Plain()
	c.Years = map[int]calendar.Year{2026: {}}
	for at, want := range map[string]string{"2026-09-30": "", "2026-10-02": "year=2027", "2027-01-01": "year=2027", "2025-03-01": "year=2025"} {
		now, err := time.ParseInLocation(time.DateOnly, at, calendar.Zone)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		warnCalendar("c.yaml", c, now, slog.New(slog.NewTextHandler(&out, nil)))
		if got := out.String(); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}
