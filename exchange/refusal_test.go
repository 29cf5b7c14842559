package exchange_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"lienthong/exchange"
)

// A flood of refused calls is a few rows, and no entry in the journal: whoever calls,
// by whatever names, cannot fill the store.
func TestFloodOfRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{"so", "node"})
	n, ctx := w.node("node"), context.Background()
	before, err := n.store.TreeSize(ctx)
	if err != nil {
		t.Fatal(err)
	}
	const calls, minutes = 5000, 12
	for minute := range minutes {
		for i := range calls {
			n.service.Refused(fmt.Sprintf("user-%d", i), "/a/B", fmt.Sprintf("REASON_%d", i%7))
			n.service.Refused("", "/a/B", "NO_CERTIFICATE")
		}
		if minute == 0 {
			if got := n.service.Refused("", "/a/B", "NO_CERTIFICATE"); got != calls+1 {
				t.Errorf("the last of a minute was told to be number %d", got)
			}
			if rows, total := counted(t, n); rows != 1001 || total != 2*calls+1 {
				t.Errorf("%d calls in %d rows, want all %d in 1001", total, rows, 2*calls+1)
			}
		}
		w.advance(time.Minute)
		if err := n.relay.Tend(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if rows, _ := counted(t, n); rows != 10_000 {
		t.Errorf("%d rows are kept, want 10000", rows)
	}
	after, err := n.store.TreeSize(ctx)
	if err != nil || after != before {
		t.Errorf("the journal grew from %d to %d, %v", before, after, err)
	}
}

// counted reads all rows, and adds up what they count.
func counted(t *testing.T, n *testNode) (rows int, total int64) {
	t.Helper()
	for at := (exchange.Refusal{}); ; {
		page, err := n.service.Refusals(context.Background(), at, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return rows, total
		}
		for _, r := range page {
			total += r.Count
		}
		rows, at = rows+len(page), page[len(page)-1]
	}
}
