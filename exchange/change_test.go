package exchange_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// subject is metadata with another subject.
func subject(text string) *envelope.Metadata {
	m := metadata()
	m.Subject = text
	return &m
}

func (s *byHand) update(doc *exchange.Document, change exchange.ChangeRequest) *exchange.Document {
	s.t.Helper()
	out, err := s.tryUpdate(doc, change)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *byHand) tryUpdate(doc *exchange.Document, change exchange.ChangeRequest) (*exchange.Document, error) {
	change.Agency, change.Document, change.Reason = "from", doc.Route.ID, "Đính chính"
	return s.nodes["ward"].service.Update(context.Background(), clerk, change)
}

func (s *byHand) replace(doc *exchange.Document, change exchange.ChangeRequest) *exchange.Document {
	s.t.Helper()
	change.Agency, change.Document, change.Reason = "from", doc.Route.ID, "Thay thế"
	out, err := s.nodes["ward"].service.Replace(context.Background(), clerk, change)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// active lists the ids of the documents in an agency's active inbox.
func (s *byHand) active(node, agency string) (out []envelope.ID) {
	s.t.Helper()
	rows, err := s.nodes[node].store.ActiveInbox(context.Background(), agency, envelope.ID{}, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range rows {
		out = append(out, d.Key.ID)
	}
	return out
}

// Version 3 comes before version 2, which comes before version 1: the receiver's copy goes
// through none of them out of order.
func TestUpdatesOutOfOrder(t *testing.T) {
	t.Parallel()
	s := line(t)
	one := s.send("to")
	two := s.update(one, exchange.ChangeRequest{Metadata: subject("Bản hai")})
	three := s.update(two, exchange.ChangeRequest{Metadata: subject("Bản ba")})
	if two.Route.Version != 2 || three.Route.Version != 3 || three.Route.Thread != one.Route.ID {
		t.Fatalf("versions %d and %d of thread %s", two.Route.Version, three.Route.Version, three.Route.Thread)
	}
	s.hand("ward", "district")
	offers := s.offers("district", "province")
	slices.Reverse(offers) // 3, 2, 1
	want := [][3]string{{"unknown", "unknown", "delivered waiting"}, {"unknown", "delivered waiting", "delivered waiting"}, {"delivered updated", "delivered updated", "delivered"}}
	for i, o := range offers {
		s.settle("district", "province", s.take("district", "province", []exchange.Offer{o}))
		for k, doc := range []*exchange.Document{one, two, three} {
			s.want(doc, "to", map[string]string{"province": want[i][k]})
		}
		if i == 0 {
			if got := reason(s.report("province", "to", s.home("province", three, "to"), exchange.StatusAccepted)); got != exchange.ReasonIncomplete {
				t.Errorf("a version that waits was accepted: %q", got)
			}
		}
	}
	s.quiet()
	for k, doc := range []*exchange.Document{one, two, three} {
		s.want(doc, "to", map[string]string{"ward": want[2][k], "province": want[2][k]})
	}
	if got := s.active("province", "to"); !slices.Equal(got, []envelope.ID{three.Route.ID}) {
		t.Errorf("active are %v, want the third version", got)
	}
	if got := reason(s.report("province", "to", s.home("province", one, "to"), exchange.StatusAccepted)); got != "SUPERSEDED" {
		t.Errorf("status of a version that was updated: %q", got)
	}
}

// What waits for a day is shown as incomplete, at both ends, until the one before comes.
func TestIncompleteThread(t *testing.T) {
	t.Parallel()
	s := line(t)
	one := s.send("to")
	s.hand("ward", "district")
	lost := s.offers("district", "province")
	two := s.update(one, exchange.ChangeRequest{Metadata: subject("Bản hai")})
	s.hand("ward", "district")
	s.hand("district", "province")
	s.tell("province", "district")
	s.tell("district", "ward")
	s.want(two, "to", map[string]string{"ward": "delivered waiting", "province": "delivered waiting"})
	s.advance(25 * time.Hour)
	if err := s.nodes["province"].core.Tend(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.tell("province", "district")
	s.tell("district", "ward")
	for _, node := range []string{"ward", "province"} {
		if d, _ := s.nodes[node].delivery(two.Letter.Key, "to"); d.Reason != exchange.ReasonIncomplete {
			t.Errorf("at %s its reason is %q, want %q", node, d.Reason, exchange.ReasonIncomplete)
		}
	}
	s.settle("district", "province", s.take("district", "province", lost))
	s.quiet()
	s.want(one, "to", map[string]string{"ward": "delivered updated", "province": "delivered updated"})
	for _, node := range []string{"ward", "province"} {
		if d, _ := s.nodes[node].delivery(two.Letter.Key, "to"); d.Reason != "" || d.Copy != exchange.CopyCurrent {
			t.Errorf("at %s it is %s, reason %q, want current", node, d.Copy, d.Reason)
		}
	}
}

// Who is added gets the document, who is removed a recall.
func TestUpdateOfReceivers(t *testing.T) {
	t.Parallel()
	s := line(t)
	one := s.send("to", "other")
	s.quiet()
	two := s.update(one, exchange.ChangeRequest{Add: []exchange.OutgoingRecipient{{Agency: "third"}}, Remove: []string{"H55.other"}})
	s.quiet()
	for _, node := range []string{"ward", "province"} {
		s.want(one, "to", map[string]string{node: "delivered updated"})
		s.want(two, "to", map[string]string{node: "delivered"})
		s.want(two, "third", map[string]string{node: "delivered"})
		s.want(one, "other", map[string]string{node: "delivered recalled"})
		s.want(two, "other", map[string]string{node: "unknown"})
	}
	// The next version goes to those two, and nobody else.
	three := s.update(one, exchange.ChangeRequest{Metadata: subject("Bản ba")})
	s.quiet()
	s.want(three, "third", map[string]string{"province": "delivered"})
	s.want(two, "third", map[string]string{"province": "delivered updated"})
	s.want(three, "other", map[string]string{"ward": "unknown"})
	if _, err := s.tryUpdate(one, exchange.ChangeRequest{}); reason(err) != "NOTHING_CHANGED" {
		t.Errorf("an update without a change: %v", err)
	}
}

// A replacement takes the place of two documents, for each receiver of those that it has.
func TestReplacement(t *testing.T) {
	t.Parallel()
	s := line(t)
	one := s.send("to", "other")
	req := letter(t, "from", "to", "third")
	req.Metadata.Number = "06"
	two := s.nodes["ward"].send(req)
	s.hand("ward", "district")
	offers := s.offers("district", "province")
	next := s.replace(one, exchange.ChangeRequest{Metadata: subject("Thay thế"), Replaces: []envelope.ID{two.Route.ID}})
	s.hand("ward", "district")
	s.hand("district", "province") // the replacement overtakes both
	s.want(next, "to", map[string]string{"province": "delivered waiting"})
	s.want(next, "third", map[string]string{"province": "delivered"})
	s.settle("district", "province", s.take("district", "province", offers[1:]))
	s.want(two, "third", map[string]string{"province": "delivered replaced"})
	s.want(two, "to", map[string]string{"province": "delivered"})
	s.settle("district", "province", s.take("district", "province", offers[:1]))
	s.quiet()
	for _, node := range []string{"ward", "province"} {
		s.want(one, "to", map[string]string{node: "delivered replaced"})
		s.want(one, "other", map[string]string{node: "delivered replaced"})
		s.want(two, "to", map[string]string{node: "delivered replaced"})
		s.want(two, "third", map[string]string{node: "delivered replaced"})
		for _, recipient := range []string{"to", "other", "third"} {
			s.want(next, recipient, map[string]string{node: "delivered"})
		}
	}
}

// A replacement and a recall race for one receiver: whichever comes first, the receiver
// ends with nothing.
func TestReplacementAgainstRecall(t *testing.T) {
	t.Parallel()
	for _, recallFirst := range []bool{true, false} {
		s := line(t)
		one := s.send("to")
		s.quiet()
		two := s.replace(one, exchange.ChangeRequest{Metadata: subject("Thay thế")})
		s.hand("ward", "district")
		replacement := s.offers("district", "province")
		s.recall(one, envelope.RecallNow)
		s.hand("ward", "district")
		recall := s.offers("district", "province")
		first, second := replacement, recall
		if recallFirst {
			first, second = recall, replacement
		}
		s.settle("district", "province", s.take("district", "province", first))
		s.settle("district", "province", s.take("district", "province", second))
		s.quiet()
		want := map[bool]string{true: "stopped", false: "delivered recalled"}[recallFirst]
		s.want(one, "to", map[string]string{"ward": "delivered recalled", "province": "delivered recalled"})
		s.want(two, "to", map[string]string{"ward": want})
		if got := s.active("province", "to"); len(got) != 1 {
			t.Errorf("active are %v, want the recall alone", got)
		}
	}
}

// A document is sent on, and validated for the agency that issued it.
func TestForward(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	s.quiet()
	at := s.home("province", doc, "to")
	province := s.nodes["province"]
	ask := exchange.ForwardRequest{Agency: "to", Delivery: at.ID, Recipients: []exchange.OutgoingRecipient{{Agency: "other"}, {Agency: "middle"}}}
	on, err := province.service.Forward(context.Background(), clerk, ask)
	if err != nil {
		t.Fatal(err)
	}
	rel := on.Route.Relations
	if len(rel) != 1 || rel[0].Kind != envelope.RelationForwards || rel[0].Digest != doc.Letter.Digest || rel[0].Origin.ID != "from" {
		t.Fatalf("relations %+v", rel)
	}
	s.quiet()
	s.want(on, "middle", map[string]string{"province": "delivered", "district": "delivered"})
	if len(on.Warnings) != 0 {
		t.Errorf("warnings %+v: a forwarded letter has the number of another agency", on.Warnings)
	}
	s.recall(doc, envelope.RecallNow)
	s.quiet()
	s.want(doc, "to", map[string]string{"province": "delivered recalled"})
	s.want(on, "middle", map[string]string{"district": "delivered"})
	if _, err := province.service.Forward(context.Background(), clerk, ask); reason(err) != exchange.ReasonRecalled {
		t.Errorf("a recalled document was forwarded: %v", err)
	}
}
