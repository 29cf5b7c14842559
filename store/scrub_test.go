package store_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store"
)

// A disk changes one bit of a file, and loses another: both are found, journalled, served
// no more, and healed by whoever sends the same bytes. The file of a letter that is whole
// stays as it is.
func TestScrub(t *testing.T) {
	t.Parallel()
	for kind, s := range shelves(t) {
		good, rotten, lost := s.put(t, 0, "good", 0), s.put(t, 0, "rotten", 0), s.put(t, 0, "lost", 0)
		for i, b := range []exchange.BlobRow{good, rotten, lost} {
			c := letterOf(i, b)
			c.Wrote = []exchange.BlobRow{b}
			if err := s.commit(t, 0, c); err != nil {
				t.Fatal(err)
			}
		}
		file := func(d envelope.Digest) string {
			hex := d.String()
			return filepath.Join(s.dir, "sha256", hex[:2], hex[2:4], hex)
		}
		if err := errors.Join(os.WriteFile(file(rotten.Digest), []byte("rottem"), 0o600), os.Remove(file(lost.Digest))); err != nil {
			t.Fatal(err)
		}
		read := 0
		rows, files := s.replica(0)
		scrubber := &store.Scrubber{Rows: rows, Files: files, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Pace: func(_ context.Context, n int) error { read += n; return nil }}
		scrub := func(want store.Scrubbed) {
			t.Helper()
			if got, at, err := scrubber.Scrub(t.Context(), envelope.Digest{}); got != want || !at.IsZero() || err != nil {
				t.Errorf("%s: %+v, %v; want %+v", kind, got, err, want)
			}
		}
		scrub(store.Scrubbed{Files: 3, Damaged: 2})
		if want := len("good") + len("rotten"); read != want {
			t.Errorf("%s: %d bytes were read, want %d", kind, read, want)
		}
		if n, err := rows.Damaged(t.Context()); n != 2 || err != nil {
			t.Errorf("%s: %d damaged, %v", kind, n, err)
		}
		for _, b := range []exchange.BlobRow{rotten, lost} {
			if s.there(t, b.Digest) {
				t.Errorf("%s: a damaged file is served", kind)
			}
			if err := s.commit(t, 0, letterOf(9, b)); !errors.Is(err, exchange.ErrMissing) {
				t.Errorf("%s: a letter names a damaged file: %v", kind, err)
			}
		}
		scrub(store.Scrubbed{Files: 3}) // it is said once
		// A client uploads one anew; the other comes with an offer that was never acknowledged.
		again := s.put(t, 0, "rotten", 0)
		c := letterOf(8, again)
		c.Wrote = []exchange.BlobRow{again}
		if err := s.commit(t, 0, c); err != nil {
			t.Error(err)
		}
		s.put(t, 0, "lost", 0)
		scrub(store.Scrubbed{Files: 3, Healed: 1})
		if n, err := rows.Damaged(t.Context()); n != 0 || err != nil {
			t.Errorf("%s: %d damaged, %v", kind, n, err)
		}
		report, err := store.Check(t.Context(), rows, files, true)
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("%s: %v, %q", kind, err, report.Problems)
		}
		checkEntries(t, kind, rows, map[string]int{"file.damaged": 2, "file.healed": 1})
	}
}

// checkEntries counts entries of the journal by action.
func checkEntries(t *testing.T, kind string, rows exchange.Store, want map[string]int) {
	t.Helper()
	leaves, err := rows.Leaves(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, l := range leaves {
		for action := range want {
			if strings.Contains(string(l.Data), action) {
				got[action]++
			}
		}
	}
	for action, n := range want {
		if got[action] != n {
			t.Errorf("%s: %d entries %s, want %d", kind, got[action], action, n)
		}
	}
}

// A pass that is stopped says where, and goes on there.
func TestScrubStops(t *testing.T) {
	t.Parallel()
	rows, files := openStore(t)
	s := &shelf{rows: []exchange.Store{rows}, files: []exchange.Blobs{files}}
	for _, data := range []string{"a", "b", "c", "d"} {
		if err := s.commit(t, 0, exchange.Change{Wrote: []exchange.BlobRow{s.put(t, 0, data, 0)}}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	scrubber := &store.Scrubber{Rows: rows, Files: files, Now: time.Now, Log: slog.New(slog.DiscardHandler), Pace: func(context.Context, int) error {
		if n++; n == 3 {
			stop()
		}
		return nil
	}}
	first, at, err := scrubber.Scrub(ctx, envelope.Digest{})
	if first.Files != 2 || !errors.Is(err, context.Canceled) {
		t.Fatalf("%+v, %v; want two files", first, err)
	}
	if second, _, err := scrubber.Scrub(t.Context(), at); second.Files != 2 || err != nil {
		t.Errorf("%+v, %v; want the other two", second, err)
	}
}
