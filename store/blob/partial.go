package blob

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"lienthong/internal/durable"
)

// syncEvery is how many bytes of a partial file may be lost by a power cut while
// it is being written. What Append returns for is durable always.
const syncEvery = 4 << 20

// Held is the number of bytes of a partial file that are durable; 0 if there is
// none. A file that is being written this moment is refused with ErrOffset.
//
// A process that was killed leaves bytes that it had not synced, and a power cut
// may leave a length without its bytes. So what is found is synced first, and the
// digest is checked over all of it in Finish: a wrong byte costs the transfer,
// never the blob.
func (s *Store) Held(key string) (int64, error) {
	release, err := s.take(key)
	if err != nil {
		return 0, err
	}
	defer release()
	f, size, err := s.openPartial(key, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return size, errors.Join(durable.Sync(f, durable.Progress), f.Close())
}

// Append adds what r gives to the partial file key, from offset, which must be
// what is held (ErrOffset). It returns the number of bytes held after, all of
// them durable. If r fails, what came before counts, and r's error is returned.
func (s *Store) Append(key string, offset int64, r io.Reader) (held int64, err error) {
	release, err := s.take(key)
	if err != nil {
		return 0, err
	}
	defer release()
	f, size, err := s.openPartial(key, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size == 0 { // perhaps made just now: its name must not be lost with its bytes
		if err := durable.SyncFolder(s.partials()); err != nil {
			return 0, err
		}
	}
	if offset != size {
		return size, fmt.Errorf("%w: %q holds %d bytes, got some for offset %d", ErrOffset, key, size, offset)
	}
	return appendTo(f, size, r)
}

func appendTo(f *os.File, held int64, r io.Reader) (int64, error) {
	buf := make([]byte, 256<<10)
	at := held
	for {
		n, err := r.Read(buf)
		if _, werr := f.WriteAt(buf[:n], at); werr != nil {
			return held, full(fmt.Errorf("blob: %w", werr))
		}
		at += int64(n)
		if err == nil && at-held < syncEvery {
			continue
		}
		if serr := durable.Sync(f, durable.Progress); serr != nil {
			return held, full(serr)
		}
		held = at
		if errors.Is(err, io.EOF) {
			return held, nil
		}
		if err != nil {
			return held, err
		}
	}
}

// Finish makes the partial file key a blob, if it has the digest and size that
// are wanted. If not, it is removed, and the error wraps ErrMismatch. It may be
// called again after a crash: a blob that is there already is enough.
func (s *Store) Finish(key string, want [32]byte, size int64) error {
	release, err := s.take(key)
	if err != nil {
		return err
	}
	defer release()
	if err = s.complete(key, want, size); errors.Is(err, ErrMismatch) {
		return errors.Join(err, durable.Remove(s.partial(key)))
	}
	return err
}

// Complete is Finish, but leaves a partial file that has another digest or size than is
// wanted where it is, for who can mend it.
func (s *Store) Complete(key string, want [32]byte, size int64) error {
	release, err := s.take(key)
	if err != nil {
		return err
	}
	defer release()
	return s.complete(key, want, size)
}

func (s *Store) complete(key string, want [32]byte, size int64) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	f, held, err := s.openPartial(key, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return s.finished(key, want, size)
	}
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(h, io.NewSectionReader(f, 0, held))
	// The bytes before the name: Append synced them in the process that appended,
	// which need not be this one.
	err = errors.Join(err, durable.Sync(f, durable.Content), f.Close())
	if err != nil {
		return fmt.Errorf("blob: finish %q: %w", key, err)
	}
	if got := h.Sum(nil); held != size || !bytes.Equal(got, want[:]) {
		return fmt.Errorf("%w: %q has %d bytes with SHA-256 %x, want %d with %x", ErrMismatch, key, held, got, size, want)
	}
	path := s.path(want)
	if err := s.there(); err != nil {
		return err
	}
	if err := s.folder(path); err != nil {
		return err
	}
	if err := touch(s.partial(key)); err != nil {
		return err
	}
	return durable.Rename(s.partial(key), path)
}

// finished answers Finish where there is no partial file: a crash came after the
// rename, or there never was one because the file is empty.
func (s *Store) finished(key string, want [32]byte, size int64) error {
	if size == 0 && want == sha256.Sum256(nil) {
		_, err := s.Put(nil)
		return err
	}
	info, err := os.Stat(s.path(want))
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() != size {
		return s.missing(fmt.Errorf("%w: there is no partial file %q", ErrMismatch, key))
	}
	if err != nil {
		return fmt.Errorf("blob: finish %q: %w", key, err)
	}
	if err := s.Verify(want); err != nil { // a row will say that it is good
		return fmt.Errorf("blob: finish %q: %w", key, err)
	}
	if err := touch(s.path(want)); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(s.path(want)))
}

// Discard removes the partial file key, if there is one.
func (s *Store) Discard(key string) error {
	release, err := s.take(key)
	if err != nil {
		return err
	}
	defer release()
	if err := checkKey(key); err != nil {
		return err
	}
	return durable.Remove(s.partial(key))
}

// take keeps two writers off one partial file.
func (s *Store) take(key string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[key] {
		return nil, fmt.Errorf("%w: %q is being written", ErrOffset, key)
	}
	s.busy[key] = true
	return func() {
		s.mu.Lock()
		delete(s.busy, key)
		s.mu.Unlock()
	}, nil
}

func (s *Store) partial(key string) string { return filepath.Join(s.partials(), key) }

func (s *Store) openPartial(key string, flag int) (*os.File, int64, error) {
	if err := checkKey(key); err != nil {
		return nil, 0, err
	}
	if flag&os.O_CREATE != 0 {
		if err := s.there(); err != nil {
			return nil, 0, err
		}
	}
	f, err := os.OpenFile(s.partial(key), flag, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, s.missing(fmt.Errorf("blob: %w", err))
	}
	if err != nil {
		return nil, 0, full(fmt.Errorf("blob: %w", err))
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("blob: %w", err), f.Close())
	}
	return f, info.Size(), nil
}

// checkKey lets through what is a file name on every system, whoever made it:
// at most 128 letters, digits, dots, hyphens and underscores.
func checkKey(key string) error {
	ok := len(key) > 0 && len(key) <= 128 && key[0] != '.'
	for i := 0; ok && i < len(key); i++ {
		switch b := key[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '.', b == '-', b == '_':
		default:
			ok = false
		}
	}
	if !ok {
		return fmt.Errorf("blob: partial file %.140q: want at most 128 letters, digits, '.', '-', '_'", key)
	}
	return nil
}
