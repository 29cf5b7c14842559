package pdf

import (
	"bytes"
	"errors"
	"fmt"
)

// A skimmed body is what there is to know of an object without building it.
type skimmed struct {
	ref       Ref
	span      Span // from its number to "endobj", or to the end of the object where that is missing
	byteRange bool // a name in it is ByteRange
}

func isLimit(err error) bool { return errors.Is(err, ErrLimit) }

// skim reads the body at e, the entry of ref that revision rev lists.
func (v *View) skim(ref Ref, e entry, rev int) (skimmed, error) {
	end := v.file.revs[rev-1].End
	b, err := v.skimAt(e.offset(), end)
	if err == nil && b.ref != ref {
		err = &SyntaxError{e.offset(), fmt.Sprintf("found object %d %d, want %d %d", b.ref.Number, b.ref.Generation, ref.Number, ref.Generation)}
	}
	return b, err
}

// Extent returns the bytes of the body of ref, from its number to the end of
// "endobj"; of an object in an object stream those of the stream.
func (v *View) Extent(ref Ref) (Span, error) {
	e, rev := v.lookup(ref.Number)
	if rev != 0 && e.kind() == kindPacked {
		ref = Ref{Number: e.stream()}
		e, rev = v.lookup(ref.Number)
	}
	if rev == 0 || e.kind() != kindOffset {
		return Span{}, fmt.Errorf("pdf: object %d %d is not in the file", ref.Number, ref.Generation)
	}
	b, err := v.skim(ref, e, rev)
	return b.span, err
}

func (v *View) skimAt(off, end int64) (b skimmed, err error) {
	f := v.file
	var length Object
	var stream int64
	err = f.parse(off, end, func(p *parser) error {
		p.skipSpace()
		b = skimmed{span: Span{Start: p.base + int64(p.pos)}}
		length, stream = nil, 0
		if b.ref, err = p.header(); err != nil {
			return err
		}
		if length, err = p.skim(&b); err != nil {
			return err
		}
		if p.streamStart() {
			stream = p.base + int64(p.pos)
		}
		b.span.End = p.base + int64(p.pos)
		if p.keyword("endobj") {
			b.span.End = p.base + int64(p.pos)
		}
		return nil
	})
	if err == nil && stream > 0 {
		b.span.End, err = v.streamEnd(stream, end, length)
	}
	if err == nil {
		err = f.spend(64 + min(b.span.Len(), f.lim.Body)/8)
	}
	return b, err
}

// streamEnd returns the offset after the "endobj" of a stream.
func (v *View) streamEnd(start, end int64, length Object) (int64, error) {
	s := Stream{Dict: &Dict{}, file: v.file, start: start, limit: end}
	if length != nil {
		s.Dict.Set("Length", length)
	}
	span, err := s.Span(v)
	if err != nil {
		return 0, err
	}
	return v.file.afterStream(span.End)
}

// skim moves after one object without building it, and returns the /Length of
// its dictionary. It does not recurse.
func (p *parser) skim(b *skimmed) (length Object, err error) {
	depth := 0
	for first := true; first || depth > 0; first = false {
		if p.skipSpace(); p.atEnd() {
			return nil, p.errorf("object does not end")
		}
		switch c := p.buf[p.pos]; c {
		case '(':
			if end, _ := p.literalEnd(); end < 0 {
				return nil, p.errorf("literal string does not end")
			}
		case '[', '{':
			depth++
			p.pos++
		case ']', '}':
			depth--
			p.pos++
		case '<', '>':
			if depth, err = p.skimAngle(c, depth); err != nil {
				return nil, err
			}
		case '/':
			switch n := p.name(); {
			case n == "ByteRange":
				b.byteRange = true
			case n == "Length" && depth == 1:
				length = p.skimLength()
			}
		case ')':
			return nil, p.errorf("found %q, want an object", c)
		default:
			if err := p.skimWord(depth); err != nil {
				return nil, err
			}
		}
	}
	return length, nil
}

// skimWord moves after a number, a reference or a constant.
func (p *parser) skimWord(depth int) error {
	start := p.pos
	w := p.word()
	if bytes.HasPrefix(w, []byte("endobj")) || bytes.HasPrefix(w, endstream) {
		p.pos = start
		return p.errorf("object does not end before %q", clip(w))
	}
	if depth == 0 { // the whole object may be a reference
		p.pos = start
		_, err := p.object(0)
		return err
	}
	return nil
}

func (p *parser) skimAngle(c byte, depth int) (int, error) {
	p.pos++
	if p.atEnd() {
		return depth, p.errorf("object does not end")
	}
	if p.buf[p.pos] == c {
		p.pos++
		if c == '<' {
			return depth + 1, nil
		}
		return depth - 1, nil
	}
	if c == '>' {
		return depth, p.errorf("found a single '>'")
	}
	i := bytes.IndexByte(p.buf[p.pos:], '>')
	if i < 0 {
		p.pos = len(p.buf)
		p.short = true
		return depth, p.errorf("hexadecimal string does not end")
	}
	p.pos += i + 1
	return depth, nil
}

// skimLength returns the value of /Length where it is a number or reference.
func (p *parser) skimLength() Object {
	p.skipSpace()
	if p.atEnd() || p.buf[p.pos] < '0' || p.buf[p.pos] > '9' {
		return nil
	}
	start := p.pos
	o, err := p.numberOrRef()
	if err != nil {
		p.pos = start
		return nil
	}
	return o
}
