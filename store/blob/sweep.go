package blob

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lienthong/internal/durable"
)

// aside begins the name of a file that the sweeper is about to remove.
const aside = ".sweeping-"

// Sweep deletes what nobody will ask for again: blobs last put before a time that
// wanted does not want, partial files for which stale says so by key and time of the
// last write, and what a crash left of files that were being written. It returns the
// number deleted.
//
// A blob without a row is left by a crash between the bytes and the transaction
// that names them. The time must leave the slowest of those hours: the sender got
// no answer and sends the bytes again, and Put counts as new although they are here.
func (s *Store) Sweep(blobs time.Time, wanted func(digest [32]byte) (bool, error), stale func(key string, written time.Time) bool) (deleted int, err error) {
	if err := s.there(); err != nil {
		return 0, err
	}
	err = filepath.WalkDir(s.blobs(), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since the folder was read
		}
		if err != nil || d.IsDir() {
			return err
		}
		old, err := before(d, blobs)
		if err != nil || !old {
			return err
		}
		gone, err := s.sweepFile(path, d.Name(), blobs, wanted)
		if gone {
			deleted++
		}
		return err
	})
	if err != nil {
		return deleted, fmt.Errorf("blob: sweep: %w", err)
	}
	n, err := s.SweepPartials(stale)
	return deleted + n, err
}

func (s *Store) sweepFile(path, name string, older time.Time, wanted func([32]byte) (bool, error)) (gone bool, err error) {
	digest, is := digestOf(strings.TrimPrefix(name, aside))
	if is && strings.HasPrefix(name, aside) {
		// A sweeper died here, perhaps before it put the file back.
		if err := s.restore(digest); err != nil {
			return false, err
		}
		path = s.path(digest)
	}
	if !is {
		return s.removeIfOld(path, older, func() (bool, error) { return false, nil })
	}
	if keep, err := wanted(digest); err != nil || keep {
		return false, err
	}
	return s.removeIfOld(path, older, func() (bool, error) { return wanted(digest) })
}

// restore gives a file its name back that a sweeper has put aside, if there is one. If
// the same bytes were put meanwhile, those are newer, and stay.
func (s *Store) restore(digest [32]byte) error {
	path := s.path(digest)
	return giveBack(asideOf(path), path)
}

func giveBack(away, path string) error {
	err := os.Link(away, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil, errors.Is(err, fs.ErrExist):
		err = os.Remove(away)
	default: // a file system without links
		err = os.Rename(away, path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // someone else has done it
	}
	return err
}

func asideOf(path string) string { return filepath.Join(filepath.Dir(path), aside+filepath.Base(path)) }

// RemoveOld removes a blob that was last put before a time, unless keep, asked with the
// file out of everybody's way, says otherwise. It reports whether there is no file now.
func (s *Store) RemoveOld(digest [32]byte, older time.Time, keep func() (bool, error)) (gone bool, err error) {
	path := s.path(digest)
	if err := s.restore(digest); err != nil {
		return false, fmt.Errorf("blob: %w", err)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = s.there()
		return err == nil, err
	}
	if err != nil {
		return false, fmt.Errorf("blob: %w", err)
	}
	if !info.ModTime().Before(older) {
		return false, nil
	}
	return s.removeIfOld(path, older, keep)
}

// SweepPartials deletes partial files for which stale says so, and that nobody is writing.
func (s *Store) SweepPartials(stale func(key string, written time.Time) bool) (deleted int, err error) {
	if err := s.there(); err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(s.partials())
	if err != nil {
		return 0, fmt.Errorf("blob: sweep: %w", err)
	}
	for _, d := range entries {
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !stale(d.Name(), info.ModTime()) {
			continue
		}
		if err != nil {
			return deleted, fmt.Errorf("blob: sweep: %w", err)
		}
		release, err := s.take(d.Name())
		if err != nil {
			continue // someone has gone on with it
		}
		err = durable.Remove(s.partial(d.Name()))
		release()
		if err != nil {
			return deleted, err
		}
		deleted++
	}
	return deleted, nil
}

func before(d fs.DirEntry, older time.Time) (bool, error) {
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.ModTime().Before(older), err
}

func digestOf(name string) (digest [32]byte, ok bool) {
	if len(name) != 2*len(digest) || strings.ToLower(name) != name {
		return digest, false
	}
	_, err := hex.Decode(digest[:], []byte(name))
	return digest, err == nil
}

// removeIfOld looks again with everybody kept out: a Put that came since then has
// made the file new.
//
// Another process that shares the folder is not kept out. So the file is put aside
// first: a Put there that came before has made it new, or its row is here, and it is put
// back; one that comes after finds no file and writes it again. Whoever wants to read it
// meanwhile, or after we died, puts it back (restore).
func (s *Store) removeIfOld(path string, older time.Time, keep func() (bool, error)) (bool, error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	away := asideOf(path)
	if err := os.Rename(path, away); errors.Is(err, fs.ErrNotExist) {
		err = s.there()
		return err == nil, err
	} else if err != nil {
		return false, err
	}
	info, err := os.Stat(away)
	kept := err == nil && !info.ModTime().Before(older)
	if err == nil && !kept {
		kept, err = keep()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // someone has put it back
	}
	if err != nil || kept {
		return false, errors.Join(err, giveBack(away, path))
	}
	return true, durable.Remove(away)
}
