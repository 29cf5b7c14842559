package store_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store"
)

// inFolders opens a store of each kind that has its files in a folder, and says by which
// URL, with one letter and its file.
func inFolders(t *testing.T, test func(t *testing.T, url string, s *shelf, file exchange.BlobRow)) {
	t.Parallel()
	server := onServer(t)
	dir := filepath.Join(t.TempDir(), "node")
	for kind, at := range map[string]struct{ url, dir string }{"sqlite": {"sqlite:" + dir, filepath.Join(dir, "blobs")}, "postgres": {server, blobsOf(t, server)}} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := &shelf{dir: at.dir}
			s.open(t, at.url)
			file := s.put(t, 0, "công văn", 0)
			c := letterOf(1, file)
			c.Wrote = []exchange.BlobRow{file}
			if err := s.commit(t, 0, c); err != nil {
				t.Fatal(err)
			}
			test(t, at.url, s, file)
			s.close(t)
		})
	}
}

func (s *shelf) open(t *testing.T, url string) {
	t.Helper()
	rows, files, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	s.rows, s.files = []exchange.Store{rows}, []exchange.Blobs{files}
}

func (s *shelf) close(t *testing.T) {
	t.Helper()
	for _, rows := range s.rows {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	s.rows = nil
}

func (s *shelf) scrub(t *testing.T) (store.Scrubbed, error) {
	t.Helper()
	done, _, err := (&store.Scrubber{Rows: s.rows[0], Files: s.files[0], Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Pace: func(context.Context, int) error { return nil }}).Scrub(t.Context(), envelope.Digest{})
	return done, err
}

// unmount leaves an empty folder where the files were; the function returned mounts them.
func (s *shelf) unmount(t *testing.T) (mount func()) {
	t.Helper()
	if err := errors.Join(os.Rename(s.dir, s.dir+".away"), os.Mkdir(s.dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if entries, err := os.ReadDir(s.dir); err != nil || len(entries) != 0 {
			t.Errorf("%v was made where no disk is mounted, %v", entries, err)
		}
		if err := errors.Join(os.RemoveAll(s.dir), os.Rename(s.dir+".away", s.dir)); err != nil {
			t.Fatal(err)
		}
	}
}

// A disk goes while a store is open, and comes back: nothing is held to be lost meanwhile,
// nothing is taken in, and nothing is ready.
func TestDiskGoes(t *testing.T) {
	inFolders(t, func(t *testing.T, _ string, s *shelf, file exchange.BlobRow) {
		mount := s.unmount(t)
		if done, err := s.scrub(t); !errors.Is(err, exchange.ErrAway) || done != (store.Scrubbed{}) {
			t.Errorf("%+v, %v; want ErrAway and nothing found", done, err)
		}
		_, put := s.files[0].Put(t.Context(), []byte("new"))
		_, room := s.files[0].Room(t.Context())
		_, open := s.files[0].Open(t.Context(), file.Digest)
		for what, err := range map[string]error{"put": put, "room": room, "open": open} {
			if !errors.Is(err, exchange.ErrAway) || errors.Is(err, exchange.ErrNotFound) {
				t.Errorf("%s: %v, want ErrAway", what, err)
			}
		}
		mount()
		if done, err := s.scrub(t); err != nil || done != (store.Scrubbed{Files: 1}) {
			t.Errorf("mounted again: %+v, %v", done, err)
		}
		if n, err := s.rows[0].Damaged(t.Context()); n != 0 || err != nil {
			t.Errorf("%d damaged, %v", n, err)
		}
		checkEntries(t, "", s.rows[0], map[string]int{"file.damaged": 0})
	})
}

// A store does not open without its disk, by whatever command, and no backup is made of it:
// it says what to do. Where somebody says that the files are lost, it goes on without them.
func TestOpenWithoutDisk(t *testing.T) {
	inFolders(t, func(t *testing.T, url string, s *shelf, file exchange.BlobRow) {
		s.close(t)
		mount := s.unmount(t)
		_, _, opened := store.Open(t.Context(), url)
		_, _, existing := store.OpenExisting(t.Context(), url)
		_, copied := store.Copy(t.Context(), url, "sqlite:"+filepath.Join(t.TempDir(), "to"))
		_, saved := store.MakeBackup(t.Context(), url, filepath.Join(t.TempDir(), "backup"), "ward", made)
		for what, err := range map[string]error{"open": opened, "open existing": existing, "copy": copied, "backup": saved} {
			if !errors.Is(err, exchange.ErrAway) || !strings.Contains(err.Error(), "is its disk mounted") {
				t.Errorf("%s: %v, want ErrAway and what to do", what, err)
			}
		}
		mount()
		s.open(t, url)
		if done, err := s.scrub(t); err != nil || done != (store.Scrubbed{Files: 1}) {
			t.Errorf("mounted: %+v, %v", done, err)
		}
		s.close(t)

		if err := errors.Join(os.RemoveAll(s.dir), os.Mkdir(s.dir, 0o700), os.WriteFile(filepath.Join(s.dir, "take-as-it-is"), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		s.open(t, url)
		if done, err := s.scrub(t); err != nil || done != (store.Scrubbed{Files: 1, Damaged: 1}) {
			t.Errorf("lost: %+v, %v", done, err)
		}
		s.close(t)
		if err := os.Remove(filepath.Join(s.dir, "take-as-it-is")); err != nil {
			t.Fatal(err)
		}
		s.open(t, url) // what is lost is known now
		if again := s.put(t, 0, "công văn", 0); again.Digest != file.Digest {
			t.Error("other bytes")
		}
		if done, err := s.scrub(t); err != nil || done != (store.Scrubbed{Files: 1, Healed: 1}) {
			t.Errorf("sent again: %+v, %v", done, err)
		}
	})
}

// What cannot be read now is not damaged: it stays, is told of, and is served when it can
// be read.
func TestScrubCannotRead(t *testing.T) {
	inFolders(t, func(t *testing.T, _ string, s *shelf, file exchange.BlobRow) {
		hex := file.Digest.String()
		path := filepath.Join(s.dir, "sha256", hex[:2], hex[2:4], hex)
		// Opening a link to itself fails, and a folder opens and cannot be read: root may do
		// what rights forbid.
		for what, instead := range map[string]func() error{"open": func() error { return os.Symlink(hex, path) }, "read": func() error { return os.Mkdir(path, 0o700) }} {
			if err := errors.Join(os.Rename(path, path+".good"), instead()); err != nil {
				t.Fatal(err)
			}
			if done, err := s.scrub(t); err != nil || done != (store.Scrubbed{Files: 1, Unread: 1}) {
				t.Errorf("%s: %+v, %v; want one that was not read", what, done, err)
			}
			if entries, err := os.ReadDir(filepath.Join(s.dir, "damaged")); err == nil && len(entries) > 0 {
				t.Errorf("%s: %v was set aside", what, entries)
			}
			if err := errors.Join(os.Remove(path), os.Rename(path+".good", path)); err != nil {
				t.Fatal(err)
			}
			if !s.there(t, file.Digest) {
				t.Errorf("%s: not served", what)
			}
		}
		if done, err := s.scrub(t); err != nil || done != (store.Scrubbed{Files: 1}) {
			t.Errorf("%+v, %v", done, err)
		}
		checkEntries(t, "", s.rows[0], map[string]int{"file.damaged": 0})
	})
}
