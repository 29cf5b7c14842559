package pdf

import (
	"cmp"
	"errors"
	"slices"
)

// maxStrays is how many strays of a revision are told.
const maxStrays = 1000

// A Stray is something among the bytes of a revision that its cross-reference
// section does not account for.
type Stray struct {
	Span Span
	Ref  Ref // the number that an object body there has; zero for other bytes

	// Twin: the revision has another body of the same number. Readers that
	// rebuild the cross-reference section may show this one.
	Twin bool
	// Overlap: the section lists an object that begins inside another one.
	Overlap bool
}

// Strays returns what the bytes of a revision hold between the objects that
// its cross-reference section lists, white space and comments apart, at most
// 1000 of them: bodies of objects that are not listed there, and other bytes.
// Stream data is stepped over, not read.
func (f *File) Strays(revision int) ([]Stray, error) {
	s, err := f.scan(revision)
	if err != nil {
		return nil, err
	}
	return slices.Clone(s.strays), nil
}

// A scan is a pass over all objects that a revision lists, without building
// them, in the order of their offsets.
type scan struct {
	v          *View
	rev        *revision
	pos        int64
	strays     []Stray
	signatures []int // numbers of objects with the name ByteRange
}

// A region is a part of a revision that is accounted for: an object, whose end
// is to be found out, or a cross-reference section.
type region struct {
	start, end int64
	number     int32 // -1 for a section
	generation uint16
}

// scan returns the scan of a revision, which is made once.
func (f *File) scan(revision int) (*scan, error) {
	v := f.View(revision)
	r := &f.revs[v.rev-1]
	if r.scan != nil {
		return r.scan, nil
	}
	s := &scan{v: v, rev: r, pos: r.Start}
	if r.Number == 1 {
		s.pos = f.header
	}
	regions, err := s.regions()
	if err != nil {
		return nil, err
	}
	for _, g := range regions {
		if err := s.step(g); err != nil {
			return nil, err
		}
	}
	if err := s.gap(r.End); err != nil {
		return nil, err
	}
	s.markTwins()
	slices.Sort(s.signatures)
	s.signatures = slices.Compact(s.signatures)
	r.scan = s
	return s, nil
}

// regions returns the sections of the revision and the objects that it lists
// and the one before does not already have at the same place, by offset.
func (s *scan) regions() ([]region, error) {
	var parts []*section
	n := 0
	for _, t := range s.rev.sections {
		parts = append(parts, t)
		n += len(t.entries)
		if t.hidden != nil {
			parts = append(parts, t.hidden)
			n += len(t.hidden.entries)
		}
	}
	out := make([]region, 0, n+len(parts))
	for _, t := range parts {
		m, err := s.v.file.markerAt(t.after)
		if err != nil {
			return nil, err
		}
		if s.inside(t.offset) {
			out = append(out, region{start: t.offset, end: max(t.after, m.end), number: -1})
		}
		t.each(func(n int) {
			if e, _ := t.find(n); e.kind() == kindOffset && e.offset() < s.rev.End && !s.listedBefore(n, e) {
				out = append(out, region{start: e.offset(), number: int32(n), generation: uint16(e.generation())})
			}
		})
	}
	// A cross-reference stream lists itself, and a table and the stream beside
	// it may list one object both.
	slices.SortFunc(out, func(a, b region) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), cmp.Compare(a.number, b.number))
	})
	return slices.CompactFunc(out, func(a, b region) bool {
		return a.start == b.start && (a.number == b.number || min(a.number, b.number) < 0)
	}), nil
}

func (s *scan) inside(off int64) bool { return off >= s.rev.Start && off < s.rev.End }

func (s *scan) listedBefore(n int, e entry) bool {
	if s.v.rev == 1 {
		return false
	}
	old, _ := (&View{s.v.file, s.v.rev - 1}).lookup(n)
	return old == e
}

// step looks at the gap before g, and goes to its end. A listed object that is
// damaged is as if it were not listed: its reader will find the fault, and the
// bytes there are strays.
func (s *scan) step(g region) error {
	if g.number < 0 {
		if g.start < s.pos {
			return nil
		}
		err := s.gap(g.start)
		s.pos = g.end
		return err
	}
	b, err := s.v.skimAt(g.start, s.rev.End, Ref{int(g.number), int(g.generation)})
	if isLimit(err) {
		return err
	}
	if err == nil && b.byteRange {
		s.signatures = append(s.signatures, int(g.number))
	}
	switch {
	case !s.inside(g.start): // the section points back into an earlier revision
		return nil
	case g.start < s.pos:
		s.stray(Stray{Span: Span{g.start, s.pos}, Ref: Ref{Number: int(g.number)}, Overlap: true})
		return nil
	}
	if err := s.gap(g.start); err != nil {
		return err
	}
	s.pos = g.start
	if err == nil {
		s.pos = b.span.End
	}
	return nil
}

// gap adds what is between pos and to.
func (s *scan) gap(to int64) error {
	for s.pos < to {
		var start int64
		err := s.v.file.parse(s.pos, to, func(p *parser) error {
			p.skipSpace()
			start = p.base + int64(p.pos)
			return nil
		})
		if err != nil {
			return err
		}
		if start >= to || len(s.strays) >= maxStrays {
			break
		}
		b, err := s.v.skimAt(start, to, Ref{})
		if isLimit(err) {
			return err
		}
		var syntax *SyntaxError
		if err != nil && !errors.As(err, &syntax) {
			return err
		}
		if err != nil {
			b = skimmed{ref: b.ref, span: Span{start, to}}
		}
		s.stray(Stray{Span: b.span, Ref: b.ref})
		s.pos = b.span.End
	}
	s.pos = max(s.pos, to)
	return nil
}

func (s *scan) stray(x Stray) {
	if len(s.strays) < maxStrays {
		s.strays = append(s.strays, x)
	}
}

// markTwins marks the strays whose number the revision has another body for.
func (s *scan) markTwins() {
	count := make(map[int]int, len(s.strays))
	for _, x := range s.strays {
		count[x.Ref.Number]++
	}
	for i, x := range s.strays {
		e, ok := s.rev.lookup(x.Ref.Number)
		listed := ok && e.kind() != kindFree
		s.strays[i].Twin = !x.Overlap && !x.Ref.IsZero() && (listed || count[x.Ref.Number] > 1)
	}
}
