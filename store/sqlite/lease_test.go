package sqlite

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"
)

// A validation that a crash interrupted goes on at the next start; one that has been
// interrupted more often waits, since it may be the cause.
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
	began := time.Now()
	lease := began.Add(20 * time.Minute).UnixMicro()
	for attempts := range 5 {
		if _, err := db.Exec(`INSERT INTO job (envelope_id, origin_node, agency_id, due_at, claimable_at, attempts) VALUES (?, 'ward', 'agency', 1000, ?, ?)`,
			bytes.Repeat([]byte{byte(attempts)}, 16), lease, attempts); err != nil {
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
	after := func(since time.Time, d time.Duration) int64 { return since.Add(d).UnixMicro() }
	for _, tt := range []struct {
		now  int64
		want int
	}{
		{999, 0}, {1000, 2},
		{after(began, 14*time.Second), 0}, {after(time.Now(), 15*time.Second), 1},
		{after(began, 59*time.Second), 0}, {after(time.Now(), time.Minute), 1},
		{lease - 1, 0}, {lease, 1},
	} {
		if jobs, err := s.ClaimJobs(t.Context(), tt.now, lease+1, 10); err != nil || len(jobs) != tt.want {
			t.Errorf("at %d: %d jobs, %v; want %d", tt.now, len(jobs), err, tt.want)
		}
	}
}
