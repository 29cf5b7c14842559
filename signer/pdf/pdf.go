// Package pdf reads the structure of PDF files, revision by revision, and
// appends a revision to one.
//
// It knows objects, cross-reference tables and streams, object streams, the
// page tree and the form tree, and the standard security handler (ISO 32000-2,
// 7.3 to 7.6, 12.7). It does not know signatures, does not render, does not read
// the clock, and never changes a byte that is already in the file.
//
// A file is read lazily through [Source]: [Open] reads its end and its
// cross-reference sections, and an object is read when it is asked for. Every
// count, depth and size is bounded by [Limits], so a hostile file costs a
// bounded amount of memory and time, and an error.
//
// A file that needs more than that says so, and is then asked for by name:
// [File.Unlock] for one that is encrypted, [OpenRepaired] for one that is
// damaged.
package pdf

import (
	"errors"
	"fmt"
	"io"
)

// A Source is the bytes of a file. [bytes.Reader] and [io.SectionReader] are
// Sources.
type Source interface {
	io.ReaderAt
	Size() int64
}

// Errors that Open, the views and NewUpdate return, beside [*SyntaxError].
var (
	ErrNotPDF    = errors.New("pdf: not a PDF file: no %PDF- header in its first 1024 bytes")
	ErrTruncated = errors.New("pdf: file is cut short: no startxref at its end")
	ErrXRef      = errors.New("pdf: cross-reference section is damaged")
	ErrEncrypted = errors.New("pdf: file is encrypted")
	ErrRepair    = errors.New("pdf: damaged file cannot be repaired")
	ErrLimit     = errors.New("pdf: limit exceeded")
)

// A SyntaxError is a fault of the file at a byte offset.
type SyntaxError struct {
	Offset int64 // from the first byte of the file; -1 where there is none
	Msg    string
}

func (e *SyntaxError) Error() string {
	if e.Offset < 0 {
		return "pdf: " + e.Msg
	}
	return fmt.Sprintf("pdf: byte %d: %s", e.Offset, e.Msg)
}
