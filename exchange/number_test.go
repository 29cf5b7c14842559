package exchange_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/calendar"
	"lienthong/internal/testpg"
)

// onPostgres is the URL of a store of its own.
func onPostgres(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(testpg.New(t))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("blobs", t.TempDir())
	u.RawQuery = q.Encode()
	return u.String()
}

// Many ask at once, for one series: each gets a number of its own, and none is left out.
// On both stores.
func TestReserveNumbers(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			stores := map[string]string{}
			if kind == "postgres" {
				stores["xa"] = onPostgres(t)
			}
			w := newWorldOver(t, stores, map[string]string{"xa": ""}, agencySpec{"x", "xa"}, agencySpec{"y", "xa"})
			n, ctx := w.node("xa"), context.Background()
			var mu sync.Mutex
			var got []string
			var wg sync.WaitGroup
			for i := range 40 {
				wg.Go(func() {
					req := exchange.ReserveRequest{Agency: []string{"x", "y"}[i%2], Series: []string{"", "QĐ"}[i/2%2], Paper: i%3 == 0}
					number, err := n.service.ReserveNumber(ctx, clerk, req)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					got = append(got, fmt.Sprintf("%s %q %02d", number.Agency, number.Series, number.Number))
					mu.Unlock()
				})
			}
			wg.Wait()
			var want []string
			for _, agency := range []string{"x", "y"} {
				for _, series := range []string{"", "QĐ"} {
					for i := range 10 {
						want = append(want, fmt.Sprintf("%s %q %02d", agency, series, i+1))
					}
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("numbers %q", got)
			}
		})
	}
}

// An agency that takes its numbers from the node sends no others; voided ones are nobody's;
// a series goes on from where paper stood, and never back.
func TestNumbersOfLetters(t *testing.T) {
	t.Parallel()
	_, n := oneNode(t)
	ctx := context.Background()
	send := func(number, kind, symbol string) error {
		req := letter(t, "so", "phong")
		req.Metadata.Number, req.Metadata.TypeCode, req.Metadata.Symbol = number, kind, symbol
		_, err := n.service.Send(ctx, clerk, req)
		return err
	}
	if err := send("05", "", "UBND-VP"); err != nil {
		t.Fatalf("before the agency takes numbers here: %v", err)
	}
	if _, err := n.service.StartSeries(ctx, clerk, "so", exchange.WayOut, 2026, "", 20); err != nil {
		t.Fatal(err)
	}
	_, err := n.service.StartSeries(ctx, clerk, "so", exchange.WayOut, 2026, "", 19)
	wantError(t, err, exchange.Precondition, "SERIES_GOES_BACK")
	first, err := n.service.ReserveNumber(ctx, clerk, exchange.ReserveRequest{Agency: "so", RequestID: "a", Note: "giấy mời họp"})
	if err != nil || first.Number != 21 || first.Year != 2026 {
		t.Fatalf("first %+v, %v", first, err)
	}
	again, err := n.service.ReserveNumber(ctx, clerk, exchange.ReserveRequest{Agency: "so", RequestID: "a", Note: "giấy mời họp"})
	if err != nil || again.ID != first.ID {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	second, err := n.service.ReserveNumber(ctx, clerk, exchange.ReserveRequest{Agency: "so"})
	if err != nil || second.Number != 22 {
		t.Fatalf("second %+v, %v", second, err)
	}
	if _, err := n.service.VoidNumber(ctx, clerk, "so", 0, 2026, "", 22, "soạn nhầm"); err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]string{"22": "metadata.number NUMBER_VOID", "23": "metadata.number NOT_RESERVED", "06": "metadata.number NOT_RESERVED", "21a": "metadata.number NOT_RESERVED"} {
		if got := reasons(wantError(t, send(number, "", "UBND-VP"), exchange.Invalid, "INVALID_DOCUMENT").Fields); got != want {
			t.Errorf("number %s: %q, want %q", number, got, want)
		}
	}
	if err := send("21", "", "UBND-VP"); err != nil {
		t.Fatal(err)
	}
	_, err = n.service.VoidNumber(ctx, clerk, "so", 0, 2026, "", 21, "hủy")
	wantError(t, err, exchange.Precondition, "NUMBER_STATE")
	_, err = n.service.VoidNumber(ctx, clerk, "so", 0, 2026, "", 99, "hủy")
	wantError(t, err, exchange.NotFound, "NOT_FOUND")
	list, err := n.service.Numbers(ctx, "so", exchange.WayOut, 2026, "", 0, 10)
	if err != nil || len(list) != 2 || list[0].State != exchange.NumberUsed || list[0].Letter.IsZero() || list[1].State != exchange.NumberVoid || list[1].Reason != "soạn nhầm" {
		t.Errorf("numbers %+v, %v", list, err)
	}
	// A type with a series of its own.
	if _, err := n.service.ReserveNumber(ctx, clerk, exchange.ReserveRequest{Agency: "so", Series: "QĐ"}); err != nil {
		t.Fatal(err)
	}
	if err := send("01", "QĐ", "QĐ-UBND"); err != nil {
		t.Error(err)
	}
}

