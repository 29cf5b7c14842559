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

// dossiers says how far each is for an agency, and how late.
func dossiers(t *testing.T, n *testNode, agency string, late bool) (out string) {
	t.Helper()
	list, _, err := n.service.Handovers(context.Background(), exchange.HandoverRequest{Agency: agency, Code: "H55.13-261121-0001", Late: late}, exchange.Mark{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range list {
		out += fmt.Sprintf("%d %s way %d stage %d late %t %d;", len(out), h.Metadata.Number, h.Way, h.Stage, h.Late, h.LateDays)
	}
	return out
}

// A dossier goes to another node and its result comes back: both agencies see the same.
func TestHandover(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"xa": "tinh", "tinh": ""}, agencySpec{"x", "xa"}, agencySpec{"t", "tinh"})
	xa, tinh := w.node("xa"), w.node("tinh")
	send := func(n *testNode, number, from, to, due string, answers *exchange.Document) *exchange.Document {
		req := letter(t, from, to)
		req.Metadata.Number, req.Metadata.DossierCode, req.Metadata.DueDate = number, "H55.13-261121-0001", due
		if answers != nil {
			req.Relations = []envelope.Relation{{Kind: envelope.RelationRepliesTo, Origin: answers.Route.OriginAgency, Digest: answers.Letter.Digest}}
		}
		doc := n.send(req)
		for _, other := range []*testNode{xa, tinh} {
			if other != n {
				other.eventually("the letter", other.delivered(doc.Letter.Key, to))
			}
		}
		return doc
	}
	report := func(n, other *testNode, doc *exchange.Document, to string, codes ...uint32) {
		d, _ := n.delivery(doc.Letter.Key, to)
		for _, code := range codes {
			if _, err := n.service.ReportStatus(context.Background(), clerk, exchange.StatusRequest{Agency: to, Delivery: d.ID, Code: code, Reason: "thiếu chữ ký", OverrideVerdict: true}); err != nil {
				t.Fatal(err)
			}
		}
		other.eventually("the status", func() bool {
			d, _ := other.delivery(doc.Letter.Key, to)
			return d.Status == codes[len(codes)-1]
		})
	}
	want := func(what, x, y string) {
		t.Helper()
		for _, side := range []struct{ got, want string }{{dossiers(t, xa, "x", false), x}, {dossiers(t, tinh, "t", false), y}} {
			if side.got != side.want {
				t.Errorf("%s: %q, want %q", what, side.got, side.want)
			}
		}
	}
	handed := send(xa, "01", "x", "t", "2026-11-25", nil)
	want("handed over", "0 01 way 1 stage 1 late false 0;", "0 01 way 2 stage 1 late false 0;")
	report(tinh, xa, handed, "t", exchange.StatusArrived, exchange.StatusAccepted)
	want("accepted", "0 01 way 1 stage 2 late false 0;", "0 01 way 2 stage 2 late false 0;")
	if got := dossiers(t, xa, "x", true); got != "" {
		t.Errorf("late before its time: %q", got)
	}

	apology := exchange.ApologyRequest{Agency: "t", Code: "H55.13-261121-0001", To: "Ông Nguyễn Văn Đĩnh", NewDate: "2026-12-04", Reason: "Phải xác minh thêm."}
	_, err := tinh.service.Apologise(context.Background(), apology)
	wantError(t, err, exchange.Precondition, "NOT_LATE")

	// Friday, two working days after Wednesday's end.
	w.mu.Lock()
	w.now = time.Date(2026, 11, 27, 10, 0, 0, 0, calendar.Zone)
	w.mu.Unlock()
	want("late", "0 01 way 1 stage 2 late true 2;", "0 01 way 2 stage 2 late true 2;")
	if got := dossiers(t, tinh, "t", true); got != "0 01 way 2 stage 2 late true 2;" {
		t.Errorf("late there: %q", got)
	}
	if a, err := tinh.service.Apologise(context.Background(), apology); err != nil {
		t.Error(err)
	} else if text := strings.Join(a.Paragraphs, " "); !strings.Contains(text, "ngày 25/11/2026") || !strings.Contains(text, "quá hạn 2 ngày làm việc") || !strings.Contains(text, "ngày 04/12/2026") {
		t.Errorf("an apology says %q", text)
	}
	_, err = tinh.service.Apologise(context.Background(), exchange.ApologyRequest{Agency: "t", NewDate: "2026-11-26"})
	if got, want := reasons(wantError(t, err, exchange.Invalid, "BAD_APOLOGY").Fields), "dossier_code REQUIRED, to REQUIRED, reason REQUIRED, new_date PAST"; got != want {
		t.Errorf("an empty apology: %q, want %q", got, want)
	}
	question := send(tinh, "02", "t", "x", "2026-12-04", handed)
	want("a question is no result", "0 02 way 2 stage 1 late false 0;32 01 way 1 stage 2 late true 2;", "0 02 way 1 stage 1 late false 0;32 01 way 2 stage 2 late true 2;")
	send(xa, "03", "x", "t", "", question)
	wrong := send(tinh, "04", "t", "x", "", handed)
	want("answered and given back", "0 02 way 2 stage 3 late false 0;32 01 way 1 stage 3 late true 2;", "0 02 way 1 stage 3 late false 0;32 01 way 2 stage 3 late true 2;")
	report(xa, tinh, wrong, "x", exchange.StatusArrived, exchange.StatusRefused)
	want("a result that was refused", "0 02 way 2 stage 3 late false 0;32 01 way 1 stage 2 late true 2;", "0 02 way 1 stage 3 late false 0;32 01 way 2 stage 2 late true 2;")
	send(tinh, "05", "t", "x", "", handed)
	if got := dossiers(t, xa, "x", true); got != "0 01 way 1 stage 3 late true 2;" {
		t.Errorf("late in the end: %q", got)
	}
}
