package blob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Room leaves nothing behind, and fails where files cannot be written.
func TestRoom(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "blobs")
	s, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.Room()
	if err != nil || n == 0 {
		t.Errorf("room for %d bytes, %v; want some", n, err)
	}
	entries, err := os.ReadDir(s.partials())
	if err != nil || len(entries) != 0 {
		t.Errorf("%v was left, %v", entries, err)
	}
	if err := os.RemoveAll(s.partials()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Room(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without its folder: %v", err)
	}
}

// Left believes a file that was put, once.
func TestLeft(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "blobs")
	s, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put([]byte("a")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.partials()); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Left(); err != nil || n == 0 {
		t.Errorf("room for %d bytes, %v, after a file was put; want some", n, err)
	}
	if _, err := s.Left(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where nothing was put since, and nothing can be written: %v", err)
	}
}

// BenchmarkLeft is beside the proof by a file of its own.
func BenchmarkLeft(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "blobs"))
	if err != nil {
		b.Fatal(err)
	}
	for name, ask := range map[string]func() (uint64, error){"room": s.Room, "left": s.Left} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.wrote.Store(true)
				if _, err := ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
