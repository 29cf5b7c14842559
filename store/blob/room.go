package blob

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Room shows that files can be written here, by one that it removes again, and says how
// many bytes this user may still write on the disk below. ErrFull. Nothing of it has to
// survive a power cut, so nothing is synced; what a crash leaves is swept.
func (s *Store) Room() (uint64, error) {
	f, err := os.CreateTemp(s.partials(), ".room-*")
	if err != nil {
		return 0, fmt.Errorf("blob: the folder of files cannot be written to: %w", full(err))
	}
	_, err = f.Write(make([]byte, 4096))
	if err := errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return 0, fmt.Errorf("blob: the folder of files cannot be written to: %w", full(err))
	}
	return s.free()
}

// maxProofs bounds for how many calls of Left files that were put count: as many as are
// under way at once on a busy node.
const maxProofs = 256

// Left is Room, but for the proof that files can be written: each file that was put is
// that for one call. Where a file could not be put, all files before it prove nothing, so
// that whoever asked before has its own failure, and the next one writes to see.
func (s *Store) Left() (uint64, error) {
	for n := s.proofs.Load(); n > 0; n = s.proofs.Load() {
		if s.proofs.CompareAndSwap(n, n-1) {
			return s.free()
		}
	}
	return s.Room()
}

// proven counts a file that was put, or could not be.
func (s *Store) proven(err error) {
	if err != nil {
		s.proofs.Store(0)
		return
	}
	for n := s.proofs.Load(); n < maxProofs && !s.proofs.CompareAndSwap(n, n+1); n = s.proofs.Load() {
	}
}

func (s *Store) free() (uint64, error) {
	n, err := available(filepath.Clean(s.root))
	if err != nil {
		return 0, fmt.Errorf("blob: space on the disk of %q: %w", s.root, err)
	}
	return n, nil
}
