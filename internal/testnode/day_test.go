package testnode_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lienthong/client"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A day of a ward, its district and their province: thirty letters with numbers from the
// ward's series go to twenty agencies each time over; those that are signed are accepted, the
// others refused for the reason that the report gives, some are done. Registers, statistics,
// numbers and journals of all three say what was done, to the number.
func TestDay(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	n := testnode.New(t)
	ward, district := clerkAt(t, n, "ward", testnode.Ward), clerkAt(t, n, "district", testnode.District)
	province := clerkAt(t, n, "province", testnode.Province, testnode.Department)
	signed, unsigned := n.Letter(t, 500), testnode.Draft(500)
	for i := range 30 {
		number, err := ward.Registers.ReserveNumber(ctx, &lienthongv1.ReserveNumberRequest{Agency: testnode.Ward, Series: "BC"})
		if err != nil {
			t.Fatal(err)
		}
		to := [][]string{{testnode.District}, {testnode.Province, testnode.Department}, {testnode.District, testnode.Province, testnode.Department}}[i%3]
		file := signed
		if i%5 == 4 {
			file = unsigned
		}
		if _, err := ward.Documents.SendDocument(ctx, n.Send(fmt.Sprintf("%02d", number.GetNumber().GetNumber()), file, to...)); err != nil {
			t.Fatal(err)
		}
	}
	// Of the twenty that come to each of the two, four are not signed.
	work(t, district, testnode.District, true)
	work(t, province, testnode.Province, false)
	want := map[uint32]uint64{0: 20, 2: 8, 3: 24, 6: 8}
	until(t, ward, testnode.Ward, func(*lienthongv1.Delivery) bool {
		got := map[uint32]uint64{}
		for _, o := range year(t, ward, testnode.Ward).GetOutcomes() {
			if o.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED {
				got[o.GetStatus()] += o.GetDeliveries()
			}
		}
		return fmt.Sprint(got) == fmt.Sprint(want)
	})
	checkFigures(t, "ward sent", year(t, ward, testnode.Ward).GetSent(), 30, map[uint32]uint64{0: 30})
	checkFigures(t, "district received", year(t, district, testnode.District).GetReceived(), 20, map[uint32]uint64{2: 4, 3: 8, 6: 8})
	checkFigures(t, "province received", year(t, province, testnode.Province).GetReceived(), 20, map[uint32]uint64{2: 4, 3: 16})
	checkFigures(t, "department received", year(t, province, testnode.Department).GetReceived(), 20, map[uint32]uint64{0: 20})
	checkRegister(t, ward, testnode.Ward, lienthongv1.Direction_DIRECTION_OUT, 30)
	checkRegister(t, district, testnode.District, lienthongv1.Direction_DIRECTION_IN, 16)
	checkRegister(t, province, testnode.Province, lienthongv1.Direction_DIRECTION_IN, 16)
	checkRegister(t, province, testnode.Department, lienthongv1.Direction_DIRECTION_IN, 0)
	numbers, err := ward.Registers.ListNumbers(ctx, &lienthongv1.ListNumbersRequest{Agency: testnode.Ward, Year: 2026, Series: "BC", PageSize: 100})
	if err != nil || len(numbers.GetNumbers()) != 30 {
		t.Fatalf("%d numbers, %v", len(numbers.GetNumbers()), err)
	}
	for _, number := range numbers.GetNumbers() {
		if number.GetState() != lienthongv1.NumberState_NUMBER_STATE_USED || number.GetDocument() == "" {
			t.Errorf("number %v", number)
		}
	}
	for node, want := range map[string]map[string]int{"ward": {"document.send": 30, "number.reserve": 30}, "district": {"register.in": 16}, "province": {"register.in": 16}} {
		checkJournal(t, n.Node(node), want)
	}
}

