package gateway_test

import (
	"bytes"
	"strings"
	"testing"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/internal/testnode"
)

// Every kind of message, with what the exchange has no word for, comes out as the bytes that
// its sender wrote: updates with and without other content, replacements, revocations,
// statuses, a document that is asked back, and the answer.
func TestEveryKindIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{})
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	letter := w.net.Letter(t, 1000)
	odd := func(message []byte) []byte { // a Signature, a comment, and white space of its own
		return replaced(t, message, "</edXML:MessageHeader>", "</edXML:MessageHeader  ><!-- ghi chú --><Signature>x</Signature>")
	}
	document := func(number, operation, reason string, change func(*edxml.Document)) []byte {
		return odd(w.document(number, letter, func(d *edxml.Document) {
			d.Business.Type, d.Business.Reason = operation, reason
			if change != nil {
				change(d)
			}
		}))
	}
	across := func(what string, from, to *program, kind string, message []byte) {
		t.Helper()
		w.good(from.send(kind, message))
		id := to.await(kind, 1)[0].DocID
		if got := to.get(id); !bytes.Equal(got, message) {
			t.Errorf("%s: %d bytes came, want the %d that were sent:\n%.3000s", what, len(got), len(message), got)
		}
		w.good(to.update(id, "done"))
	}
	statuses := func(number string, codes ...string) {
		t.Helper()
		for _, code := range codes {
			message := odd(w.status(number, code, "Lý do <"+code+">"))
			for r := district.send("status", message); r.ErrorCode != "0"; r = district.send("status", message) {
				if !strings.HasPrefix(r.ErrorDesc, "VERDICT_PENDING: ") {
					t.Fatalf("%s: %+v", code, r)
				}
			}
			id := ward.await("status", 1)[0].DocID
			if got := ward.get(id); !bytes.Equal(got, message) {
				t.Errorf("status %s: %d bytes came, want the %d that were sent", code, len(got), len(message))
			}
			w.good(ward.update(id, "done"))
		}
	}
	first := document("90", edxml.OperationNew, "Văn bản mới", nil)
	w.good(ward.send("edoc", first))
	if got := district.get(district.await("edoc", 1)[0].DocID); !bytes.Equal(got, first) {
		t.Errorf("new: %d bytes came, want the %d that were sent", len(got), len(first))
	}
	statuses("90", "01", "03", "04", "05", "06")
	across("update", ward, district, "edoc", document("90", edxml.OperationUpdate, "Sửa trích yếu", func(d *edxml.Document) { d.Subject += ", sửa" }))
	w.good(ward.update(ward.await("status", 1)[0].DocID, "done"))
	ask := edxml.Status{From: edxml.Organisation{OrganID: testnode.Code[testnode.Ward], Address: "Số 1"}, Code: "13", Description: "Gửi nhầm", Timestamp: "2026/11/21 09:00:00",
		ResponseFor: edxml.Reference{OrganID: "H55.13", Code: "90/BC-UBND", PromulgationDate: "2026/11/20", DocumentID: "H55.13.05,2026/11/20,90/BC-UBND"}}
	m, err := ask.Message()
	if err != nil {
		t.Fatal(err)
	}
	across("13", ward, district, "status", odd(m.Bytes()))
	w.good(ward.update(ward.await("status", 1)[0].DocID, "done"))
	statuses("90", "16")
	across("replacement", ward, district, "edoc", document("91", edxml.OperationReplace, "Thay thế", func(d *edxml.Document) {
		d.Business.Replacements = []edxml.Replacement{{DocumentID: "H55.13.05,2026/11/20,90/BC-UBND", OrganIDs: []string{"H55.13"}}}
	}))
	w.good(ward.update(ward.await("status", 1)[0].DocID, "done"))
	across("revocation", ward, district, "edoc", document("91", edxml.OperationRevoke, "Ban hành nhầm", func(d *edxml.Document) { d.Subject = "Thu hồi văn bản" }))
}

// An update that changes the receivers alone takes its message along, with the files of before.
func TestUpdateOfReceivers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{})
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	letter := w.net.Letter(t, 1000)
	w.good(ward.send("edoc", w.document("92", letter, nil)))
	w.good(district.update(district.await("edoc", 1)[0].DocID, "done"))
	update := w.document("92", letter, func(d *edxml.Document) {
		d.Business.Type, d.Business.Reason, d.Business.DocumentInfo, d.Business.DocumentReceiver = edxml.OperationUpdate, "Thêm nơi nhận", "0", "1"
		d.Business.Receivers = []edxml.Receiver{{OrganID: testnode.Code[testnode.Province], Type: "0"}}
	})
	w.good(ward.send("edoc", update))
	if got := district.get(district.await("edoc", 1)[0].DocID); !bytes.Equal(got, update) {
		t.Errorf("%d bytes came, want the %d that were sent", len(got), len(update))
	}
}

// A revocation whose message is large does not wait for it: one that is made comes.
func TestLargeRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{})
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	w.good(ward.send("edoc", w.document("93", w.net.Letter(t, 1000), nil)))
	w.good(district.update(district.await("edoc", 1)[0].DocID, "done"))
	w.good(ward.send("edoc", w.document("93", w.net.Letter(t, 1000), func(d *edxml.Document) {
		d.Business.Type, d.Business.Reason = edxml.OperationRevoke, "Ban hành nhầm"
		if err := d.Attachments[0].Pack([]edxml.File{{Name: "93.pdf", Data: w.net.Letter(t, 2_000_000)}}, false); err != nil {
			t.Fatal(err)
		}
	})))
	d := parse(t, district.get(district.await("edoc", 1)[0].DocID)).Document()
	if d == nil || d.Business.Type != edxml.OperationRevoke || d.Business.Reason != "Ban hành nhầm" || len(d.Attachments) != 0 {
		t.Errorf("the revocation came with %d attachments: %+v", len(d.Attachments), d.Business)
	}
}
