package blob

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A folder is taken for rows that name files if it has them; of what is refused nothing is
// made. An empty one is what a disk leaves behind that is not mounted.
func TestBind(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(s *Store, files [][32]byte) error
		rows   bool // name the files
		want   string
	}{
		"as it was":              {func(*Store, [][32]byte) error { return nil }, true, ""},
		"of an earlier version":  {func(s *Store, _ [][32]byte) error { return os.Remove(s.markerFile()) }, true, ""},
		"an empty mount point":   {func(s *Store, _ [][32]byte) error { return empty(s.root) }, true, "has no file \"folder-id\", and 0 of 5 files that the rows of the store name: is its disk mounted"},
		"no mount point":         {func(s *Store, _ [][32]byte) error { return os.RemoveAll(s.root) }, true, "0 of 5"},
		"empty, and no rows yet": {func(s *Store, _ [][32]byte) error { return empty(s.root) }, false, ""},
		"what an accident left": {func(s *Store, files [][32]byte) error {
			return errors.Join(os.Remove(s.markerFile()), s.Remove(files[0]), s.Remove(files[1]), s.Remove(files[2]))
		}, true, "2 of 5"},
		"a few are lost": {func(s *Store, files [][32]byte) error {
			return errors.Join(s.Remove(files[0]), s.Remove(files[1]), s.Remove(files[2]), s.Remove(files[3]))
		}, true, ""},
		"another node's": {func(s *Store, _ [][32]byte) error { return os.RemoveAll(s.blobs()) }, true, "has the marker of another or an emptied folder, and 0 of 5"},
		"one was put aside": {func(s *Store, files [][32]byte) error {
			return errors.Join(os.Remove(s.markerFile()), s.Remove(files[0]), s.Remove(files[1]), os.Rename(s.path(files[2]), asideOf(s.path(files[2]))))
		}, true, ""},
		"lost for good":   {func(s *Store, _ [][32]byte) error { return errors.Join(empty(s.root), agree(s.root)) }, true, ""},
		"an empty marker": {func(s *Store, _ [][32]byte) error { return os.Truncate(s.markerFile(), 0) }, true, ""},
		"a moved folder":  {func(s *Store, _ [][32]byte) error { return move(s.root) }, true, ""},
		"a marker too long": {func(s *Store, _ [][32]byte) error {
			return os.WriteFile(s.markerFile(), make([]byte, maxMarker), 0o600)
		}, true, "4096 bytes or more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			var files [][32]byte
			for i := range 5 {
				digest, err := s.Put([]byte{byte(i)})
				if err != nil {
					t.Fatal(err)
				}
				files = append(files, digest)
			}
			if err := tt.change(s, files); err != nil {
				t.Fatal(err)
			}
			if !tt.rows {
				files = nil
			}
			before := names(t, s.root)
			again, err := Bind(s.root, files)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := again.Put([]byte("x")); err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want ErrAway with %q", err, tt.want)
			}
			if after := names(t, s.root); after != before {
				t.Errorf("there is now %s, there was %s", after, before)
			}
		})
	}
}

func (s *Store) markerFile() string { return filepath.Join(s.root, marker) }

func empty(root string) error { return errors.Join(os.RemoveAll(root), os.Mkdir(root, 0o700)) }

func agree(root string) error { return os.WriteFile(filepath.Join(root, consent), nil, 0o600) }

// move copies a folder as an administrator does, and puts the copy in its place.
func move(root string) error {
	return errors.Join(os.CopyFS(root+".copy", os.DirFS(root)), os.RemoveAll(root), os.Rename(root+".copy", root))
}

// names is all that is below a folder.
func names(t *testing.T, root string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		out = append(out, path)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// Processes that come to a new folder at once know it by the same marker, and leave nothing.
func TestBindAtOnce(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "blobs")
	stores := make([]*Store, 16)
	var all sync.WaitGroup
	for i := range stores {
		all.Go(func() {
			var err error
			if stores[i], err = Open(root); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, s := range stores {
		if s == nil || s.id == "" || s.id != stores[0].id {
			t.Fatalf("%+v, want the marker %q", s, stores[0].id)
		}
	}
	if entries, err := os.ReadDir(root); err != nil || len(entries) != 3 {
		t.Errorf("%v, %v; want the marker and two folders", entries, err)
	}
}

// A folder that is away is no file that is gone, and takes nothing in; when it is back, all
// goes on.
func TestFolderAway(t *testing.T) {
	t.Parallel()
	for name, instead := range map[string]func(root string) error{
		"not mounted": func(root string) error { return os.Mkdir(root, 0o700) },
		"gone":        func(string) error { return nil },
		"another":     func(root string) error { _, err := Open(root); return err },
		// A disk that was not mounted when an earlier version started.
		"without a marker": func(root string) error {
			_, err := Open(root)
			return errors.Join(err, os.Remove(filepath.Join(root, marker)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			digest, err := s.Put([]byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Append("key", 0, strings.NewReader("whole")); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Rename(s.root, s.root+".away"), instead(s.root)); err != nil {
				t.Fatal(err)
			}
			before := names(t, s.root)
			for what, err := range s.everything(digest) {
				if !errors.Is(err, ErrAway) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrMismatch) {
					t.Errorf("%s: %v, want ErrAway", what, err)
				}
			}
			if after := names(t, s.root); after != before {
				t.Errorf("there is now %s, there was %s", after, before)
			}
			if err := errors.Join(os.RemoveAll(s.root), os.Rename(s.root+".away", s.root), s.Verify(digest)); err != nil {
				t.Error(err)
			}
			if n, err := s.Append("key", 5, strings.NewReader("!")); n != 6 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
}

// everything does all that a store is asked for.
func (s *Store) everything(digest [32]byte) map[string]error {
	all := func(string, time.Time) bool { return true }
	out := map[string]error{}
	_, out["put"] = s.Put([]byte("y"))
	_, out["put what was there"] = s.Put([]byte("x"))
	_, out["append"] = s.Append("new", 0, strings.NewReader("z"))
	_, out["append to what was there"] = s.Append("key", 5, strings.NewReader("z"))
	_, out["held"] = s.Held("key")
	out["finish"] = s.Finish("key", [32]byte{1}, 5)
	out["mend"] = s.Mend("key", []byte("W"), 0)
	out["read partial"] = s.ReadPartial("key", make([]byte, 1), 0)
	_, out["open"] = s.Open(digest)
	out["verify"] = s.Verify(digest)
	_, out["set aside"] = s.SetAside(digest)
	_, out["remove"] = s.RemoveOld(digest, time.Now(), func() (bool, error) { return false, nil })
	_, out["sweep"] = s.Sweep(time.Now(), func([32]byte) (bool, error) { return false, nil }, all)
	_, out["sweep partials"] = s.SweepPartials(all)
	_, out["partials"] = s.Partials()
	_, out["room"] = s.Room()
	return out
}