// work accepts what is valid among the twenty that came, refuses the rest, and is done
// with every second letter, by number, if it is quick.
func work(t *testing.T, c *client.Client, agency string, quick bool) {
	t.Helper()
	ctx := context.Background()
	judged := map[string]*lienthongv1.Delivery{}
	until(t, c, agency, func(d *lienthongv1.Delivery) bool {
		if strings.HasPrefix(d.GetName(), "agencies/"+agency) && d.GetVerdict() != "" {
			judged[d.GetName()] = d
		}
		return len(judged) == 20
	})
	for name, d := range judged {
		requests := []*lienthongv1.ReportStatusRequest{{Name: name, Code: 3}}
		if d.GetVerdict() != "valid" {
			requests[0] = &lienthongv1.ReportStatusRequest{Name: name, Code: 2, AutoReason: true}
		} else if number := d.GetDocument().GetMetadata().GetNumber(); quick && (number[1]-'0')%2 == 1 {
			requests = append(requests, &lienthongv1.ReportStatusRequest{Name: name, Code: 6})
		}
		for _, m := range requests {
			if _, err := c.Deliveries.ReportStatus(ctx, m); err != nil {
				t.Fatalf("status %02d of %s, %s: %v", m.GetCode(), name, d.GetVerdict(), err)
			}
		}
	}
}

// year is the statistics of all that an agency did.
func year(t *testing.T, c *client.Client, agency string) *lienthongv1.StatisticsLine {
	t.Helper()
	answer, err := c.Statistics.GetStatistics(context.Background(), &lienthongv1.GetStatisticsRequest{Agency: agency, From: "2026-01-01", To: "2026-12-31", Period: lienthongv1.Period_PERIOD_YEAR})
	if err != nil || len(answer.GetLines()) != 1 {
		t.Fatalf("%d lines, %v", len(answer.GetLines()), err)
	}
	return answer.GetLines()[0]
}

func checkFigures(t *testing.T, what string, f *lienthongv1.Figures, documents uint64, statuses map[uint32]uint64) {
	t.Helper()
	got := map[uint32]uint64{}
	for _, s := range f.GetByStatus() {
		got[s.GetStatus()] = s.GetDocuments()
	}
	if f.GetDocuments() != documents || fmt.Sprint(got) != fmt.Sprint(statuses) {
		t.Errorf("%s: %d documents, by status %v; want %d, %v", what, f.GetDocuments(), got, documents, statuses)
	}
}

// checkRegister counts the lines of a register; numbers of what came go up by one.
func checkRegister(t *testing.T, c *client.Client, agency string, direction lienthongv1.Direction, want int) {
	t.Helper()
	m := &lienthongv1.ListRegisterRequest{Agency: agency, Direction: direction, PageSize: 7}
	lines := 0
	for {
		page, err := c.Registers.ListRegister(context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page.GetLines() {
			lines++
			if direction == lienthongv1.Direction_DIRECTION_IN && l.GetNumber() != uint64(lines) {
				t.Errorf("%s: line %d has the number %d", agency, lines, l.GetNumber())
			}
		}
		if m.PageToken = page.GetNextPageToken(); m.PageToken == "" {
			break
		}
	}
	if lines != want {
		t.Errorf("register of %s, direction %s: %d lines, want %d", agency, direction, lines, want)
	}
}

// checkJournal hashes a node's journal again, and counts its entries by what was done.
func checkJournal(t *testing.T, node *testnode.Node, want map[string]int) {
	t.Helper()
	auditor := node.User(t, "auditor", exchange.Grant{Role: exchange.RoleAuditor})
	check, err := auditor.Journal.VerifyJournal(context.Background(), &lienthongv1.VerifyJournalRequest{})
	if err != nil || len(check.GetProblems()) > 0 {
		t.Errorf("journal of %s: %v, %v", node.ID, check.GetProblems(), err)
	}
	got := map[string]int{}
	for from := uint64(0); ; {
		page, err := auditor.Journal.ListEntries(context.Background(), &lienthongv1.ListEntriesRequest{From: from, PageSize: 500})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.GetEntries()) == 0 {
			break
		}
		for _, e := range page.GetEntries() {
			if _, counts := want[e.GetAction()]; counts {
				got[e.GetAction()]++
			}
			from = e.GetIndex() + 1
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("journal of %s: %v, want %v", node.ID, got, want)
	}
}
