package gateway_test

import (
	"bytes"
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/internal/testnode"
	"lienthong/journal"
)

// A real message, its agencies and its file replaced, comes out with everything that its
// sender wrote: the Signature element, fields that the exchange has no word for.
func TestRealMessage(t *testing.T) {
	t.Parallel()
	m, err := edxml.Parse(sample(t, "edoc_new.edxml"), edxml.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, edxml.Limits{})
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	message := func(file []byte) []byte {
		d := m.Document()
		d.From.OrganID, d.To[0].OrganID, d.CodeNumber = testnode.Code[testnode.Ward], testnode.Code[testnode.District], "74"
		d.DueDate = "" // the sample's is before its date of issue, which the exchange refuses
		if file != nil {
			if err := d.Attachments[0].Pack([]edxml.File{{Name: "letter.pdf", Data: file}}, true); err != nil {
				t.Fatal(err)
			}
		}
		changed, err := d.Message()
		if err != nil {
			t.Fatal(err)
		}
		return changed.Bytes()
	}
	if r := ward.send("edoc", message(nil)); r.ErrorCode != "22" || !strings.Contains(r.ErrorDesc, "PDF") {
		t.Errorf("a letter whose main file is .doc: %+v, want a refusal that wants a PDF", r)
	}
	sent := message(w.net.Letter(t, 1000))
	w.good(ward.send("edoc", sent))
	if got := district.get(district.await("edoc", 1)[0].DocID); !bytes.Equal(got, sent) || !bytes.Contains(got, []byte("<Signature>")) {
		t.Errorf("%d bytes came, want the %d that were sent", len(got), len(sent))
	}
}

// Real statuses, as they are, are about documents that nobody here knows.
func TestRealStatuses(t *testing.T) {
	t.Parallel()
	names := []string{"status_inbox_01.edxml", "status_rejection_02.edxml", "status_acceptance_03.edxml", "status_cancellation_13.edxml"}
	first := sample(t, names[0])
	w := newWorld(t, edxml.Limits{})
	district := w.program("district", testnode.District, exchange.RoleClerk)
	if r := district.send("status", first); r.ErrorCode != "19" {
		t.Errorf("a status of another agency: %+v", r)
	}
	for _, name := range names {
		m, err := edxml.Parse(sample(t, name), edxml.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		s := m.Status()
		s.From.OrganID = testnode.Code[testnode.District]
		changed, err := s.Message()
		if err != nil {
			t.Fatal(err)
		}
		if r := district.send("status", changed.Bytes()); r.ErrorCode != "24" {
			t.Errorf("%s: %+v, want code 24", name, r)
		}
	}
}

// A message that travels with a letter and says something else than the letter is not
// given for it: its sender may have written any name into it.
func TestForgedMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{})
	district := w.program("district", testnode.District, exchange.RoleClerk)
	letter := w.net.Letter(t, 1000)
	forged := w.document("81", letter, func(d *edxml.Document) { d.From.OrganID = testnode.Code[testnode.Province] })
	if _, err := w.net.Node("ward").Service.Send(t.Context(), journal.Actor{Principal: "clerk"}, exchange.SendRequest{Agency: testnode.Ward,
		Metadata: envelope.Metadata{DocumentID: "H55.13.05,2026/11/20,81/BC-UBND", Number: "81", Symbol: "BC-UBND", Subject: "Báo cáo thử nghiệm số 81", TypeCode: "BC",
			IssuedDate: "2026-11-20", Place: "Ba Hàng", Signer: envelope.SignerInfo{Position: "Chủ tịch", FullName: "Đỗ Nghĩa Sĩ"}},
		Files: []exchange.OutgoingFile{{Role: envelope.FileMain, Name: "81.pdf", MediaType: "application/pdf", Data: letter},
			{Role: envelope.FileAnnex, Name: "message.edxml", MediaType: edxml.MediaType, Data: forged}},
		Recipients: []exchange.OutgoingRecipient{{Agency: testnode.District}}}); err != nil {
		t.Fatal(err)
	}
	m, err := edxml.Parse(district.get(district.await("edoc", 1)[0].DocID), edxml.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if d := m.Document(); d.From.OrganID != testnode.Code[testnode.Ward] || len(d.Attachments) != 2 {
		t.Errorf("the receiver is told that it is from %q, with %d attachments; want %q with 2", d.From.OrganID, len(d.Attachments), testnode.Code[testnode.Ward])
	}
}

// A message inside a status that says something else than the status is not given for it:
// here a refusal that was reported with a message that accepts.
func TestForgedStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{})
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	w.good(ward.send("edoc", w.document("82", w.net.Letter(t, 1000), nil)))
	id, err := envelope.ParseID(district.await("edoc", 1)[0].DocID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.net.Node("district").Service.ReportStatus(t.Context(), journal.Actor{Principal: "clerk"}, exchange.StatusRequest{Agency: testnode.District,
		Delivery: id, Code: exchange.StatusRefused, Reason: "Sai thẩm quyền", Message: w.status("82", "03", "Sai thẩm quyền")}); err != nil {
		t.Fatal(err)
	}
	if s := parse(t, ward.get(ward.await("status", 1)[0].DocID)).Status(); s == nil || s.Code != "02" || s.Description != "Sai thẩm quyền" {
		t.Errorf("the sender is told %+v, want 02", s)
	}
}
