package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// A disk is where a node keeps its data: a small filesystem of its own (tmpfs), so that
// it can be full, where this process may mount one; else a plain folder.
type disk struct {
	dir     string
	mounted bool

	mu   sync.Mutex
	full bool
}

// diskSize is far more than a campaign's world needs between two new ones.
const diskSize = "size=768m"

// newDisk makes the disk below dir, with a folder for data on it.
func newDisk(dir string) (*disk, error) {
	d := &disk{dir: dir}
	if err := os.MkdirAll(d.root(), 0o755); err != nil {
		return nil, err
	}
	d.mounted = syscall.Mount("tmpfs", d.root(), "tmpfs", 0, diskSize) == nil
	return d, os.Mkdir(d.data(), 0o755)
}

func (d *disk) root() string   { return filepath.Join(d.dir, "disk") }
func (d *disk) data() string   { return filepath.Join(d.root(), "data") }
func (d *disk) filler() string { return filepath.Join(d.root(), "filler") }

// fill leaves so many bytes free.
func (d *disk) fill(leave int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.root(), &s); err != nil {
		return err
	}
	f, err := os.Create(d.filler())
	if err != nil {
		return err
	}
	defer f.Close()
	d.full = true
	size := int64(s.Bavail)*s.Bsize - leave
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, max(size, 1)); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("fill %s: %w", d.root(), err)
	}
	return nil
}

// empty takes the filler away.
func (d *disk) empty() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.full {
		return nil
	}
	d.full = false
	return os.Remove(d.filler())
}

func (d *disk) close() {
	if d.mounted {
		_ = syscall.Unmount(d.root(), syscall.MNT_DETACH) // its processes have ended
	}
}
