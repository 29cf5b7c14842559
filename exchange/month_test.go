package exchange_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/calendar"
)

// A month of letters over Tết, with a Monday that is free for a Saturday that is worked:
// what is late, and what the statistics say of it, was counted by hand on the calendar
// of February 2026.
func TestMonthOverTet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	days := calendar.Plain()
	days.Years = map[int]calendar.Year{2026: {
		Free:   map[string]string{"2026-02-16": "Tết", "2026-02-17": "Tết", "2026-02-18": "Tết", "2026-02-19": "Tết", "2026-02-20": "Tết", "2026-02-23": "nghỉ hoán đổi"},
		Worked: map[string]string{"2026-02-28": "làm bù"}}}
	w.config = func(c *exchange.Config) { c.Calendar = days }
	set := func(text string) {
		at, err := time.ParseInLocation("2006-01-02 15:04", "2026-"+text, calendar.Zone)
		if err != nil {
			t.Fatal(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.now = at
	}
	set("02-05 08:00")
	w.keys["node"] = w.key("node")
	w.directory.Nodes = []envelope.Node{{ID: "node", Name: "node", Addresses: []string{"node"}, Certificates: []envelope.NodeCertificate{{Certificate: w.keys["node"].Certificate.Raw}}}}
	for _, id := range []string{"so", "phong"} {
		w.directory.Agencies = append(w.directory.Agencies, envelope.Agency{ID: id, Name: id, HomeNode: "node", Codes: []envelope.AgencyCode{{Code: "H55." + id, NotBefore: 1}}})
	}
	n, ctx := w.start("node", t.TempDir()), context.Background()
	came := map[string]exchange.Delivery{}
	for _, step := range []struct {
		at   string
		send string // number of the letter that comes
		ack  string // number of the one that is acknowledged
		late string // what is late then, the longest first; - is not looked at
	}{
		{"02-05 09:00", "11", "", ""}, {"02-05 15:00", "", "11", ""}, // a Thursday, on time
		{"02-06 17:00", "12", "", ""}, {"02-09 23:59", "", "", ""}, // after hours: came on Monday
		{"02-10 00:30", "", "", "12"}, {"02-10 00:31", "", "12", ""},
		{"02-13 08:00", "13", "", ""}, {"02-13 18:00", "14", "", ""}, // the last day before Tết, and its evening
		{"02-14 00:01", "", "", "13"}, {"02-17 09:00", "15", "", "13"}, // mùng một
		{"02-23 09:00", "16", "", "13"}, // the Monday that is free
		{"02-24 10:00", "", "14", "13"}, {"02-24 23:59", "", "", "13"},
		{"02-25 00:01", "", "", "13 15 16"}, {"02-25 08:00", "", "15", "13 16"},
		{"02-27 16:00", "17", "", "13 16"}, {"02-27 23:00", "", "17", "13 16"},
		{"02-28 17:30", "18", "", "13 16"}, // the worked Saturday, after hours: came on Monday
		{"03-01 12:00", "", "", "13 16"}, {"03-02 23:59", "", "", "13 16"}, {"03-03 00:01", "", "", "13 16 18"},
	} {
		set(step.at)
		if step.send != "" {
			req := letter(t, "so", "phong")
			req.Metadata.Number, req.Metadata.IssuedDate = step.send, "2026-"+step.at[:5]
			came[step.send], _ = n.delivery(n.send(req).Letter.Key, "phong")
		}
		if step.ack != "" {
			if _, err := n.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "phong", Delivery: came[step.ack].ID, Code: exchange.StatusArrived}); err != nil {
				t.Fatal(err)
			}
		}
		views, _, err := n.service.Overdue(ctx, "phong", exchange.OverdueAcknowledge, exchange.Mark{}, 50)
		if err != nil {
			t.Fatal(err)
		}
		var late []string
		for _, v := range views {
			late = append(late, v.Document.Content.Metadata.Number)
		}
		if got := strings.Join(late, " "); got != step.late {
			t.Errorf("%s: late %q, want %q", step.at, got, step.late)
		}
	}
	lines, err := n.service.Statistics(ctx, "phong", "2026-01-01", "2026-03-02", exchange.PeriodMonth)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range lines {
		got = append(got, fmt.Sprintf("%s to %s: %d, %d on time, %d late", l.From, l.To, l.Received.Documents, l.Received.OnTime, l.Received.Late))
	}
	want := []string{"2026-01-01 to 2026-01-31: 0, 0 on time, 0 late", "2026-02-01 to 2026-02-28: 8, 3 on time, 5 late", "2026-03-01 to 2026-03-02: 0, 0 on time, 0 late"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("statistics:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, period := range []exchange.Period{exchange.PeriodDay, exchange.PeriodQuarter, exchange.PeriodYear} {
		lines, err := n.service.Statistics(ctx, "phong", "2026-02-01", "2026-02-28", period)
		documents, late := uint64(0), uint64(0)
		for _, l := range lines {
			documents, late = documents+l.Received.Documents, late+l.Received.Late
		}
		if err != nil || documents != 8 || late != 5 || period == exchange.PeriodDay && len(lines) != 28 || period > exchange.PeriodMonth && len(lines) != 1 {
			t.Errorf("period %d: %d lines, %d documents, %d late, %v", period, len(lines), documents, late, err)
		}
	}
	if _, err := n.service.Statistics(ctx, "phong", "2026-02-01", "2028-02-28", exchange.PeriodDay); err == nil {
		t.Error("more than two years of days were counted at once")
	}
}
