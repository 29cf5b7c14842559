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
	highest  int // highest object number that this revision or one before lists
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
			_, err := p.header()
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

// groupRevisions makes revisions of the chain, oldest first. A section that
// lies before the end of the one before it belongs to the same revision: that
// of the first page of a linearized file, whose /Prev leads forward.
func (f *File) groupRevisions(chain []*section) error {
	for i := len(chain) - 1; i >= 0; i-- {
		s := chain[i]
		limit := f.size
		if i > 0 && chain[i-1].offset > s.offset {
			limit = chain[i-1].offset
		}
		marker, end, err := f.sectionEnd(s.after, limit)
		if err != nil {
			return err
		}
		if n := len(f.revs); n > 0 && (s.offset < f.revs[n-1].End || f.revs[n-1].End == 0) {
			f.revs[n-1].join(s, marker, end)
			continue
		}
		r := revision{Revision: Revision{Number: len(f.revs) + 1}, highest: -1}
		if n := len(f.revs); n > 0 {
			r.Start, r.highest = f.revs[n-1].End, f.revs[n-1].highest
		}
		r.join(s, marker, end)
		f.revs = append(f.revs, r)
	}
	if last := &f.revs[len(f.revs)-1]; last.End == 0 {
		return fmt.Errorf("%w: %w", ErrXRef, &SyntaxError{last.XRef, "no startxref follows the cross-reference section"})
	}
	return nil
}

func (r *revision) join(s *section, marker, end int64) {
	r.sections = slices.Insert(r.sections, 0, s)
	r.XRef, r.Kind, r.Trailer = s.offset, s.kind, s.trailer
	r.highest = max(r.highest, s.highest())
	r.Twice = append(r.Twice, s.twice...)
	if end > r.End {
		r.Marker, r.End = marker, end
	}
}

// sectionEnd returns where the revision ends whose trailer ends at pos: after
// the end-of-file marker that follows, and after the end of line that follows
// that. Both are 0 where no startxref is found before limit.
func (f *File) sectionEnd(pos, limit int64) (marker, end int64, err error) {
	marker, end, err = f.endMarker(pos, f.size)
	if marker != 0 || err != nil {
		return marker, end, err
	}
	// Other objects may stand between the section and its startxref.
	for pos < limit {
		if pos, err = f.find(pos, limit, startxref); err != nil || pos < 0 {
			return 0, 0, err
		}
		if marker, end, err = f.endMarker(pos, f.size); marker != 0 || err != nil {
			return marker, end, err
		}
		pos += int64(len(startxref))
	}
	return 0, 0, nil
}

func (f *File) endMarker(pos, limit int64) (marker, end int64, err error) {
	err = f.parse(pos, limit, func(p *parser) error {
		marker, end = 0, 0
		if !p.keyword("startxref") {
			return nil
		}
		if _, ok := p.uint(); !ok {
			return nil
		}
		marker = p.base + int64(p.pos)
		for !p.atEnd() && class[p.buf[p.pos]] == space {
			p.pos++
		}
		if bytes.HasPrefix(p.buf[p.pos:], []byte("%%EOF")) {
			p.pos += 5
			marker = p.base + int64(p.pos)
		} else if p.pos = int(marker - p.base); len(p.buf)-p.pos < 5 {
			p.short = true
		}
		end = marker
		if !p.atEnd() && p.buf[p.pos] == '\r' {
			p.pos++
			end++
		}
		if !p.atEnd() && p.buf[p.pos] == '\n' {
			end++
		}
		return nil
	})
	return marker, end, err
}

// find returns the offset of the first needle in the file from pos to limit,
// or -1. What it reads is taken from the budget.
func (f *File) find(pos, limit int64, needle []byte) (int64, error) {
	for pos < limit {
		b, err := f.at(pos, 64<<10)
		if err != nil {
			return 0, err
		}
		b = b[:min(int64(len(b)), limit-pos)]
		if err := f.spend(int64(len(b))); err != nil {
			return 0, err
		}
		if i := bytes.Index(b, needle); i >= 0 {
			return pos + int64(i), nil
		}
		if len(b) < len(needle) {
			break
		}
		pos += int64(len(b) - len(needle) + 1)
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
