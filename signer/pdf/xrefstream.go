package pdf

import (
	"fmt"
	"io"
	"slices"
)

// readXRefStream reads a cross-reference stream (ISO 32000-2, 7.5.8), whose
// "N G obj" is at off.
func (f *File) readXRefStream(off int64) (*section, error) {
	o, err := f.body(off, f.size, Ref{})
	if err != nil {
		return nil, err
	}
	stm, ok := o.(*Stream)
	if !ok || stm.Dict.Name("Type") != "XRef" {
		return nil, &SyntaxError{off, "found an object that is no cross-reference stream, want \"xref\" or a stream with /Type /XRef"}
	}
	s := &section{offset: off, kind: XRefStream, trailer: stm.Dict}
	if n := stm.ref.Number; n <= f.lim.Objects {
		s.own = n
	}
	if err := s.readPrev(stm.Dict); err != nil {
		return nil, err
	}
	span, err := stm.Span(nil)
	if err != nil {
		return nil, err
	}
	if s.after, _, err = f.afterStream(span.End); err != nil {
		return nil, err
	}
	if err := f.readEntries(s, stm); err != nil {
		return nil, err
	}
	return s, s.settle()
}

// afterStream returns the offset after the "endstream endobj" that follows off,
// and whether "endobj" is there.
func (f *File) afterStream(off int64) (after int64, closed bool, err error) {
	err = f.parse(off, f.size, func(p *parser) error {
		p.keyword("endstream")
		closed = p.keyword("endobj")
		after = p.base + int64(p.pos)
		return nil
	})
	return after, closed, err
}

func (f *File) readEntries(s *section, stm *Stream) error {
	w, err := fieldWidths(stm.Dict)
	if err != nil {
		return &SyntaxError{s.offset, err.Error()}
	}
	index, ok := stm.Dict.Get("Index").(Array)
	if !ok {
		size, _ := stm.Dict.Int("Size")
		index = Array{Integer(0), Integer(size)}
	}
	r, err := stm.decoder(nil, true)
	if err != nil {
		return err
	}
	defer r.Close()
	for i := 0; i+1 < len(index); i += 2 {
		first, ok1 := index[i].(Integer)
		count, ok2 := index[i+1].(Integer)
		if !ok1 || !ok2 {
			return &SyntaxError{s.offset, "/Index of a cross-reference stream is not an array of integers"}
		}
		if err := f.checkRun(int64(first), int64(count), s.offset); err != nil {
			return err
		}
		s.addRun(int64(first), int64(count))
		if err := f.readFields(s, r, w, int(count)); err != nil {
			return err
		}
	}
	return nil
}

// fieldWidths returns /W: the bytes of the three fields of an entry.
func fieldWidths(d *Dict) (w [3]int, err error) {
	a, _ := d.Get("W").(Array)
	if len(a) < 3 {
		return w, fmt.Errorf("/W of a cross-reference stream is not an array of three integers")
	}
	for i := range w {
		n, ok := a[i].(Integer)
		if !ok || n < 0 || n > 8 {
			return w, fmt.Errorf("/W of a cross-reference stream: element %d is not an integer from 0 to 8", i)
		}
		w[i] = int(n)
	}
	if w[1] == 0 {
		return w, fmt.Errorf("/W of a cross-reference stream leaves no room for offsets")
	}
	return w, nil
}

// readFields reads count entries.
func (f *File) readFields(s *section, r io.Reader, w [3]int, count int) error {
	width := w[0] + w[1] + w[2]
	buf := f.fields[:]
	s.entries = slices.Grow(s.entries, count)
	for count > 0 {
		n := min(count, len(buf)/width)
		if _, err := io.ReadFull(r, buf[:n*width]); err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				return &SyntaxError{s.offset, "cross-reference stream has less data than /Index and /W say"}
			}
			return err
		}
		for b := buf[:n*width]; len(b) > 0; b = b[width:] {
			kind := uint64(1)
			if w[0] > 0 {
				kind = bigEndian(b[:w[0]])
			}
			s.entries = append(s.entries, f.streamEntry(kind, bigEndian(b[w[0]:w[0]+w[1]]), bigEndian(b[w[0]+w[1]:width])))
		}
		count -= n
	}
	return nil
}

func bigEndian(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// streamEntry packs an entry. What cannot be, or is of a kind to come, is an
// object that is not there (ISO 32000-2, table 18).
func (f *File) streamEntry(kind, a, b uint64) entry {
	switch {
	case kind == 1 && a != 0 && a <= uint64(maxOffset-f.shift) && b <= 65535:
		return offsetEntry(int64(a)+f.shift, int64(b))
	case kind == 2 && a <= maxObjects && b <= maxObjects:
		return packedEntry(int64(a), int64(b))
	}
	return freeEntry(int64(b & 0xffff))
}
