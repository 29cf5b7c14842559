package content

import (
	"bytes"
	"fmt"

	"lienthong/signer/pdf"
)

// state is the graphics state, as far as it says where things are.
type state struct {
	ctm     matrix
	clip    [4]float64 // in default user space; an upper bound
	pattern bool       // filling or stroking with a pattern, which may hold text
	font    *font
	size    float64
	chars   float64 // Tc
	words   float64 // Tw
	scale   float64 // Tz, 1 for 100
	leading float64
	rise    float64
	hidden  bool // text is neither filled nor stroked
}

// interpreter carries out the operators of one page, form after form.
type interpreter struct {
	r     *Reader
	out   Painting
	state state
	saved []state
	forms map[pdf.Ref]bool // being drawn
	depth int
	text  textState
	path  path
	word  word
}

// unknown says that something is painted that the boxes do not show. The first
// cause stays.
func (in *interpreter) unknown(format string, args ...any) {
	if in.out.Unknown == "" {
		in.out.Unknown = fmt.Sprintf(format, args...)
	}
}

// paint adds a box. What it does not show of the text is not kept.
func (in *interpreter) paint(kind Kind, rect [4]float64, text []byte, rough bool) {
	rect = meet(rect, in.state.clip)
	switch {
	case rect[0] > rect[2] || rect[1] > rect[3]:
		return // outside of what may be painted
	case !finite(rect):
		in.unknown("a %s without bounds", kind)
	case in.r.window != nil && apart(rect, *in.r.window):
		return // nobody asks for it
	case len(in.out.Boxes) >= in.r.limit.Boxes:
		in.unknown("more than %d things are painted", in.r.limit.Boxes)
	default:
		in.out.Boxes = append(in.out.Boxes, Box{Kind: kind, Rect: rect, Rough: rough, Text: string(text)})
	}
}

// page carries out the page's content streams as one (ISO 32000-2, 7.8.2).
func (in *interpreter) page(p *pdf.Page) {
	o, err := in.r.view.Resolve(p.Dict.Get("Contents"))
	if err != nil {
		in.unknown("contents: %v", err)
		return
	}
	list, ok := o.(pdf.Array)
	if !ok {
		list = pdf.Array{o}
	}
	var all []byte
	for _, o := range list {
		o, err := in.r.view.Resolve(o)
		if err != nil {
			in.unknown("contents: %v", err)
			return
		}
		s, ok := o.(*pdf.Stream)
		if !ok {
			continue // no content
		}
		data, err := in.r.decode(s)
		if err != nil {
			in.unknown("contents: %v", err)
			return
		}
		if len(list) == 1 {
			all = data
			break
		}
		all = append(append(all, data...), '\n')
	}
	resources, err := in.r.view.Dict(p.Resources)
	if err != nil {
		in.unknown("resources: %v", err)
		return
	}
	in.run(all, resources)
}

// maxOperands is how many operands are kept: no operator takes more.
const maxOperands = 64

func (in *interpreter) run(data []byte, resources *pdf.Dict) {
	l := lexer{buf: data}
	args := make([]token, 0, 8)
	for {
		t, err := l.next(0)
		if err != nil {
			in.unknown("%v", err)
			return
		}
		if t.kind == atEnd {
			return
		}
		if in.r.ops--; in.r.ops < 0 {
			in.unknown("more than %d operators", in.r.limit.Operators)
			return
		}
		if t.kind != operatorToken {
			if len(args) < maxOperands {
				args = append(args, t)
			}
			continue
		}
		if t.is("BI") {
			in.inline(&l)
		} else {
			in.operate(t.bytes, args, resources)
		}
		args = args[:0]
		l.reset()
	}
}

// operate carries out one operator. Those that it does not name change nothing
// about places.
func (in *interpreter) operate(op []byte, args []token, resources *pdf.Dict) {
	switch string(op) {
	case "q":
		if len(in.saved) >= 16*in.r.limit.Depth {
			in.unknown("graphics states are saved too deep")
			return
		}
		in.saved = append(in.saved, in.state)
	case "Q":
		if n := len(in.saved); n > 0 && n > in.text.floor {
			in.state, in.saved = in.saved[n-1], in.saved[:n-1]
		}
	case "cm":
		if n, ok := floats(args, 6); ok {
			in.state.ctm = matrix(n).times(in.state.ctm)
		}
	case "gs":
		in.graphicsState(in.resource(resources, "ExtGState", args))
	case "Do":
		in.object(in.resource(resources, "XObject", args))
	case "sh":
		in.paint(Drawing, in.state.clip, nil, false)
	case "scn", "SCN":
		in.state.pattern = len(args) > 0 && args[len(args)-1].kind == nameToken
	case "g", "G", "rg", "RG", "k", "K", "sc", "SC", "cs", "CS":
		in.state.pattern = false
	default:
		if !in.textOperator(op, args, resources) {
			in.pathOperator(op, args)
		}
	}
}

