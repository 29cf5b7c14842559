package gateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/internal/testnode"
)

// A letter, its acknowledgement and its statuses go through the doors of two nodes, and
// the receiver gets the very bytes that the sender wrote.
func TestLetterAndStatuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{})
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	sent := w.document("41", w.net.Letter(t, 4_000_000), nil)
	first, again := w.good(ward.send("edoc", sent)), w.good(ward.send("edoc", sent))
	if first.DocID == "" || first.DocID != again.DocID {
		t.Fatalf("one message was sent as %q and as %q", first.DocID, again.DocID)
	}
	came := district.await("edoc", 1)[0]
	if came.From != testnode.Code[testnode.Ward] || came.To != testnode.Code[testnode.District] || came.Status != "INITIAL" {
		t.Errorf("in the list: %+v", came)
	}
	if got := district.get(came.DocID); !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came, want the %d that were sent", len(got), len(sent))
	}
	w.good(district.update(came.DocID, "processing"))
	if list := district.list("edoc"); len(list) != 1 || list[0].Status != "PROCESSING" {
		t.Errorf("processing: %+v", list)
	}
	if n := w.good(district.call("GET", "/countReceiveEdoc", nil)).Count; n != 1 {
		t.Errorf("%d messages are counted, want 1", n)
	}
	w.good(district.update(came.DocID, "done"))
	w.good(district.update(came.DocID, "done"))
	district.await("edoc", 0)
	for r := district.send("status", w.status("41", "03", "")); r.ErrorCode != "0"; r = district.send("status", w.status("41", "03", "")) {
		if !strings.HasPrefix(r.ErrorDesc, "VERDICT_PENDING: ") {
			t.Fatalf("03: %+v", r)
		}
	}
	statuses := ward.await("status", 2)
	for i, want := range []string{"01", "03"} {
		m, err := edxml.Parse(ward.get(statuses[i].DocID), edxml.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		s := m.Status()
		if s == nil || s.Code != want || s.ResponseFor.DocumentID != "H55.13.05,2026/11/20,41/BC-UBND" || s.From.OrganID != testnode.Code[testnode.District] {
			t.Errorf("status %d: %+v, want %s", i, s, want)
		}
	}
	w.good(ward.update(statuses[0].DocID, "done"))
	if left := ward.await("status", 1); left[0].DocID != statuses[1].DocID {
		t.Errorf("left: %+v", left)
	}
	w.good(ward.update(statuses[1].DocID, "done"))
	ward.await("status", 0)
	var rows []map[string]string
	if err := json.Unmarshal(w.good(ward.call("POST", "/getSentEdocList", nil, "docId", first.DocID)).Data, &rows); err != nil || len(rows) != 1 ||
		rows[0]["sendStatus"] != "DONE" || rows[0]["receiveStatus"] != "DONE" || rows[0]["notation"] != "41/BC-UBND" {
		t.Errorf("sent: %v, %v", rows, err)
	}
}

