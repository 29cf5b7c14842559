package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// errLocked is what lockFile answers when another process has the lock.
var errLocked = errors.New("locked")

// A lock keeps other processes out of the database while this one serves it.
//
// SQLite would let two processes share the file, but the journal's head and the
// group commit live in the memory of one. The lock belongs to the open file, so
// that it ends with the process, however that dies; the file itself stays.
type lock struct{ f *os.File }

func takeLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: lock: %w", err)
	}
	if err := lockFile(f); err != nil {
		defer f.Close()
		if !errors.Is(err, errLocked) {
			return nil, fmt.Errorf("sqlite: lock %q: %w", path, err)
		}
		return nil, fmt.Errorf("sqlite: %q is in use by %s; one process may open a store, stop that one first", path, holder(f))
	}
	// The number is for people who read the message above; nothing depends on it.
	if err := errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid()))); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: lock %q: %w", path, err), f.Close())
	}
	return &lock{f}, nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

func holder(f *os.File) string {
	b, err := io.ReadAll(io.LimitReader(f, 20))
	pid, err2 := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || err2 != nil {
		return "another process"
	}
	return fmt.Sprintf("process %d", pid)
}

// release gives the lock up by itself, and not only by closing the file: a child
// that this process is just starting has the file too, until it becomes another
// program.
func (l *lock) release() error { return errors.Join(unlockFile(l.f), l.f.Close()) }
