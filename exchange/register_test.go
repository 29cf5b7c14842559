package exchange_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/calendar"
)

func reasons(fields []exchange.Field) string {
	var out []string
	for _, f := range fields {
		out = append(out, f.Path+" "+f.Reason)
	}
	return strings.Join(out, ", ")
}

// What cannot be registered so is refused with its field; what is odd is taken, and said.
func TestRegistrationIsChecked(t *testing.T) {
	t.Parallel()
	_, n := oneNode(t)
	for i, tt := range []struct {
		name   string
		change func(*envelope.Metadata)
		bad    string // refused
		odd    string // taken, with warnings
	}{
		{name: "a type that the symbol denies", change: func(m *envelope.Metadata) { m.TypeCode, m.Symbol = "BC", "QĐ-UBND" }, bad: "metadata.symbol OTHER_TYPE"},
		{name: "a space in the symbol", change: func(m *envelope.Metadata) { m.Symbol = "UBND - VP" }, bad: "metadata.symbol BAD_SYMBOL"},
		{name: "number zero", change: func(m *envelope.Metadata) { m.Number = "00" }, bad: "metadata.number BAD_NUMBER"},
		{name: "a mark in the subject", change: func(m *envelope.Metadata) { m.Subject = "(TỐI MẬT) Về việc diễn tập" }, bad: "metadata.subject SECRET"},
		{name: "a mark in the symbol", change: func(m *envelope.Metadata) { m.Symbol = "UBND-MẬT" }, bad: "metadata.symbol SECRET"},
		{name: "a due date before the letter", change: func(m *envelope.Metadata) { m.DueDate = "2026-11-19" }, bad: "metadata.due_date BEFORE_ISSUE"},
		{name: "1,000 pages", change: func(m *envelope.Metadata) { m.PageAmount = 1000 }, bad: "metadata.page_amount TOO_LONG"},
		{name: "no zero, and another capacity", change: func(m *envelope.Metadata) { m.Number, m.Signer.Competence = "7", "THAY MẶT" },
			odd: "metadata.number LEADING_ZERO, metadata.signer.competence UNKNOWN_COMPETENCE"},
		{name: "state secrets as a subject", change: func(m *envelope.Metadata) {
			m.Number, m.Subject = "08", "Về việc bảo vệ bí mật nhà nước"
		}},
		{name: "letters that were typed in parts", change: func(m *envelope.Metadata) {
			m.Number, m.TypeCode, m.Symbol = "09", "QĐ", "QD\u0323\u0302-UBND"
		}, bad: "metadata.symbol BAD_SYMBOL"},
		{name: "a decision in NFD", change: func(m *envelope.Metadata) { m.Number, m.TypeCode, m.Symbol = "09", "TTr", "TTr-HUYE\u0323\u0302N" }},
	} {
		req := letter(t, "so", "phong")
		tt.change(&req.Metadata)
		doc, err := n.service.Send(context.Background(), clerk, req)
		if tt.bad != "" {
			if got := reasons(wantError(t, err, exchange.Invalid, "INVALID_DOCUMENT").Fields); got != tt.bad {
				t.Errorf("%s: refused for %q, want %q", tt.name, got, tt.bad)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var odd []exchange.Field
		for _, w := range doc.Warnings {
			if w.Reason != "SENT_LATE" {
				odd = append(odd, w)
			}
		}
		if got := reasons(odd); got != tt.odd {
			t.Errorf("%d %s: warnings %q, want %q", i, tt.name, got, tt.odd)
		}
	}
}

// A Party body's number is printed by its own rule, in the document's id too.
func TestPartyNumber(t *testing.T) {
	t.Parallel()
	_, n := oneNode(t)
	req := letter(t, "so", "phong")
	req.Metadata.Number, req.Metadata.Symbol, req.Metadata.TypeCode = "15", "QĐ/ĐU", "QĐ"
	if got := n.send(req).Content.Metadata.DocumentID; got != "H55.so,2026,15-QĐ/ĐU" {
		t.Errorf("document id %q", got)
	}
}

// The second letter of a number is warned about, to its sender and to its receiver, on
// another node; the first is not, and nobody hears of letters that are not theirs.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"xa": "tinh", "tinh": ""}, agencySpec{"x", "xa"}, agencySpec{"t", "tinh"}, agencySpec{"u", "tinh"})
	xa, tinh := w.node("xa"), w.node("tinh")
	ctx := context.Background()
	send := func(number, symbol, id, date string, to ...string) *exchange.Document {
		req := letter(t, "x", to...)
		req.Metadata.Number, req.Metadata.Symbol, req.Metadata.DocumentID, req.Metadata.IssuedDate = number, symbol, id, date
		doc := xa.send(req)
		tinh.eventually("the letter", tinh.delivered(doc.Letter.Key, to...)) // letters may overtake one another
		return doc
	}
	duplicates := func(fields []exchange.Field) string {
		return reasons(slices.DeleteFunc(slices.Clone(fields), func(f exchange.Field) bool { return !strings.HasPrefix(f.Reason, "DUPLICATE") }))
	}
	seen := func(agency string, doc *exchange.Document) string {
		t.Helper()
		d, _ := tinh.delivery(doc.Letter.Key, agency)
		view, err := tinh.service.Delivery(ctx, agency, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		return duplicates(view.Document.Warnings)
	}
	const both = "metadata.number DUPLICATE_NUMBER, metadata.document_id DUPLICATE_DOCUMENT"
	first := send("05", "UBND-VP", "", "2026-11-20", "t", "u")
	second := send("05", "UBND-VP", "", "2026-11-20", "t")
	zero := send("5", "UBND-VP", "", "2026-11-19", "u")
	id := send("06", "UBND-VP", first.Content.Metadata.DocumentID, "2026-11-20", "u")
	for _, tt := range []struct{ what, got, want string }{
		{"first, sender", duplicates(first.Warnings), ""},
		{"first, receiver", seen("t", first), ""},
		{"second, sender", duplicates(second.Warnings), both},
		{"second, receiver", seen("t", second), both},
		{"without the zero, sender", duplicates(zero.Warnings), "metadata.number DUPLICATE_NUMBER"},
		{"without the zero, receiver", seen("u", zero), "metadata.number DUPLICATE_NUMBER"},
		{"the id alone", seen("u", id), "metadata.document_id DUPLICATE_DOCUMENT"},
		{"another year", duplicates(send("05", "UBND-VP", "", "2025-12-31", "t").Warnings), ""},
		{"another symbol", duplicates(send("05", "UBND-VX", "", "2026-11-20", "t").Warnings), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, tt.got, tt.want)
		}
	}
	xa.eventually("the receipt", xa.delivered(second.Letter.Key, "t"))
	if doc, err := xa.service.Document(ctx, "x", second.Letter.Key.ID); err != nil || doc.Deadlines[0].AcknowledgeBy == 0 || !doc.Deadlines[0].Guessed {
		t.Errorf("the sender, on another node, sees deadlines %+v, %v; want one, without a calendar", doc.Deadlines, err)
	}
	// To t alone: u has had no letter of that number yet.
	send("30", "UBND-VP", "", "2026-11-20", "t")
	if got := seen("u", send("30", "UBND-VP", "", "2026-11-20", "u")); got != "" {
		t.Errorf("u hears of a letter to t: %q", got)
	}
}

// What is late is listed at the receiver, the longest first, shown to the sender, and
// goes when it is acknowledged and answered.
func TestOverdue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	days := calendar.Plain()
	days.Years = map[int]calendar.Year{2026: {}, 2027: {}}
	w.config = func(c *exchange.Config) { c.Calendar = days }
	w.now = time.Date(2026, 11, 20, 9, 0, 0, 0, calendar.Zone) // Friday
	w.directory.Agencies = nil
	w.keys["node"] = w.key("node")
	w.directory.Nodes = []envelope.Node{{ID: "node", Name: "node", Addresses: []string{"node"}, Certificates: []envelope.NodeCertificate{{Certificate: w.keys["node"].Certificate.Raw}}}}
	for _, id := range []string{"so", "phong"} {
		w.directory.Agencies = append(w.directory.Agencies, envelope.Agency{ID: id, Name: id, HomeNode: "node", Codes: []envelope.AgencyCode{{Code: "H55." + id, NotBefore: 1}}})
	}
	n := w.start("node", t.TempDir())
	ctx := context.Background()
	send := func(number string, urgency envelope.Urgency, due string) *exchange.Document {
		req := letter(t, "so", "phong")
		req.Metadata.Number, req.Metadata.DueDate, req.Urgency = number, due, urgency
		return n.send(req)
	}
	// late lists numbers, a page of one at a time.
	late := func(what exchange.Overdue) string {
		t.Helper()
		var out []string
		for after := (exchange.Mark{}); ; {
			page, next, err := n.service.Overdue(ctx, "phong", what, after, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				return strings.Join(out, " ")
			}
			if page[0].Document.Deadlines[0].Overdue == exchange.OverdueNone {
				t.Errorf("%s is listed as late, and shown as not", page[0].Document.Content.Metadata.Number)
			}
			out = append(out, page[0].Document.Content.Metadata.Number)
			after = next
		}
	}
	check := func(when, acknowledge, answer string) {
		t.Helper()
		if a, b := late(exchange.OverdueAcknowledge), late(exchange.OverdueAnswer); a != acknowledge || b != answer {
			t.Errorf("%s: to acknowledge %q, to answer %q; want %q, %q", when, a, b, acknowledge, answer)
		}
	}
	at := func(day, hour, minute int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.now = time.Date(2026, 11, day, hour, minute, 0, 0, calendar.Zone)
	}
	first := send("11", envelope.UrgencyNormal, "2026-11-23")
	send("12", envelope.UrgencyUrgent, "")
	check("at once", "", "")
	at(20, 10, 1)
	check("Friday 10:01", "12", "")
	at(20, 17, 30)
	send("13", envelope.UrgencyNormal, "") // after hours: came on Monday
	at(20, 23, 59)
	check("Friday 23:59", "12", "")
	at(21, 0, 1)
	check("Saturday 0:01", "11 12", "")
	if doc, err := n.service.Document(ctx, "so", first.Letter.Key.ID); err != nil || doc.Deadlines[0].Overdue != exchange.OverdueAcknowledge || doc.Deadlines[0].Guessed {
		t.Errorf("the sender sees %+v, %v", doc.Deadlines, err)
	}
	d, _ := n.delivery(first.Letter.Key, "phong")
	if _, err := n.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "phong", Delivery: d.ID, Code: exchange.StatusArrived}); err != nil {
		t.Fatal(err)
	}
	check("acknowledged", "12", "")
	at(23, 23, 59)
	check("Monday 23:59", "12", "")
	at(24, 0, 1)
	check("Tuesday 0:01", "12 13", "11")
	if _, err := n.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "phong", Delivery: d.ID, Code: exchange.StatusRefused, Reason: "sai thẩm quyền"}); err != nil {
		t.Fatal(err)
	}
	check("refused", "12 13", "")
	if doc, err := n.service.Document(ctx, "so", first.Letter.Key.ID); err != nil || doc.Deadlines[0].Overdue != exchange.OverdueNone {
		t.Errorf("refused, and the sender sees %+v, %v", doc.Deadlines, err)
	}
	if _, _, err := n.service.Overdue(ctx, "phong", 9, exchange.Mark{}, 1); err == nil {
		t.Error("a way to be late that there is not was taken")
	}
}

// A letter that goes out after noon of the working day after its date is late.
func TestSentLate(t *testing.T) {
	t.Parallel()
	_, n := oneNode(t)
	req := letter(t, "so", "phong")
	for date, want := range map[string]bool{"2026-11-20": false, "2026-11-02": true} {
		req.Metadata.IssuedDate = date
		doc := n.send(req)
		if got := strings.Contains(reasons(doc.Warnings), "SENT_LATE"); got != want {
			t.Errorf("issued %s, sent %s: late is %t, want %t", date, fmt.Sprint(time.UnixMicro(doc.Letter.Received).UTC()), got, want)
		}
	}
}
