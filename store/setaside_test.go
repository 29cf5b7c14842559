package store

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// unsynced is a folder whose disk does not say that a file was moved.
type unsynced struct{ keeper }

var errSync = errors.New("input/output error")

func (u unsynced) SetAside(ctx context.Context, digest [32]byte) (bool, error) {
	gone, err := u.keeper.SetAside(ctx, digest)
	return gone, errors.Join(err, errSync)
}

// A file that was set aside, be it that this may not be durable, has no live row.
func TestSetAsideNotSynced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows, files, err := Open(t.Context(), "sqlite:"+dir)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	digest, err := files.Put(t.Context(), []byte("good"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMicro()
	if _, err := rows.Commit(t.Context(), exchange.Change{Wrote: []exchange.BlobRow{{Digest: digest, Size: 4, Touched: now}},
		Entries: []journal.Entry{{Time: now, Actor: journal.System, Action: "test", Outcome: journal.OutcomeOK}}}); err != nil {
		t.Fatal(err)
	}
	hex := digest.String()
	if err := os.WriteFile(filepath.Join(dir, "blobs", "sha256", hex[:2], hex[2:4], hex), []byte("gone"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Scrubber{Rows: rows, Files: blobs{unsynced{files.(blobs).keeper}}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Pace: func(context.Context, int) error { return nil }}
	if done, _, err := s.Scrub(t.Context(), envelope.Digest{}); !errors.Is(err, errSync) || done.Damaged != 1 {
		t.Errorf("%+v, %v; want it damaged, and the disk's error", done, err)
	}
	if row, err := rows.StoredBlob(t.Context(), digest); err != nil || row.State != exchange.BlobDamaged {
		t.Errorf("%+v, %v; want it damaged", row, err)
	}
	if _, err := files.Open(t.Context(), digest); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "blobs", "damaged", hex)); err != nil {
		t.Error(err)
	}
}
