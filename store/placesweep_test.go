package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"lienthong/store/blob"
)

func TestPlaceSweep(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		put := func(data string, by time.Duration) [32]byte {
			t.Helper()
			digest, err := p.Put(ctx, []byte(data))
			if err != nil {
				t.Fatal(err)
			}
			age(t, p.path(digest), by)
			return digest
		}
		orphan, wanted, fresh := put("orphan", 48*time.Hour), put("wanted", 48*time.Hour), put("fresh", 0)
		again := put("put again, and its row not yet written", 48*time.Hour)
		if _, err := p.Put(ctx, []byte("put again, and its row not yet written")); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"old", "new"} {
			if _, err := p.Append(ctx, key, 0, strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
		}
		day := time.Now().Add(-24 * time.Hour)
		stale := func(key string, _ time.Time) bool { return key == "old" }
		n, err := p.Sweep(ctx, day, func(d [32]byte) (bool, error) { return d == wanted, nil }, stale)
		if err != nil || n != 2 {
			t.Fatalf("swept %d, %v; want the orphan and a partial file", n, err)
		}
		for _, d := range [][32]byte{wanted, fresh, again} {
			if err := verifies(t, p, d); err != nil {
				t.Error(err)
			}
		}
		if _, err := p.Open(ctx, orphan); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("orphan: %v, want ErrNotFound", err)
		}
		for key, want := range map[string]int64{"old": 0, "new": 1} {
			if n, err := p.Held(ctx, key); n != want || err != nil {
				t.Errorf("partial file %s holds %d, %v", key, n, err)
			}
		}
		stop := errors.New("the database is closed")
		if _, err := p.Sweep(ctx, time.Now().Add(time.Hour), func([32]byte) (bool, error) { return false, stop }, stale); !errors.Is(err, stop) {
			t.Errorf("error %v, want %v", err, stop)
		}
		if err := verifies(t, p, fresh); err != nil {
			t.Errorf("swept although nobody could be asked: %v", err)
		}
	})
}

// Another process puts a file, or commits its row, at the very moment at which this one
// has found the file old and without a row.
func TestPlaceSweepBesideAnotherProcess(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		there := p.open(t)
		data := []byte("a letter that was given up, and is sent again")
		day := time.Now().Add(-24 * time.Hour)
		for name, other := range map[string]func() bool{
			"puts it again": func() bool {
				if _, err := there.Put(t.Context(), data); err != nil {
					t.Error(err)
				}
				return false
			},
			"commits its row": func() bool { return true },
		} {
			digest, err := p.Put(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			age(t, p.path(digest), 48*time.Hour)
			asked, row := 0, false
			n, err := p.Sweep(t.Context(), day, func([32]byte) (bool, error) {
				was := row
				if asked++; asked == 1 {
					row = other()
				}
				return was, nil
			}, func(string, time.Time) bool { return false })
			if n != 0 || err != nil {
				t.Errorf("%s: %d swept, %v", name, n, err)
			}
			if err := verifies(t, there, digest); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// RemoveOld removes what was put long ago, and nothing that was put since.
func TestPlaceRemoveOld(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		digest, err := p.Put(ctx, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		hour := time.Now().Add(-time.Hour)
		leave, keep := func() (bool, error) { return false, nil }, func() (bool, error) { return true, nil }
		if gone, err := p.RemoveOld(ctx, digest, hour, leave); gone || err != nil {
			t.Errorf("put this moment: gone %t, %v", gone, err)
		}
		age(t, p.path(digest), 2*time.Hour)
		if gone, err := p.RemoveOld(ctx, digest, hour, keep); gone || err != nil {
			t.Errorf("wanted: gone %t, %v", gone, err)
		}
		if err := verifies(t, p, digest); err != nil {
			t.Error(err)
		}
		for range 2 {
			if gone, err := p.RemoveOld(ctx, digest, hour, leave); !gone || err != nil {
				t.Errorf("gone %t, %v", gone, err)
			}
		}
		if _, err := p.Open(ctx, digest); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("removed: %v", err)
		}
	})
}

// What is damaged is set aside and served no more; what is right, or was put anew, stays.
func TestPlaceSetAside(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		ctx, data := t.Context(), []byte("a letter on a disk that forgets")
		digest, err := p.Put(ctx, data)
		if err != nil {
			t.Fatal(err)
		}
		if gone, err := p.SetAside(ctx, digest); gone || err != nil {
			t.Errorf("right: gone %t, %v", gone, err)
		}
		holds(t, p, data)
		if err := os.WriteFile(p.path(digest), bytes.ToUpper(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if gone, err := p.SetAside(ctx, digest); !gone || err != nil {
			t.Errorf("damaged: gone %t, %v", gone, err)
		}
		if _, err := p.Open(ctx, digest); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("damaged: %v, want ErrNotFound", err)
		}
		if _, err := p.Put(ctx, data); err != nil {
			t.Fatal(err)
		}
		holds(t, p, data)
		if gone, err := p.SetAside(ctx, sha256.Sum256([]byte("never put"))); !gone || err != nil {
			t.Errorf("not there: gone %t, %v", gone, err)
		}
	})
}
