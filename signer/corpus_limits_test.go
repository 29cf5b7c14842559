package signer_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/internal/measure"
)

// TestCorpusHostile is TestHostile with the files that others made to exhaust a
// reader: none is worth anything, and none is valid.
func TestCorpusHostile(t *testing.T) {
	root := corpusRoot(t)
	if _, err := measure.Peak(); err != nil || measure.Race {
		t.Skip("memory cannot be measured here: ", err)
	}
	var files []string
	for _, f := range corpusIndex(t, root) {
		if f.expected == "NO-CRASH" {
			files = append(files, filepath.Join(root, f.path))
		}
	}
	bombs, err := filepath.Glob(filepath.Join(root, "dos-bombs", "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if files = append(files, bombs...); len(files) == 0 {
		t.Fatal("no hostile files")
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			path := unpacked(t, name)
			if said := inChild(t, path, "validate"); strings.HasPrefix(said, "valid") {
				t.Errorf("%q, want no such verdict", said)
			}
			inChild(t, path, "sign")
		})
	}
}

// unpacked returns a file, or what it is when unzipped.
func unpacked(t *testing.T, name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name) != ".gz" {
		return name
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	return save(t, "x.pdf", data)
}
