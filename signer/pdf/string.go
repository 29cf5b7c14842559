package pdf

import "bytes"

// literal reads a literal string, whose "(" is at pos (ISO 32000-2, 7.3.4.2).
func (p *parser) literal() (Object, error) {
	start := p.pos
	end, escaped := p.literalEnd()
	if end < 0 {
		p.pos = start
		return nil, p.errorf("literal string does not end")
	}
	raw := p.buf[start+1 : end]
	value := make([]byte, 0, len(raw))
	if escaped {
		value = unescapeLiteral(value, raw)
	} else {
		value = append(value, raw...)
	}
	p.pos = end + 1
	return String{Value: value, Span: p.span(start)}, nil
}

// literalEnd moves after the string at pos and returns the index of its
// closing parenthesis, or -1, and whether its bytes are not its value as such.
func (p *parser) literalEnd() (end int, escaped bool) {
	depth, at := 0, p.pos
	for ; at < len(p.buf); at++ {
		switch p.buf[at] {
		case '\\':
			escaped = true
			at++
		case '\r':
			escaped = true
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.pos = at + 1
				return at, escaped
			}
		}
	}
	p.pos, p.short = at, true
	return -1, escaped
}

func unescapeLiteral(out, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '\r' { // any end of line is read as a line feed
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
			c = '\n'
		} else if c == '\\' && i+1 < len(raw) {
			var n int
			if out, n = unescape(out, raw[i+1:]); n > 0 {
				i += n
			}
			continue
		}
		out = append(out, c)
	}
	return out
}

// unescape appends what the escape sequence with the bytes b after its
// backslash stands for, and returns how many of b it takes.
func unescape(out, b []byte) ([]byte, int) {
	switch c := b[0]; c {
	case 'n':
		return append(out, '\n'), 1
	case 'r':
		return append(out, '\r'), 1
	case 't':
		return append(out, '\t'), 1
	case 'b':
		return append(out, '\b'), 1
	case 'f':
		return append(out, '\f'), 1
	case '\n':
		return out, 1
	case '\r':
		if len(b) > 1 && b[1] == '\n' {
			return out, 2
		}
		return out, 1
	default:
		if c < '0' || c > '7' {
			return append(out, c), 1
		}
		n, v := 0, 0
		for n < 3 && n < len(b) && '0' <= b[n] && b[n] <= '7' {
			v = v<<3 | int(b[n]-'0')
			n++
		}
		return append(out, byte(v)), n // the overflow of \777 is ignored, as the standard says
	}
}

// hexString reads a hexadecimal string, whose "<" is at pos. A byte in it that
// is neither digit nor white space is an error: readers differ on what it means.
func (p *parser) hexString() (Object, error) {
	start := p.pos
	n := bytes.IndexByte(p.buf[start:], '>')
	if n < 0 {
		p.short = true
		return nil, p.errorf("hexadecimal string does not end")
	}
	value := make([]byte, 0, n/2)
	var acc byte
	odd := false
	for i, c := range p.buf[start+1 : start+n] {
		d := hexValue[c]
		if d > 15 {
			if class[c] == space {
				continue
			}
			p.pos = start + 1 + i
			return nil, p.errorf("byte %q in a hexadecimal string", c)
		}
		if odd {
			value = append(value, acc|d)
		}
		acc, odd = d<<4, !odd
	}
	if odd {
		value = append(value, acc)
	}
	p.pos = start + n + 1
	return String{Value: value, Hex: true, Span: p.span(start)}, nil
}

// span returns the file bytes from index start of the window to pos.
func (p *parser) span(start int) Span {
	if p.base < 0 {
		return Span{}
	}
	return Span{p.base + int64(start), p.base + int64(p.pos)}
}
