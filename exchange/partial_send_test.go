package exchange_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// Of 500 recipients some are unknown, closed, out of reach or named twice. By default the
// letter goes to nobody, and every fault is named in one answer; where the caller asks for
// it the letter goes to the others, and the answer names each to whom it does not.
func TestSendToManyWithFaults(t *testing.T) {
	t.Parallel()
	agencies := []agencySpec{{"so", "node"}, {"dao", "island"}, {"cu", "node"}}
	for i := range 500 {
		agencies = append(agencies, agencySpec{fmt.Sprintf("xa-%03d", i), "node"})
	}
	w := newWorld(t, map[string]string{"node": "", "island": ""}, agencies...)
	d := w.directory
	d.Epoch, d.Agencies = 2, append([]envelope.Agency(nil), d.Agencies...)
	d.Agencies[2].Ended, d.Agencies[2].Successor = w.clock().UnixMicro(), "xa-000"
	n := w.node("node")
	n.imports(d)

	req := letter(t, "so")
	want := map[int]string{7: exchange.ReasonUnknownRecipient, 100: exchange.ReasonNoRoute, 250: exchange.ReasonRecipientClosed, 498: "DUPLICATE", 499: "UNKNOWN_GROUP"}
	for i := range 500 {
		req.Recipients = append(req.Recipients, exchange.OutgoingRecipient{Agency: fmt.Sprintf("xa-%03d", i)})
	}
	for i, name := range map[int]string{7: "xa-7000", 100: "dao", 250: "cu", 498: "H55.xa-003", 499: "group:không có"} {
		req.Recipients[i].Agency = name
	}
	_, err := n.service.Send(context.Background(), clerk, req)
	faults(t, wantError(t, err, exchange.Invalid, "INVALID_DOCUMENT").Fields, want)
	if docs, err := n.service.Documents(context.Background(), "so", envelope.ID{}, 10); err != nil || len(docs) != 0 {
		t.Fatalf("%d documents were kept, %v", len(docs), err)
	}

	req.Partial, req.RequestID = true, "một"
	doc, err := n.service.Send(context.Background(), clerk, req)
	if err != nil {
		t.Fatal(err)
	}
	faults(t, doc.LeftOut, want)
	if len(doc.Deliveries) != 495 || len(doc.Route.Recipients) != 495 {
		t.Errorf("%d deliveries to %d recipients, want 495", len(doc.Deliveries), len(doc.Route.Recipients))
	}
	again, err := n.service.Send(context.Background(), clerk, req)
	if err != nil || again.Route.ID != doc.Route.ID {
		t.Fatalf("the same request once more: %v, %v", again, err)
	}
	faults(t, again.LeftOut, want)

	req.Partial = false // other content than that of the request
	_, err = n.service.Send(context.Background(), clerk, req)
	wantError(t, err, exchange.Exists, "REQUEST_ID_REUSED")
}

// Where nobody is left, nothing is taken; and no fault but a recipient's is left out.
func TestPartialIsNotNothing(t *testing.T) {
	t.Parallel()
	_, n := oneNode(t)
	req := letter(t, "so", "who", "dao")
	req.Partial = true
	_, err := n.service.Send(context.Background(), clerk, req)
	faults(t, wantError(t, err, exchange.Invalid, "INVALID_DOCUMENT").Fields, map[int]string{0: exchange.ReasonUnknownRecipient, 1: exchange.ReasonNoRoute})

	req = letter(t, "so", "who", "phong")
	req.Partial, req.Metadata.Subject = true, ""
	_, err = n.service.Send(context.Background(), clerk, req)
	if own := wantError(t, err, exchange.Invalid, "INVALID_DOCUMENT"); len(own.Fields) != 1 || own.Fields[0].Path != "metadata.subject" {
		t.Errorf("fields %v, want the subject", own.Fields)
	}
}

// faults compares fields with reasons by the place of the recipient. Each says what was
// named.
func faults(t *testing.T, got []exchange.Field, want map[int]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d faults, want %d: %v", len(got), len(want), got)
	}
	for _, f := range got {
		i, ok := f.Index("recipients")
		if !ok || want[i] != f.Reason || !strings.Contains(f.Text, `"`) {
			t.Errorf("%s: %s %s, want %s", f.Path, f.Reason, f.Text, want[i])
		}
	}
}
