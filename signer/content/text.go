package content

import (
	"math"
	"strings"

	"lienthong/signer/pdf"
)

// textState is what one text object adds to the graphics state.
type textState struct {
	tm, line matrix
	lost     bool // where on the line the text stands is not known any more
	floor    int  // graphics states that were saved outside of the form
}

// textOperator carries out the operators of text (ISO 32000-2, 9.3 and 9.4).
func (in *interpreter) textOperator(op operator, args []pdf.Object, resources *pdf.Dict) {
	t, s := &in.text, &in.state
	one, isOne := floats(args, 1)
	switch op {
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
			if op == "TD" {
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
			if list, ok := args[len(args)-1].(pdf.Array); ok {
				in.show(list)
			}
		}
	}
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
	text     strings.Builder
	untold   bool // a character of it says nothing
}

// show paints strings one after the other, moved by the numbers between them. A
// box ends at white space and at a gap of more than half the size: between two
// words the page may be blank.
func (in *interpreter) show(list []pdf.Object) {
	s, f := &in.state, in.state.font
	if f == nil {
		f = unknownFont
	}
	if f.vertical && !s.hidden {
		in.unknown("text that is written from top to bottom")
		return
	}
	var w word
	x := 0.0
	for _, o := range list {
		if n, ok := value(o); ok {
			x -= n / 1000 * s.size * s.scale
			if math.Abs(n) > 500 {
				in.flush(&w, f)
			}
			continue
		}
		str, ok := o.(pdf.String)
		if !ok {
			continue
		}
		for b := str.Value; len(b) > 0; {
			if in.r.ops--; in.r.ops < 0 {
				in.unknown("more than %d operators and characters", in.r.limit.Operators)
				return
			}
			var code int
			narrow := !f.wide || len(b) == 1
			code, b = f.next(b)
			x = in.glyph(&w, f, code, narrow, x)
		}
	}
	in.flush(&w, f)
	in.text.tm = matrix{1, 0, 0, 1, x, 0}.times(in.text.tm)
	in.text.lost = in.text.lost || f.rough
}

// glyph adds a character at x to the word, and returns where the next one stands.
func (in *interpreter) glyph(w *word, f *font, code int, narrow bool, x float64) float64 {
	s := &in.state
	width := f.width(code)
	text := f.text(code)
	if text != "" && strings.TrimSpace(text) == "" {
		in.flush(w, f)
	} else {
		ink := math.Copysign(max(math.Abs(width), leastInk), width)
		a, b := x, x+ink*s.size*s.scale
		if !w.any {
			w.from, w.to, w.any = a, a, true
		}
		w.from, w.to = min(w.from, a, b), max(w.to, a, b)
		w.untold = w.untold || text == ""
		if w.text.Len() < 4096 {
			w.text.WriteString(text)
		}
	}
	advance := width*s.size + s.chars
	if narrow && code == 32 {
		advance += s.words
	}
	return x + advance*s.scale
}

// flush paints the word.
func (in *interpreter) flush(w *word, f *font) {
	if !w.any {
		return
	}
	s := &in.state
	box := [4]float64{w.from, descent*s.size + s.rise, w.to, ascent*s.size + s.rise}
	if f.type3 && !f.rough {
		box[0], box[2] = w.from+min(f.box[0]*s.size, 0), w.to+max(f.box[2]*s.size, 0)
		box[1], box[3] = f.box[1]*s.size+s.rise, f.box[3]*s.size+s.rise
	}
	text := w.text.String()
	if w.untold {
		text = ""
	}
	*w = word{}
	if s.hidden {
		return
	}
	rect := in.text.tm.times(s.ctm).box(box)
	if in.text.lost { // what stood before it on the line has no known width
		rect[0], rect[2] = min(rect[0], s.clip[0]), max(rect[2], s.clip[2])
	}
	in.paint(Text, rect, text, f.rough || in.text.lost)
}
