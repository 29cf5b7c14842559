package pdf

import (
	"bytes"
	"fmt"
	"slices"
)

// XRefKind is the form of a cross-reference section.
type XRefKind int

// The forms of a cross-reference section (ISO 32000-2, 7.5.4 and 7.5.8).
const (
	Table      XRefKind = iota // a table with a trailer dictionary
	XRefStream                 // a cross-reference stream
	Hybrid                     // a table whose trailer names a stream beside it with /XRefStm
)

func (k XRefKind) String() string {
	return [...]string{"table", "stream", "hybrid"}[k]
}

// A Revision is one state of the file: the original, or what an incremental
// update made of it. It takes the bytes from Start to End.
type Revision struct {
	Number  int   // from 1, the oldest
	XRef    int64 // offset of its cross-reference section from the first byte of the file
	Kind    XRefKind
	Start   int64 // End of the revision before, 0 for the first
	Marker  int64 // after the last byte of %%EOF, or of the startxref number where there is none
	End     int64 // after Marker and at most one end of line
	Trailer *Dict
	Twice   []int // object numbers that the cross-reference section lists twice
}

// EndsAt reports whether a signature that covers the file up to off covers the
// whole revision: to the end-of-file marker, with or without the end of line
// after it. A signed file often has none, and the one that a later revision
// begins with is then read as this revision's.
func (r Revision) EndsAt(off int64) bool { return r.Marker <= off && off <= r.End }

// revision is a Revision with its cross-reference sections, which are several
// where the file is linearized: the first that lists an object counts.
type revision struct {
	Revision
	sections []*section
	highest  int   // highest object number that this revision or one before lists
	scan     *scan // made when it is asked for
}

func (r *revision) lookup(n int) (entry, bool) {
	for _, s := range r.sections {
		if e, ok := s.lookup(n); ok {
			return e, true
		}
	}
	return 0, false
}

// readChain reads the sections from the newest, at the offset that startxref
// gives, along /Prev to the oldest.
func (f *File) readChain(start int64) ([]*section, error) {
	f.shift = f.header
	if f.shift > 0 && !f.sectionAt(start+f.shift) && f.sectionAt(start) {
		f.shift = 0
	}
	var chain []*section
	seen := make(map[int64]bool, 4)
	for off := start; ; {
		if seen[off] {
			return nil, &SyntaxError{off, "/Prev leads round in a circle"}
		}
		if len(chain) >= f.lim.Revisions {
			return nil, fmt.Errorf("%w: more than %d cross-reference sections", ErrLimit, f.lim.Revisions)
		}
		seen[off] = true
		if off > f.size-f.shift {
			return nil, &SyntaxError{off, fmt.Sprintf("cross-reference section is after the end of the file, byte %d", f.size)}
		}
		s, err := f.readSection(off + f.shift)
		if err != nil {
			return nil, err
		}
		s.given = off
		if err := f.readHidden(s); err != nil {
			return nil, err
		}
		f.encrypted = f.encrypted || s.trailer.Has("Encrypt")
		chain = append(chain, s)
		if off = s.prev; off == 0 {
			break
		}
	}
	if _, ok := chain[0].trailer.Get("Root").(Ref); !ok {
		return nil, &SyntaxError{chain[0].offset, "trailer has no /Root that is a reference"}
	}
	return chain, nil
}

// sectionAt reports whether something that can be a cross-reference section
// begins at off.
func (f *File) sectionAt(off int64) bool {
	found := false
	err := f.parse(off, f.size, func(p *parser) error {
		if found = p.keyword("xref"); !found {
			_, err := p.expect(Ref{})
			found = err == nil
		}
		return nil
	})
	return err == nil && found
}

