package store_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lienthong/store"
)

// FuzzImportFile holds for files that others bring: what is taken was whole, and nothing
// is written that is larger than the file.
func FuzzImportFile(f *testing.F) {
	name := filepath.Join(f.TempDir(), "store.tar")
	if _, err := store.ExportFile(f.Context(), letters(f), name, time.Unix(1_800_000_000, 0)); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small(f, whole))
	f.Add(whole[:len(whole)/2])
	f.Add(sparse(f, 1<<40))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		name := filepath.Join(dir, "in.tar")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Unpack(t.Context(), name, dir); err == nil && !bytes.Contains(data, []byte("backup.json.sha256")) {
			t.Error("a file without an end was taken")
		}
		if size := sizeOf(t, dir); size > 2*int64(len(data))+1<<20 {
			t.Errorf("%d bytes were written of a file of %d", size, len(data))
		}
	})
}

// small is an export whose database is cut out: a seed that mutations get somewhere with.
func small(tb testing.TB, whole []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	in, w := tar.NewReader(bytes.NewReader(whole)), tar.NewWriter(&out)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatal(err)
		}
		data, err := io.ReadAll(io.LimitReader(in, 4096))
		if err != nil {
			tb.Fatal(err)
		}
		h.Size = int64(len(data))
		if err := w.WriteHeader(h); err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			tb.Fatal(err)
		}
	}
	return out.Bytes()
}

// sparse is an archive whose first member says that it has size bytes, all of them a hole
// (GNU tar's format 1.0 in PAX records), and has one block.
func sparse(tb testing.TB, size int64) []byte {
	tb.Helper()
	records := ""
	for _, r := range [][2]string{{"major", "1"}, {"minor", "0"}, {"name", "backup.json"}, {"realsize", strconv.FormatInt(size, 10)}} {
		text := " GNU.sparse." + r[0] + "=" + r[1] + "\n"
		records += strconv.Itoa(len(text)+2) + text // all are of two digits
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range [][2]string{{"PaxHeaders/backup.json", records}, {"GNUSparseFile/backup.json", "0\n" + strings.Repeat("\x00", 510)}} {
		if err := w.WriteHeader(&tar.Header{Name: m[0], Size: int64(len(m[1])), Mode: 0o600, Format: tar.FormatUSTAR}); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, m[1]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	data := out.Bytes()
	data[156] = tar.TypeXHeader // which the writer keeps to itself; and the sum again
	copy(data[148:156], "        ")
	sum := 0
	for _, b := range data[:512] {
		sum += int(b)
	}
	copy(data[148:156], fmt.Sprintf("%06o\x00 ", sum))
	h, err := tar.NewReader(bytes.NewReader(data)).Next()
	if err != nil || h.Size != size || h.Name != "backup.json" {
		tb.Fatalf("the archive is read as %+v, %v", h, err)
	}
	return data
}

// An archive of two kilobytes that says that its database has a terabyte writes nothing.
func TestImportRefusesHoles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "in.tar")
	if err := os.WriteFile(name, sparse(t, 1<<40), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ImportFile(t.Context(), name, "sqlite:"+filepath.Join(dir, "to")); err == nil || !strings.Contains(err.Error(), "more than the file has") {
		t.Errorf("%v, want a refusal that says that it is larger than the file", err)
	}
}

func sizeOf(tb testing.TB, dir string) (size int64) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return size
}

// FuzzReadBackup holds for manifests: what is taken is of this format.
func FuzzReadBackup(f *testing.F) {
	for _, s := range []string{`{"format":1}`, `{"format":1,"node":"n","leaves":3,"root":"00","files":2}`, `{"format":9}`, `{}`, `[`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "backup.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := store.ReadBackup(dir); err == nil && b.Format != 1 {
			t.Errorf("a backup of format %d was taken", b.Format)
		}
	})
}
