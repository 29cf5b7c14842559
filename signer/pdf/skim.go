package pdf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
)

// A skimmed body is what there is to know of an object without building it.
type skimmed struct {
	ref       Ref
	span      Span // from its number to "endobj", or to the end of the object where that is missing
	byteRange bool // a name in it is ByteRange
	kind      Name // Catalog, ObjStm or XRef where that name is in it
	stream    Span // of its data, zero where it is no stream
	length    Ref  // where /Length is indirect
	closed    bool // "endobj" is there
}

func isLimit(err error) bool { return errors.Is(err, ErrLimit) }

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
	b, err := v.skimAt(e.offset(), v.file.revs[rev-1].End, ref)
	return b.span, err
}

func (v *View) skimAt(off, end int64, want Ref) (skimmed, error) {
	return v.file.skim(v, off, end, want)
}

// skim reads the body of want, or of any object where want is zero, at off. An
// indirect /Length of a stream is looked up in v, if that is not nil. What it
// reads is taken from the budget: a hostile file may list one body in many
// revisions.
func (f *File) skim(v *View, off, end int64, want Ref) (b skimmed, err error) {
	var length Object
	var stream int64
	err = f.parse(off, end, func(p *parser) (err error) {
		defer func() { err = cmp.Or(f.toil(p.pos), err) }()
		p.leadingSpace()
		b = skimmed{span: Span{Start: p.base + int64(p.pos)}}
		length, stream = nil, 0
		if b.ref, err = p.expect(want); err != nil {
			return err
		}
		if length, err = p.skim(&b); err != nil {
			return err
		}
		if p.streamStart() {
			stream = p.base + int64(p.pos)
		}
		b.span.End = p.base + int64(p.pos)
		if b.closed = p.keyword("endobj"); b.closed {
			b.span.End = p.base + int64(p.pos)
		}
		return nil
	})
	if err == nil && stream > 0 {
		err = f.skimStream(v, &b, stream, end, length)
	}
	return b, err
}

// skimStream finds the end of the stream whose data begins at start, and the
// offset after its "endobj".
func (f *File) skimStream(v *View, b *skimmed, start, end int64, length Object) (err error) {
	s := Stream{Dict: &Dict{}, file: f, start: start, limit: end}
	if length != nil {
		s.Dict.Set("Length", length)
	}
	b.length, _ = length.(Ref)
	if b.stream, err = s.Span(v); err != nil {
		return err
	}
	b.span.End, b.closed, err = f.afterStream(b.stream.End)
	return err
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
			switch name := p.skimName(); name {
			case "ByteRange":
				b.byteRange = true
			case "Catalog", "ObjStm", "XRef":
				b.kind = name
			case "Length":
				if depth == 1 && p.refs == nil {
					length = p.skimLength()
				}
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

// skimName moves after a name and returns it where it is of interest.
func (p *parser) skimName() Name {
	p.pos++
	switch w := p.word(); {
	case string(w) == "ByteRange":
		return "ByteRange"
	case string(w) == "Length":
		return "Length"
	case string(w) == "ObjStm":
		return "ObjStm"
	case string(w) == "XRef":
		return "XRef"
	case string(w) == "Catalog":
		return "Catalog"
	case bytes.IndexByte(w, '#') >= 0:
		return Name(unescapeName(w, 0))
	}
	return ""
}

// skimWord moves after a number, a reference or a constant.
func (p *parser) skimWord(depth int) error {
	start := p.pos
	if p.refs != nil && p.buf[start] >= '0' && p.buf[start] <= '9' {
		return p.skimRef()
	}
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