// What is revoked on the axis is recalled here, and comes out as a revocation.
func TestRecall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{})
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	letter := w.net.Letter(t, 1000)
	w.good(ward.send("edoc", w.document("51", letter, nil)))
	w.good(district.update(district.await("edoc", 1)[0].DocID, "done"))
	reason := func(kind, text string) func(*edxml.Document) {
		return func(d *edxml.Document) { d.Business.Type, d.Business.Reason = kind, text }
	}
	w.good(ward.send("edoc", w.document("51", letter, reason(edxml.OperationUpdate, "Sửa trích yếu"))))
	updated := district.await("edoc", 1)[0]
	if m, err := edxml.Parse(district.get(updated.DocID), edxml.DefaultLimits()); err != nil || m.Document().Business.Type != edxml.OperationUpdate {
		t.Errorf("the update came as %v", err)
	}
	w.good(district.update(updated.DocID, "done"))
	w.good(ward.send("edoc", w.document("51", letter, reason(edxml.OperationRevoke, "Ban hành nhầm"))))
	recall := district.await("edoc", 1)[0]
	m, err := edxml.Parse(district.get(recall.DocID), edxml.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if d := m.Document(); d.Business.Type != edxml.OperationRevoke || d.Business.Reason != "Ban hành nhầm" || d.CodeNumber != "51" {
		t.Errorf("the revocation came as %+v", d.Business)
	}
	w.good(district.update(recall.DocID, "done"))
	if r := ward.send("edoc", w.document("52", nil, reason(edxml.OperationRevoke, "Không có"))); r.ErrorCode != "24" {
		t.Errorf("a revocation of what was never sent: %+v", r)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	lim := edxml.DefaultLimits()
	lim.Message = 200_000
	w := newWorld(t, lim)
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	reader := w.program("ward", testnode.Ward, exchange.RoleReader)
	letter := w.net.Letter(t, 1000)
	good := w.document("61", letter, nil)
	binary := bytes.Replace(letter, []byte("%PDF-1.7\n"), []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), 1)
	mangled := []byte(strings.ToValidUTF8(string(binary), "\uFFFD"))
	with := func(f func(*edxml.Document)) []byte { return w.document("62", letter, f) }
	other := *ward
	other.user, other.secret = district.user, ward.secret
	late := *ward
	late.stamp = w.net.Now().Add(-6*time.Minute).In(exchange.Vietnam).Format("02012006T150405") + "+0000"
	shapeless := *ward
	shapeless.stamp = "2026-11-20T10:00:00Z"
	chunked := *ward
	chunked.chunked = true
	none := *ward
	none.secret = ""
	for _, tt := range []struct {
		name   string
		answer reply
		code   string
		reason string
	}{
		{"no secret", none.send("edoc", good), "15", "BAD_CREDENTIALS"},
		{"the secret of another", other.send("edoc", good), "15", "BAD_CREDENTIALS"},
		{"an old timestamp", late.send("edoc", good), "29", "TIMESTAMP"},
		{"no timestamp", shapeless.send("edoc", good), "29", "TIMESTAMP"},
		{"a reader", reader.send("edoc", good), "19", "NOT_THE_SENDER"},
		{"for another agency", ward.call("POST", "/sendEdoc", good, "from", "H55.13", "messagetype", "edoc", "hash-file", strings.Repeat("00", 32)), "19", "NOT_THE_SENDER"},
		{"for an unknown agency", ward.call("POST", "/sendEdoc", good, "from", "X99", "messagetype", "edoc", "hash-file", strings.Repeat("00", 32)), "19", "NOT_THE_SENDER"},
		{"another hash", ward.call("POST", "/sendEdoc", good, "from", ward.code, "messagetype", "edoc", "hash-file", strings.Repeat("00", 32)), "10", "DIGEST_MISMATCH"},
		{"no hash", ward.call("POST", "/sendEdoc", good, "from", ward.code, "messagetype", "edoc"), "22", "MISSING_FIELD"},
		{"a status as a document", ward.send("edoc", w.status("61", "03", "")), "22", "NOT_EDXML"},
		{"the message of another", ward.send("edoc", with(func(d *edxml.Document) { d.From.OrganID = "H55.13" })), "19", "NOT_THE_SENDER"},
		{"to nobody known", ward.send("edoc", with(func(d *edxml.Document) { d.To[0].OrganID = "X99" })), "18", "INVALID_DOCUMENT"},
		{"no route", ward.send("edoc", with(func(d *edxml.Document) { d.To[0].OrganID = "H99" })), "18", "INVALID_DOCUMENT"},
		{"no subject", ward.send("edoc", with(func(d *edxml.Document) { d.Subject = "" })), "22", "EDXML"},
		{"a secret", ward.send("edoc", with(func(d *edxml.Document) { d.Subject = "TUYỆT MẬT: kế hoạch" })), "22", "INVALID_DOCUMENT"},
		{"damaged base64", ward.send("edoc", with(func(d *edxml.Document) { d.Attachments[0].Encoded = d.Attachments[0].Encoded[:101] })), "10", "BASE64"},
		{"mangled", ward.send("edoc", with(func(d *edxml.Document) { d.Attachments[0].Encoded = base64.StdEncoding.EncodeToString(mangled) })), "10", "MANGLED_UTF8"},
		{"a document type", ward.send("edoc", bytes.Replace(good, []byte("<edXML "), []byte(`<!DOCTYPE edXML [<!ENTITY a "aaaa">]><edXML `), 1)), "22", "DTD"},
		{"no XML", ward.send("edoc", []byte("%PDF-1.7")), "22", "SYNTAX"},
		{"too large", ward.send("edoc", bytes.Repeat([]byte("a"), 200_001)), "27", "SIZE"},
		{"too large, of no told length", chunked.send("edoc", bytes.Repeat([]byte("a"), 200_001)), "27", "SIZE"},
		{"no such message", district.call("POST", "/getEdoc", nil, "docId", "0199f8a0-0000-7000-8000-000000000000"), "24", "NOT_FOUND"},
		{"no id", district.call("POST", "/getEdoc", nil, "docId", "x"), "24", "NOT_FOUND"},
		{"no such document", ward.call("POST", "/getSentEdocList", nil, "docId", "0199f8a0-0000-7000-8000-000000000000"), "24", "NOT_FOUND"},
		{"a status about nothing", district.send("status", w.status("99", "03", "")), "24", "NOT_FOUND"},
		{"an agency", ward.call("POST", "/registerAgency", []byte(`{"code":"H55.99"}`)), "30", "DIRECTORY_SIGNED"},
		{"an agency's end", ward.call("POST", "/deleteAgency", []byte(`{"AgencyCode":"H55"}`)), "30", "DIRECTORY_SIGNED"},
	} {
		if tt.answer.Status != "FAIL" || tt.answer.ErrorCode != tt.code || !strings.HasPrefix(tt.answer.ErrorDesc, tt.reason+": ") {
			t.Errorf("%s: %+v, want code %s and %s", tt.name, tt.answer, tt.code, tt.reason)
		}
	}
	w.foreign(ward, district, letter)
	w.counted()
}

