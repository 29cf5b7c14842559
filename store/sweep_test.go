package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
	"lienthong/store"
)

// A shelf is a store of one or several processes, with its folder of files.
type shelf struct {
	rows  []exchange.Store
	files []exchange.Blobs
	dir   string
}

// shelves opens a store of each kind.
func shelves(t *testing.T) map[string]*shelf {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "node")
	server := onServer(t)
	inBucket, bucket := onBucket(t, 3)
	out := map[string]*shelf{"sqlite": {dir: filepath.Join(dir, "blobs")}, "postgres": {dir: blobsOf(t, server)}, "s3": {dir: bucket}}
	for kind, urls := range map[string][]string{"sqlite": {"sqlite:" + dir}, "postgres": {server, server, server}, "s3": inBucket} {
		for _, url := range urls {
			rows, files, err := store.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := rows.Close(); err != nil {
					t.Error(err)
				}
			})
			out[kind].rows, out[kind].files = append(out[kind].rows, rows), append(out[kind].files, files)
		}
	}
	return out
}

func (s *shelf) replica(i int) (exchange.Store, exchange.Blobs) {
	return s.rows[i%len(s.rows)], s.files[i%len(s.files)]
}

// put puts bytes, made long ago if age is not 0, and gives what a change says of them.
func (s *shelf) put(t *testing.T, i int, data string, age time.Duration) exchange.BlobRow {
	t.Helper()
	_, files := s.replica(i)
	at := time.Now().Add(-age)
	digest, err := files.Put(t.Context(), []byte(data))
	if err != nil {
		t.Error(err)
	}
	if age > 0 {
		hex := digest.String()
		if err := os.Chtimes(filepath.Join(s.dir, "sha256", hex[:2], hex[2:4], hex), at, at); err != nil {
			t.Error(err)
		}
	}
	return exchange.BlobRow{Digest: digest, Size: uint64(len(data)), Touched: at.UnixMicro()}
}

func (s *shelf) commit(t *testing.T, i int, c exchange.Change) error {
	rows, _ := s.replica(i)
	c.Entries = append(c.Entries, journal.Entry{Time: time.Now().UnixMicro(), Actor: journal.System, Action: "test", Outcome: journal.OutcomeOK})
	_, err := rows.Commit(t.Context(), c)
	return err
}

func (s *shelf) sweep(t *testing.T, i int, now time.Time, folder bool) store.Swept {
	t.Helper()
	rows, files := s.replica(i)
	done, err := (&store.Sweeper{Rows: rows, Files: files}).Sweep(t.Context(), now, folder)
	if err != nil {
		t.Error(err)
	}
	return done
}

func (s *shelf) there(t *testing.T, digest envelope.Digest) bool {
	t.Helper()
	_, files := s.replica(0)
	f, err := files.Open(t.Context(), digest)
	if err == nil {
		f.Close()
	} else if !errors.Is(err, exchange.ErrNotFound) {
		t.Error(err)
	}
	return err == nil
}

// letterOf is a change that stores a letter with one file.
func letterOf(i int, b exchange.BlobRow) exchange.Change {
	id := envelope.ID{0: 1, 15: byte(i)}
	l := exchange.Letter{Key: exchange.LetterKey{Origin: "ward", ID: id}, Digest: envelope.Sum(id[:]), Agency: "a",
		Files: []exchange.LetterFile{{Digest: b.Digest, Size: b.Size}}}
	return exchange.Change{Letter: &l, Uses: []envelope.Digest{b.Digest}}
}

// What nothing keeps goes a day after it was touched: first it counts as missing, an
// hour later it is gone. What a crash between the bytes and their row has left goes too.
func TestSweep(t *testing.T) {
	t.Parallel()
	for kind, s := range shelves(t) {
		kept, idle, orphan := s.put(t, 0, "kept", 0), s.put(t, 0, "uploaded, and sent to nobody", 0), s.put(t, 0, "no row", 0)
		c := letterOf(1, kept)
		c.Wrote = []exchange.BlobRow{kept, idle}
		if err := s.commit(t, 0, c); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		for _, tt := range []struct {
			after  time.Duration
			folder bool
			want   store.Swept
			idle   bool // its bytes are there
		}{
			{23 * time.Hour, true, store.Swept{}, true},
			{25 * time.Hour, false, store.Swept{Doomed: 1}, true},
			{25*time.Hour + 30*time.Minute, true, store.Swept{Orphans: 1}, true},
			{26*time.Hour + time.Minute, false, store.Swept{Removed: 1}, false},
			{27 * time.Hour, true, store.Swept{}, false},
		} {
			if got := s.sweep(t, 0, now.Add(tt.after), tt.folder); got != tt.want {
				t.Errorf("%s: after %v %+v, want %+v", kind, tt.after, got, tt.want)
			}
			if s.there(t, idle.Digest) != tt.idle {
				t.Errorf("%s: after %v the idle file's bytes are there: %t", kind, tt.after, !tt.idle)
			}
		}
		if !s.there(t, kept.Digest) || s.there(t, orphan.Digest) {
			t.Errorf("%s: kept is there: %t, orphan: %t", kind, s.there(t, kept.Digest), s.there(t, orphan.Digest))
		}
	}
}

