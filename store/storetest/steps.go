package storetest

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// StepsUntil are the steps up to the first whose name ends so, without it or with it.
func StepsUntil(t *testing.T, all fs.FS, suffix string) (without, with fstest.MapFS) {
	t.Helper()
	without, with = fstest.MapFS{}, fstest.MapFS{}
	entries, err := fs.ReadDir(all, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := fs.ReadFile(all, e.Name())
		if err != nil {
			t.Fatal(err)
		}
		with[e.Name()] = &fstest.MapFile{Data: text}
		if strings.HasSuffix(e.Name(), suffix) {
			return without, with
		}
		without[e.Name()] = with[e.Name()]
	}
	t.Fatalf("no step %q", suffix)
	return nil, nil
}
