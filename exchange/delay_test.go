package exchange_test

import (
	"context"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// What an agency with a delay sends waits here for that time, also for an agency of the same
// node, and a recall within it stops it without a word to anybody. What is flash goes at
// once, and a later time that its sender asks for stays.
func TestDelayLeavesTimeToTakeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"province": "", "ward": "province"}, agencySpec{"chậm", "ward"}, agencySpec{"nhanh", "ward"}, agencySpec{"tỉnh", "province"})
	n := w.node("ward")
	w.config = func(c *exchange.Config) { c.SendDelay = map[string]time.Duration{"H55.chậm": 10 * time.Minute} }
	n = w.again(n)
	send := func(from string, urgency envelope.Urgency, notBefore time.Duration) *exchange.Document {
		t.Helper()
		other := map[string]string{"chậm": "nhanh", "nhanh": "chậm"}[from]
		req := letter(t, from, other, "tỉnh")
		req.Urgency = urgency
		if notBefore > 0 {
			req.NotBefore = w.clock().Add(notBefore).UnixMicro()
		}
		return n.send(req)
	}
	arrived := func(doc *exchange.Document, to ...string) {
		t.Helper()
		n.eventually("delivered", n.delivered(doc.Letter.Key, to...))
	}
	waits := func(what string, doc *exchange.Document) {
		t.Helper()
		for to, state := range n.states(doc.Letter.Key) {
			if state != exchange.StateQueued && state != exchange.StateHeld {
				t.Errorf("%s: to %s it is %v, want that it waits", what, to, state)
			}
		}
	}
	kept, taken := send("chậm", 0, 0), send("chậm", envelope.UrgencyUrgent, 0)
	late := send("chậm", 0, time.Hour)
	arrived(send("chậm", envelope.UrgencyFlash, 0), "nhanh", "tỉnh")
	arrived(send("nhanh", 0, 0), "chậm", "tỉnh")
	waits("at first", kept)
	waits("at first", taken)

	recall, err := n.service.Recall(context.Background(), clerk, exchange.RecallRequest{Agency: "chậm", Document: taken.Letter.Key.ID,
		Mode: envelope.RecallNow, Reason: "Ban hành nhầm", Staff: envelope.Staff{ID: "cb-17"}})
	if err != nil || recall.Letter.Key != taken.Letter.Key {
		t.Fatalf("%+v, %v; want that it is stopped, and no recall sent", recall, err)
	}
	w.advance(11 * time.Minute)
	arrived(kept, "nhanh", "tỉnh")
	for to, state := range n.states(taken.Letter.Key) {
		if state != exchange.StateStopped {
			t.Errorf("taken back: to %s it is %v, want stopped", to, state)
		}
	}
	if _, err := w.node("province").store.Letter(context.Background(), taken.Letter.Key); err == nil {
		t.Error("the province has what was taken back")
	}
	waits("asked for in an hour", late)
	w.advance(time.Hour)
	arrived(late, "nhanh", "tỉnh")
}
