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

// Sweep deletes what nobody will ask for again: blobs last put before a time that
// wanted does not want, partial files last written before partials, and what a
// crash left of files that were being written. It returns the number deleted.
//
// A blob without a row is left by a crash between the bytes and the transaction
// that names them. The time must leave the slowest of those hours: the sender got
// no answer and sends the bytes again, and Put counts as new although they are here.
func (s *Store) Sweep(blobs, partials time.Time, wanted func(digest [32]byte) (bool, error)) (deleted int, err error) {
	err = filepath.WalkDir(s.blobs(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		old, err := before(d, blobs)
		if err != nil || !old {
			return err
		}
		keep := func() (bool, error) { return false, nil }
		if digest, ok := digestOf(d.Name()); ok {
			keep = func() (bool, error) { return wanted(digest) }
		}
		if wanted, err := keep(); err != nil || wanted {
			return err
		}
		gone, err := s.removeIfOld(path, blobs, keep)
		if gone {
			deleted++
		}
		return err
	})
	if err != nil {
		return deleted, fmt.Errorf("blob: sweep: %w", err)
	}
	n, err := s.sweepPartials(partials)
	return deleted + n, err
}

func (s *Store) sweepPartials(older time.Time) (deleted int, err error) {
	entries, err := os.ReadDir(s.partials())
	if err != nil {
		return 0, fmt.Errorf("blob: sweep: %w", err)
	}
	for _, d := range entries {
		old, err := before(d, older)
		if err != nil {
			return deleted, fmt.Errorf("blob: sweep: %w", err)
		}
		if !old {
			continue
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
// first, under a name that the next sweep removes if we die: a Put there that came before
// has made it new, or its row is here, and it is put back; one that comes after finds no
// file and writes it again.
func (s *Store) removeIfOld(path string, older time.Time, keep func() (bool, error)) (bool, error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	aside := filepath.Join(filepath.Dir(path), ".sweeping-"+filepath.Base(path))
	if err := os.Rename(path, aside); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	info, err := os.Stat(aside)
	kept := err == nil && !info.ModTime().Before(older)
	if err == nil && !kept {
		kept, err = keep()
	}
	if err != nil || kept {
		return false, errors.Join(err, os.Rename(aside, path))
	}
	return true, durable.Remove(aside)
}
