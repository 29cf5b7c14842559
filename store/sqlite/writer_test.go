package sqlite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"lienthong/exchange"
	"lienthong/journal"
)

// put is a change that stores a report of some size.
func put(n, size int) exchange.Change {
	json := []byte(fmt.Sprintf("%d %s", n, strings.Repeat("x", size)))
	return exchange.Change{
		Reports: []exchange.ReportRow{{Digest: [32]byte(tlog.RecordHash(json)), JSON: json}},
		Entries: []journal.Entry{{Time: int64(n + 1), Actor: journal.System, Action: "test", Outcome: journal.OutcomeOK}},
	}
}

func (s *Store) pragma(t *testing.T, query string) {
	t.Helper()
	if _, err := s.writer.do(t.Context(), func(tx *tx) error {
		var n int
		_, err := tx.one(query, nil, &n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir).(*Store)
	for i := range 10 {
		if _, err := s.Commit(t.Context(), put(i, 100)); err != nil {
			t.Fatal(err)
		}
	}
	s.pragma(t, `PRAGMA max_page_count = 1`) // as small as it is now
	big := put(10, 1<<20)
	if _, err := s.Commit(t.Context(), big); !errors.Is(err, exchange.ErrFull) {
		t.Fatalf("error %v, want ErrFull", err)
	}
	if _, err := s.Report(t.Context(), big.Reports[0].Digest); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("part of what failed is there: %v", err)
	}
	s.pragma(t, `PRAGMA max_page_count = 1000000`)
	done, err := s.Commit(t.Context(), big)
	if err != nil || done.First != 10 {
		t.Fatalf("after there was space: %+v, %v; want leaf 10", done, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).Close(); err != nil { // checks the head
		t.Error(err)
	}
}

// A commit that fails, fails for all of its batch, and the tree goes back.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	defer s.Close()
	if _, err := s.Commit(t.Context(), put(0, 1)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	first := &operation{ctx: t.Context(), done: make(chan struct{}), run: func(tx *tx) error {
		recs, err := records(put(1, 1).Entries)
		if err != nil {
			return err
		}
		return tx.journal(recs)
	}}
	// The second ends the transaction under the batch's feet, as SQLite may.
	second := &operation{ctx: t.Context(), done: make(chan struct{}), run: func(tx *tx) error {
		return errors.Join(broken, tx.do("ROLLBACK"))
	}}
	third := &operation{ctx: t.Context(), done: make(chan struct{}), run: func(*tx) error { return nil }}
	running, gate := make(chan struct{}), make(chan struct{}) // so that the three share a batch
	go s.writer.do(t.Context(), func(*tx) error { close(running); <-gate; return nil })
	<-running
	for _, op := range []*operation{first, second, third} {
		s.writer.queue <- op
	}
	close(gate)
	for i, op := range []*operation{first, second, third} {
		<-op.done
		if op.err == nil {
			t.Errorf("operation %d of a broken batch succeeded", i)
		}
	}
	if done, err := s.Commit(t.Context(), put(1, 1)); err != nil || done.First != 1 || done.Size != 2 {
		t.Errorf("after the broken batch: %+v, %v; want leaf 1 of 2", done, err)
	}
}

// A journal that was changed on disk is not written on.
func TestTampered(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"head cut":       `UPDATE head SET size = size - 1`,
		"root changed":   `UPDATE head SET root = zeroblob(32)`,
		"leaf removed":   `DELETE FROM journal WHERE idx = 9`,
		"leaf added":     `INSERT INTO journal (idx, agency_id, leaf, hashes) SELECT 10, '', leaf, hashes FROM journal WHERE idx = 9`,
		"hash changed":   `UPDATE journal SET hashes = zeroblob(64) WHERE idx = 9`,
		"hash too short": `UPDATE journal SET hashes = zeroblob(40) WHERE idx = 9`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir).(*Store)
			for i := range 10 {
				if _, err := s.Commit(t.Context(), put(i, 1)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.writer.do(t.Context(), func(tx *tx) error { return tx.do(query) }); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(t.Context(), filepath.Join(dir, "node.db")); err == nil {
				s.Close()
				t.Error("opened")
			}
		})
	}
}

func TestHashCache(t *testing.T) {
	t.Parallel()
	var c hashCache
	hash := func(i int64) (h journal.Hash) { h[0], h[1], h[2] = byte(i), byte(i>>8), byte(i>>16); return h }
	for i := range int64(5 * cacheSize) {
		c.put(i, hash(i))
		if _, ok := c.get(0); !ok {
			t.Fatalf("what is used all the time was dropped after %d", i)
		}
		if n := rand.Int64N(i + 1); true {
			if h, ok := c.get(n); ok && h != hash(n) {
				t.Fatalf("hash %d is %x", n, h)
			}
		}
	}
	if n := len(c.young) + len(c.old); n > 2*cacheSize {
		t.Errorf("%d hashes are kept, want at most %d", n, 2*cacheSize)
	}
}

// The log is folded into the database at the end, so that a copy of a stopped
// node's folder is a whole one.
func TestNothingBesideTheFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "node.db node.db.lock" {
		t.Errorf("a closed store leaves %s", got)
	}
}

func FuzzParseChain(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{3, 1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		chain, err := parseChain(b)
		if err != nil {
			return
		}
		again, err := parseChain(marshalChain(chain))
		if err != nil || len(again) != len(chain) {
			t.Errorf("chain of %d comes back as %d, %v", len(chain), len(again), err)
		}
	})
}
