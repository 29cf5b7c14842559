package blob

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	s := open(t)
	put := func(data string, age time.Duration) [32]byte {
		t.Helper()
		digest, err := s.Put([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		old(t, s.path(digest), age)
		return digest
	}
	orphan, wanted, fresh := put("orphan", 48*time.Hour), put("wanted", 48*time.Hour), put("fresh", 0)
	again := put("put again, and its row not yet written", 48*time.Hour)
	if _, err := s.Put([]byte("put again, and its row not yet written")); err != nil {
		t.Fatal(err)
	}
	rubbish := filepath.Join(filepath.Dir(s.path(orphan)), ".writing-123")
	if err := os.WriteFile(rubbish, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old(t, rubbish, 48*time.Hour)
	for _, key := range []string{"old", "new"} {
		if _, err := s.Append(key, 0, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	old(t, s.partial("old"), 48*time.Hour)

	day := time.Now().Add(-24 * time.Hour)
	stale := func(_ string, written time.Time) bool { return written.Before(day) }
	n, err := s.Sweep(day, func(d [32]byte) (bool, error) { return d == wanted, nil }, stale)
	if err != nil || n != 3 {
		t.Fatalf("swept %d, %v; want the orphan, the rubbish and a partial file", n, err)
	}
	for _, d := range [][32]byte{wanted, fresh, again} {
		if err := s.Verify(d); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Open(orphan); !errors.Is(err, ErrNotFound) {
		t.Errorf("orphan: %v, want ErrNotFound", err)
	}
	if n, err := s.Held("new"); n != 1 || err != nil {
		t.Errorf("new partial file holds %d, %v", n, err)
	}
	stop := errors.New("the database is closed")
	if _, err := s.Sweep(time.Now().Add(time.Hour), func([32]byte) (bool, error) { return false, stop }, stale); !errors.Is(err, stop) {
		t.Errorf("error %v, want %v", err, stop)
	}
	if err := s.Verify(fresh); err != nil {
		t.Errorf("swept although nobody could be asked: %v", err)
	}
}

// old makes a file look as if it was written long ago.
func old(t *testing.T, path string, age time.Duration) {
	t.Helper()
	when := time.Now().Add(-age)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}

// A sweeper died with a file put aside: whoever wants it has it, and the next sweep
// decides about it anew.
func TestSweeperDied(t *testing.T) {
	t.Parallel()
	day := time.Now().Add(-24 * time.Hour)
	never := func(string, time.Time) bool { return false }
	for name, tt := range map[string]struct {
		meanwhile func(*Store, [32]byte) error
		wanted    bool
		want      int // swept
	}{
		"it is read":            {func(s *Store, d [32]byte) error { return s.Verify(d) }, true, 0},
		"its row was committed": {nil, true, 0},
		"it is put again":       {func(s *Store, _ [32]byte) error { _, err := s.Put([]byte("x")); return err }, false, 0},
		"nobody wants it":       {nil, false, 1},
	} {
		s := open(t)
		digest, err := s.Put([]byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		old(t, s.path(digest), 48*time.Hour)
		if err := os.Rename(s.path(digest), asideOf(s.path(digest))); err != nil {
			t.Fatal(err)
		}
		if tt.meanwhile != nil {
			if err := tt.meanwhile(s, digest); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		n, err := s.Sweep(day, func([32]byte) (bool, error) { return tt.wanted, nil }, never)
		if n != tt.want || err != nil {
			t.Errorf("%s: %d swept, %v; want %d", name, n, err, tt.want)
		}
		if err := s.Verify(digest); (err == nil) != (tt.want == 0) {
			t.Errorf("%s: afterwards: %v", name, err)
		}
	}
}
