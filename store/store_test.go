package store_test

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
	"lienthong/store"
)

func TestOpenURL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, url := range []string{"sqlite:" + dir + "/a/b", "sqlite://" + dir + "/a/b", "sqlite:" + dir + "/Thị xã"} {
		rows, _, err := store.Open(t.Context(), url)
		if err != nil {
			t.Errorf("%q: %v", url, err)
			continue
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, url := range []string{"", "sqlite:", dir, "mysql:" + dir, "postgres://host/db"} {
		if rows, _, err := store.Open(t.Context(), url); err == nil {
			rows.Close()
			t.Errorf("%q was opened", url)
		} else if !strings.Contains(err.Error(), "want sqlite:FOLDER") {
			t.Errorf("%q: %v; want one that says what to write", url, err)
		}
	}
}

func openStore(t *testing.T) (exchange.Store, exchange.Blobs) {
	t.Helper()
	rows, files, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "node"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	})
	return rows, files
}

// Errors of the folder are said in the words of the domain.
func TestBlobErrors(t *testing.T) {
	t.Parallel()
	_, files := openStore(t)
	ctx := t.Context()
	if _, err := files.Open(ctx, envelope.Digest{1}); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("open: %v, want ErrNotFound", err)
	}
	if n, err := files.Append(ctx, "k", 5, strings.NewReader("x")); n != 0 || !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("append: %d, %v; want ErrConflict", n, err)
	}
	if n, err := files.Append(ctx, "k", 0, iotest.DataErrReader(strings.NewReader("xyz"))); n != 3 || err != nil {
		t.Errorf("append: %d, %v; want 3", n, err)
	}
	if err := files.Finish(ctx, "k", envelope.Digest{1}, 3); !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("finish: %v, want ErrConflict", err)
	}
	digest, err := files.Put(ctx, []byte("x"))
	if err != nil || digest != envelope.Sum([]byte("x")) {
		t.Errorf("put: %s, %v", digest, err)
	}
	blob, err := files.Open(ctx, digest)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	if data, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size())); err != nil || !bytes.Equal(data, []byte("x")) {
		t.Errorf("read %q, %v", data, err)
	}
}

// What a crash between the bytes and their row has left goes after a day; what
// has a row stays.
func TestSweep(t *testing.T) {
	t.Parallel()
	rows, files := openStore(t)
	ctx := t.Context()
	now := time.Now()
	kept, err := files.Put(ctx, []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := files.Put(ctx, []byte("orphan"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Commit(ctx, exchange.Change{Wrote: []exchange.BlobRow{{Digest: kept, Size: 4, Touched: now.UnixMicro()}},
		Entries: []journal.Entry{{Time: now.UnixMicro(), Actor: journal.System, Action: "test", Outcome: journal.OutcomeOK}}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{time.Hour, 0}, {25 * time.Hour, 1}, {25 * time.Hour, 0}} {
		if n, err := store.Sweep(ctx, rows, files, now.Add(tt.after)); n != tt.want || err != nil {
			t.Errorf("after %v %d were swept, %v; want %d", tt.after, n, err, tt.want)
		}
	}
	if _, err := files.Open(ctx, orphan); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("orphan: %v, want ErrNotFound", err)
	}
	f, err := files.Open(ctx, kept)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}
