package pdf

import (
	"cmp"
	"fmt"
	"slices"
)

// An entry is what a cross-reference section says of one object, packed in
// eight bytes, for a file may have millions: two bits of kind; then for a free
// object its next generation (16 bits), for one at an offset its generation
// (16 bits) and the offset (46 bits, 64 TiB), for one in an object stream its
// index there (24 bits) and the number of that stream (24 bits).
type entry uint64

const (
	kindFree entry = iota
	kindOffset
	kindPacked
	kindMask entry = 3
)

const maxOffset = 1<<46 - 1

func freeEntry(gen int64) entry          { return kindFree + entry(gen&0xffff)<<2 }
func offsetEntry(off, gen int64) entry   { return entry(off)<<18 | entry(gen)<<2 | kindOffset }
func packedEntry(stm, index int64) entry { return entry(stm)<<26 | entry(index)<<2 | kindPacked }

func (e entry) kind() entry { return e & kindMask }

func (e entry) generation() int {
	if e.kind() == kindPacked {
		return 0
	}
	return int(e >> 2 & 0xffff)
}

func (e entry) offset() int64 { return int64(e >> 18) }
func (e entry) stream() int   { return int(e >> 26) }
func (e entry) index() int    { return int(e >> 2 & 0xffffff) }

// A section is one cross-reference table or stream, as runs of object numbers
// that ascend and do not overlap.
type section struct {
	offset  int64 // absolute
	kind    XRefKind
	given   int64 // the offset as startxref or /Prev gives it
	prev    int64 // /Prev as the file gives it, 0 for none
	after   int64 // absolute offset after the trailer or the stream
	trailer *Dict
	runs    []run
	entries []entry
	twice   []int // object numbers listed twice: the first counts
	// misshapen is where the first entry of a table is that has not ten digits, five
	// digits and a letter, apart by one space, or a comment before it; 0 for none.
	misshapen int64

	own    int      // object number of a cross-reference stream, which it need not list; 0 for a table
	hidden *section // of a hybrid file: the stream that /XRefStm names
}

type run struct{ first, count, at int32 } // at: index of the first in entries

func (s *section) find(n int) (entry, bool) {
	i, ok := slices.BinarySearchFunc(s.runs, n, func(r run, n int) int {
		switch {
		case int(r.first+r.count) <= n:
			return -1
		case int(r.first) > n:
			return 1
		}
		return 0
	})
	if !ok {
		return 0, false
	}
	r := s.runs[i]
	return s.entries[int(r.at)+n-int(r.first)], true
}

// lookup finds n in the table and, for a hybrid file, in the stream beside it:
// the stream says what the table hides as free (ISO 32000-2, 7.5.8.4).
func (s *section) lookup(n int) (entry, bool) {
	e, ok := s.find(n)
	if s.hidden == nil || ok && e.kind() != kindFree {
		return e, ok
	}
	if h, found := s.hidden.find(n); found {
		return h, true
	}
	return e, ok
}

// highest returns the highest object number that s lists or has itself, or -1.
func (s *section) highest() int {
	n := -1
	if s.own > 0 {
		n = s.own
	}
	if len(s.runs) > 0 {
		r := s.runs[len(s.runs)-1]
		n = max(n, int(r.first+r.count-1))
	}
	if s.hidden != nil {
		n = max(n, s.hidden.highest())
	}
	return n
}

// addRun begins a run of count entries.
func (s *section) addRun(first, count int64) {
	s.runs = append(s.runs, run{int32(first), int32(count), int32(len(s.entries))})
}

// checkRun reports whether the numbers of a run, found at off, are in bounds.
func (f *File) checkRun(first, count, off int64) error {
	if first < 0 || count < 0 || first > maxOffset || count > maxOffset {
		return &SyntaxError{off, fmt.Sprintf("cross-reference section of %d objects from %d", count, first)}
	}
	last := first + count - 1
	if last > maxObjects { // no reader has such an object: the section is damaged
		return fmt.Errorf("%w: %w", ErrLimit, &SyntaxError{off, fmt.Sprintf("cross-reference section lists object %d, at most %d", last, maxObjects)})
	}
	if last > int64(f.lim.Objects) {
		return fmt.Errorf("%w: object number %d, at most %d", ErrLimit, last, f.lim.Objects)
	}
	f.entries += count
	if most := int64(maxObjects+1) + f.size/32; f.entries > most {
		return fmt.Errorf("%w: more than %d cross-reference entries", ErrLimit, most)
	}
	return nil
}

// settle brings the runs of s in order. Where two of them list one object, the
// first in the file counts, as in most readers, and the number is kept in twice.
func (s *section) settle() error {
	s.runs = slices.DeleteFunc(s.runs, func(r run) bool { return r.count == 0 })
	slices.SortStableFunc(s.runs, func(a, b run) int { return cmp.Compare(a.first, b.first) })
	overlap := false
	for i := 1; i < len(s.runs); i++ {
		overlap = overlap || s.runs[i].first < s.runs[i-1].first+s.runs[i-1].count
	}
	if !overlap {
		return nil
	}
	if len(s.entries) > 1<<20 {
		return fmt.Errorf("%w: cross-reference section at byte %d lists objects twice", ErrLimit, s.offset)
	}
	return s.flatten()
}

func (s *section) flatten() error {
	type numbered struct{ n, at int32 }
	all := make([]numbered, 0, len(s.entries))
	for _, r := range s.runs {
		for i := range r.count {
			all = append(all, numbered{r.first + i, r.at + i})
		}
	}
	slices.SortFunc(all, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.at, b.at))
	})
	old := s.entries
	s.entries, s.runs = make([]entry, 0, len(old)), s.runs[:0]
	for i, e := range all {
		if i > 0 && all[i-1].n == e.n {
			if len(s.twice) == 0 || s.twice[len(s.twice)-1] != int(e.n) {
				s.twice = append(s.twice, int(e.n))
			}
			continue
		}
		if k := len(s.runs) - 1; k >= 0 && s.runs[k].first+s.runs[k].count == e.n {
			s.runs[k].count++
		} else {
			s.runs = append(s.runs, run{e.n, 1, int32(len(s.entries))})
		}
		s.entries = append(s.entries, old[e.at])
	}
	return nil
}
