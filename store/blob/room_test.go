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

// Left believes each file that was put, once, and none before one that could not be.
func TestLeft(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "blobs")
	s, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"a", "b", "c"} {
		if _, err := s.Put([]byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(s.partials()); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Left(); err != nil || n == 0 {
		t.Errorf("room for %d bytes, %v, after files were put; want some", n, err)
	}
	if err := errors.Join(os.RemoveAll(s.blobs()), os.WriteFile(s.blobs(), nil, 0o600)); err != nil { // in the folder's place
		t.Fatal(err)
	}
	if _, err := s.Put([]byte("d")); err == nil {
		t.Fatal("a file was put where there is no folder")
	}
	if _, err := s.Left(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after a file could not be put, and nothing can be written: %v", err)
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
				s.proven(nil)
				if _, err := ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
