// Package durable puts files where a power cut cannot take them away again:
// write, fsync, rename, fsync the folder, and only then answer.
//
// A file that has been renamed is still lost if its folder was not synced, and
// a folder is lost if its parent was not; every function here syncs both ends.
// It knows nothing of what the files hold. Databases sync themselves.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// temporary begins the names of files that are being written. What carries it
// after a crash is rubbish; [RemoveTemporary] clears it away.
const temporary = ".writing-"

// WriteFile makes path hold data, whole or not at all: after an error, or a
// power cut at any moment, path is as it was or as asked. When it returns nil
// the bytes and the name are durable. An existing file is replaced.
func WriteFile(path string, data []byte, perm fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, temporary+"*")
	if err != nil {
		return fmt.Errorf("durable: write %q: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("durable: write %q: %w", path, errors.Join(err, f.Close(), os.Remove(f.Name())))
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(perm); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := Sync(f, Content); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return Rename(f.Name(), path)
}

// Rename moves from to to, replacing what was there, and syncs the folders of
// both. The file's own bytes must have been synced before.
func Rename(from, to string) error {
	if err := rename(from, to); err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	if err := SyncFolder(filepath.Dir(to)); err != nil {
		return err
	}
	if filepath.Dir(from) == filepath.Dir(to) {
		return nil
	}
	return SyncFolder(filepath.Dir(from))
}

// Remove deletes the file path and syncs its folder. A file that is not there
// is no error: the wish is fulfilled, though perhaps not yet durably.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("durable: %w", err)
	}
	return SyncFolder(filepath.Dir(path))
}

// MkdirAll creates the folder path and what it lacks of its parents, each
// synced into its own parent. Folders that exist are left alone.
func MkdirAll(path string, perm fs.FileMode) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("durable: make folder %q: a file is in its place", path)
		}
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	// Another goroutine may have made it meanwhile; syncing twice costs little,
	// answering before either has synced would cost the folder.
	if err := os.Mkdir(path, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("durable: %w", err)
	}
	return SyncFolder(parent)
}

// Sync makes the bytes written to f durable. The point names this sync for [Omit].
func Sync(f *os.File, p Point) error {
	if Omitted(p) {
		return nil
	}
	if err := f.Sync(); err != nil {
		// After a failed fsync the kernel may have dropped the pages and call them
		// clean: a second try would lie. The caller must begin again.
		return fmt.Errorf("durable: %w", err)
	}
	return nil
}

// SyncFolder makes the names in the folder path durable.
func SyncFolder(path string) error {
	if Omitted(Folder) {
		return nil
	}
	if err := syncFolder(path); err != nil {
		return fmt.Errorf("durable: sync folder %q: %w", path, err)
	}
	return nil
}

// RemoveTemporary deletes from the folder dir what a crash in [WriteFile] left.
// Nobody else may be writing there.
func RemoveTemporary(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), temporary) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("durable: %w", err)
		}
	}
	return nil
}