// floats takes the last n operands, at most 6, as numbers.
func floats(args []token, n int) (out [6]float64, ok bool) {
	if len(args) < n {
		return out, false
	}
	for i, t := range args[len(args)-n:] {
		if t.kind != numberToken {
			return out, false
		}
		out[i] = t.num
	}
	return out, true
}

// resource finds what the operand names.
func (in *interpreter) resource(resources *pdf.Dict, kind pdf.Name, args []token) pdf.Object {
	if len(args) == 0 {
		return pdf.Null{}
	}
	name := args[len(args)-1]
	if name.kind != nameToken {
		return pdf.Null{}
	}
	d, err := in.r.view.Dict(resources.Get(kind))
	if err != nil {
		in.unknown("resources: %v", err)
	}
	return d.Get(pdf.Name(name.bytes))
}

func (in *interpreter) graphicsState(o pdf.Object) {
	d, err := in.r.view.Dict(o)
	if err != nil || d == nil {
		return
	}
	list, err := in.r.view.Array(d.Get("Font"))
	if err == nil && len(list) == 2 {
		in.state.font = in.r.font(list[0])
		in.state.size, _ = in.r.number(list[1])
	}
}

// object draws an image or a form (ISO 32000-2, 8.8).
func (in *interpreter) object(o pdf.Object) {
	ref, _ := o.(pdf.Ref)
	o, err := in.r.view.Resolve(o)
	s, ok := o.(*pdf.Stream)
	if err != nil || !ok {
		return // paints nothing, in any reader
	}
	switch in.r.name(s.Dict.Get("Subtype")) {
	case "Image":
		in.paint(Image, in.state.ctm.box([4]float64{0, 0, 1, 1}), nil, false)
	case "Form":
		in.form(ref, s)
	}
}

func (in *interpreter) form(ref pdf.Ref, s *pdf.Stream) {
	if !ref.IsZero() && in.forms[ref] {
		in.unknown("form %v is drawn within itself", ref)
		return
	}
	if in.depth >= in.r.limit.Depth {
		in.unknown("form %v: forms within forms, too deep", ref)
		return
	}
	data, err := in.r.decode(s)
	if err != nil {
		in.unknown("form %v: %v", ref, err)
		return
	}
	resources, err := in.r.view.Dict(s.Dict.Get("Resources"))
	if err != nil {
		in.unknown("form %v: %v", ref, err)
		return
	}
	state, text, path := in.state, in.text, in.path
	in.text = textState{floor: len(in.saved), tm: identity, line: identity}
	in.path.reset()
	if m, ok := in.r.numbers(s.Dict.Get("Matrix"), 6); ok {
		in.state.ctm = matrix(m).times(in.state.ctm)
	}
	if b, ok := in.r.numbers(s.Dict.Get("BBox"), 4); ok {
		in.state.clip = meet(in.state.clip, in.state.ctm.box([4]float64{b[0], b[1], b[2], b[3]}))
	}
	in.depth++
	in.forms[ref] = true
	in.run(data, resources)
	in.depth--
	delete(in.forms, ref)
	in.saved = in.saved[:in.text.floor]
	in.state, in.text, in.path = state, text, path
}

// inline passes over an inline image, and paints its box (ISO 32000-2, 8.9.7).
func (in *interpreter) inline(l *lexer) {
	for {
		t, err := l.next(0)
		if err != nil || t.kind == atEnd {
			in.unknown("an inline image without data")
			return
		}
		if t.is("ID") {
			break
		}
	}
	in.paint(Image, in.state.ctm.box([4]float64{0, 0, 1, 1}), nil, false)
	for at := l.pos; ; at += 2 {
		i := bytes.Index(l.buf[at:], []byte("EI"))
		if i < 0 {
			in.unknown("an inline image without end")
			l.pos = len(l.buf)
			return
		}
		at += i
		if at > l.pos && isSpace(l.buf[at-1]) && plain(l.buf[at+2:]) {
			l.pos = at + 2
			return
		}
	}
}

// plain reports whether what follows looks like operators, and not like the data
// of an image in which the letters "EI" occurred.
func plain(b []byte) bool {
	if len(b) > 0 && !isSpace(b[0]) {
		return false
	}
	for _, c := range b[:min(len(b), 16)] {
		if c >= 0x7f || c < 0x20 && !isSpace(c) {
			return false
		}
	}
	return true
}
