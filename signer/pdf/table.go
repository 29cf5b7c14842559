package pdf

import (
	"fmt"
	"regexp"
	"slices"
)

// readSection reads the cross-reference section at the absolute offset off,
// whichever kind it is.
func (f *File) readSection(off int64) (*section, error) {
	table := false
	err := f.parse(off, f.size, func(p *parser) error {
		table = p.keyword("xref")
		off = p.base + int64(p.pos)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if table {
		return f.readTable(off)
	}
	return f.readXRefStream(off)
}

// readTable reads a table, from after the word "xref", and its trailer.
func (f *File) readTable(pos int64) (*section, error) {
	s := &section{offset: pos - int64(len("xref")), kind: Table}
	for {
		var first, count int64
		trailer := false
		err := f.parse(pos, f.size, func(p *parser) error {
			if trailer = p.keyword("trailer"); !trailer {
				var ok1, ok2 bool
				first, ok1 = p.uint()
				count, ok2 = p.uint()
				if !ok1 || !ok2 {
					return p.errorf("found %q, want a cross-reference subsection or \"trailer\"", clip(p.buf[p.pos:]))
				}
			}
			p.skipSpace()
			pos = p.base + int64(p.pos)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if trailer {
			break
		}
		if pos, err = f.readRun(s, pos, first, count); err != nil {
			return nil, err
		}
	}
	if err := f.readTrailer(s, pos); err != nil {
		return nil, err
	}
	return s, s.settle()
}

const tableEntry = 20 // bytes of an entry, its end of line included

// readRun reads the entries of one subsection and returns the offset after it.
func (f *File) readRun(s *section, pos, first, count int64) (int64, error) {
	if err := f.checkRun(first, count, pos); err != nil {
		return 0, err
	}
	if count > (f.size-pos)/(tableEntry-2)+1 {
		return 0, &SyntaxError{pos, fmt.Sprintf("cross-reference subsection of %d entries in the last %d bytes of the file", count, f.size-pos)}
	}
	s.addRun(first, count)
	s.entries = slices.Grow(s.entries, int(count))
	for left := count; left > 0; {
		b, err := f.at(pos, int(min(left, 4096))*tableEntry)
		if err != nil {
			return 0, err
		}
		n := int64(0)
		for ; n < left && len(b) >= tableEntry; n++ {
			e, ok := f.fixedEntry(b)
			if !ok {
				break
			}
			s.entries = append(s.entries, e)
			b = b[tableEntry:]
		}
		pos += n * tableEntry
		if left -= n; n == 0 {
			if pos, err = f.looseEntry(s, pos); err != nil {
				return 0, err
			}
			left--
		}
	}
	s.fromOne(count)
	return pos, nil
}

// fromOne mends a table that numbers its objects from 1 where it means 0, a
// slip of several producers that every reader forgives: object 0 alone is the
// head of the free list, with generation 65535.
func (s *section) fromOne(count int64) {
	r := &s.runs[len(s.runs)-1]
	if len(s.runs) == 1 && r.first == 1 && count > 0 && s.entries[r.at] == freeEntry(65535) {
		r.first = 0
	}
}

// fixedEntry reads an entry of the form that the standard requires.
func (f *File) fixedEntry(b []byte) (entry, bool) {
	off, ok1 := parseUint(b[:10])
	gen, ok2 := parseUint(b[11:16])
	eol := b[18] == ' ' && (b[19] == '\n' || b[19] == '\r') || b[18] == '\r' && b[19] == '\n'
	if !ok1 || !ok2 || !eol || b[10] != ' ' || b[16] != ' ' {
		return 0, false
	}
	switch b[17] {
	case 'n':
		return f.tableEntry(off, gen), true
	case 'f':
		return freeEntry(gen), true
	}
	return 0, false
}

// shapely is an entry of the right width, whatever ends its line, and the one before.
var shapely = regexp.MustCompile(`^\s*\d{10} \d{5} [nf]`)

// looseEntry reads an entry of any width.
func (f *File) looseEntry(s *section, pos int64) (int64, error) {
	start, ok := pos, false
	err := f.parse(pos, f.size, func(p *parser) error {
		ok = shapely.Match(p.buf[p.pos:])
		off, ok1 := p.uint()
		gen, ok2 := p.uint()
		if !ok1 || !ok2 {
			return p.errorf("found %q, want a cross-reference entry", clip(p.buf[p.pos:]))
		}
		switch {
		case p.keyword("n"):
			s.entries = append(s.entries, f.tableEntry(off, gen))
		case p.keyword("f"):
			s.entries = append(s.entries, freeEntry(gen))
		default:
			return p.errorf("cross-reference entry is neither \"n\" nor \"f\"")
		}
		p.skipSpace()
		pos = p.base + int64(p.pos)
		return nil
	})
	if !ok && s.misshapen == 0 {
		s.misshapen = start
	}
	return pos, err
}

// tableEntry packs an entry in use. Offset 0 is where the header is, never an
// object: producers write it for objects that they dropped.
func (f *File) tableEntry(off, gen int64) entry {
	if off == 0 || off > maxOffset-f.shift || gen > 65535 {
		return freeEntry(gen)
	}
	return offsetEntry(off+f.shift, gen)
}

func (f *File) readTrailer(s *section, pos int64) error {
	err := f.parse(pos, f.size, func(p *parser) error {
		o, err := p.object(0)
		if err != nil {
			return err
		}
		d, ok := o.(*Dict)
		if !ok {
			p.pos = 0
			return p.errorf("trailer is not a dictionary")
		}
		s.trailer = d
		s.after = p.base + int64(p.pos)
		return nil
	})
	if err != nil {
		return err
	}
	return s.readPrev(s.trailer)
}

// readPrev takes /Prev, which some producers write as a real number.
func (s *section) readPrev(d *Dict) error {
	switch prev := d.Get("Prev").(type) {
	case Null:
	case Integer:
		s.prev = int64(prev)
	case Real:
		s.prev = int64(prev.Value)
	default:
		return &SyntaxError{d.span.Start, "/Prev of a trailer is not a number"}
	}
	if s.prev < 0 {
		return &SyntaxError{d.span.Start, fmt.Sprintf("/Prev of a trailer is %d", s.prev)}
	}
	return nil
}
