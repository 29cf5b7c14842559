package blob

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"lienthong/internal/durable"
)

// Hand gives the partial file key to take, which makes it durable in another place, while
// nobody else writes to it; it is removed when take has succeeded. Where there is none,
// take gets nil.
func (s *Store) Hand(key string, take func(r io.ReaderAt, held int64) error) (err error) {
	release, err := s.take(key)
	if err != nil {
		return err
	}
	defer release()
	f, held, err := s.openPartial(key, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return take(nil, 0)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(take(f, held), f.Close()); err != nil {
		return err
	}
	return durable.Remove(s.partial(key))
}
