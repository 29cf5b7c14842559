package exchange_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store"
)

// retain lets go at a node what its policy says, and sweeps.
func (n *testNode) retain(want int) {
	n.w.t.Helper()
	got, err := n.core.Retain(context.Background())
	if err != nil || got != want {
		n.w.t.Fatalf("node %q let go %d letters, %v; want %d", n.id, got, err, want)
	}
}

// sweep has a day and two hours pass at a node, as the sweeper sees it.
func (n *testNode) sweep() {
	n.w.t.Helper()
	s := &store.Sweeper{Rows: n.store, Files: n.blobs}
	for _, pass := range []time.Duration{25 * time.Hour, 2 * time.Hour} {
		n.w.advance(pass)
		if _, err := s.Sweep(context.Background(), n.w.clock(), false); err != nil {
			n.w.t.Fatal(err)
		}
	}
}

// holds reports whether a node has the bytes of a letter's file.
func (n *testNode) holds(digest envelope.Digest) bool {
	n.w.t.Helper()
	blob, err := n.blobs.Open(context.Background(), digest)
	if errors.Is(err, exchange.ErrNotFound) {
		return false
	}
	if err != nil {
		n.w.t.Fatal(err)
	}
	if err := blob.Close(); err != nil {
		n.w.t.Fatal(err)
	}
	return true
}

// Where a letter only passed through, its files go seven days after the last delivery has
// ended, and not before; at both ends they stay. What proves its way stays everywhere.
func TestTransitFilesGo(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	w.config = func(c *exchange.Config) { c.Retention.Transit = 7 * 24 * time.Hour }
	for _, id := range []string{"ward", "district", "province"} {
		n := w.node(id)
		n.stop()
		w.start(id, n.dir)
	}
	ctx, ward, district, province := context.Background(), w.node("ward"), w.node("district"), w.node("province")
	w.setDown("district", "province", true)
	doc := ward.send(letter(t, "ba-hang", "thai-nguyen", "so-tu-phap"))
	key, file := doc.Letter.Key, doc.Letter.Files[0].Digest
	ward.eventually("custody of the district", func() bool {
		d, _ := ward.delivery(key, "so-tu-phap")
		return d.State == exchange.StateRelayed
	})
	w.advance(3 * 24 * time.Hour)
	district.retain(0)
	w.setDown("district", "province", false)
	ward.eventually("delivered", ward.delivered(key, "thai-nguyen", "so-tu-phap"))
	w.advance(6 * 24 * time.Hour) // nine since it came, six since it ended
	at, _ := province.delivery(key, "thai-nguyen")
	if _, err := province.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "thai-nguyen", Delivery: at.ID, Code: exchange.StatusRefused, Reason: "gửi nhầm"}); err != nil {
		t.Fatal(err)
	}
	district.eventually("the status, late", func() bool {
		d, _ := district.delivery(key, "thai-nguyen")
		return d.Status == exchange.StatusRefused
	})
	district.retain(0)
	district.sweep()
	if !district.holds(file) {
		t.Fatal("the file went too early")
	}
	for _, n := range []*testNode{ward, province} {
		n.retain(0)
	}
	district.retain(1)
	district.retain(0)
	district.sweep()
	ward.sweep()
	province.sweep()
	if district.holds(file) || !ward.holds(file) || !province.holds(file) {
		t.Errorf("the file is at the ward: %t, at the district: %t, at the province: %t", ward.holds(file), district.holds(file), province.holds(file))
	}
	kept, err := district.store.Letter(ctx, key)
	if err != nil || kept.Erased == 0 || len(kept.Files) != 1 || kept.Files[0].Digest != file || kept.Digest != doc.Letter.Digest {
		t.Errorf("the district keeps %+v, %v", kept, err)
	}
	district.verifyJournal()
	at, _ = district.delivery(key, "thai-nguyen")
	if rows, err := district.store.Statements(ctx, at.Digest, "thai-nguyen"); err != nil || len(rows) < 2 {
		t.Errorf("the district keeps %d statements, %v", len(rows), err)
	}
}