// foreign holds what belongs to others to the very answer for what is not there.
func (w *world) foreign(ward, district *program, letter []byte) {
	w.Helper()
	sent := w.good(ward.send("edoc", w.document("63", letter, nil)))
	came := district.await("edoc", 1)[0].DocID
	province := w.program("district", testnode.Ward, exchange.RoleClerk) // a clerk of an agency that is not at home there
	absent := "0199f8a0-0000-7000-8000-000000000000"
	for _, path := range []string{"/getEdoc", "/getSentEdocList"} {
		for _, p := range []*program{ward, province} {
			theirs, none := p.call("POST", path, nil, "docId", came), p.call("POST", path, nil, "docId", absent)
			if theirs.ErrorDesc != none.ErrorDesc || theirs.ErrorCode != none.ErrorCode {
				w.Errorf("%s of another's: %+v, of none: %+v", path, theirs, none)
			}
		}
	}
	if r := district.call("POST", "/getSentEdocList", nil, "docId", sent.DocID); r.ErrorCode != "24" {
		w.Errorf("the sender's list for the receiver: %+v", r)
	}
	if r := district.update(came, "eaten"); r.ErrorCode != "22" {
		w.Errorf("an unknown state: %+v", r)
	}
}

// counted looks for the refused calls among those that the node counts.
func (w *world) counted() {
	w.Helper()
	rows, err := w.net.Node("ward").Service.Refusals(w.Context(), exchange.Refusal{}, 100)
	if err != nil {
		w.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range rows {
		seen[r.Method+" "+r.Reason+" "+r.Principal] = true
	}
	for _, want := range []string{"/sendEdoc BAD_CREDENTIALS ", "/sendEdoc NOT_THE_SENDER qlvb-a-ward-reader"} {
		if !seen[want] {
			w.Errorf("%q is not among the refused calls: %v", want, seen)
		}
	}
}

func TestAgencies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{})
	ward := w.program("ward", testnode.Ward, exchange.RoleReader)
	for path, want := range map[string]string{"/getAgenciesList": "code", "/getAgenciesListQD20": "code", "/getSynchronizeUnit": "centerCode"} {
		var rows []map[string]any
		if err := json.Unmarshal(w.good(ward.call("POST", path, nil)).Data, &rows); err != nil || len(rows) != len(testnode.Code) {
			t.Fatalf("%s: %d agencies, %v", path, len(rows), err)
		}
		for _, r := range rows {
			if text, ok := r[want].(string); !ok || text == "" {
				t.Errorf("%s: %v has no %s", path, r, want)
			}
		}
	}
	var rows []map[string]any
	if err := json.Unmarshal(w.good(ward.call("POST", "/getAgenciesListQD20", []byte(`{"level":2}`))).Data, &rows); err != nil || len(rows) != 2 {
		t.Errorf("level 2: %v, %v", rows, err)
	}
}
