package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A File is an open PDF file. It keeps cross-reference entries (8 bytes for an
// object), a window of the file and a few decoded object streams, and reads
// everything else when asked. It is not safe for concurrent use.
type File struct {
	src       Source
	size      int64
	lim       Limits
	version   string
	header    int64 // offset of %PDF-
	shift     int64 // what is added to offsets in the file: header, or 0 where the file counts from its first byte
	start     int64 // what the last startxref says
	revs      []revision
	listings  []listing // made when many revisions are looked through
	encrypted bool
	security  *security // how to decrypt it, once it is unlocked
	budget    int64     // bytes that may still be decoded
	work      int64     // bytes that may still be parsed

	win     []byte // bytes of the file from winBase
	winBase int64
	kept    map[int64][]byte // small windows that were read, by where they begin
	p       parser
	fields  [3072]byte
	names   interner
	refs    []Ref // of the object whose references were read last
	packed  packedCache
	opening bool            // an object stream is being opened
	over    map[int64]error // objects beyond a limit, by where they begin
	entries int64           // cross-reference entries read so far

	repair *Repair // what was done to open it, or nil
}

func newFile(src Source, lim Limits) *File {
	f := &File{src: src, size: src.Size(), lim: lim.orDefault()}
	f.budget, f.work = f.lim.Decoded+4*f.size, f.lim.Work+8*f.size
	return f
}

// Open reads the header, the end and the cross-reference sections of a file.
// Offsets that count from a header which is not at byte 0 are honoured. An
// encrypted file opens, for its structure: see [File.Unlock].
//
// Errors are [ErrNotPDF], [ErrTruncated], [ErrXRef] with a [*SyntaxError] that
// says where, [ErrLimit], or those of src. A damaged file is refused, not
// repaired: [OpenRepaired] does that.
func Open(src Source, lim Limits) (*File, error) {
	f := newFile(src, lim)
	if err := f.readHeader(); err != nil {
		return nil, err
	}
	var err error
	if f.start, err = f.startXRef(); err != nil {
		return nil, err
	}
	sections, err := f.readChain(f.start)
	if err != nil {
		var syntax *SyntaxError
		if errors.As(err, &syntax) {
			err = fmt.Errorf("%w: %w", ErrXRef, err)
		}
		return nil, err
	}
	if err := f.groupRevisions(sections); err != nil {
		return nil, err
	}
	return f, nil
}

// Source returns what f was opened on.
func (f *File) Source() Source { return f.src }

// Size returns the number of bytes of the file.
func (f *File) Size() int64 { return f.size }

// Header returns the version that the header gives, such as "1.7", and the
// offset of the header, which is 0 in a sound file. The catalog may name a
// higher version.
func (f *File) Header() (version string, offset int64) { return f.version, f.header }

// Encrypted reports whether a trailer of the file has /Encrypt. Strings and
// stream data of such a file are readable after [File.Unlock]; before, its
// structure is, as far as it is not in object streams.
func (f *File) Encrypted() bool { return f.encrypted }

// Bytes returns the bytes of the file in s, which may have at most
// [Limits].Body of them.
func (f *File) Bytes(s Span) ([]byte, error) {
	if s.Start < 0 || s.End > f.size || s.Len() < 0 {
		return nil, fmt.Errorf("pdf: bytes %d to %d are not in a file of %d bytes", s.Start, s.End, f.size)
	}
	if s.Len() > f.lim.Body {
		return nil, fmt.Errorf("%w: %d bytes at once, at most %d", ErrLimit, s.Len(), f.lim.Body)
	}
	b := make([]byte, s.Len())
	if err := readFull(f.src, b, s.Start); err != nil {
		return nil, err
	}
	return b, nil
}

func readFull(src io.ReaderAt, b []byte, off int64) error {
	n, err := src.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("pdf: reading %d bytes at %d: %w", len(b), off, err)
}

// parse runs fn on a parser at off, and again on a wider window for as long as
// fn meets the window's end, up to the offset end of what may be read.
func (f *File) parse(off, end int64, fn func(p *parser) error) error {
	for n := int64(512); ; n = min(4*n, f.lim.Body) {
		b, err := f.at(off, int(n))
		if err != nil {
			return err
		}
		b = b[:max(0, min(int64(len(b)), end-off))]
		last := off+int64(len(b)) >= min(end, f.size)
		f.p = parser{buf: b, base: off, lim: &f.lim, names: &f.names}
		err = fn(&f.p)
		if last || !f.p.short {
			return err
		}
		n = max(n, int64(len(b)))
		if n >= f.lim.Body {
			return fmt.Errorf("%w: object at byte %d has more than %d bytes", ErrLimit, off, f.lim.Body)
		}
	}
}

func (f *File) readHeader() error {
	b, err := f.at(0, 1024)
	if err != nil {
		return err
	}
	i := bytes.Index(b[:min(len(b), 1024+5)], []byte("%PDF-"))
	if i < 0 {
		return ErrNotPDF
	}
	f.header = int64(i)
	p := parser{buf: b[i+5 : min(len(b), i+5+16)]}
	f.version = string(p.word())
	return nil
}

// startXRef returns the offset that the last startxref of the file gives.
func (f *File) startXRef() (int64, error) {
	for _, tail := range []int64{1024, 64 << 10, 1 << 20} {
		b, err := f.at(max(0, f.size-tail), int(min(tail, f.size)))
		if err != nil {
			return 0, err
		}
		for i := bytes.LastIndex(b, startxref); i >= 0; i = bytes.LastIndex(b[:i], startxref) {
			p := parser{buf: b, pos: i + len(startxref)}
			// A linearized file that is cut short still has the startxref of
			// its first page, whose value is 0.
			if n, ok := p.uint(); ok && n > 0 {
				return n, nil
			}
		}
		if tail >= f.size {
			break
		}
	}
	return 0, ErrTruncated
}

var startxref = []byte("startxref")
