package blob

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"lienthong/internal/durable"
)

// ErrAway: the folder is not there, or is another one than was opened: a disk that is not
// mounted leaves an empty folder in its place. It says nothing about any blob, and nothing
// was stored.
var ErrAway = errors.New("blob: the folder of files is away")

const (
	// marker is the file by which a folder is known again. Its bytes are those of no other.
	marker = "folder-id"
	// consent is a file that somebody makes who wants a folder taken in spite of what it lacks.
	consent = "take-as-it-is"
	// maxMarker bounds what is read of a marker, in bytes.
	maxMarker = 4096
)

// Open opens the folder root, or makes it.
func Open(root string) (*Store, error) { return Bind(root, nil) }

// Bind opens the folder root for rows that exist. expect is some of the blobs that they name.
// A folder that has no marker is taken for theirs if it has at least half of these, as one
// of an earlier version has, and is given one; a folder with a marker, if it has any. Where
// expect is empty it is made if need be. ErrAway if it is refused; nothing is made then.
// Processes that bind a folder at once agree.
func Bind(root string, expect [][32]byte) (*Store, error) {
	s, err := Read(root, expect)
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{s.blobs(), s.partials()} {
		if err := durable.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("blob: open %q: %w", root, err)
		}
	}
	if s.id == "" {
		if s.id, err = mark(root); err != nil {
			return nil, fmt.Errorf("blob: open %q: %w", root, full(err))
		}
	}
	return s, nil
}

// Read is Bind for who only reads: it makes nothing.
func Read(root string, expect [][32]byte) (*Store, error) {
	s := &Store{root: root, busy: map[string]bool{}, made: map[string]bool{}}
	var err error
	if s.id, err = readMarker(root); err != nil {
		return nil, err
	}
	return s, s.recognize(expect)
}

// recognize refuses a folder that is not the one in which these blobs were put.
func (s *Store) recognize(expect [][32]byte) error {
	found, want, has := 0, 1, "has the marker of another or an emptied folder"
	if s.id == "" {
		want, has = (len(expect)+1)/2, fmt.Sprintf("has no file %q", marker)
	}
	for _, digest := range expect {
		for _, path := range []string{s.path(digest), asideOf(s.path(digest))} {
			_, err := os.Lstat(path)
			if err == nil {
				found++
				break
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%w: %q: %w", ErrAway, s.root, err)
			}
		}
	}
	if found >= want || len(expect) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(s.root, consent)); err == nil {
		return nil
	}
	return fmt.Errorf("%w: %q %s, and %d of %d files that the rows of the store name: is its disk mounted, and is it the right folder? Where the others are lost for good, make the file %q in it, and take that away when all files have been read again: what is lost is then asked for anew",
		ErrAway, s.root, has, found, len(expect), consent)
}

// readMarker gives what says which folder this is; nothing where there is no marker, or an
// empty one, as a disk may leave that does not keep what it has synced.
func readMarker(root string) (string, error) {
	name := filepath.Join(root, marker)
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrAway, err)
	}
	buf := make([]byte, maxMarker)
	n, err := f.ReadAt(buf, 0)
	_ = f.Close() // it was only read
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("%w: %w", ErrAway, err)
	}
	if n == len(buf) {
		return "", fmt.Errorf("%w: %q has %d bytes or more, want a line; take it away, and the folder gets another if it has the files", ErrAway, name, n)
	}
	return string(buf[:n]), nil
}

// mark gives a folder a marker, whole or not at all, and says which it has: that of another
// process if that was faster.
func mark(root string) (string, error) {
	name, part := filepath.Join(root, marker), filepath.Join(root, ".marking-"+rand.Text())
	text := []byte("This is how a node knows its folder of files again: leave it here. " + rand.Text() + "\n")
	if err := durable.WriteFile(part, text, 0o600); err != nil {
		return "", err
	}
	if info, err := os.Lstat(name); err == nil && info.Size() == 0 {
		if err := os.Remove(name); err != nil {
			return "", err
		}
	}
	err := os.Link(part, name)
	if err != nil && !errors.Is(err, fs.ErrExist) { // a file system without links
		err = create(name, text)
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err := errors.Join(err, durable.Remove(part)); err != nil { // which syncs the folder
		return "", err
	}
	id, err := readMarker(root)
	if err == nil && id == "" {
		err = fmt.Errorf("another process is making %q: start again", name)
	}
	return id, err
}

func create(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, durable.Sync(f, durable.Content), f.Close())
}

// there is an error if the folder is not the one that was opened.
func (s *Store) there() error {
	if s.id == "" {
		return nil // only read, and of an earlier version
	}
	id, err := readMarker(s.root)
	switch {
	case err != nil:
		return err
	case id == "":
		return fmt.Errorf("%w: %q has no file %q any more: is its disk mounted?", ErrAway, s.root, marker)
	case id != s.id:
		return fmt.Errorf("%w: another folder is in the place of %q, its file %q is not what it was: is the right disk mounted there?", ErrAway, s.root, marker)
	}
	return nil
}

// missing is err, which says that a file is not there, or why that says nothing.
func (s *Store) missing(err error) error {
	if away := s.there(); away != nil {
		return away
	}
	return err
}
