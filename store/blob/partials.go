package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// A Partial is a partial file, and how many bytes it has on disk, durable or not.
type Partial struct {
	Key  string
	Size int64
}

// Partials lists the partial files, in no order.
func (s *Store) Partials() ([]Partial, error) {
	if err := s.there(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.partials())
	if err != nil {
		return nil, fmt.Errorf("blob: list partial files: %w", err)
	}
	var out []Partial
	for _, d := range entries {
		if strings.HasPrefix(d.Name(), ".") {
			continue // of Room
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone since the folder was read
		}
		if err != nil {
			return nil, fmt.Errorf("blob: list partial files: %w", err)
		}
		out = append(out, Partial{d.Name(), info.Size()})
	}
	return out, nil
}
