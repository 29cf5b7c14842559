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
