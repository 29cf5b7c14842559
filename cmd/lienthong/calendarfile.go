package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"lienthong/exchange/calendar"
)

// A calendarFile is a working calendar as people write it; docs/calendar.example.yaml
// says what each key means.
type calendarFile struct {
	Hours  []string `yaml:"hours"`
	Urgent struct {
		Khan       time.Duration `yaml:"khan"`
		ThuongKhan time.Duration `yaml:"thuong_khan"`
		HoaToc     time.Duration `yaml:"hoa_toc"`
	} `yaml:"urgent"`
	Years map[int]calendarYear `yaml:"years"`
}

type calendarYear struct {
	Free   map[string]string `yaml:"free"`
	Worked map[string]string `yaml:"worked"`
}

// loadCalendar reads a working calendar strictly; without a file it gives one that
// knows no year.
func loadCalendar(path string) (*calendar.Calendar, error) {
	if path == "" {
		return calendar.Plain(), nil
	}
	data, err := readLimited(path, 1<<20)
	if err != nil {
		return nil, err
	}
	return readCalendar(path, data)
}

// readCalendar reads a working calendar; path is for errors.
func readCalendar(path string, data []byte) (*calendar.Calendar, error) {
	var f calendarFile
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlError(path, err)
	}
	c, err := f.calendar()
	if err != nil {
		return nil, failf(exitUsage, "%s: %v", path, err)
	}
	if bad := c.Check(); len(bad) > 0 {
		return nil, fail(exitUsage, fmt.Errorf("%s: %s", path, strings.Join(bad, "; ")), "docs/calendar.example.yaml shows the form")
	}
	return c, nil
}

func (f *calendarFile) calendar() (*calendar.Calendar, error) {
	c := &calendar.Calendar{Years: map[int]calendar.Year{}, Hours: calendar.DefaultHours, Soon: map[int]time.Duration{}}
	for urgency, d := range map[int]time.Duration{2: f.Urgent.Khan, 3: f.Urgent.ThuongKhan, 4: f.Urgent.HoaToc} {
		if d == 0 {
			d = calendar.DefaultSoon[urgency]
		}
		c.Soon[urgency] = d
	}
	if len(f.Hours) > 0 {
		c.Hours = nil
	}
	for _, s := range f.Hours {
		h, err := calendar.ParseHours(s)
		if err != nil {
			return nil, err
		}
		c.Hours = append(c.Hours, h)
	}
	for year, y := range f.Years {
		c.Years[year] = calendar.Year{Free: y.Free, Worked: y.Worked}
	}
	return c, nil
}

// warnCalendar says which years the calendar lacks: this one, and from October on the
// next, which the government has decided by then.
func warnCalendar(path string, c *calendar.Calendar, now time.Time, log *slog.Logger) {
	for _, at := range []time.Time{now, now.AddDate(0, 3, 0)} {
		if !c.Knows(at) {
			log.Warn("the working calendar has no data of a year: deadlines take only Saturdays and Sundays to be free",
				"year", at.In(calendar.Zone).Year(), "calendar", path)
			return
		}
	}
}
