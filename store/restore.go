package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/durable"
	"lienthong/store/blob"
	"lienthong/store/sqlite"
)

// Restore makes the store url, which must not exist, from a backup of the node. The new
// store has an incarnation of its own, by which the neighbours see that it goes on from
// a backup, and the node journals that as its first act. With losses set, a backup that
// lacks files is taken as it is.
func Restore(ctx context.Context, dir, url, node string, now time.Time, losses bool) (*Report, error) {
	b, err := ReadBackup(dir)
	if err != nil {
		return nil, err
	}
	if b.Node != node {
		return nil, fmt.Errorf("store: %q is a backup of node %q, want one of %q", dir, b.Node, node)
	}
	if sum, err := hashFile(filepath.Join(dir, backupStore, database)); err != nil || sum != b.Database {
		return nil, errors.Join(err, fmt.Errorf("store: backup %q: its database hashes to %s, its %s says %s: it was changed; take another backup", dir, sum, backupManifest, b.Database))
	}
	finish, into, err := emptyPlace(url)
	if err != nil {
		return nil, err
	}
	source, sourceFiles, drop, err := openBackup(ctx, dir, into)
	if err != nil {
		return nil, err
	}
	take := b.whole
	if losses {
		take = b.same
	}
	report, err := restoreInto(ctx, b, source, sourceFiles, into, now, take)
	if err := errors.Join(err, drop()); err != nil {
		return report, fmt.Errorf("store: restore: %q: %w", dir, err)
	}
	return report, finish()
}

// emptyPlace says where to make a store so that it appears whole or not at all, and how
// to finish. A database on a server is filled in one transaction.
func emptyPlace(url string) (finish func() error, into string, err error) {
	dir, is := strings.CutPrefix(url, "sqlite:")
	if !is {
		return func() error { return nil }, url, nil
	}
	dir = filepath.Clean(strings.TrimPrefix(dir, "//"))
	switch entries, err := os.ReadDir(dir); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, "", fmt.Errorf("store: restore: %w", err)
	case len(entries) > 0:
		return nil, "", fmt.Errorf("store: restore: %q is not empty: it has %q; move what is there away, nothing is overwritten", dir, entries[0].Name())
	default:
		if err := os.Remove(dir); err != nil {
			return nil, "", fmt.Errorf("store: restore: %w: the store appears whole, by the name of its folder; where that is a mount point, let data be a folder inside it", err)
		}
	}
	if err := durable.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, "", fmt.Errorf("store: restore: %w", err)
	}
	part := dir + ".restoring"
	if err := os.RemoveAll(part); err != nil { // of a restore that was cut off
		return nil, "", fmt.Errorf("store: restore: %w", err)
	}
	return func() error {
		if err := os.Rename(part, dir); err != nil {
			return fmt.Errorf("store: restore: %w", err)
		}
		return durable.SyncFolder(filepath.Dir(dir))
	}, "sqlite:" + part, nil
}

// openBackup opens a copy of a backup's rows, beside where the store is to be: a backup
// may lie where nothing can be written, and stays as it is. Files are read in their place.
func openBackup(ctx context.Context, dir, into string) (exchange.Store, exchange.Blobs, func() error, error) {
	beside := ""
	if to, is := strings.CutPrefix(into, "sqlite:"); is {
		beside = filepath.Dir(to)
	}
	copied, err := os.MkdirTemp(beside, ".restoring-*")
	if err != nil {
		return nil, nil, nil, fmt.Errorf("store: restore: %w", err)
	}
	rows, files, err := openCopy(ctx, filepath.Join(dir, backupStore), copied)
	if err != nil {
		return nil, nil, nil, errors.Join(err, os.RemoveAll(copied))
	}
	return rows, files, func() error { return errors.Join(rows.Close(), os.RemoveAll(copied)) }, nil
}

func openCopy(ctx context.Context, from, copied string) (exchange.Store, exchange.Blobs, error) {
	name := filepath.Join(copied, database)
	if err := copyDatabase(filepath.Join(from, database), name); err != nil {
		return nil, nil, fmt.Errorf("store: restore: %w", err)
	}
	b, err := blob.Read(filepath.Join(from, files), nil) // what it lacks is told by who checks
	if err != nil {
		return nil, nil, fmt.Errorf("store: restore: %w", err)
	}
	rows, err := sqlite.Open(ctx, name)
	if err != nil {
		return nil, nil, fmt.Errorf("store: restore: %w", err)
	}
	return rows, Blobs(b), nil
}

func copyDatabase(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func restoreInto(ctx context.Context, b *Backup, source exchange.Store, sourceFiles exchange.Blobs, into string, now time.Time, take func(*Report) error) (_ *Report, err error) {
	target, targetFiles, err := Open(ctx, into)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if size, err := target.TreeSize(ctx); err != nil || size > 0 {
		return nil, errors.Join(err, fmt.Errorf("the journal there has %d leaves; name a store that is new, nothing is overwritten", size))
	}
	if err := copyAllFiles(ctx, source, sourceFiles, targetFiles); err != nil {
		return nil, err
	}
	// Before the rows: with them the store would serve, and could not be restored again.
	report, err := Check(ctx, source, targetFiles, true)
	if err != nil {
		return nil, err
	}
	if err := take(report); err != nil {
		return report, err
	}
	again, err := another(ctx, b, source, now)
	if err != nil {
		return nil, err
	}
	if err := takeOver(ctx, source, target, again); err != nil {
		return nil, err
	}
	got, err := exchange.VerifyStored(ctx, target)
	if err != nil {
		return nil, err
	}
	return report, b.same(&Report{Leaves: got.Size, Root: envelope.Digest(got.Root)})
}

// copyAllFiles copies what can be had; what cannot is found by who checks afterwards.
func copyAllFiles(ctx context.Context, rows exchange.Store, from, to exchange.Blobs) error {
	c, err := carry(rows)
	if err != nil {
		return err
	}
	return blobRows(ctx, c, func(digest envelope.Digest, size uint64) error {
		err := copyFile(ctx, from, to, digest, int64(size))
		if errors.Is(err, exchange.ErrNotFound) || errors.Is(err, exchange.ErrConflict) {
			err = nil
		}
		return errors.Join(err, ctx.Err())
	})
}

// another changes, on the way, the row that says which store this is. It is done in the
// transaction that writes the rows: there is no moment at which the copy is taken for
// the store that it was made of.
func another(ctx context.Context, b *Backup, source exchange.Store, now time.Time) (func(string, []string, []any), error) {
	before, err := source.Restored(ctx)
	if err != nil {
		return nil, err
	}
	until, err := exchange.LastEntry(ctx, source)
	if err != nil {
		return nil, err
	}
	var fresh envelope.ID
	rand.Read(fresh[:]) // never fails
	set := map[string]any{"incarnation": fresh[:], "generation": max(now.Unix(), int64(before.Generation)+1),
		"restored_leaves": int64(b.Leaves), "restored_until": until}
	return func(table string, columns []string, values []any) {
		if table != "store" {
			return
		}
		for i, column := range columns {
			if v, ok := set[column]; ok {
				values[i] = v
			}
		}
	}, nil
}