// readHidden reads the stream that the table of a hybrid file names.
func (f *File) readHidden(s *section) error {
	if s.kind != Table || !s.trailer.Has("XRefStm") {
		return nil
	}
	off, ok := s.trailer.Int("XRefStm")
	if !ok || off < 0 || off > f.size-f.shift {
		return &SyntaxError{s.trailer.span.Start, "/XRefStm of a trailer is not an offset in the file"}
	}
	h, err := f.readXRefStream(off + f.shift)
	if err != nil {
		return err
	}
	s.kind, s.hidden = Hybrid, h
	return nil
}

// A marker is "startxref", a number, and the end-of-file comment after it.
type marker struct {
	value    int64 // as in the file
	eof, end int64 // absolute offsets after %%EOF, and after the end of line that follows it; 0 for no marker
}

// groupRevisions makes revisions of the chain, oldest first. A revision ends
// with the marker that puts its newest section in force: that is what a signer
// of this revision saw, whatever a later startxref points to, be it a section
// hidden among the bytes that were signed.
func (f *File) groupRevisions(chain []*section) error {
	var fore marker // found after the main section of a linearized file
	for i := len(chain) - 1; i >= 0; i-- {
		s := chain[i]
		var before int64
		if n := len(f.revs); n > 0 {
			before = f.revs[n-1].End
		}
		m, err := f.markerAt(s.after)
		if err != nil {
			return err
		}
		switch {
		case m.end > before && f.activates(m, s):
		case fore.end > before && f.activates(fore, s):
			m = fore
		case m.end > before && i > 0 && chain[i-1].offset < s.offset && f.activates(m, chain[i-1]):
			// The main section of a linearized file, whose marker names the
			// section of its first page, at the front of the file.
			fore, m = m, marker{}
		default:
			if m, err = f.findMarker(max(s.after, before), s); err != nil {
				return err
			}
		}
		f.addSection(s, m)
	}
	if last := &f.revs[len(f.revs)-1]; last.End == 0 {
		return fmt.Errorf("%w: %w", ErrXRef, &SyntaxError{last.XRef, "no startxref that names it follows the cross-reference section"})
	}
	return nil
}

// activates reports whether m puts s in force. Some files name a byte of the
// white space before a section.
func (f *File) activates(m marker, s *section) bool {
	before := s.offset - f.shift - m.value
	return m.end > 0 && (m.value == s.given || before >= 0 && before <= 16)
}

// addSection begins a revision with s, or adds s to the last one where that
// has no end of its own. m is the marker that ends the revision, if it was found.
func (f *File) addSection(s *section, m marker) {
	n := len(f.revs)
	if n == 0 || f.revs[n-1].End != 0 {
		r := revision{Revision: Revision{Number: n + 1}, highest: -1}
		if n > 0 {
			r.Start, r.highest = f.revs[n-1].End, f.revs[n-1].highest
		}
		f.revs = append(f.revs, r)
		n++
	}
	r := &f.revs[n-1]
	r.sections = slices.Insert(r.sections, 0, s)
	r.XRef, r.Kind, r.Trailer = s.offset, s.kind, s.trailer
	r.highest = max(r.highest, s.highest())
	r.Twice = append(r.Twice, s.twice...)
	if s.hidden != nil {
		r.Twice = append(r.Twice, s.hidden.twice...)
	}
	r.Marker, r.End = m.eof, m.end
}

// findMarker returns the first marker at pos or after that puts s in force:
// other objects may stand between a section and its startxref.
func (f *File) findMarker(pos int64, s *section) (marker, error) {
	for {
		var err error
		if pos, err = f.find(pos, f.size, startxref); err != nil || pos < 0 {
			return marker{}, err
		}
		m, err := f.markerAt(pos)
		if err != nil || f.activates(m, s) {
			return m, err
		}
		pos += int64(len(startxref))
	}
}

