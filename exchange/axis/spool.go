package axis

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"lienthong/envelope"
	"lienthong/exchange/edxml"
)

// A spooled is a message that was made, in a file of its own until it is closed: whoever
// reads it slowly costs no memory.
type spooled struct {
	*os.File
	size int64
}

func (s *spooled) Size() int64 { return s.size }

// Close removes the file. If the process dies before, it is left among the system's
// temporary files.
func (s *spooled) Close() error {
	err := s.File.Close()
	if gone := os.Remove(s.Name()); err == nil {
		err = gone
	}
	return err
}

func spool(m *edxml.Message) (*Exported, error) {
	f, err := os.CreateTemp("", "lienthong-edxml-*")
	if err != nil {
		return nil, fmt.Errorf("axis: spool: %w", err)
	}
	out, h := &spooled{File: f}, sha256.New()
	if err := m.Write(io.MultiWriter(f, h)); err != nil {
		_ = out.Close() // the first error says more
		return nil, fmt.Errorf("axis: spool: %w", err)
	}
	if out.size, err = f.Seek(0, io.SeekCurrent); err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("axis: spool: %w", err)
	}
	return &Exported{Kind: m.Kind(), SHA256: envelope.Digest(h.Sum(nil)), Blob: out}, nil
}

// A text is a small message in memory.
type text struct{ *bytes.Reader }

func (text) Close() error { return nil }

// inMemory is a status, which is small.
func inMemory(data []byte, kept bool) *Exported {
	return &Exported{Kind: edxml.KindStatus, Kept: kept, SHA256: envelope.Sum(data), Blob: text{bytes.NewReader(data)}}
}
