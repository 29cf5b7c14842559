package content

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A token is an operand or an operator of a content stream. Its bytes and list are
// those of the lexer, and gone when it goes on to the next operator.
type token struct {
	kind  tokenKind
	num   float64 // of a number
	bytes []byte  // of a name or a string what it says, of an operator its word
	list  []token // of an array
}

type tokenKind uint8

const (
	atEnd tokenKind = iota
	operatorToken
	numberToken
	nameToken
	stringToken
	arrayToken
	otherToken // true, false, null, or a dictionary, at which no operator looks
)

// is reports whether the token is the operator op.
func (t token) is(op string) bool { return t.kind == operatorToken && string(t.bytes) == op }

// A lexer splits a content stream into operands and operators (ISO 32000-2,
// 7.8.2). Comments are passed over; references there are none in a content stream.
//
// It makes no objects: a page has thousands of operands, of which most are looked
// at once. What a token cannot show in buf is kept in text and lists, which grow to
// what the largest operator needs and are used again by the next (see reset).
type lexer struct {
	buf   []byte
	pos   int
	text  []byte  // of strings with escapes or digits, and of names with #
	lists []token // of arrays that are complete
	open  []token // of arrays that are not
}

// reset lets go of the tokens that the lexer has returned.
func (l *lexer) reset() { l.text, l.lists, l.open = l.text[:0], l.lists[:0], l.open[:0] }

var (
	errNesting = errors.New("content: arrays or dictionaries nest too deep")
	errArrays  = fmt.Errorf("content: arrays of more than %d values in the operands of one operator", maxElements)
)

// maxNesting is of arrays and dictionaries in operands, maxElements of the values
// in all arrays of one operator: a table of characters has 65,536 at most.
const (
	maxNesting  = 32
	maxElements = 1 << 17
)

func isSpace(c byte) bool { return class[c] == space }

// class tells white space and delimiters from what words are made of (ISO 32000-2,
// 7.2.3).
var class = func() (t [256]byte) {
	for _, c := range []byte(" \n\r\t\f\x00") {
		t[c] = space
	}
	for _, c := range []byte("()<>[]{}/%") {
		t[c] = delimiter
	}
	return t
}()

const (
	space = iota + 1
	delimiter
)

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
	buf, at := l.buf, l.pos
	for at < len(buf) && class[buf[at]] == 0 {
		at++
	}
	w := buf[l.pos:at]
	l.pos = at
	return w
}

// next returns an operand, an operator, or a token of kind atEnd.
func (l *lexer) next(depth int) (token, error) {
	if depth > maxNesting {
		return token{}, errNesting
	}
	l.skip()
	if l.pos >= len(l.buf) {
		return token{}, nil
	}
	c := l.buf[l.pos]
	if class[c] != delimiter {
		return wordToken(l.word()), nil
	}
	switch c {
	case '/':
		l.pos++
		return token{kind: nameToken, bytes: l.name()}, nil
	case '(':
		return token{kind: stringToken, bytes: l.literal()}, nil
	case '[':
		l.pos++
		return l.array(depth)
	case '<':
		if bytes.HasPrefix(l.buf[l.pos:], []byte("<<")) {
			l.pos += 2
			return token{kind: otherToken}, l.dict(depth)
		}
		return token{kind: stringToken, bytes: l.hex()}, nil
	}
	l.pos++ // a stray closing one: readers go on
	return token{kind: operatorToken, bytes: l.buf[l.pos-1 : l.pos]}, nil
}

// wordToken tells numbers and the three words that are operands from operators.
func wordToken(w []byte) token {
	if c := w[0]; c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' {
		for len(w) > 1 && w[0] == '-' && w[1] == '-' {
			w = w[1:] // "--5": readers take it for -5
		}
		if v, ok := parseNumber(w); ok {
			return token{kind: numberToken, num: v}
		}
		return token{kind: operatorToken, bytes: w}
	}
	switch string(w) {
	case "true", "false", "null":
		return token{kind: otherToken}
	}
	return token{kind: operatorToken, bytes: w}
}

