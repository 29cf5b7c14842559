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

// region is a part of a revision that is accounted for: an object, whose end
// is to be found out, or a cross-reference section.
type region struct {
	start, end int64
	number     int
}

// Strays returns what the bytes of a revision hold between the objects that
// its cross-reference section lists, white space and comments apart, at most
// 1000 of them: bodies of objects that are not listed there, and other bytes.
// Stream data is stepped over, not read.
func (f *File) Strays(revision int) ([]Stray, error) {
	v := f.View(revision)
	r := &f.revs[v.rev-1]
	s := strayWalk{v: v, end: r.End, pos: r.Start}
	regions, err := s.regions(r)
	if err != nil {
		return nil, err
	}
	if r.Number == 1 {
		s.pos = f.header
	}
	for _, g := range regions {
		if len(s.out) >= maxStrays {
			break
		}
		if err := s.step(g); err != nil {
			return nil, err
		}
	}
	if err := s.gap(r.End); err != nil {
		return nil, err
	}
	return s.twins(r), nil
}

type strayWalk struct {
	v        *View
	pos, end int64
	out      []Stray
}

func (s *strayWalk) regions(r *revision) ([]region, error) {
	var out []region
	add := func(t *section) error {
		m, err := s.v.file.markerAt(t.after)
		if t.offset >= r.Start && t.offset < r.End {
			out = append(out, region{t.offset, max(t.after, m.end), -1})
		}
		t.each(func(n int) {
			e, ok := t.find(n)
			if ok && e.kind() == kindOffset && e.offset() >= r.Start && e.offset() < r.End {
				out = append(out, region{start: e.offset(), number: n})
			}
		})
		return err
	}
	for _, t := range r.sections {
		if err := add(t); err != nil {
			return nil, err
		}
		if t.hidden != nil {
			if err := add(t.hidden); err != nil {
				return nil, err
			}
		}
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

// step looks at the gap before g, and goes to its end.
func (s *strayWalk) step(g region) error {
	if g.start < s.pos {
		s.out = append(s.out, Stray{Span: Span{g.start, s.pos}, Ref: Ref{Number: max(g.number, 0)}, Overlap: true})
		return nil
	}
	if err := s.gap(g.start); err != nil {
		return err
	}
	s.pos = g.end
	if g.end == 0 {
		b, err := s.v.skimAt(g.start, s.end)
		if err != nil {
			// The object is damaged, which its reader will find; what
			// follows it is looked at as if it were none.
			if isLimit(err) {
				return err
			}
			s.pos = g.start
			return nil
		}
		s.pos = b.span.End
	}
	return nil
}

// gap adds what is between pos and to.
func (s *strayWalk) gap(to int64) error {
	for s.pos < to && len(s.out) < maxStrays {
		var start int64
		err := s.v.file.parse(s.pos, to, func(p *parser) error {
			p.skipSpace()
			start = p.base + int64(p.pos)
			return nil
		})
		if err != nil {
			return err
		}
		if s.pos = start; start >= to {
			break
		}
		b, err := s.v.skimAt(start, to)
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
		s.out = append(s.out, Stray{Span: b.span, Ref: b.ref})
		s.pos = b.span.End
	}
	s.pos = max(s.pos, to)
	return nil
}

// twins marks the strays whose number the revision has another body for.
func (s *strayWalk) twins(r *revision) []Stray {
	count := make(map[int]int, len(s.out))
	for _, x := range s.out {
		count[x.Ref.Number]++
	}
	for i, x := range s.out {
		e, ok := r.lookup(x.Ref.Number)
		listed := ok && e.kind() != kindFree
		s.out[i].Twin = !x.Overlap && !x.Ref.IsZero() && (listed || count[x.Ref.Number] > 1)
	}
	return s.out
}
