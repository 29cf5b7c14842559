package pdf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// maxBodies is how many bodies a sweep takes.
const maxBodies = 2 << 20

// A body is the place of an object that a sweep found, in 16 bytes.
type body struct {
	offset     int64
	number     int32
	generation uint16
	flags      uint8
}

const (
	bodyCut     uint8 = 1 << iota // it does not end
	bodyPacked                    // it may be an object stream
	bodyCatalog                   // it may be a catalog
	bodyRange                     // a name in it is ByteRange
)

// A sweep is one pass over the bytes of a file from its first to its last, for
// what can be read without a cross-reference section that leads there: bodies
// of objects, whatever is left of sections, and the ends of revisions. Stream
// data is stepped over, so that a file attached to a file gives nothing.
type sweep struct {
	f        *File
	bodies   []body  // by offset
	ends     []int64 // of revisions: after a section, and after what puts it in force
	trailers []*Dict // in order, those of cross-reference streams with them
	sections []*section
	kind     XRefKind // of the last section
	lengths  []indirectLength
	packed   []member // of the object streams, once they have been opened
}

// An indirectLength is a stream whose data ends at the first "endstream" unless
// the object ref gives it more. It can be looked up when the sweep is over.
type indirectLength struct {
	data Span
	end  int64 // of the body
	ref  Ref
}

func (f *File) sweep() (*sweep, error) {
	s := &sweep{f: f}
	for pos := f.header; pos < f.size; {
		t, err := s.next(pos)
		if err != nil {
			return nil, err
		}
		if pos, err = s.take(t); err != nil {
			return nil, err
		}
	}
	return s, s.settleLengths()
}

// A found is the next thing that a sweep looks at.
type found struct {
	word  string // obj, xref, trailer, startxref; "" for nothing
	start int64
	after int64 // where the search goes on if it is not what it seems
}

// next returns what is at pos or after, in the window that begins there. Where
// the window ends in the middle of something, it returns nothing, and where
// that begins.
func (s *sweep) next(pos int64) (t found, err error) {
	err = s.f.parse(pos, s.f.size, func(p *parser) error {
		for {
			for !p.atEnd() && class[p.buf[p.pos]] == space {
				p.pos++
			}
			mark := p.pos
			t = found{start: p.base + int64(mark), after: p.base + int64(mark)}
			if p.atEnd() {
				p.short = false
				return nil
			}
			t.word = p.landmark()
			if p.short && mark > 0 {
				t.word, p.short = "", false
				return nil
			}
			t.after = p.base + int64(p.pos)
			if t.word != "" || p.short {
				return nil
			}
		}
	})
	return t, err
}

// landmark moves after the token or comment at pos, and returns what it may
// begin. The word "obj" is returned after the two numbers that come before it.
func (p *parser) landmark() string {
	if p.buf[p.pos] == '%' {
		for !p.atEnd() && p.buf[p.pos] != '\n' && p.buf[p.pos] != '\r' {
			p.pos++
		}
		return ""
	}
	if class[p.buf[p.pos]] != regular {
		p.pos++
		return ""
	}
	w := p.word()
	switch string(w) {
	case "xref", "trailer", "startxref":
		return string(w)
	}
	if _, ok := parseUint(w); !ok {
		return ""
	}
	after := p.pos
	if _, ok := p.uint(); ok && p.keyword("obj") {
		return "obj"
	}
	p.pos = after
	return ""
}

// take reads what was found, and returns where to go on.
func (s *sweep) take(t found) (int64, error) {
	var after int64
	var err error
	switch t.word {
	case "obj":
		after, err = s.object(t)
	case "xref":
		after, err = s.table(t)
	case "trailer":
		sec := &section{offset: t.start, kind: Table}
		if err = s.f.readTrailer(sec, t.after); err == nil {
			after, s.kind = sec.after, Table
			s.trailers, s.ends = append(s.trailers, sec.trailer), append(s.ends, after)
		}
	case "startxref":
		var m marker
		if m, err = s.f.markerAt(t.start); m.end > 0 {
			after = m.end
			s.ends = append(s.ends, m.end)
		}
	}
	var syntax *SyntaxError
	if err != nil && !errors.As(err, &syntax) {
		return 0, err
	}
	if e := s.f.toil(0); e != nil {
		return 0, e
	}
	return max(after, t.after, t.start+1), nil
}