// markerAt returns the marker that is the first thing at pos.
func (f *File) markerAt(pos int64) (m marker, err error) {
	err = f.parse(pos, f.size, func(p *parser) error {
		m = marker{}
		if !p.keyword("startxref") {
			return nil
		}
		n, ok := p.uint()
		if !ok {
			return nil
		}
		after := p.pos
		for !p.atEnd() && class[p.buf[p.pos]] == space {
			p.pos++
		}
		if p.short = p.short || len(p.buf)-p.pos < len("%%EOF\r\n"); bytes.HasPrefix(p.buf[p.pos:], []byte("%%EOF")) {
			after = p.pos + len("%%EOF")
		}
		m = marker{n, p.base + int64(after), p.base + int64(after)}
		if rest := p.buf[after:]; bytes.HasPrefix(rest, []byte("\r\n")) {
			m.end += 2
		} else if len(rest) > 0 && (rest[0] == '\r' || rest[0] == '\n') {
			m.end++
		}
		return nil
	})
	return m, err
}

// find returns the offset of the first needle in the file from pos to limit,
// or -1. What it reads is taken from the budget.
func (f *File) find(pos, limit int64, needle []byte) (int64, error) {
	for limit-pos >= int64(len(needle)) {
		b, err := f.at(pos, len(needle))
		if err != nil {
			return 0, err
		}
		b = b[:min(int64(len(b)), limit-pos)]
		i := bytes.Index(b, needle)
		skip := i
		if i < 0 {
			skip = len(b) - len(needle) + 1
		}
		if err := f.toil(skip); err != nil {
			return 0, err
		}
		if pos += int64(skip); i >= 0 {
			return pos, nil
		}
		if skip <= 0 {
			break
		}
	}
	return -1, nil
}

// Revisions returns the revisions of the file, oldest first. There is at least
// one.
func (f *File) Revisions() []Revision {
	out := make([]Revision, len(f.revs))
	for i := range f.revs {
		out[i] = f.revs[i].Revision
	}
	return out
}

// RevisionAt returns the number of the revision whose bytes hold off, or 0
// where off is after the last.
func (f *File) RevisionAt(off int64) int {
	for i := range f.revs {
		if off < f.revs[i].End {
			return i + 1
		}
	}
	return 0
}

// Linearized reports whether the first revision has the two cross-reference
// sections of a linearized file.
func (f *File) Linearized() bool { return len(f.revs[0].sections) > 1 }

// Trailing returns the bytes after the end of the last revision, and whether
// they are white space only.
func (f *File) Trailing() (span Span, blank bool, err error) {
	span = Span{f.revs[len(f.revs)-1].End, f.size}
	for pos := span.Start; pos < f.size; {
		b, err := f.at(pos, 64<<10)
		if err != nil {
			return span, false, err
		}
		for _, c := range b {
			if class[c] != space {
				return span, false, nil
			}
		}
		pos += int64(len(b))
	}
	return span, true, nil
}

// Written is an object that the cross-reference section of a revision lists:
// one that the revision adds, changes, moves or frees.
type Written struct {
	Ref  Ref
	Free bool
}

// Written returns what revision lists, each number once, in order of number
// within each section. Object 0, the head of the free list, is left out.
func (f *File) Written(revision int) []Written {
	if revision < 1 || revision > len(f.revs) {
		return nil
	}
	r := &f.revs[revision-1]
	var out []Written
	for i, s := range r.sections {
		for _, part := range []*section{s, s.hidden} {
			if part == nil {
				continue
			}
			part.each(func(n int) {
				if n == 0 || r.listedBefore(i, part == s.hidden, n) {
					return
				}
				e, _ := s.lookup(n)
				out = append(out, Written{Ref{n, e.generation()}, e.kind() == kindFree})
			})
		}
	}
	return out
}

func (r *revision) listedBefore(i int, hidden bool, n int) bool {
	if hidden {
		if _, ok := r.sections[i].find(n); ok {
			return true
		}
	}
	for _, s := range r.sections[:i] {
		if _, ok := s.lookup(n); ok {
			return true
		}
	}
	return false
}

func (s *section) each(fn func(n int)) {
	for _, r := range s.runs {
		for i := range int(r.count) {
			fn(int(r.first) + i)
		}
	}
}
