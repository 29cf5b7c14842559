package exchange_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// often makes nodes show their heads as soon as a test can see it.
func often(c *exchange.Config) { c.CheckpointEvery = 5 * time.Millisecond }

func newest(t *testing.T, at *testNode, of *testNode) (exchange.CheckpointRow, bool) {
	t.Helper()
	incarnation, err := of.store.Incarnation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	row, err := at.store.NewestCheckpoint(t.Context(), of.id, incarnation)
	if err != nil && !errors.Is(err, exchange.ErrNotFound) {
		t.Fatal(err)
	}
	return row, err == nil
}

// wardAndProvince are two nodes that show and cosign heads.
func wardAndProvince(t *testing.T) (w *world, ward, province *testNode) {
	t.Helper()
	w = newWorld(t, nil, agencySpec{"ba-hang", "ward"}, agencySpec{"thai-nguyen", "province"})
	w.config = often
	for id, parent := range map[string]string{"ward": "province", "province": ""} {
		w.keys[id] = w.key(id)
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Parent: parent, Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}})
	}
	province = w.start("province", t.TempDir())
	return w, w.start("ward", t.TempDir()), province
}

// The parent cosigns heads as the child's journal grows, and both keep the same; when
// nothing happens the two fall silent.
func TestCosigned(t *testing.T) {
	t.Parallel()
	_, ward, province := wardAndProvince(t)
	var last uint64
	for range 3 {
		key := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
		ward.eventually("the letter", ward.delivered(key, "thai-nguyen"))
		size, _ := ward.store.TreeSize(t.Context())
		ward.eventually("a cosignature", func() bool {
			row, ok := newest(t, ward, ward)
			return ok && row.Size >= size
		})
		row, _ := newest(t, ward, ward)
		seen, _ := newest(t, province, ward)
		if row.Size <= last || len(row.Cosignature.Payload) == 0 || seen.Size < row.Size {
			t.Fatalf("ward holds a cosignature of %d leaves, province %d, before %d", row.Size, seen.Size, last)
		}
		co, err := ward.core.Directory().VerifyCosignature(row.Sealed, row.Cosignature)
		if err != nil || co.Node != "province" || co.TreeSize != row.Size {
			t.Fatalf("cosignature %+v: %v", co, err)
		}
		last = row.Size
	}
	ward.eventually("silence", func() bool {
		row, _ := newest(t, ward, ward)
		size, _ := ward.store.TreeSize(t.Context())
		return size == row.Size+1 // the entry of the last cosignature
	})
	check, err := ward.service.VerifyJournal(t.Context())
	if err != nil || len(check.Problems) > 0 || check.Cosigned == 0 {
		t.Errorf("%+v, %v", check, err)
	}
}

// While the parent is slow to answer, the child shows it the same head again and no later
// one, however much is written meanwhile: the answers are never taken for those to another.
func TestSlowCosigner(t *testing.T) {
	t.Parallel()
	w, ward, province := wardAndProvince(t)
	var mu sync.Mutex
	shown := map[envelope.Digest]int{}
	seen := func() int {
		mu.Lock()
		defer mu.Unlock()
		return slices.Max(append(slices.Collect(maps.Values(shown)), 0))
	}
	held := make(chan struct{})
	w.mu.Lock()
	w.lossy = func(_, _ string, f exchange.Frame) bool {
		switch f := f.(type) {
		case exchange.Head:
			mu.Lock()
			shown[f.Checkpoint.Digest()]++
			mu.Unlock()
		case exchange.Cosigned:
			<-held
		}
		return false
	}
	w.mu.Unlock()
	for turn := 1; turn <= 3; turn++ {
		ward.send(letter(t, "ba-hang", "thai-nguyen"))
		ward.eventually("the head once more", func() bool { return seen() >= turn })
	}
	mu.Lock()
	if len(shown) != 1 {
		t.Errorf("%d heads were shown before one was answered, want 1 again and again", len(shown))
	}
	mu.Unlock()
	close(held)
	size, _ := ward.store.TreeSize(t.Context())
	ward.eventually("a cosignature of what came meanwhile", func() bool {
		row, ok := newest(t, ward, ward)
		return ok && row.Size >= size
	})
	for _, n := range []*testNode{ward, province} {
		if refused := n.action("checkpoint.refused"); refused > 0 {
			t.Errorf("%s refused %d heads", n.id, refused)
		}
	}
}