// While sweepers, of several processes where there are several, remove what was doomed,
// the same bytes are put again and letters name them. Whatever was acknowledged is there.
func TestSweepBesideLetters(t *testing.T) {
	t.Parallel()
	const n = 48
	for kind, s := range shelves(t) {
		var old []exchange.BlobRow
		for i := range n {
			old = append(old, s.put(t, 0, fmt.Sprint("file ", i), 30*time.Hour))
		}
		if err := s.commit(t, 0, exchange.Change{Wrote: old}); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if got := s.sweep(t, 0, now.Add(-2*time.Hour), false); got.Doomed != n {
			t.Fatalf("%s: doomed %d, want %d", kind, got.Doomed, n)
		}
		acknowledged := make([]bool, n)
		var wg sync.WaitGroup
		for i := range len(s.rows) {
			wg.Go(func() { s.sweep(t, i, now, true) })
		}
		for i := range n {
			wg.Go(func() {
				b := s.put(t, i, fmt.Sprint("file ", i), 0)
				c := letterOf(i, b)
				c.Wrote = []exchange.BlobRow{b}
				err := s.commit(t, i, c)
				if acknowledged[i] = err == nil; err != nil && !errors.Is(err, exchange.ErrMissing) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s.sweep(t, 0, now.Add(2*time.Minute), true)
		rows, files := s.replica(0)
		report, err := store.Check(t.Context(), rows, files, true)
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("%s: %v, %q", kind, err, report.Problems)
		}
		for i, ok := range acknowledged {
			if ok && !s.there(t, old[i].Digest) || !ok {
				t.Errorf("%s: letter %d: acknowledged %t, its file is there %t", kind, i, ok, s.there(t, old[i].Digest))
			}
		}
	}
}

// A process that stalled between the bytes and their row, longer than a sweep waits, is
// told to put the bytes again.
func TestSweepStalledPut(t *testing.T) {
	t.Parallel()
	for kind, s := range shelves(t) {
		b := s.put(t, 0, "stalled", 30*time.Hour)
		s.sweep(t, 1, time.Now(), true)
		c := letterOf(1, b)
		c.Wrote = []exchange.BlobRow{b}
		if err := s.commit(t, 0, c); !errors.Is(err, exchange.ErrMissing) {
			t.Errorf("%s: committed %v, want ErrMissing", kind, err)
		}
		c.Wrote = []exchange.BlobRow{s.put(t, 0, "stalled", 0)}
		if err := s.commit(t, 0, c); err != nil || !s.there(t, b.Digest) {
			t.Errorf("%s: put again: %v, there %t", kind, err, s.there(t, b.Digest))
		}
	}
}

// A partial file of a letter goes when the letter expires, also where only rows are looked
// at; one that does not say when that is goes a week after it was written last.
func TestSweepPartialFiles(t *testing.T) {
	t.Parallel()
	for kind, s := range shelves(t) {
		_, files := s.replica(0)
		now := time.Now()
		soon := fmt.Sprintf("offer-%064x-%d", 1, now.Add(2*time.Hour).UnixMicro())
		late := fmt.Sprintf("offer-%064x-%d", 2, now.Add(100*24*time.Hour).UnixMicro())
		old := fmt.Sprintf("offer-%064x", 3)
		for _, key := range []string{soon, late, old} {
			if _, err := files.Append(t.Context(), key, 0, strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			after  time.Duration
			folder bool
			want   int
			there  []string
		}{
			{time.Hour, true, 0, []string{soon, late, old}},
			{2*time.Hour + time.Second, false, 1, []string{late, old}},
			{6 * 24 * time.Hour, true, 0, []string{late, old}},
			{8 * 24 * time.Hour, false, 2, nil},
		} {
			if got := s.sweep(t, 0, now.Add(tt.after), tt.folder); got.Orphans != tt.want {
				t.Errorf("%s: after %v %d partial files went, want %d", kind, tt.after, got.Orphans, tt.want)
			}
			var there []string
			for _, key := range []string{soon, late, old} {
				held, err := files.Held(t.Context(), key)
				if err != nil {
					t.Error(err)
				}
				if held > 0 {
					there = append(there, key)
				}
			}
			if !slices.Equal(there, tt.there) {
				t.Errorf("%s: after %v there are %q, want %q", kind, tt.after, there, tt.there)
			}
		}
	}
}
