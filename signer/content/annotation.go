package content

import "lienthong/signer/pdf"

// annotation draws the normal appearance (ISO 32000-2, 12.5.5).
func (in *interpreter) annotation(d *pdf.Dict) {
	flags, _ := in.r.number(d.Get("F"))
	if int64(flags)&(2|32) != 0 { // Hidden, NoView
		return
	}
	rect, ok := in.r.numbers(d.Get("Rect"), 4)
	if !ok {
		return
	}
	to := [4]float64{min(rect[0], rect[2]), min(rect[1], rect[3]), max(rect[0], rect[2]), max(rect[1], rect[3])}
	if to[0] == to[2] || to[1] == to[3] {
		return
	}
	ap, err := in.r.view.Dict(d.Get("AP"))
	if err != nil || ap == nil {
		return
	}
	normal := ap.Get("N")
	o, err := in.r.view.Resolve(normal)
	if err != nil {
		in.unknown("appearance: %v", err)
		return
	}
	ref, _ := normal.(pdf.Ref)
	switch o := o.(type) {
	case *pdf.Stream:
		in.appearance(ref, o, to)
	case *pdf.Dict:
		for i := 0; i < o.Len() && i < 64; i++ {
			_, v := o.At(i)
			ref, _ := v.(pdf.Ref)
			if s, err := in.r.view.Resolve(v); err == nil {
				if s, ok := s.(*pdf.Stream); ok {
					in.appearance(ref, s, to)
				}
			}
		}
	}
}

// appearance puts the form's box, as its matrix turns it, onto the rectangle.
func (in *interpreter) appearance(ref pdf.Ref, s *pdf.Stream, to [4]float64) {
	b, ok := in.r.numbers(s.Dict.Get("BBox"), 4)
	if !ok {
		in.unknown("appearance without a box")
		return
	}
	m := identity
	if n, ok := in.r.numbers(s.Dict.Get("Matrix"), 6); ok {
		m = matrix(n)
	}
	from := m.box([4]float64{b[0], b[1], b[2], b[3]})
	w, h := from[2]-from[0], from[3]-from[1]
	if w == 0 || h == 0 {
		return
	}
	x, y := (to[2]-to[0])/w, (to[3]-to[1])/h
	old := in.state
	in.state.ctm = matrix{x, 0, 0, y, to[0] - from[0]*x, to[1] - from[1]*y}.times(in.state.ctm)
	in.state.clip = meet(in.state.clip, to)
	in.form(ref, s)
	in.state = old
}