// parseNumber reads a number. Up to 15 digits are exact as an integer, and so is
// the power of ten that divides them: the quotient is then what strconv gives,
// which reads the rest.
func parseNumber(w []byte) (float64, bool) {
	i := 0
	if w[0] == '-' || w[0] == '+' {
		i++
	}
	mantissa, digits, decimals, point := 0, 0, 0, false
	for ; i < len(w); i++ {
		switch c := w[i]; {
		case c >= '0' && c <= '9':
			mantissa, digits = 10*mantissa+int(c-'0'), digits+1
			if point {
				decimals++
			}
		case c == '.' && !point:
			point = true
		default:
			digits = 16
		}
		if digits > 15 {
			break
		}
	}
	if digits == 0 || digits > 15 {
		v, err := strconv.ParseFloat(string(w), 64)
		return v, err == nil
	}
	v := float64(mantissa) / powers[decimals]
	if w[0] == '-' {
		v = -v
	}
	return v, true
}

var powers = [16]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func (l *lexer) name() []byte {
	w := l.word()
	if bytes.IndexByte(w, '#') < 0 {
		return w
	}
	start := len(l.text)
	for i := 0; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			if v, err := strconv.ParseUint(string(w[i+1:i+3]), 16, 8); err == nil {
				l.text = append(l.text, byte(v))
				i += 2
				continue
			}
		}
		l.text = append(l.text, w[i])
	}
	return l.text[start:]
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'F' {
		return c + 'a' - 'A'
	}
	return c
}

const hexDigits = "0123456789abcdef"

func (l *lexer) hex() []byte {
	l.pos++
	start := len(l.text)
	half, digits := byte(0), 0
	for ; l.pos < len(l.buf) && l.buf[l.pos] != '>'; l.pos++ {
		v := strings.IndexByte(hexDigits, lower(l.buf[l.pos]))
		if v < 0 {
			continue
		}
		if digits++; digits%2 == 0 {
			l.text = append(l.text, half<<4|byte(v))
		}
		half = byte(v)
	}
	if digits%2 == 1 {
		l.text = append(l.text, half<<4)
	}
	l.pos++
	return l.text[start:]
}

// literal reads a string in parentheses (ISO 32000-2, 7.3.4.2).
func (l *lexer) literal() []byte {
	l.pos++
	for at := l.pos; at < len(l.buf); at++ {
		switch l.buf[at] {
		case ')':
			s := l.buf[l.pos:at]
			l.pos = at + 1
			return s
		case '(', '\\':
			return l.escaped()
		}
	}
	return l.escaped()
}

// escaped reads the rest of a string that is not what the file shows.
func (l *lexer) escaped() []byte {
	start := len(l.text)
	for open := 1; l.pos < len(l.buf); l.pos++ {
		c := l.buf[l.pos]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				l.pos++
				return l.text[start:]
			}
		case '\\':
			l.pos++
			l.text = l.escape(l.text)
			continue
		}
		l.text = append(l.text, c)
	}
	return l.text[start:]
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

// array reads to the closing bracket. Operators in between are passed over.
func (l *lexer) array(depth int) (token, error) {
	mark := len(l.open)
	for {
		t, err := l.next(depth + 1)
		switch {
		case err != nil:
			return token{}, err
		case t.kind == atEnd || t.is("]"):
			start := len(l.lists)
			l.lists = append(l.lists, l.open[mark:]...)
			l.open = l.open[:mark]
			return token{kind: arrayToken, list: l.lists[start:]}, nil
		case t.kind == operatorToken:
		case len(l.open)+len(l.lists) >= maxElements:
			return token{}, errArrays
		default:
			l.open = append(l.open, t)
		}
	}
}

// dict passes over keys and values to the closing ">>"; anything else in between
// is passed over too.
func (l *lexer) dict(depth int) error {
	for {
		k, err := l.next(depth + 1)
		if err != nil || k.kind == atEnd || k.is(">") {
			l.closing(k)
			return err
		}
		if k.kind != nameToken {
			continue
		}
		v, err := l.next(depth + 1)
		if err != nil {
			return err
		}
		if v.kind == atEnd || v.kind == operatorToken {
			l.closing(v)
			return nil
		}
	}
}

// closing passes over the second ">" of a dictionary whose first was t.
func (l *lexer) closing(t token) {
	if t.is(">") && l.pos < len(l.buf) && l.buf[l.pos] == '>' {
		l.pos++
	}
}
