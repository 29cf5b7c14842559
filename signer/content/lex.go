package content

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"lienthong/signer/pdf"
)

// A lexer splits a content stream into operands and operators (ISO 32000-2,
// 7.8.2). Comments are passed over; references there are none in a content stream.
type lexer struct {
	buf []byte
	pos int
}

// operator is what stands after its operands.
type operator string

var errNesting = errors.New("content: arrays or dictionaries nest too deep")

// maxNesting is of arrays and dictionaries in operands.
const maxNesting = 32

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func (l *lexer) skip() {
	for l.pos < len(l.buf) {
		switch c := l.buf[l.pos]; {
		case isSpace(c):
			l.pos++
		case c == '%':
			for l.pos < len(l.buf) && l.buf[l.pos] != '\n' && l.buf[l.pos] != '\r' {
				l.pos++
			}
		default:
			return
		}
	}
}

func (l *lexer) word() []byte {
	start := l.pos
	for l.pos < len(l.buf) && !isSpace(l.buf[l.pos]) && !isDelimiter(l.buf[l.pos]) {
		l.pos++
	}
	return l.buf[start:l.pos]
}

// next returns an operand, or an operator, or neither at the end.
func (l *lexer) next(depth int) (pdf.Object, operator, error) {
	if depth > maxNesting {
		return nil, "", errNesting
	}
	l.skip()
	if l.pos >= len(l.buf) {
		return nil, "", nil
	}
	switch c := l.buf[l.pos]; {
	case c == '/':
		l.pos++
		return l.name(), "", nil
	case c == '(':
		return l.literal(), "", nil
	case c == '[':
		l.pos++
		return l.array(depth)
	case c == '<' && bytes.HasPrefix(l.buf[l.pos:], []byte("<<")):
		l.pos += 2
		d, err := l.dict(depth)
		return d, "", err
	case c == '<':
		return l.hex(), "", nil
	case isDelimiter(c): // a stray closing one: readers go on
		l.pos++
		return nil, operator(c), nil
	}
	o, op := number(l.word())
	return o, op, nil
}

// number tells numbers and the three words that are operands from operators.
func number(w []byte) (pdf.Object, operator) {
	if c := w[0]; c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' {
		for len(w) > 1 && w[0] == '-' && w[1] == '-' {
			w = w[1:] // "--5": readers take it for -5
		}
		if v, err := strconv.ParseFloat(string(w), 64); err == nil {
			return pdf.Real{Value: v}, ""
		}
		return nil, operator(w)
	}
	switch string(w) {
	case "true":
		return pdf.Bool(true), ""
	case "false":
		return pdf.Bool(false), ""
	case "null":
		return pdf.Null{}, ""
	}
	return nil, operator(w)
}

func (l *lexer) name() pdf.Name {
	w := l.word()
	if bytes.IndexByte(w, '#') < 0 {
		return pdf.Name(w)
	}
	var out []byte
	for i := 0; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			if v, err := strconv.ParseUint(string(w[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(v))
				i += 2
				continue
			}
		}
		out = append(out, w[i])
	}
	return pdf.Name(out)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'F' {
		return c + 'a' - 'A'
	}
	return c
}

const hexDigits = "0123456789abcdef"

func (l *lexer) hex() pdf.String {
	l.pos++
	var out []byte
	half, digits := byte(0), 0
	for ; l.pos < len(l.buf) && l.buf[l.pos] != '>'; l.pos++ {
		v := strings.IndexByte(hexDigits, lower(l.buf[l.pos]))
		if v < 0 {
			continue
		}
		if digits++; digits%2 == 0 {
			out = append(out, half<<4|byte(v))
		}
		half = byte(v)
	}
	if digits%2 == 1 {
		out = append(out, half<<4)
	}
	l.pos++
	return pdf.String{Value: out, Hex: true}
}

// literal reads a string in parentheses (ISO 32000-2, 7.3.4.2).
func (l *lexer) literal() pdf.String {
	l.pos++
	var out []byte
	for open := 1; l.pos < len(l.buf); l.pos++ {
		c := l.buf[l.pos]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				l.pos++
				return pdf.String{Value: out}
			}
		case '\\':
			l.pos++
			out = l.escape(out)
			continue
		}
		out = append(out, c)
	}
	return pdf.String{Value: out}
}

// escape reads what follows a backslash, and leaves pos at its last byte.
func (l *lexer) escape(out []byte) []byte {
	if l.pos >= len(l.buf) {
		return out
	}
	switch c := l.buf[l.pos]; c {
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case '\r':
		if l.pos+1 < len(l.buf) && l.buf[l.pos+1] == '\n' {
			l.pos++
		}
		return out
	case '\n':
		return out
	default:
		if c < '0' || c > '7' {
			return append(out, c)
		}
	}
	v := 0
	for i := 0; i < 3 && l.pos < len(l.buf) && l.buf[l.pos] >= '0' && l.buf[l.pos] <= '7'; i++ {
		v = v*8 + int(l.buf[l.pos]-'0')
		l.pos++
	}
	l.pos--
	return append(out, byte(v))
}

func (l *lexer) array(depth int) (pdf.Object, operator, error) {
	out := pdf.Array{}
	for {
		o, op, err := l.next(depth + 1)
		switch {
		case err != nil:
			return nil, "", err
		case o != nil:
			out = append(out, o)
		case op == "]" || op == "":
			return out, "", nil
		}
	}
}

// dict reads keys and values to the closing ">>"; anything else in between is
// passed over.
func (l *lexer) dict(depth int) (*pdf.Dict, error) {
	d := pdf.NewDict()
	for {
		k, op, err := l.next(depth + 1)
		if err != nil || k == nil && (op == ">" || op == "") {
			if op == ">" && l.pos < len(l.buf) && l.buf[l.pos] == '>' {
				l.pos++
			}
			return d, err
		}
		name, ok := k.(pdf.Name)
		if !ok {
			continue
		}
		v, op, err := l.next(depth + 1)
		if err != nil {
			return d, err
		}
		if v == nil {
			if op == ">" && l.pos < len(l.buf) && l.buf[l.pos] == '>' {
				l.pos++
			}
			return d, nil
		}
		if d.Len() < 64 { // more than any operator looks at; a search costs what a dictionary holds
			d.Set(name, v)
		}
	}
}
