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
