package pdf

import (
	"fmt"
	"strconv"
)

// Classes of bytes (ISO 32000-2, 7.2.3).
const (
	regular byte = iota
	space
	delimiter
)

var class = [256]byte{
	0: space, '\t': space, '\n': space, '\f': space, '\r': space, ' ': space,
	'(': delimiter, ')': delimiter, '<': delimiter, '>': delimiter, '[': delimiter,
	']': delimiter, '{': delimiter, '}': delimiter, '/': delimiter, '%': delimiter,
}

// A parser reads objects from a window of the file. Where it needs a byte
// after the window it sets short: the caller then widens the window and parses
// again, unless the window reaches to the end of what may be read.
type parser struct {
	buf   []byte
	pos   int
	base  int64 // offset of buf[0] in the file; -1 where buf is not file bytes
	short bool
	lim   *Limits
	nodes int
	names *interner
	refs  *[]Ref // where to note the references that are skimmed; nil for nowhere
}

func (p *parser) atEnd() bool {
	if p.pos < len(p.buf) {
		return false
	}
	p.short = true
	return true
}

func (p *parser) errorf(format string, args ...any) error {
	off := int64(-1)
	if p.base >= 0 {
		off = p.base + int64(p.pos)
	}
	return &SyntaxError{off, fmt.Sprintf(format, args...)}
}

// skipSpace moves to the next byte that is neither white space nor comment.
func (p *parser) skipSpace() {
	for !p.atEnd() {
		switch c := p.buf[p.pos]; {
		case class[c] == regular: // most often
			return
		case class[c] == space:
			p.pos++
		case c == '%':
			for !p.atEnd() && p.buf[p.pos] != '\n' && p.buf[p.pos] != '\r' {
				p.pos++
			}
		default:
			return
		}
	}
}

// word returns the run of regular bytes at pos, and moves after it.
func (p *parser) word() []byte {
	start, at := p.pos, p.pos
	for at < len(p.buf) && class[p.buf[at]] == regular {
		at++
	}
	p.pos = at
	p.short = p.short || at >= len(p.buf)
	return p.buf[start:at]
}

// keyword moves after white space and the word w, and reports whether it was
// there; where it was not, pos stays.
func (p *parser) keyword(w string) bool {
	start := p.pos
	p.skipSpace()
	if string(p.word()) == w {
		return true
	}
	p.pos = start
	return false
}

// uint reads white space and an unsigned integer of at most 18 digits.
func (p *parser) uint() (int64, bool) {
	start := p.pos
	p.skipSpace()
	n, ok := parseUint(p.word())
	if !ok {
		p.pos = start
	}
	return n, ok
}

func parseUint(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// maxNumber is how many characters a number may have: some files have π to 100,000 digits.
const maxNumber = 1 << 17

// number reads a numeric token. Spellings that the standard does not allow but
// readers accept, such as "--5" and "1.2.3", give a [Real] that keeps them.
func (p *parser) number() (Object, error) {
	start := p.pos
	w := p.word()
	digits := w
	if w[0] == '-' || w[0] == '+' {
		digits = w[1:]
	}
	if n, ok := parseUint(digits); ok {
		if w[0] == '-' {
			n = -n
		}
		return Integer(n), nil
	}
	for _, c := range w {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' {
			p.pos = start
			return nil, p.errorf("found %q, want an object", clip(w))
		}
	}
	if len(w) > maxNumber {
		p.pos = start
		return nil, p.errorf("number of %d characters", len(w))
	}
	text := string(w)
	v, _ := strconv.ParseFloat(text, 64) // 0 for a spelling that is not allowed
	return Real{Value: v, Text: text}, nil
}

// name reads a name, whose slash is at pos.
func (p *parser) name() Name {
	p.pos++
	w := p.word()
	for i, c := range w {
		if c == '#' {
			return Name(unescapeName(w, i))
		}
	}
	return p.names.name(w)
}

func unescapeName(w []byte, i int) []byte {
	out := append([]byte(nil), w[:i]...)
	for ; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			hi, ok1 := unhex(w[i+1])
			lo, ok2 := unhex(w[i+2])
			if ok1 && ok2 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, w[i])
	}
	return out
}

// hexValue holds the value of each hexadecimal digit, and 255 for other bytes.
var hexValue = func() (v [256]byte) {
	for i := range v {
		v[i] = 255
	}
	for i := range byte(10) {
		v['0'+i] = i
	}
	for i := range byte(6) {
		v['a'+i], v['A'+i] = 10+i, 10+i
	}
	return v
}()

func unhex(c byte) (byte, bool) { return hexValue[c], hexValue[c] < 16 }

// clip returns the beginning of w, for a message.
func clip(w []byte) []byte {
	if len(w) > 40 {
		return w[:40]
	}
	return w
}

// An interner gives one string to names that occur again and again.
type interner struct{ seen map[string]Name }

func (in *interner) name(w []byte) Name {
	if in == nil {
		return Name(w)
	}
	if n, ok := in.seen[string(w)]; ok {
		return n
	}
	n := Name(w)
	if len(in.seen) < 4096 && len(w) <= 64 {
		if in.seen == nil {
			in.seen = make(map[string]Name, 32)
		}
		in.seen[string(n)] = n
	}
	return n
}
