package blob

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"lienthong/internal/durable"
)

// damaged is the folder to which files go that a disk has damaged. Nothing is served
// from it, and nothing deleted: an expert may still read them.
const damaged = "damaged"

// VerifyAt hashes a blob again, as [Store.Verify] does, and calls pace after each piece
// with its size; an error of pace ends it.
func (s *Store) VerifyAt(digest [32]byte, pace func(n int) error) error {
	f, err := s.Open(digest)
	if err != nil {
		return err
	}
	defer f.Close()
	return Compare(f, f.Size(), digest, pace)
}

// piece is how much is read at a time.
const piece = 256 << 10

// Compare hashes size bytes of f, and calls pace after each piece with its size; an error of
// pace ends it. ErrMismatch if they do not hash to digest.
func Compare(f io.ReaderAt, size int64, digest [32]byte, pace func(n int) error) error {
	h, buf := sha256.New(), make([]byte, min(piece, max(size, 1)))
	for at := int64(0); at < size; {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		h.Write(buf[:n])
		at += int64(n)
		if err != nil && at < size {
			return fmt.Errorf("blob: read %x: %w", digest, err)
		}
		if err := pace(n); err != nil {
			return err
		}
	}
	if got := h.Sum(nil); !bytes.Equal(got, digest[:]) {
		return fmt.Errorf("%w: %x hashes to %x", ErrMismatch, digest, got)
	}
	return nil
}

// SetAside takes a blob away that does not verify, so that it is served no more, and
// reports whether there is none now, also where the error says that this may not be durable.
// It reads once more: what verifies after all, or was put anew meanwhile, stays; so does
// what cannot be read now, with the error.
func (s *Store) SetAside(digest [32]byte) (gone bool, err error) {
	f, err := s.Open(digest)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	read, err := f.f.Stat()
	if err == nil {
		err = Compare(f, f.Size(), digest, func(int) error { return nil })
	}
	if err := errors.Join(err, f.Close()); !errors.Is(err, ErrMismatch) {
		return false, err
	}
	s.gate.Lock()
	defer s.gate.Unlock()
	return s.setAside(s.path(digest), read)
}

// setAside moves a file away, if it is still the one that was read.
func (s *Store) setAside(path string, read fs.FileInfo) (gone bool, err error) {
	dir := filepath.Join(s.root, damaged)
	if err := s.there(); err != nil {
		return false, err
	}
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("blob: %w", err)
	}
	away := asideOf(path) // if we die, whoever opens it puts it back
	if err := os.Rename(path, away); errors.Is(err, fs.ErrNotExist) {
		return true, nil
	} else if err != nil {
		return false, fmt.Errorf("blob: %w", err)
	}
	now, err := os.Stat(away)
	if err != nil || !os.SameFile(read, now) || !now.ModTime().Equal(read.ModTime()) || now.Size() != read.Size() {
		return false, errors.Join(err, giveBack(away, path))
	}
	if err := os.Rename(away, filepath.Join(dir, filepath.Base(path))); err != nil {
		return false, fmt.Errorf("blob: %w", errors.Join(err, giveBack(away, path)))
	}
	_, err = os.Stat(path) // of another process, which has put it anew
	return errors.Is(err, fs.ErrNotExist), errors.Join(durable.SyncFolder(dir), durable.SyncFolder(filepath.Dir(path)))
}
