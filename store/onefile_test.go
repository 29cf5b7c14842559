package store_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/store"
)

// A store goes into a file, from there to a server, and by another file back: the journal
// has the same root, every row and file is there, and letters go on.
func TestExportThereAndBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second, third := letters(t), onServer(t), "sqlite:"+filepath.Join(dir, "back")
	var roots []string
	for i, way := range [][2]string{{first, second}, {second, third}} {
		name := filepath.Join(dir, []string{"there.tar", "back.tar"}[i])
		b, err := store.ExportFile(t.Context(), way[0], name, time.Unix(1_800_000_000, 0))
		if err != nil {
			t.Fatal(err)
		}
		report, err := store.ImportFile(t.Context(), name, way[1])
		if err != nil || report.Files == 0 || report.Root.String() != b.Root {
			t.Fatalf("%v: %+v, %v", way, report, err)
		}
		roots = append(roots, b.Root)
		if _, err := store.ExportFile(t.Context(), way[0], name, time.Unix(1_800_000_000, 0)); err == nil || !strings.Contains(err.Error(), "exists") {
			t.Errorf("exported over a file: %v", err)
		}
	}
	if roots[0] != roots[1] {
		t.Errorf("roots %q", roots)
	}
	want := content(t, first)
	for _, at := range []string{second, third} {
		if diff := cmp.Diff(want, content(t, at)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", at, diff)
		}
		goesOn(t, at)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 3 {
		t.Errorf("%v, %v: want two files and a store", left, err)
	}
}

// A file that was cut off or altered anywhere is refused, and nothing is made of it.
func TestImportRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "store.tar")
	if _, err := store.ExportFile(t.Context(), letters(t), name, time.Unix(1_800_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	targets := []string{"sqlite:" + filepath.Join(dir, "to"), onServer(t)}
	refuse := func(what string, data []byte) {
		t.Helper()
		bad := filepath.Join(dir, "bad.tar")
		if err := os.WriteFile(bad, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, to := range targets {
			if _, err := store.ImportFile(t.Context(), bad, to); err == nil {
				t.Errorf("%s: it was taken", what)
			}
		}
		isEmpty(t, targets[0])
	}
	for i := range 20 {
		refuse("cut", whole[:len(whole)*i/20])
	}
	for _, text := range []string{`"leaves": `, "SQLite format", "files/", "backup.json.sha256"} {
		at := strings.Index(string(whole), text) + len(text) - 1
		data := append([]byte(nil), whole...)
		data[at] ^= 1
		refuse(text, data)
	}
	data := append([]byte(nil), whole...)
	data[len(data)/2] ^= 1
	refuse("in the middle", data)
	refuse("a manifest of another journal", otherRoot(t, whole))
	isEmpty(t, targets[1])
	for _, to := range targets { // is as new
		if report, err := store.ImportFile(t.Context(), name, to); err != nil || report.Leaves == 0 {
			t.Errorf("%s: a good file after that: %+v, %v", to, report, err)
		}
	}
}

// otherRoot gives a store in a file another root, which all its digests agree with.
func otherRoot(t *testing.T, whole []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	in, w := tar.NewReader(bytes.NewReader(whole)), tar.NewWriter(&out)
	var sum string
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		data, readErr := io.ReadAll(in)
		if err := errors.Join(err, readErr); err != nil {
			t.Fatal(err)
		}
		switch h.Name {
		case "backup.json":
			data[bytes.Index(data, []byte(`"root": "`))+len(`"root": "`)] ^= 1
			sum = fmt.Sprintf("%x", sha256.Sum256(data))
		case "backup.json.sha256":
			data = []byte(sum)
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
