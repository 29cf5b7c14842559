package content

// path is the path that is being made, in default user space.
type path struct {
	box    [4]float64
	x, y   float64 // current point, before the matrix
	any    bool
	curved bool // a curve or a slanted line: it may be a letter
	lines  int
	clip   bool // W or W* stands before the operator that paints
}

func (p *path) reset() { *p = path{box: nothing} }

// maxLines is how many lines along the axes a rule, a frame or a table's grid that
// is drawn as one path has at most; letters can be made of such lines too.
const maxLines = 8

func (in *interpreter) add(x, y float64) {
	if !in.path.any {
		in.path.box = nothing
	}
	in.path.any = true
	in.path.box = around(in.path.box, in.state.ctm, x, y)
	in.path.x, in.path.y = x, y
}

// pathOperator carries out operators that make and paint paths (8.5).
func (in *interpreter) pathOperator(op []byte, args []token) {
	switch string(op) {
	case "m":
		if n, ok := floats(args, 2); ok {
			in.add(n[0], n[1])
		}
	case "l":
		if n, ok := floats(args, 2); ok {
			in.path.curved = in.path.curved || in.path.any && n[0] != in.path.x && n[1] != in.path.y
			in.path.lines++
			in.add(n[0], n[1])
		}
	case "c", "v", "y":
		count := 4
		if len(op) == 1 && op[0] == 'c' {
			count = 6
		}
		if n, ok := floats(args, count); ok {
			for i := 0; i < count; i += 2 {
				in.add(n[i], n[i+1])
			}
		}
		in.path.curved = true
	case "re":
		if n, ok := floats(args, 4); ok {
			in.add(n[0], n[1])
			in.add(n[0]+n[2], n[1]+n[3])
			in.add(n[0], n[1]+n[3])
			in.add(n[0]+n[2], n[1])
			in.add(n[0], n[1])
		}
	case "h":
	case "W", "W*":
		in.path.clip = true
	case "S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "n":
		in.endPath(op[0] != 'n')
	}
}

func (in *interpreter) endPath(painted bool) {
	p := in.path
	if painted && p.any {
		kind := Plain
		if p.curved || p.lines > maxLines || in.state.pattern {
			kind = Drawing
		}
		in.paint(kind, p.box, nil, false)
	}
	if p.clip && p.any {
		in.state.clip = meet(in.state.clip, p.box)
	}
	in.path.reset()
}