func (s *sweep) table(t found) (int64, error) {
	sec, err := s.f.readTable(t.after)
	if err != nil {
		return 0, err
	}
	s.sections, s.ends = append(s.sections, sec), append(s.ends, sec.after)
	s.trailers = append(s.trailers, sec.trailer)
	if s.kind = Table; sec.trailer.Has("XRefStm") {
		s.kind = Hybrid
	}
	return sec.after, nil
}

// object takes a body. One that does not end is kept as such: it may be needed.
func (s *sweep) object(t found) (int64, error) {
	b, err := s.f.skim(nil, t.start, s.f.size, Ref{})
	var syntax *SyntaxError
	if err != nil && !errors.As(err, &syntax) {
		return 0, err
	}
	if b.ref.Number == 0 { // the number is out of range
		return 0, nil
	}
	if len(s.bodies) >= maxBodies {
		return 0, fmt.Errorf("%w: more than %d bodies of objects", ErrLimit, maxBodies)
	}
	found := body{offset: b.span.Start, number: int32(b.ref.Number), generation: uint16(b.ref.Generation)}
	if err != nil || !b.closed && b.span.End >= s.f.size {
		found.flags |= bodyCut
	}
	if b.byteRange {
		found.flags |= bodyRange
	}
	switch b.kind {
	case "Catalog":
		found.flags |= bodyCatalog
	case "ObjStm":
		found.flags |= bodyPacked
	case "XRef":
		s.stream(b)
	}
	s.bodies = append(s.bodies, found)
	if err != nil {
		return 0, nil
	}
	if !b.length.IsZero() {
		s.lengths = append(s.lengths, indirectLength{b.stream, b.span.End, b.length})
	}
	return b.span.End, nil
}

// stream takes the dictionary of a cross-reference stream, which is a trailer,
// and its entries where they can be read.
func (s *sweep) stream(b skimmed) {
	sec, err := s.f.readXRefStream(b.span.Start)
	if err == nil {
		s.sections = append(s.sections, sec)
	} else if o, e := s.f.body(b.span.Start, s.f.size, b.ref); e == nil {
		stm, ok := o.(*Stream)
		if !ok || stm.Dict.Name("Type") != "XRef" {
			return
		}
		sec = &section{trailer: stm.Dict}
	}
	if sec != nil {
		s.trailers, s.ends = append(s.trailers, sec.trailer), append(s.ends, b.span.End)
		s.kind = XRefStream
	}
}

// settleLengths drops what was found in the data of streams that turn out to
// reach beyond the first "endstream".
func (s *sweep) settleLengths() error {
	if len(s.lengths) == 0 {
		return nil
	}
	last := make(map[Ref]int64, len(s.lengths))
	for _, l := range s.lengths {
		last[l.ref] = 0
	}
	for _, b := range s.bodies {
		ref := Ref{int(b.number), int(b.generation)}
		if _, ok := last[ref]; ok && b.flags&bodyCut == 0 {
			last[ref] = b.offset
		}
	}
	var hidden []Span
	for _, l := range s.lengths {
		at := last[l.ref]
		if at == 0 || len(hidden) > 0 && l.data.Start < hidden[len(hidden)-1].End {
			continue
		}
		o, err := s.f.body(at, s.f.size, l.ref)
		if isLimit(err) {
			return err
		}
		n, ok := o.(Integer)
		if end := l.data.Start + int64(n); ok && n > 0 && int64(n) <= s.f.size-l.data.Start && end > l.end {
			stm := Stream{file: s.f, start: l.data.Start, limit: s.f.size}
			if ok, err := stm.endsAt(end); err != nil || !ok {
				continue
			}
			hidden = append(hidden, Span{l.end, end})
		}
	}
	s.drop(hidden)
	return nil
}

// drop takes out what begins in one of the spans, which are in order.
func (s *sweep) drop(spans []Span) {
	if len(spans) == 0 {
		return
	}
	inside := func(off int64) bool {
		i, _ := slices.BinarySearchFunc(spans, off, func(x Span, off int64) int { return cmp.Compare(x.End, off+1) })
		return i < len(spans) && spans[i].Start <= off
	}
	s.bodies = slices.DeleteFunc(s.bodies, func(b body) bool { return inside(b.offset) })
	s.ends = slices.DeleteFunc(s.ends, inside)
	s.sections = slices.DeleteFunc(s.sections, func(x *section) bool { return inside(x.offset) })
	s.trailers = slices.DeleteFunc(s.trailers, func(d *Dict) bool { return inside(d.span.Start) })
}

// revision returns the index of the revision whose bytes hold off.
func (s *sweep) revision(off int64) int {
	i, _ := slices.BinarySearch(s.ends, off+1)
	return i
}
