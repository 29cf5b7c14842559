package blob

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Room shows that files can be written here, by one that it removes again, and says how
// many bytes this user may still write on the disk below. ErrFull, ErrAway. Nothing of it has to
// survive a power cut, so nothing is synced; what a crash leaves is swept.
func (s *Store) Room() (uint64, error) {
	if err := s.there(); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(s.partials(), ".room-*")
	if err != nil {
		return 0, fmt.Errorf("blob: the folder of files cannot be written to: %w", full(err))
	}
	_, err = f.Write(make([]byte, 4096))
	if err := errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return 0, fmt.Errorf("blob: the folder of files cannot be written to: %w", full(err))
	}
	n, err := available(filepath.Clean(s.root))
	if err != nil {
		return 0, fmt.Errorf("blob: space on the disk of %q: %w", s.root, err)
	}
	return n, nil
}