// A store that was put back by copying its files shows a smaller journal under the same
// incarnation, then another one: the parent refuses both, tells people, and keeps the
// heads that contradict each other.
func TestEquivocation(t *testing.T) {
	t.Parallel()
	w, ward, province := wardAndProvince(t)
	key := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	ward.eventually("the letter", ward.delivered(key, "thai-nguyen"))
	dir := filepath.Join(t.TempDir(), "copied")
	backup := ward.backup()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(backup, "store"))); err != nil {
		t.Fatal(err)
	}
	size, _ := ward.store.TreeSize(t.Context())
	again := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	ward.eventually("another letter", ward.delivered(again, "thai-nguyen"))
	province.eventually("a head behind the copy", func() bool {
		row, ok := newest(t, province, ward)
		return ok && row.Size > size+3
	})
	ward.stop()
	ward = w.start("ward", dir)
	refused := func(at *testNode, reason string) func() bool {
		return func() bool {
			rows, err := at.store.Checkpoints(t.Context(), "ward", 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if row.Refused == reason {
					return true
				}
			}
			return false
		}
	}
	province.eventually("the smaller head is kept as evidence", refused(province, exchange.ReasonRolledBack))
	held, _ := newest(t, province, ward) // the last of the ward that was stopped: it may have come just before
	ward.eventually("the child keeps what the parent holds", refused(ward, exchange.ReasonRolledBack))
	check, err := ward.service.VerifyJournal(t.Context())
	if err != nil || len(check.Problems) == 0 || !strings.Contains(check.Problems[0], "ROLLED_BACK") {
		t.Errorf("the child's own check: %+v, %v", check, err)
	}
	for grown := uint64(0); grown <= held.Size; grown, _ = ward.store.TreeSize(t.Context()) {
		ward.send(letter(t, "ba-hang", "ba-hang"))
	}
	w.cut("ward", "province")
	province.eventually("the other journal is kept as evidence", refused(province, exchange.ReasonInconsistent))
	if now, _ := newest(t, province, ward); now.Size != held.Size || now.Root != held.Root {
		t.Errorf("the parent holds %d leaves, want the %d that it cosigned", now.Size, held.Size)
	}
	if province.action("checkpoint.refused") == 0 {
		t.Error("it was not journalled")
	}
}

// A restored child begins a new chain, and the parent cosigns it.
func TestCheckpointsAfterRestore(t *testing.T) {
	t.Parallel()
	_, ward, province := wardAndProvince(t)
	key := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	ward.eventually("the letter", ward.delivered(key, "thai-nguyen"))
	backup := ward.backup()
	before, _ := newest(t, province, ward)
	ward.send(letter(t, "ba-hang", "thai-nguyen"))
	ward = ward.restored(backup)
	ward.eventually("a cosignature of the new chain", func() bool {
		row, ok := newest(t, ward, ward)
		return ok && row.Incarnation != before.Incarnation && len(row.Cosignature.Payload) > 0
	})
	check, err := ward.service.VerifyJournal(t.Context())
	if err != nil || len(check.Problems) > 0 {
		t.Errorf("%+v, %v", check, err)
	}
}

// Heads are time-stamped where there is an authority, and tried again where it fails.
func TestStamped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, agencySpec{"thai-nguyen", "province"})
	w.keys["province"] = w.key("province")
	w.directory.Nodes = []envelope.Node{{ID: "province", Addresses: []string{"province"}, Certificates: []envelope.NodeCertificate{{Certificate: w.keys["province"].Certificate.Raw}}}}
	fails := true
	w.config = func(c *exchange.Config) {
		c.Stamp = func(_ context.Context, digest envelope.Digest) ([]byte, time.Time, error) {
			if fails {
				return nil, time.Time{}, errors.New("the authority is away")
			}
			return digest[:], w.clock(), nil
		}
	}
	n := w.open("province", t.TempDir())
	defer n.store.Close()
	if err := n.core.StampCheckpoint(t.Context()); err == nil {
		t.Fatal("stamped by an authority that is away")
	}
	fails = false
	for range 2 { // the second finds nothing new
		if err := n.core.StampCheckpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	row, ok := newest(t, n, n)
	if want := envelope.Sum(row.Sealed.Marshal()); !ok || string(row.Stamp) != string(want[:]) || row.Stamped == 0 {
		t.Errorf("%+v, want a stamp over its head", row)
	}
	if got := n.action("checkpoint.stamped"); got != 1 {
		t.Errorf("stamped %d times", got)
	}
}
