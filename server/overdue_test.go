package server_test

import (
	"context"
	"testing"

	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// What is late is listed page by page, with its deadlines and warnings.
func TestListOverdue(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := n.Node("ward").User(t, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	ctx := context.Background()
	for _, number := range []string{"11", "12", "11", "13"} {
		m := n.Send(number, testnode.Draft(100), testnode.Ward)
		if number != "13" {
			m.Metadata.DueDate = "2026-11-20" // yesterday
		}
		if _, err := c.Documents.SendDocument(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	request := &lienthongv1.ListDeliveriesRequest{Agency: testnode.Ward, Overdue: lienthongv1.Overdue_OVERDUE_ANSWER, PageSize: 2}
	var late []*lienthongv1.Delivery
	for pages := 1; ; pages++ {
		page, err := c.Deliveries.ListDeliveries(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		late = append(late, page.GetDeliveries()...)
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			break
		}
		if pages > 3 {
			t.Fatal("the list does not end")
		}
	}
	if len(late) != 3 {
		t.Fatalf("%d are late, want 3", len(late))
	}
	for i, d := range late {
		at, warnings := d.GetDeadlines(), d.GetDocument().GetWarnings()
		if at.GetOverdue() != lienthongv1.Overdue_OVERDUE_ANSWER || at.GetAnswerBy() == 0 || at.GetAcknowledgeBy() == 0 || at.GetArrived() == 0 || !at.GetCalendarUnknown() {
			t.Errorf("delivery %d: deadlines %v", i, at)
		}
		if twice := len(warnings) > 0 && warnings[0].GetReason() == "DUPLICATE_NUMBER"; twice != (i == 2) {
			t.Errorf("delivery %d: warnings %v, want a duplicate only of the third", i, warnings)
		}
	}
	for name, change := range map[string]func(*lienthongv1.ListDeliveriesRequest){
		"a token of another list": func(m *lienthongv1.ListDeliveriesRequest) { m.PageToken = "AAAAAAAAAAAAAAAAAAAAAA" },
		"no such way to be late":  func(m *lienthongv1.ListDeliveriesRequest) { m.Overdue = 9 },
	} {
		m := &lienthongv1.ListDeliveriesRequest{Agency: testnode.Ward, Overdue: lienthongv1.Overdue_OVERDUE_ANSWER}
		change(m)
		if _, err := c.Deliveries.ListDeliveries(ctx, m); reasonOf(err) != "BAD_FIELD" {
			t.Errorf("%s: %v, want BAD_FIELD", name, err)
		}
	}
}
