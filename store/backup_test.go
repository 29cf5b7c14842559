package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/store"
)

var made = time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)

// A backup of either kind of store is restored to either: all rows and files are there,
// and only the row that says which store it is has changed.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	file := letters(t)
	server := onServer(t)
	if _, err := store.Copy(t.Context(), file, server); err != nil {
		t.Fatal(err)
	}
	want := content(t, file)
	inBucket, _ := onBucket(t, 1)
	for _, tt := range []struct{ name, from, to string }{
		{"file to file", file, "sqlite:" + filepath.Join(t.TempDir(), "new", "data")},
		{"file to server", file, onServer(t)},
		{"server to file", server, "sqlite:" + filepath.Join(t.TempDir(), "data")},
		{"file to bucket", file, inBucket[0]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "backup")
			b, err := store.MakeBackup(t.Context(), tt.from, dir, "ward", made)
			if err != nil || len(b.Problems) > 0 || b.Leaves == 0 || b.Files == 0 {
				t.Fatalf("%+v, %v", b, err)
			}
			if err := os.Chmod(dir, 0o500); err != nil { // it may lie where nothing can be written
				t.Fatal(err)
			}
			report, err := store.Restore(t.Context(), dir, tt.to, "ward", made, false)
			if err != nil || report.Leaves != b.Leaves || report.Root.String() != b.Root || len(report.Problems) > 0 {
				t.Fatalf("%+v, %v; want %+v", report, err, b)
			}
			got := content(t, tt.to)
			if diff := cmp.Diff(want["store"], got["store"]); diff == "" {
				t.Error("the restored store says that it is the one before")
			}
			rest := map[string][]string{}
			for table, rows := range want {
				rest[table] = rows
			}
			rest["store"] = got["store"]
			if diff := cmp.Diff(rest, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			goesOn(t, tt.to)
			if _, err := store.Restore(t.Context(), dir, tt.to, "ward", made, false); err == nil || !strings.Contains(err.Error(), "nothing is overwritten") {
				t.Errorf("restored over a store: %v", err)
			}
		})
	}
}

// A second restore of one backup is another generation, and later than the one before.
func TestRestoreGenerations(t *testing.T) {
	t.Parallel()
	last := uint64(0)
	at := letters(t)
	for i := range 3 {
		dir, to := filepath.Join(t.TempDir(), "backup"), "sqlite:"+filepath.Join(t.TempDir(), "data")
		if _, err := store.MakeBackup(t.Context(), at, dir, "ward", made); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Restore(t.Context(), dir, to, "ward", made, false); err != nil {
			t.Fatal(err)
		}
		rows, _, err := store.Open(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		r, err := rows.Restored(t.Context())
		rows.Close()
		if err != nil || r.Generation <= last || r.Until == 0 || r.Leaves == 0 {
			t.Errorf("restore %d: %+v, %v; want a generation above %d", i, r, err, last)
		}
		last, at = r.Generation, to
	}
}

// What is not as it was when the backup was made is found before anything is made of it,
// whatever it was to be restored to: the same place takes a good one after that.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	at := letters(t)
	for name, tt := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"a changed database": {func(dir string) error { return flip(filepath.Join(dir, "store", "node.db"), 5000) }, "it was changed"},
		"a changed file": {func(dir string) error {
			name := aFile(dir)
			if err := os.Chmod(name, 0o600); err != nil {
				return err
			}
			return flip(name, 3)
		}, "lacks something"},
		"a lost file":         {func(dir string) error { return os.Remove(aFile(dir)) }, "lacks something"},
		"another journal":     {func(dir string) error { return replace(filepath.Join(dir, "backup.json"), `"leaves": `, `"leaves": 1`) }, "the manifest says 1"},
		"no manifest":         {func(dir string) error { return os.Remove(filepath.Join(dir, "backup.json")) }, "is no backup"},
		"a backup of another": {func(string) error { return nil }, "backup of node"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good, dir := filepath.Join(t.TempDir(), "good"), filepath.Join(t.TempDir(), "backup")
			if _, err := store.MakeBackup(t.Context(), at, good, "ward", made); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.CopyFS(dir, os.DirFS(good)), tt.spoil(dir)); err != nil {
				t.Fatal(err)
			}
			node := "ward"
			if name == "a backup of another" {
				node = "district"
			}
			for _, to := range []string{"sqlite:" + filepath.Join(t.TempDir(), "data"), onServer(t)} {
				_, err := store.Restore(t.Context(), dir, to, node, made, false)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: error %v, want one with %q", to, err, tt.want)
				}
				isEmpty(t, to)
				from, problems := good, 0
				if tt.want == "lacks something" {
					from, problems = dir, 1
				}
				report, err := store.Restore(t.Context(), from, to, "ward", made, problems > 0)
				if err != nil || len(report.Problems) != problems || report.Leaves == 0 {
					t.Errorf("%s: what may be restored: %+v, %v", to, report, err)
				}
			}
		})
	}
}

// isEmpty checks that nothing was made where a store was to be.
func isEmpty(t *testing.T, at string) {
	t.Helper()
	if dir, is := strings.CutPrefix(at, "sqlite:"); is {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("something was made: %v", err)
		}
		return
	}
	for table, rows := range content(t, at) {
		if table != "store" && table != "head" {
			t.Errorf("%d rows of %s were made", len(rows), table)
		}
	}
}

func replace(name, old, new string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name, []byte(strings.Replace(string(data), old, new, 1)), 0o600)
}

// aFile is one of the files of a backup.
func aFile(dir string) string {
	all, _ := filepath.Glob(filepath.Join(dir, "store", "blobs", "sha256", "*", "*", "*"))
	return all[0]
}

func flip(name string, at int) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	data[at] ^= 1
	return os.WriteFile(name, data, 0o600)
}
