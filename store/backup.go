package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// The parts of a backup: a store of the embedded kind, whatever kind it was taken of, and
// what it must be.
const (
	backupStore    = "store"
	backupManifest = "backup.json"
	backupFormat   = 1
)

// A Backup is what the manifest of a backup says.
type Backup struct {
	Format      int       `json:"format"`
	Node        string    `json:"node"`
	Made        time.Time `json:"made"`
	Incarnation string    `json:"incarnation"`
	Leaves      uint64    `json:"leaves"` // of the journal
	Root        string    `json:"root"`   // of the journal, hex
	Until       time.Time `json:"until"`  // time of the last leaf
	Files       int       `json:"files"`
	Database    string    `json:"database_sha256"`
	Problems    []string  `json:"problems,omitempty"` // what the store lacked when it was taken
}

// snapshots bounds how often rows are taken anew because a file that they name has gone
// meanwhile: one that is gone three times is lost, and not swept.
const snapshots = 3

// MakeBackup writes what the store url holds at one moment into the new folder dir. The
// node may run, and goes on. dir appears when all is there and was read again.
func MakeBackup(ctx context.Context, url, dir, node string, now time.Time) (*Backup, error) {
	if _, err := os.Lstat(dir); err == nil {
		return nil, fmt.Errorf("store: backup: %q exists; name a folder that is new", dir)
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil { // of a backup that was cut off
		return nil, fmt.Errorf("store: backup: %w", err)
	}
	to := filepath.Join(part, backupStore)
	if err := durable.MkdirAll(to, 0o700); err != nil {
		return nil, fmt.Errorf("store: backup: %w", err)
	}
	var lost []string
	for range snapshots {
		if err := os.RemoveAll(filepath.Join(to, database)); err != nil {
			return nil, fmt.Errorf("store: backup: %w", err)
		}
		source, err := takeRows(ctx, url, to)
		if err != nil {
			return nil, fmt.Errorf("store: backup: %w", err)
		}
		if lost, err = takeFiles(ctx, source, to); err != nil {
			return nil, err
		}
		if len(lost) == 0 {
			break
		}
	}
	b, err := describe(ctx, part, node, now)
	if err != nil {
		return nil, err
	}
	b.Problems = append(lost, b.Problems...)
	if err := writeManifest(part, b); err != nil {
		return nil, err
	}
	if err := os.Rename(part, dir); err != nil {
		return nil, fmt.Errorf("store: backup: %w", err)
	}
	return b, durable.SyncFolder(filepath.Dir(dir))
}

// takeRows copies all rows as they are at one moment, and gives the files beside them.
func takeRows(ctx context.Context, url, to string) (exchange.Blobs, error) {
	if dir, is := strings.CutPrefix(url, "sqlite:"); is {
		dir = strings.TrimPrefix(dir, "//")
		if err := sqlite.Snapshot(ctx, filepath.Join(dir, database), filepath.Join(to, database)); err != nil {
			return nil, err
		}
		return readFiles(ctx, to, filepath.Join(dir, files))
	}
	source, files, err := OpenExisting(ctx, url)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	target, _, err := openMade(ctx, to)
	if err != nil {
		return nil, err
	}
	return files, errors.Join(takeOver(ctx, source, target, nil), target.Close())
}

// readFiles opens the folder of files that the rows in the folder at name. Nothing is made.
func readFiles(ctx context.Context, at, dir string) (exchange.Blobs, error) {
	rows, err := sqlite.Open(ctx, filepath.Join(at, database))
	if err != nil {
		return nil, err
	}
	some, err := someFiles(ctx, rows)
	if err := errors.Join(err, rows.Close()); err != nil {
		return nil, err
	}
	b, err := blob.Read(dir, some)
	if err != nil {
		return nil, domain(err)
	}
	return Blobs(b), nil
}

// takeOver fills a new store with all rows of another. change may change them on the way.
func takeOver(ctx context.Context, source, target exchange.Store, change func(table string, columns []string, values []any)) error {
	from, err := carry(source)
	if err != nil {
		return err
	}
	to, err := carry(target)
	if err != nil {
		return err
	}
	return to.Import(ctx, func(row func(string, []string, []any) error) error {
		return from.Export(ctx, nil, func(table string, columns []string, values []any) error {
			if change != nil {
				change(table, columns, values)
			}
			return row(table, columns, values)
		})
	})
}

// takeFiles copies every file that the rows of a backup name, and names those that could
// not be had. Digests are checked on the way in.
func takeFiles(ctx context.Context, source exchange.Blobs, to string) (lost []string, err error) {
	rows, files, err := openMade(ctx, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	c, err := carry(rows)
	if err != nil {
		return nil, err
	}
	err = blobRows(ctx, c, func(digest envelope.Digest, size uint64) error {
		err := copyFile(ctx, source, files, digest, int64(size))
		if err == nil || errors.Is(err, exchange.ErrFull) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		lost = append(lost, fmt.Sprintf("file %s: %v", digest, err))
		return nil
	})
	return lost, err
}

// describe reads all of a backup again.
func describe(ctx context.Context, part, node string, now time.Time) (*Backup, error) {
	rows, files, err := openMade(ctx, filepath.Join(part, backupStore))
	if err != nil {
		return nil, err
	}
	b := &Backup{Format: backupFormat, Node: node, Made: now.UTC()}
	err = b.fill(ctx, rows, files)
	if err := errors.Join(err, rows.Close()); err != nil {
		return nil, err
	}
	b.Database, err = hashFile(filepath.Join(part, backupStore, database))
	return b, err
}

func (b *Backup) fill(ctx context.Context, rows exchange.Store, files exchange.Blobs) error {
	report, err := Check(ctx, rows, files, true)
	if err != nil {
		return err
	}
	incarnation, err := rows.Incarnation(ctx)
	if err != nil {
		return err
	}
	until, err := exchange.LastEntry(ctx, rows)
	b.Incarnation, b.Leaves, b.Root, b.Files, b.Problems = incarnation.String(), report.Leaves, report.Root.String(), report.Files, report.Problems
	b.Until = time.UnixMicro(until).UTC()
	return err
}

func hashFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("store: read %q: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func writeManifest(part string, b *Backup) error {
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(part, backupManifest), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return nil
}

// ReadBackup reads the manifest of a backup.
func ReadBackup(dir string) (*Backup, error) {
	in, err := os.Open(filepath.Join(dir, backupManifest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: %q is no backup: it has no %s", dir, backupManifest)
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxManifest+1))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if len(data) > maxManifest {
		return nil, fmt.Errorf("store: %q: %s has more than %d bytes", dir, backupManifest, maxManifest)
	}
	b := &Backup{}
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("store: %q: %s: %w", dir, backupManifest, err)
	}
	if b.Format != backupFormat {
		return nil, fmt.Errorf("store: %q is a backup of format %d, this program reads %d", dir, b.Format, backupFormat)
	}
	return b, nil
}

// same is an error where what was found is not the journal that the manifest tells of.
func (b *Backup) same(found *Report) error {
	if found.Leaves != b.Leaves || found.Root.String() != b.Root {
		return fmt.Errorf("the journal has %d leaves with root %s, the manifest says %d with %s", found.Leaves, found.Root, b.Leaves, b.Root)
	}
	return nil
}

// whole is same, and an error where something is lacking, too.
func (b *Backup) whole(found *Report) error {
	if err := b.same(found); err != nil || len(found.Problems) == 0 {
		return err
	}
	return fmt.Errorf("it lacks something, such as: %s", found.Problems[0])
}
