package durable

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOmit(t *testing.T) { // not parallel: the switch is the process's
	if Omitted(Content) {
		t.Fatal("a sync is left out before anybody asked")
	}
	restore := Omit(Content)
	if !Omitted(Content) || Omitted(Folder) {
		t.Error("the wrong sync is left out")
	}
	restore()
	if Omitted(Content) {
		t.Error("the sync is still left out")
	}
}

// Production code that could leave a sync out would lose letters silently.
func TestOnlyTestsOmit(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(src, []byte("durable.Omit(")) {
			t.Errorf("%s calls durable.Omit, which is for tests", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
