package pdf

import "fmt"

// object reads one object at pos: white space before it is skipped. A
// reference is looked for after an integer.
func (p *parser) object(depth int) (Object, error) {
	p.skipSpace()
	if p.atEnd() {
		return nil, p.errorf("end of data, want an object")
	}
	if depth >= p.lim.Depth {
		return nil, fmt.Errorf("%w: objects nest more than %d deep", ErrLimit, p.lim.Depth)
	}
	if p.nodes++; p.nodes > p.lim.Nodes {
		return nil, fmt.Errorf("%w: more than %d objects in one", ErrLimit, p.lim.Nodes)
	}
	switch c := p.buf[p.pos]; c {
	case '/':
		return p.name(), nil
	case '(':
		return p.literal()
	case '[':
		return p.array(depth)
	case '<':
		if p.pos++; p.atEnd() {
			return nil, p.errorf("end of data in a string")
		}
		p.pos--
		if p.buf[p.pos+1] == '<' {
			return p.dict(depth)
		}
		return p.hexString()
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.numberOrRef()
	case '+', '-', '.':
		return p.number()
	}
	return p.constant()
}

func (p *parser) constant() (Object, error) {
	start := p.pos
	switch w := p.word(); string(w) {
	case "true":
		return Bool(true), nil
	case "false":
		return Bool(false), nil
	case "null":
		return Null{}, nil
	default:
		p.pos = start
		if len(w) == 0 {
			w = p.buf[start : start+1]
		}
		return nil, p.errorf("found %q, want an object", clip(w))
	}
}

// numberOrRef reads a number, or a reference "N G R".
func (p *parser) numberOrRef() (Object, error) {
	start := p.pos
	n, ok := parseUint(p.word())
	if !ok || n > maxObjects {
		p.pos = start
		return p.number()
	}
	after := p.pos
	if gen, ok := p.uint(); ok && gen <= 65535 {
		p.skipSpace()
		if w := p.word(); len(w) == 1 && w[0] == 'R' {
			return Ref{int(n), int(gen)}, nil
		}
	}
	p.pos = after
	return Integer(n), nil
}

func (p *parser) array(depth int) (Object, error) {
	p.pos++
	var room [8]Object
	items := room[:0]
	for {
		p.skipSpace()
		if !p.atEnd() && p.buf[p.pos] == ']' {
			p.pos++
			return Array(append(make([]Object, 0, len(items)), items...)), nil
		}
		o, err := p.object(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, o)
	}
}

func (p *parser) dict(depth int) (Object, error) {
	start := p.pos
	p.pos += 2
	var room [8]dictEntry
	entries := room[:0]
	for {
		p.skipSpace()
		if p.atEnd() {
			return nil, p.errorf("dictionary does not end")
		}
		switch p.buf[p.pos] {
		case '>':
			if p.pos++; p.atEnd() || p.buf[p.pos] != '>' {
				return nil, p.errorf("found a single '>' in a dictionary")
			}
			p.pos++
			d := &Dict{span: p.span(start)}
			if len(entries) > 0 {
				// Room for two more, which is what a signer adds.
				d.entries = append(make([]dictEntry, 0, len(entries)+2), entries...)
			}
			return d, nil
		case '/':
		default:
			return nil, p.errorf("found %q in a dictionary, want a key", p.buf[p.pos])
		}
		key := p.name()
		value, err := p.dictValue(depth)
		if err != nil {
			return nil, err
		}
		entries = append(entries, dictEntry{key, value})
	}
}

// dictValue reads the value of a key. A last key without one is null, as
// readers have it.
func (p *parser) dictValue(depth int) (Object, error) {
	p.skipSpace()
	if p.pos+1 >= len(p.buf) {
		p.short = true
	} else if p.buf[p.pos] == '>' && p.buf[p.pos+1] == '>' {
		return Null{}, nil
	}
	return p.object(depth + 1)
}

// leadingSpace moves after white space, a little of which is forgiven where an
// object is said to begin.
func (p *parser) leadingSpace() {
	for range 32 {
		if p.atEnd() || class[p.buf[p.pos]] != space {
			return
		}
		p.pos++
	}
}

// expect reads the "N G obj" of the object want, or of any where want is zero.
// The number is compared before anything else is read: many entries may point
// to one large body.
func (p *parser) expect(want Ref) (Ref, error) {
	p.leadingSpace()
	start := p.pos
	n, ok := parseUint(p.word())
	if ok && !want.IsZero() && int(n) != want.Number {
		return Ref{}, p.errorf("found object %d, want %d %d", n, want.Number, want.Generation)
	}
	gen, okGen := p.uint()
	if !ok || !okGen || n > maxObjects || gen > 65535 || !p.keyword("obj") {
		p.pos = start
		return Ref{}, p.errorf("found %q, want an object such as \"1 0 obj\"", clip(p.buf[start:]))
	}
	found := Ref{int(n), int(gen)}
	if found != want && !want.IsZero() {
		return found, p.errorf("found object %d %d, want %d %d", n, gen, want.Number, want.Generation)
	}
	return found, nil
}

// streamStart reports whether the keyword "stream" follows, and moves to the
// first byte of its data. A lone carriage return after it is not allowed, but
// readers take it.
func (p *parser) streamStart() bool {
	if !p.keyword("stream") {
		return false
	}
	if !p.atEnd() && p.buf[p.pos] == '\r' {
		p.pos++
	}
	if !p.atEnd() && p.buf[p.pos] == '\n' {
		p.pos++
	}
	return true
}

// Parse reads one object from b, which is no part of a file, and returns how
// many bytes it took. An object that ends with b, such as a number, is whole.
func Parse(b []byte, lim Limits) (Object, int, error) {
	lim = lim.orDefault()
	p := parser{buf: b, base: -1, lim: &lim}
	o, err := p.object(0)
	return o, p.pos, err
}
