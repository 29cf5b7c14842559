package admin

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/journal"
)

// A node that is to end says so, and is ready all the same: it has letters to hand on.
func TestRetiring(t *testing.T) {
	t.Parallel()
	rows, blobs := openStore(t)
	defer rows.Close()
	now := time.Unix(1_795_000_000, 0)
	ready := &Ready{Store: rows, Blobs: blobs, Directory: directory(t, "zone"), MinFree: 1, Stopping: context.Background()}
	told := func(gauge string) string {
		t.Helper()
		m := NewMetrics("ward")
		m.Watch(Source{Store: rows, Blobs: blobs, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
			Peers: func() []string { return nil }, Connected: func() []string { return nil }, Epoch: func() uint64 { return 1 }})
		wantLines(t, scrape(t, m), "lienthong_up 1", "lienthong_node_retiring "+gauge)
		text, ok := ready.Look(t.Context())
		if !ok {
			t.Errorf("not ready:\n%s", text)
		}
		return text
	}
	put := func(r exchange.Retirement) {
		t.Helper()
		_, err := rows.Commit(t.Context(), exchange.Change{Retirement: &r, Entries: []journal.Entry{{Time: r.Since, Actor: journal.System, Action: "node.retire", Outcome: journal.OutcomeOK}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if text := told("0"); strings.Contains(text, "retiring") {
		t.Errorf("says\n%s", text)
	}
	end := exchange.Retirement{Since: now.UnixMicro(), By: "quan-tri", Reason: "sáp nhập"}
	put(end)
	if text := told("1"); !strings.Contains(text, "retiring: since 2026-11-18T") {
		t.Errorf("says\n%s", text)
	}
	end.Revision, end.Done = 1, now.UnixMicro()
	put(end)
	if text := told("2"); !strings.Contains(text, "retiring: nothing was left to do at 2026-11-18T") {
		t.Errorf("says\n%s", text)
	}
}
