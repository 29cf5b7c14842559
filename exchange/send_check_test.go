package exchange_test

import (
	"context"
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// What CheckSend says is what Send says: the same faults, for the same request; and where
// there are none nothing was sent, though the file was never uploaded.
func TestCheckSend(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	_, n := oneNode(t)
	check := func(req exchange.SendRequest) (*exchange.Checked, error) {
		return n.service.CheckSend(ctx, clerk, req)
	}
	for _, tt := range []struct {
		name   string
		change func(*exchange.SendRequest)
	}{
		{"no subject", func(r *exchange.SendRequest) { r.Metadata.Subject = "" }},
		{"a date to come", func(r *exchange.SendRequest) { r.Metadata.IssuedDate = "2999-01-01" }},
		{"an unknown recipient", func(r *exchange.SendRequest) { r.Recipients[0].Agency = "who" }},
		{"no recipient", func(r *exchange.SendRequest) { r.Recipients = nil }},
		{"no route", func(r *exchange.SendRequest) { r.Recipients[0].Agency = "dao" }},
		{"no file", func(r *exchange.SendRequest) { r.Files = nil }},
		{"two main files", func(r *exchange.SendRequest) { r.Files = append(r.Files, r.Files[0]) }},
		{"a file without a name", func(r *exchange.SendRequest) { r.Files[0].Name = "" }},
		{"a secret", func(r *exchange.SendRequest) { r.Metadata.Secrecy = "MẬT" }},
		{"an end that is over", func(r *exchange.SendRequest) { r.ExpiresAt = 1 }},
		{"all at once", func(r *exchange.SendRequest) {
			r.Metadata.Number, r.Urgency, r.Recipients[0].Agency, r.Files[0].Role = "", 9, "who", 7
		}},
	} {
		req := letter(t, "so", "phong")
		tt.change(&req)
		_, checked := check(req)
		_, sent := n.service.Send(ctx, clerk, req)
		if checked == nil || sent == nil || checked.Error() != sent.Error() {
			t.Errorf("%s: checked %v, sent %v", tt.name, checked, sent)
		}
	}

	req := letter(t, "so", "phong")
	req.RequestID = "một"
	uploaded := req.Files
	req.Files = []exchange.OutgoingFile{{Role: envelope.FileMain, Name: uploaded[0].Name, MediaType: uploaded[0].MediaType, Digest: envelope.Sum(uploaded[0].Data)}}
	got, err := check(req)
	if err != nil || got.Sent != nil || len(got.LeftOut) != 0 {
		t.Fatalf("checked before it is sent: %+v, %v", got, err)
	}
	if docs, err := n.service.Documents(ctx, "so", envelope.ID{}, 10); err != nil || len(docs) != 0 {
		t.Fatalf("%d documents were sent by checking, %v", len(docs), err)
	}
	named := req.Files
	req.Files = uploaded
	doc, err := n.service.Send(ctx, clerk, req)
	if err != nil {
		t.Fatal(err)
	}
	req.Files = named
	if got, err = check(req); err != nil || got.Sent == nil || got.Sent.Route.ID != doc.Route.ID {
		t.Errorf("checked after it was sent: %+v, %v", got, err)
	}
	other := req
	other.Metadata.Subject = "Nội dung khác"
	_, err = check(other)
	wantError(t, err, exchange.Exists, "REQUEST_ID_REUSED")
	other.RequestID = ""
	if got, err = check(other); err != nil || got.Sent != nil || len(got.Warnings) == 0 || got.Warnings[0].Reason != "DUPLICATE_NUMBER" || !strings.Contains(got.Warnings[0].Text, doc.Route.ID.String()) {
		t.Errorf("the same number in another letter: %+v, %v", got, err)
	}
	other.Recipients, other.Partial = append(other.Recipients, exchange.OutgoingRecipient{Agency: "who"}), true
	if got, err = check(other); err != nil {
		t.Fatal(err)
	}
	faults(t, got.LeftOut, map[int]string{1: exchange.ReasonUnknownRecipient})
}
