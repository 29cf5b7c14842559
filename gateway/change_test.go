package gateway_test

import (
	"testing"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/internal/testnode"
)

// A replacement, and a document that is asked back (13) and given back (15).
func TestReplacementAndTakeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{})
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	letter := w.net.Letter(t, 1000)
	w.good(ward.send("edoc", w.document("53", letter, nil)))
	w.good(district.update(district.await("edoc", 1)[0].DocID, "done"))
	w.good(ward.update(ward.await("status", 1)[0].DocID, "done"))
	w.good(ward.send("edoc", w.document("54", letter, func(d *edxml.Document) {
		d.Business.Type, d.Business.Reason = edxml.OperationReplace, "Thay thế"
		d.Business.Replacements = []edxml.Replacement{{DocumentID: "H55.13.05,2026/11/20,53/BC-UBND", OrganIDs: []string{"H55.13"}}}
	})))
	replacement := district.await("edoc", 1)[0].DocID
	if d := parse(t, district.get(replacement)).Document(); d == nil || d.Business.Type != edxml.OperationReplace || d.CodeNumber != "54" {
		t.Errorf("the replacement came as %+v", d)
	}
	w.good(district.update(replacement, "done"))
	w.good(ward.update(ward.await("status", 1)[0].DocID, "done"))

	ask := edxml.Status{From: edxml.Organisation{OrganID: testnode.Code[testnode.Ward]}, Code: "13", Description: "Gửi nhầm", Timestamp: "2026/11/21 09:00:00",
		ResponseFor: edxml.Reference{OrganID: "H55.13", Code: "54/BC-UBND", PromulgationDate: "2026/11/20", DocumentID: "H55.13.05,2026/11/20,54/BC-UBND"}}
	m, err := ask.Message()
	if err != nil {
		t.Fatal(err)
	}
	w.good(ward.send("status", m.Bytes()))
	asked := district.await("status", 1)[0].DocID
	if s := parse(t, district.get(asked)).Status(); s == nil || s.Code != "13" || s.Description != "Gửi nhầm" || s.ResponseFor.Code != "54/BC-UBND" {
		t.Errorf("the question came as %+v", s)
	}
	w.good(district.send("status", w.status("54", "15", "")))
	if s := parse(t, ward.get(ward.await("status", 1)[0].DocID)).Status(); s == nil || s.Code != "15" {
		t.Errorf("the answer came as %+v", s)
	}
}

func parse(t *testing.T, data []byte) *edxml.Message {
	t.Helper()
	m, err := edxml.Parse(data, edxml.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return m
}