// What comes gets its number when it is accepted, one after the other, each year from 1;
// what is refused gets none. The registers say so.
func TestRegisters(t *testing.T) {
	t.Parallel()
	w, n := oneNode(t)
	w.mu.Lock()
	w.now = time.Date(2026, 12, 31, 8, 0, 0, 0, calendar.Zone)
	w.mu.Unlock()
	ctx := context.Background()
	var came []exchange.Delivery
	for i := range 6 {
		req := letter(t, "so", "phong")
		req.Metadata.Number = fmt.Sprint(31 + i)
		doc := n.send(req)
		d, _ := n.delivery(doc.Letter.Key, "phong")
		came = append(came, d)
	}
	report := func(i int, code uint32, reason string, staff envelope.Staff) {
		t.Helper()
		if _, err := n.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "phong", Delivery: came[i].ID, Code: code, Reason: reason, Staff: staff, OverrideVerdict: true}); err != nil {
			t.Fatal(err)
		}
	}
	report(0, exchange.StatusRefused, "gửi nhầm", envelope.Staff{})
	var wg sync.WaitGroup
	for _, i := range []int{1, 2, 3} {
		wg.Go(func() { report(i, exchange.StatusAccepted, "bản giấy đã đối chiếu", envelope.Staff{}) })
	}
	wg.Wait()
	report(2, exchange.StatusAssigned, "phó trưởng phòng", envelope.Staff{ID: "cb-3", Name: "Lê Văn Tám", Department: "Văn phòng"})
	w.advance(24 * time.Hour)
	report(5, exchange.StatusAccepted, "bản giấy đã đối chiếu", envelope.Staff{})
	lines := func(agency string, way exchange.Way, from, to string) (out []exchange.RegisterLine) {
		t.Helper()
		for after := (exchange.Mark{}); ; {
			page, mark, err := n.service.Register(ctx, agency, way, from, to, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				return out
			}
			out, after = append(out, page...), mark
		}
	}
	text := func(list []exchange.RegisterLine) string {
		var out []string
		for _, l := range list {
			out = append(out, fmt.Sprintf("%d:%d", l.Filing.Year, l.Filing.Number))
		}
		return strings.Join(out, " ")
	}
	if got := text(lines("phong", exchange.WayIn, "", "")); got != "2026:1 2026:2 2026:3 2027:1" {
		t.Errorf("register of what came: %s", got)
	}
	if got := text(lines("phong", exchange.WayIn, "2027-01-01", "2027-01-01")); got != "2027:1" {
		t.Errorf("on 1 January: %s", got)
	}
	assigned := 0
	for _, l := range lines("phong", exchange.WayIn, "2026-12-31", "2026-12-31") {
		if l.Assigned != nil {
			assigned++
			if l.Content.Metadata.Number != "33" || l.Assigned.Staff.Name != "Lê Văn Tám" || l.Assigned.At < l.Filing.Entered {
				t.Errorf("assigned %+v", l.Assigned)
			}
		}
	}
	if out := lines("so", exchange.WayOut, "2026-12-31", "2026-12-31"); assigned != 1 || len(out) != 6 || out[0].Content.Metadata.Number != "31" || len(out[0].Deliveries) != 1 {
		t.Errorf("%d assigned, %d sent", assigned, len(out))
	}
	if _, _, err := n.service.Register(ctx, "so", exchange.WayOut, "hôm nay", "", exchange.Mark{}, 1); err == nil {
		t.Error("a day that is none was taken")
	}
}
