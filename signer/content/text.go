package content

import (
	"math"

	"lienthong/signer/pdf"
)

// textState is what one text object adds to the graphics state.
type textState struct {
	tm, line matrix
	lost     bool // where on the line the text stands is not known any more
	floor    int  // graphics states that were saved outside of the form
}

// textOperator carries out the operators of text (ISO 32000-2, 9.3 and 9.4). It is
// false for any other.
func (in *interpreter) textOperator(op []byte, args []token, resources *pdf.Dict) bool {
	t, s := &in.text, &in.state
	var one [1]float64
	isOne := len(args) > 0 && args[len(args)-1].kind == numberToken
	if isOne {
		one[0] = args[len(args)-1].num
	}
	switch string(op) {
	case "BT":
		in.newLine(identity)
	case "Tf":
		if isOne {
			s.size = one[0]
			s.font = in.r.font(in.resource(resources, "Font", args[:len(args)-1]))
		}
	case "Tc":
		s.chars = one[0]
	case "Tw":
		s.words = one[0]
	case "Tz":
		s.scale = one[0] / 100
	case "TL":
		s.leading = one[0]
	case "Ts":
		s.rise = one[0]
	case "Tr":
		s.hidden = one[0] == 3 || one[0] == 7
	case "Td", "TD":
		if n, ok := floats(args, 2); ok {
			if op[1] == 'D' {
				s.leading = -n[1]
			}
			in.newLine(matrix{1, 0, 0, 1, n[0], n[1]}.times(t.line))
		}
	case "Tm":
		if n, ok := floats(args, 6); ok {
			in.newLine(matrix(n))
		}
	case "T*":
		in.nextLine()
	case "Tj":
		in.show(args)
	case "'":
		in.nextLine()
		in.show(args)
	case "\"":
		if n, ok := floats(args[:max(len(args)-1, 0)], 2); ok {
			s.words, s.chars = n[0], n[1]
		}
		in.nextLine()
		in.show(args)
	case "TJ":
		if len(args) > 0 {
			if list := args[len(args)-1]; list.kind == arrayToken {
				in.show(list.list)
			}
		}
	default:
		return false
	}
	return true
}

func (in *interpreter) newLine(m matrix) {
	in.text.tm, in.text.line, in.text.lost = m, m, false
}

func (in *interpreter) nextLine() {
	in.newLine(matrix{1, 0, 0, 1, 0, -in.state.leading}.times(in.text.line))
}

// word is the part of a string that is painted as one box, in text space.
type word struct {
	from, to float64
	any      bool
	text     []byte
	untold   bool // a character of it says nothing
}

// maxText is how many bytes of the text of one word are kept.
const maxText = 4096

// show paints strings one after the other, moved by the numbers between them. A
// box ends at white space and at a gap of more than half the size (see also
// [Reader.Fine]): between two words the page may be blank.
func (in *interpreter) show(list []token) {
	s, f := &in.state, in.state.font
	if f == nil {
		f = in.r.unknown
	}
	if f.vertical && !s.hidden {
		in.unknown("text that is written from top to bottom")
		return
	}
	line := in.line(f)
	in.word = word{text: in.word.text[:0]}
	x := 0.0
	for _, t := range list {
		switch t.kind {
		case numberToken:
			x -= t.num / 1000 * s.size * s.scale
			if math.Abs(t.num) > in.r.gap {
				in.flush(&line)
			}
		case stringToken:
			if in.r.ops -= f.codes(t.bytes); in.r.ops < 0 {
				in.unknown("more than %d operators and characters", in.r.limit.Operators)
				return
			}
			x = in.string(&line, t.bytes, x)
		}
	}
	in.flush(&line)
	in.text.tm = matrix{1, 0, 0, 1, x, 0}.times(in.text.tm)
	in.text.lost = in.text.lost || f.rough
}

// codes is how many codes a string has; the last may lack a byte.
func (f *font) codes(b []byte) int {
	if f.wide {
		return (len(b) + 1) / 2
	}
	return len(b)
}

// A line is what strings that are shown one after the other have in common.
type line struct {
	font     *font
	m        matrix  // from text space to default user space
	from, to float64 // lower and upper edge, in text space
	unseen   bool    // whatever it says, nothing of it is kept
}

func (in *interpreter) line(f *font) line {
	s := &in.state
	l := line{font: f, m: in.text.tm.times(s.ctm), from: descent*s.size + s.rise, to: ascent*s.size + s.rise, unseen: s.hidden}
	if f.type3 && !f.rough {
		l.from, l.to = f.box[1]*s.size+s.rise, f.box[3]*s.size+s.rise
	}
	if w := in.r.window; w != nil && l.m[1] == 0 { // above or below it, however long the line is
		a, b := l.m[3]*l.from+l.m[5], l.m[3]*l.to+l.m[5]
		l.unseen = l.unseen || max(a, b) < w[1] || min(a, b) > w[3]
	}
	return l
}

// string adds the characters of b to the word, from x on, and returns where the
// next one stands.
func (in *interpreter) string(l *line, b []byte, x float64) float64 {
	s, f := &in.state, l.font
	for len(b) > 0 {
		code, narrow := int(b[0]), true
		if f.wide && len(b) > 1 {
			code, b, narrow = code<<8|int(b[1]), b[2:], false
		} else {
			b = b[1:]
		}
		g := f.character(code)
		switch {
		case l.unseen:
		case g.blank:
			in.flush(l)
		default:
			in.word.add(g, x, x+g.ink*s.size*s.scale)
		}
		advance := g.width*s.size + s.chars
		if narrow && code == 32 {
			advance += s.words
		}
		x += advance * s.scale
	}
	return x
}

// add makes the word longer by a character that stands between a and b.
func (w *word) add(g *character, a, b float64) {
	if !w.any {
		w.from, w.to, w.any = a, a, true
	}
	w.from, w.to = min(w.from, a, b), max(w.to, a, b)
	w.untold = w.untold || g.text == ""
	if len(w.text) < maxText {
		w.text = append(w.text, g.text...)
	}
}

// flush paints the word.
func (in *interpreter) flush(l *line) {
	w, s, f := &in.word, &in.state, l.font
	if !w.any {
		return
	}
	box := [4]float64{w.from, l.from, w.to, l.to}
	if f.type3 && !f.rough {
		box[0], box[2] = w.from+min(f.box[0]*s.size, 0), w.to+max(f.box[2]*s.size, 0)
	}
	text := w.text
	if w.untold {
		text = nil
	}
	rect := l.m.box(box)
	if in.text.lost { // what stood before it on the line has no known width
		rect[0], rect[2] = min(rect[0], s.clip[0]), max(rect[2], s.clip[2])
	}
	in.paint(Text, rect, text, f.rough || in.text.lost)
	*w = word{text: w.text[:0]}
}
