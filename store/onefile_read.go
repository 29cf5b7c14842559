package store

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store/blob"
)

// unpack makes a store of the embedded kind in a folder, and believes nothing that does not
// hash to what it must.
func unpack(ctx context.Context, name, folder string) (*Backup, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	bytes, err := blob.Open(filepath.Join(folder, files))
	if err != nil {
		return nil, err
	}
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	u := unpacking{tar: tar.NewReader(in), left: info.Size(), folder: folder, files: Blobs(bytes)}
	if err := u.manifest(); err != nil {
		return nil, err
	}
	for !u.ended {
		if err := errors.Join(u.next(ctx), ctx.Err()); err != nil {
			return nil, err
		}
	}
	if _, err := u.member(); !errors.Is(err, io.EOF) {
		return nil, errors.Join(errors.New("something stands behind its end"), err)
	}
	if !u.database || u.count != u.b.Files {
		return nil, fmt.Errorf("it has %d files, its manifest says %d; database: %t", u.count, u.b.Files, u.database)
	}
	return &u.b, nil
}

// An unpacking is how far a file has been read.
type unpacking struct {
	tar      *tar.Reader
	left     int64 // bytes that further members may have: those of the file
	folder   string
	files    exchange.Blobs
	b        Backup
	sum      string // of the manifest, hex
	count    int
	database bool
	ended    bool
}

// member goes to the next member. All together have at most the bytes of the file: one that
// is written as having holes (sparse) may say any size, and would fill the disk.
func (u *unpacking) member() (*tar.Header, error) {
	h, err := u.tar.Next()
	if err != nil {
		return nil, err
	}
	if u.left -= h.Size; u.left < 0 {
		return nil, fmt.Errorf("its member %.100q says that it has %d bytes, which are more than the file has", h.Name, h.Size)
	}
	return h, nil
}

func (u *unpacking) manifest() error {
	h, err := u.member()
	if err != nil {
		return err
	}
	if h.Name != backupManifest || h.Size > maxManifest {
		return fmt.Errorf("it begins with %.100q of %d bytes, want %s", h.Name, h.Size, backupManifest)
	}
	data, err := io.ReadAll(u.tar)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	u.sum = hex.EncodeToString(sum[:])
	if err := json.Unmarshal(data, &u.b); err != nil {
		return err
	}
	if u.b.Format != backupFormat {
		return fmt.Errorf("it is of format %d, this program reads %d", u.b.Format, backupFormat)
	}
	return nil
}

func (u *unpacking) next(ctx context.Context) error {
	h, err := u.member()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("its last member, %s, is not there", memberEnd)
	}
	if err != nil {
		return err
	}
	digest, isFile := strings.CutPrefix(h.Name, memberFiles)
	switch {
	case h.Name == database && !u.database:
		u.database = true
		return u.rows()
	case h.Name == memberEnd && h.Size == 2*sha256.Size:
		u.ended = true
		return u.end()
	case isFile:
		u.count++
		return u.file(ctx, digest, h.Size)
	}
	return fmt.Errorf("it holds %.100q, which does not belong there", h.Name)
}

func (u *unpacking) rows() error {
	out, err := os.OpenFile(filepath.Join(u.folder, database), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), u.tar)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != u.b.Database {
		return fmt.Errorf("its database hashes to %s, its manifest says %s", sum, u.b.Database)
	}
	return nil
}

func (u *unpacking) file(ctx context.Context, name string, size int64) error {
	digest, err := envelope.ParseDigest(name)
	if err != nil {
		return err
	}
	key := "copy-" + digest.String()
	if _, err := u.files.Append(ctx, key, 0, u.tar); err != nil {
		return err
	}
	return u.files.Finish(ctx, key, digest, size)
}

func (u *unpacking) end() error {
	data, err := io.ReadAll(u.tar)
	if err == nil && string(data) != u.sum {
		err = fmt.Errorf("its manifest hashes to %s, its end says %.64q", u.sum, data)
	}
	return err
}
