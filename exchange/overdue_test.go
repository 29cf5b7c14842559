package exchange_test

import (
	"context"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// Nobody is late who has not acknowledged a recall, and it is counted nowhere as a
// document; a gateway gets it all the same.
func TestRecallIsNotOverdue(t *testing.T) {
	t.Parallel()
	s := line(t)
	ctx := context.Background()
	req := letter(t, "from", "to")
	req.Metadata.DueDate = req.Metadata.IssuedDate
	doc := s.nodes["ward"].send(req)
	s.quiet()
	if err := s.report("province", "to", s.home("province", doc, "to"), exchange.StatusArrived); err != nil {
		t.Fatal(err)
	}
	s.quiet()
	recall := s.recall(doc, envelope.RecallNow)
	s.quiet()
	s.advance(30 * 24 * time.Hour)
	province, ward := s.nodes["province"], s.nodes["ward"]
	for _, what := range []exchange.Overdue{exchange.OverdueAcknowledge, exchange.OverdueAnswer} {
		if late, _, err := province.service.Overdue(ctx, "to", what, exchange.Mark{}, 10); err != nil || len(late) != 0 {
			t.Errorf("late in way %d: %+v, %v", what, late, err)
		}
	}
	d := s.home("province", recall, "to")
	if view, err := province.service.Delivery(ctx, "to", d.ID); err != nil || view.Document.Deadlines[0] != (exchange.Deadlines{}) {
		t.Errorf("the recall has deadlines: %+v, %v", view, err)
	}
	if rows, err := province.service.Unfetched(ctx, "to", 10); err != nil || len(rows) != 1 || rows[0].ID != d.ID {
		t.Errorf("to fetch: %+v, %v; want the recall", rows, err)
	}
	day := time.UnixMicro(doc.Letter.Received).In(exchange.Vietnam).Format(time.DateOnly)
	sent, err := ward.service.Statistics(ctx, "from", day, day, exchange.PeriodDay)
	if err != nil || len(sent) != 1 || len(sent[0].Outcome) != 1 || sent[0].Outcome[0].Deliveries != 1 || sent[0].Outcome[0].Arrived != 1 {
		t.Errorf("sent %+v, %v; want one delivery", sent, err)
	}
	came, err := province.service.Statistics(ctx, "to", day, day, exchange.PeriodDay)
	if err != nil || len(came) != 1 || came[0].Received.Documents != 1 || came[0].Received.Late != 0 {
		t.Errorf("came %+v, %v; want one in time", came, err)
	}
}

// Nobody is late to read what was recalled, updated or replaced before it was read; what
// stays unread is late, and what was read too late stays so, also when it is recalled then.
func TestUnreadIsLateWhileItIsWanted(t *testing.T) {
	t.Parallel()
	s := line(t)
	ctx, ward, province := context.Background(), s.nodes["ward"], s.nodes["province"]
	var docs []*exchange.Document
	for range 5 {
		docs = append(docs, ward.send(letter(t, "from", "to")))
	}
	s.quiet()
	day := time.UnixMicro(docs[0].Letter.Received).In(exchange.Vietnam).Format(time.DateOnly)
	late := func(want uint64) {
		t.Helper()
		lines, err := province.service.Statistics(ctx, "to", day, day, exchange.PeriodDay)
		if err != nil || len(lines) != 1 || lines[0].Received.Late != want || lines[0].Received.OnTime != 0 {
			t.Fatalf("%+v, %v; want %d late, none in time", lines, err, want)
		}
		list, _, err := province.service.Overdue(ctx, "to", exchange.OverdueAcknowledge, exchange.Mark{}, 10)
		if unread := uint64(len(list)); err != nil || want > 0 && unread+1 < want || unread > want {
			t.Fatalf("%d in the list of the late ones, %v", unread, err)
		}
	}
	s.recall(docs[0], envelope.RecallNow)
	s.quiet()
	s.advance(72 * time.Hour)
	late(4)
	s.recall(docs[1], envelope.RecallNow)
	s.quiet()
	late(3)
	if err := s.report("province", "to", s.home("province", docs[2], "to"), exchange.StatusArrived); err != nil {
		t.Fatal(err)
	}
	s.recall(docs[2], envelope.RecallNow)
	s.quiet()
	late(3)
	s.update(docs[3], exchange.ChangeRequest{Metadata: subject("Bản hai")})
	s.quiet()
	late(2)
	view, err := province.service.Delivery(ctx, "to", s.home("province", docs[0], "to").ID)
	if err != nil || view.Document.Deadlines[0].Overdue != exchange.OverdueNone || view.Document.Deadlines[0].AcknowledgeBy == 0 {
		t.Errorf("the letter that was recalled: %+v, %v", view.Document.Deadlines, err)
	}
}
