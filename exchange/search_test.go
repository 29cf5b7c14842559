package exchange_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"lienthong/exchange"
)

// found are the numbers of what a search finds, a page of two at a time.
func found(t *testing.T, n *testNode, req exchange.SearchRequest) string {
	t.Helper()
	var out []string
	for before := uint64(0); ; {
		page, err := n.service.Search(context.Background(), req, before, 2)
		if err != nil {
			t.Fatalf("%+v: %v", req, err)
		}
		if len(page) == 0 {
			return strings.Join(out, " ")
		}
		for _, f := range page {
			out = append(out, f.Content.Metadata.Number)
			before = f.Filing.N
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"xa": "tinh", "tinh": ""}, agencySpec{"x", "xa"}, agencySpec{"t", "tinh"}, agencySpec{"u", "tinh"})
	xa, tinh := w.node("xa"), w.node("tinh")
	send := func(number, symbol, kind, subject, date string, to ...string) *exchange.Document {
		req := letter(t, "x", to...)
		m := &req.Metadata
		m.Number, m.Symbol, m.TypeCode, m.Subject, m.IssuedDate = number, symbol, kind, subject, date
		m.DossierCode = "H55.13-" + number
		doc := xa.send(req)
		tinh.eventually("the letter", tinh.delivered(doc.Letter.Key, to...))
		return doc
	}
	first := send("01", "BC-UBND", "BC", "Báo cáo quý IV của Ủy ban nhân dân", "2025-12-31", "t")
	send("02", "DA-UBND", "DA", norm.NFD.String("Báo cáo dự án đường liên xã"), "2026-03-02", "t", "u")
	send("03", "ĐA-UBND", "ĐA", "ĐỀ ÁN CẢI CÁCH HÀNH CHÍNH", "2026-11-19", "u")
	d, _ := tinh.delivery(first.Letter.Key, "t")
	for _, code := range []uint32{exchange.StatusArrived, exchange.StatusRefused} {
		if _, err := tinh.service.ReportStatus(context.Background(), clerk, exchange.StatusRequest{Agency: "t", Delivery: d.ID, Code: code, Reason: "gửi nhầm"}); err != nil {
			t.Fatal(err)
		}
	}
	xa.eventually("the refusal", func() bool {
		d, _ := xa.delivery(first.Letter.Key, "t")
		return d.Status == exchange.StatusRefused
	})
	for _, tt := range []struct {
		node *testNode
		req  exchange.SearchRequest
		want string
	}{
		{xa, exchange.SearchRequest{Agency: "x"}, "03 02 01"},
		{xa, exchange.SearchRequest{Agency: "x", Text: "bao cao"}, "02 01"},
		{xa, exchange.SearchRequest{Agency: "x", Text: "bao cao quy iv"}, "01"},
		{xa, exchange.SearchRequest{Agency: "x", Text: "Báo cáo QUÝ Ⅳ"}, "01"},
		{xa, exchange.SearchRequest{Agency: "x", Text: norm.NFD.String("đường")}, "02"},
		{xa, exchange.SearchRequest{Agency: "x", Text: "duong"}, "02"},
		{xa, exchange.SearchRequest{Agency: "x", Text: "de an cai cach"}, "03"},
		{xa, exchange.SearchRequest{Agency: "x", Text: "cai*"}, "03"},
		{xa, exchange.SearchRequest{Agency: "x", Text: "ca"}, ""},
		{xa, exchange.SearchRequest{Agency: "x", Text: "02/DA-UBND"}, "02"},
		{xa, exchange.SearchRequest{Agency: "x", Number: "2"}, "02"},
		{xa, exchange.SearchRequest{Agency: "x", Number: "0002", Symbol: "da-ubnd"}, "02"},
		{xa, exchange.SearchRequest{Agency: "x", Symbol: "ĐA-UBND"}, "03 02"}, // accents do not count
		{xa, exchange.SearchRequest{Agency: "x", TypeCode: "ĐA"}, "03"},
		{xa, exchange.SearchRequest{Agency: "x", Dossier: "H55.13-03"}, "03"},
		{xa, exchange.SearchRequest{Agency: "x", Other: "H55.u"}, "03 02"},
		{xa, exchange.SearchRequest{Agency: "x", Status: exchange.StatusRefused}, "01"},
		{xa, exchange.SearchRequest{Agency: "x", Way: exchange.WayIn}, ""},
		{xa, exchange.SearchRequest{Agency: "x", From: "2026-01-01"}, "03 02"},
		{xa, exchange.SearchRequest{Agency: "x", To: "2025-12-31"}, "01"},
		{xa, exchange.SearchRequest{Agency: "x", From: "2025-12-31", To: "2026-03-01"}, "01"},
		{xa, exchange.SearchRequest{Agency: "x", From: "2026-03-02", To: "2026-11-19", Way: exchange.WayOut}, "03 02"},
		{tinh, exchange.SearchRequest{Agency: "t"}, "02 01"},
		{tinh, exchange.SearchRequest{Agency: "t", Status: exchange.StatusRefused, Way: exchange.WayIn}, "01"},
		{tinh, exchange.SearchRequest{Agency: "t", Status: exchange.StatusArrived}, ""},
		{tinh, exchange.SearchRequest{Agency: "u", Text: "bao cao"}, "02"},
		{tinh, exchange.SearchRequest{Agency: "t", Other: "x", Text: "an"}, "02"}, // dự án
	} {
		if got := found(t, tt.node, tt.req); got != tt.want {
			t.Errorf("%+v: found %q, want %q", tt.req, got, tt.want)
		}
	}
	for name, tt := range map[string]struct {
		req  exchange.SearchRequest
		want string
	}{
		"no date":           {exchange.SearchRequest{From: "30/4/2026"}, "issued_from NOT_A_DATE"},
		"the wrong way":     {exchange.SearchRequest{From: "2026-02-01", To: "2026-01-01"}, "issued_to BEFORE_FROM"},
		"no word":           {exchange.SearchRequest{Text: "?!"}, "text NO_WORDS"},
		"many words":        {exchange.SearchRequest{Text: strings.Repeat("a ", 33)}, "text TOO_LONG"},
		"unknown agency":    {exchange.SearchRequest{Other: "X99"}, "counterpart UNKNOWN_AGENCY"},
		"unknown direction": {exchange.SearchRequest{Way: 3}, "direction UNKNOWN"},
	} {
		tt.req.Agency = "x"
		_, err := xa.service.Search(context.Background(), tt.req, 0, 10)
		if got := reasons(wantError(t, err, exchange.Invalid, "BAD_SEARCH").Fields); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if _, err := xa.service.Search(context.Background(), exchange.SearchRequest{Agency: "t"}, 0, 10); err == nil {
		t.Error("the register of an agency that is not at home here was searched")
	}
}

// Every range of dates is covered by exactly its days.
func TestDateTerms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"xa": ""}, agencySpec{"x", "xa"})
	n := w.node("xa")
	days := []string{"2023-12-31", "2024-01-01", "2024-02-29", "2024-03-01", "2024-12-31", "2025-01-01", "2025-06-15", "2026-01-31", "2026-02-01"}
	for i, day := range days {
		req := letter(t, "x", "x")
		req.Metadata.Number, req.Metadata.IssuedDate = fmt.Sprint(11+i), day
		n.send(req)
	}
	for i := range days {
		for k := i; k < len(days); k++ {
			var want []string
			for d := k; d >= i; d-- {
				want = append(want, fmt.Sprint(11+d))
			}
			if got := found(t, n, exchange.SearchRequest{Agency: "x", From: days[i], To: days[k], Way: exchange.WayOut}); got != strings.Join(want, " ") {
				t.Errorf("%s to %s: %q, want %q", days[i], days[k], got, want)
			}
		}
	}
}
