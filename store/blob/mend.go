package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"lienthong/internal/durable"
)

// ReadPartial fills p with bytes that the partial file key holds, from an offset. Bytes
// that are not held are refused with ErrOffset.
func (s *Store) ReadPartial(key string, p []byte, offset int64) (err error) {
	return s.within(key, os.O_RDONLY, offset, len(p), func(f *os.File) error {
		_, err := f.ReadAt(p, offset)
		return err
	})
}

// Mend writes bytes again that the partial file key holds, and makes them durable. It
// never changes how many are held: what is not held is refused with ErrOffset.
func (s *Store) Mend(key string, data []byte, offset int64) (err error) {
	return s.within(key, os.O_RDWR, offset, len(data), func(f *os.File) error {
		if _, err := f.WriteAt(data, offset); err != nil {
			return full(err)
		}
		return durable.Sync(f, durable.Progress)
	})
}

// within opens a partial file that holds n bytes from an offset, for one act.
func (s *Store) within(key string, flag int, offset int64, n int, act func(*os.File) error) error {
	release, err := s.take(key)
	if err != nil {
		return err
	}
	defer release()
	f, size, err := s.openPartial(key, flag)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || offset < 0 || offset > size-int64(n) {
		err = fmt.Errorf("%w: %q holds %d bytes, asked for %d from byte %d", ErrOffset, key, size, n, offset)
	} else if err = act(f); err != nil {
		err = fmt.Errorf("blob: partial file %q, %d bytes from byte %d: %w", key, n, offset, err)
	}
	if f != nil {
		err = errors.Join(err, f.Close())
	}
	return err
}
