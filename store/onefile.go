package store

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/internal/durable"
)

// The members of a store in one file: a tar of a backup, its manifest first, and at the end
// the manifest's SHA-256, so that one that was cut off has none. The database's digest is in
// the manifest, and a file's is its name.
const (
	memberFiles = "files/"
	memberEnd   = backupManifest + ".sha256"
)

// maxManifest bounds what is read of a manifest, in bytes.
const maxManifest = 1 << 20

// ExportFile writes what the store url holds at one moment into the new file name. It takes
// as much space again beside it while it works. A store that lacks a file is not exported.
func ExportFile(ctx context.Context, url, name string, now time.Time) (b *Backup, err error) {
	if _, err := os.Lstat(name); err == nil {
		return nil, fmt.Errorf("store: export: %q exists; name a file that is new", name)
	}
	folder, part := name+".folder", name+".part"
	defer func() { err = errors.Join(err, os.RemoveAll(folder), os.RemoveAll(part)) }()
	if err := errors.Join(os.RemoveAll(folder), os.RemoveAll(part)); err != nil { // of one that was cut off
		return nil, fmt.Errorf("store: export: %w", err)
	}
	if b, err = MakeBackup(ctx, url, folder, "", now); err != nil {
		return nil, err
	}
	if len(b.Problems) > 0 {
		return nil, fmt.Errorf("store: export: the store lacks something, such as: %s", b.Problems[0])
	}
	if err := pack(ctx, folder, part); err != nil {
		return nil, fmt.Errorf("store: export: %w", err)
	}
	if err := os.Rename(part, name); err != nil {
		return nil, fmt.Errorf("store: export: %w", err)
	}
	return b, durable.SyncFolder(filepath.Dir(name))
}

// pack writes a backup into a file that is not there.
func pack(ctx context.Context, folder, name string) error {
	out, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := tar.NewWriter(out)
	return errors.Join(packAll(ctx, folder, w), w.Close(), out.Sync(), out.Close())
}

func packAll(ctx context.Context, folder string, w *tar.Writer) error {
	manifest, err := os.ReadFile(filepath.Join(folder, backupManifest))
	if err != nil {
		return err
	}
	if err := member(w, backupManifest, int64(len(manifest)), strings.NewReader(string(manifest))); err != nil {
		return err
	}
	db, err := os.Open(filepath.Join(folder, backupStore, database))
	if err != nil {
		return err
	}
	defer db.Close()
	info, err := db.Stat()
	if err != nil {
		return err
	}
	if err := member(w, database, info.Size(), db); err != nil {
		return err
	}
	if err := packFiles(ctx, folder, w); err != nil {
		return err
	}
	sum := sha256.Sum256(manifest)
	return member(w, memberEnd, 2*sha256.Size, strings.NewReader(hex.EncodeToString(sum[:])))
}

func packFiles(ctx context.Context, folder string, w *tar.Writer) (err error) {
	rows, files, drop, err := openBackup(ctx, folder, "sqlite:"+folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	c, err := carry(rows)
	if err != nil {
		return err
	}
	return blobRows(ctx, c, func(digest envelope.Digest, size uint64) error {
		f, err := files.Open(ctx, digest)
		if err != nil {
			return err
		}
		defer f.Close()
		return errors.Join(member(w, memberFiles+digest.String(), int64(size), io.NewSectionReader(f, 0, f.Size())), ctx.Err())
	})
}

func member(w *tar.Writer, name string, size int64, r io.Reader) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := io.Copy(w, r)
	return err
}

// ImportFile makes the store url, which must be new, from a file of [ExportFile]: the same
// store, of the same incarnation, of whatever kind. The file is read and checked whole
// before anything is made of it.
func ImportFile(ctx context.Context, name, url string) (report *Report, err error) {
	finish, into, err := emptyPlace(url)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(filepath.Dir(name), ".importing-*")
	if err != nil {
		return nil, fmt.Errorf("store: import: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	b, err := unpack(ctx, name, folder)
	if err != nil {
		return nil, fmt.Errorf("store: import: %q is cut off or was altered; nothing was made of it: %w", name, err)
	}
	if report, err = copyIf(ctx, "sqlite:"+folder, into, b.whole); err == nil {
		err = b.whole(report)
	}
	if err != nil {
		return report, fmt.Errorf("store: import: %q: %w", name, err)
	}
	return report, finish()
}
