package sqlite

import (
	"bytes"
	"path/filepath"
	"testing"
)

// A validation that a crash interrupted goes on at the next start; one that has
// been interrupted twice waits for its lease, since it may be the cause.
func TestOpenEndsLeases(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "node.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := pool(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	for attempts := range 4 {
		if _, err := db.Exec(`INSERT INTO job (envelope_id, origin_node, agency_id, due_at, claimable_at, attempts) VALUES (?, 'ward', 'agency', 1000, 9000, ?)`,
			bytes.Repeat([]byte{byte(attempts)}, 16), attempts); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, tt := range []struct {
		now  int64
		want int
	}{{999, 0}, {1000, 2}, {8999, 0}, {9000, 2}} {
		if jobs, err := s.ClaimJobs(t.Context(), tt.now, 50_000, 10); err != nil || len(jobs) != tt.want {
			t.Errorf("at %d: %d jobs, %v; want %d", tt.now, len(jobs), err, tt.want)
		}
	}
}
