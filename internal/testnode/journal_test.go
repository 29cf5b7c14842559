package testnode_test

import (
	"context"
	"fmt"
	"testing"

	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

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
