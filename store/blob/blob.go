// Package blob keeps files under their SHA-256 in a folder.
//
//	sha256/ab/cd/<64 hex digits>   a file, whole, never changed
//	partial/<key>                  a file on its way in, and as much as has come
//	damaged/<64 hex digits>        a file whose bytes were found to be wrong
//	folder-id                      says that this is the folder, and no empty mount point
//
// What a method has returned for is durable: written, synced, renamed, folder
// synced. Bytes are hashed on the way in, and [Store.Verify] hashes them again.
// Which blobs are wanted, and by whom, is known to the rows of a database and not
// here; [Store.Sweep] asks.
package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"lienthong/internal/durable"
)

// What a Store answers when it cannot; all come wrapped.
var (
	// ErrNotFound: there is no such blob.
	ErrNotFound = errors.New("blob: not found")
	// ErrMismatch: bytes have another digest or size than was wanted.
	ErrMismatch = errors.New("blob: bytes are not what was wanted")
	// ErrOffset: bytes were given for another offset than is held.
	ErrOffset = errors.New("blob: not the offset that is held")
	// ErrFull: the disk has no space left.
	ErrFull = errors.New("blob: no space left")
)

// A Store is one folder of blobs. Its methods are safe for concurrent use, within
// one process.
type Store struct {
	root string
	id   string // its marker's bytes (bind.go)

	gate sync.RWMutex // Put and Finish hold it for reading, the sweeper for writing
	mu   sync.Mutex
	busy map[string]bool // partial files that someone is writing
	// Folders that are known to be durable, so that each is synced into its parent once.
	made map[string]bool
}

func (s *Store) blobs() string    { return filepath.Join(s.root, "sha256") }
func (s *Store) partials() string { return filepath.Join(s.root, "partial") }

func (s *Store) path(digest [32]byte) string {
	h := hex.EncodeToString(digest[:])
	return filepath.Join(s.blobs(), h[:2], h[2:4], h)
}

// Put stores data under its SHA-256. Bytes that are there already are read and
// compared, and cost no write.
func (s *Store) Put(data []byte) ([32]byte, error) {
	digest := sha256.Sum256(data)
	path := s.path(digest)
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.there(); err != nil {
		return digest, err
	}
	same, err := holds(path, data)
	if err != nil {
		return digest, err
	}
	if same {
		err := touch(path)
		if err == nil {
			// Someone may have renamed it this moment, and not yet synced its name.
			return digest, durable.SyncFolder(filepath.Dir(path))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return digest, err
		} // a sweeper of another process was faster
	}
	if err := s.folder(path); err != nil {
		return digest, err
	}
	if err := durable.WriteFile(path, data, 0o600); err != nil {
		return digest, full(err)
	}
	return digest, nil
}

// holds reports whether path has just these bytes: a file that a disk has damaged
// is written anew.
func holds(path string, data []byte) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() != int64(len(data)) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("blob: %w", err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		return false, nil // unreadable: replaced
	}
	return bytes.Equal(got, data), nil
}

// folder makes the folder of path durable.
func (s *Store) folder(path string) error {
	dir := filepath.Dir(path)
	s.mu.Lock()
	made := s.made[dir]
	s.mu.Unlock()
	if made {
		return nil
	}
	if _, err := os.Stat(s.blobs()); err != nil { // it is made once, by Bind
		return s.missing(fmt.Errorf("blob: %w", err))
	}
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return full(err)
	}
	// MkdirAll leaves folders alone that exist: a crash may have come between making
	// this one and its sync.
	for _, d := range []string{filepath.Dir(dir), s.blobs()} {
		if err := durable.SyncFolder(d); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.made[dir] = true // at most 65,536
	s.mu.Unlock()
	return nil
}

// A File is a blob that is open for reading.
type File struct {
	f    *os.File
	size int64
}

// Open opens a blob. Its size is the file's: a blob is whole, or it is not there.
func (s *Store) Open(digest [32]byte) (*File, error) {
	f, err := os.Open(s.path(digest))
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.restore(digest); err != nil {
			return nil, fmt.Errorf("blob: %w", err)
		}
		f, err = os.Open(s.path(digest))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.missing(fmt.Errorf("%w: %x", ErrNotFound, digest))
	}
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("blob: %w", err), f.Close())
	}
	return &File{f, info.Size()}, nil
}

// ReadAt implements [io.ReaderAt].
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.f.ReadAt(p, off) }

// Size is the number of bytes.
func (f *File) Size() int64 { return f.size }

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// Verify hashes a blob again. ErrNotFound; ErrMismatch if the disk has damaged it.
func (s *Store) Verify(digest [32]byte) error {
	return s.VerifyAt(digest, func(int) error { return nil })
}

// Remove deletes a blob. One that is not there is no error.
func (s *Store) Remove(digest [32]byte) error {
	path := s.path(digest)
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return durable.Remove(path)
}
