package pdf

import "strconv"

// A Node is an indirect object that [View.Walk] meets. Where it cannot be read
// Object is [Null] and Err says why.
type Node struct {
	Ref    Ref
	Object Object
	Err    error

	walk *walk
	at   int32
}

// walk is the state of a breadth-first walk: the objects met, each with where
// it was first found, in 16 bytes.
type walk struct {
	v     *View
	seen  visited
	nodes []walkNode   // the newest chunk
	full  [][]walkNode // those before it: a list of millions that grows would be there twice
}

// walkChunk is how many nodes a chunk has.
const walkChunk = 1 << 14

func (w *walk) len() int { return len(w.full)*walkChunk + len(w.nodes) }

func (w *walk) node(i int32) walkNode {
	if c := int(i) / walkChunk; c < len(w.full) {
		return w.full[c][i%walkChunk]
	}
	return w.nodes[i%walkChunk]
}

type walkNode struct {
	number, generation int32
	parent             int32 // index in nodes, -1 for a root
	nth                int32 // reference in the parent, or index of the root's key
}

var roots = [...]Name{"Root", "Info"}

// Walk calls fn for every indirect object that can be reached from /Root and
// /Info of the trailer, each once, in order of distance. It stops at the first
// error of fn, and at [ErrLimit].
func (v *View) Walk(fn func(Node) error) error {
	w := &walk{v: v, seen: newVisited(v.file.revs[v.rev-1].highest)}
	for i, key := range roots {
		eachRef(v.Trailer().Get(key), func(r Ref) { w.add(r, -1, int32(i)) })
	}
	for i := int32(0); int(i) < w.len(); i++ {
		n := w.node(i)
		ref := Ref{int(n.number), int(n.generation)}
		o, err := v.Object(ref)
		if isLimit(err) {
			return err
		}
		if err != nil {
			o = Null{}
		}
		if err := fn(Node{ref, o, err, w, i}); err != nil {
			return err
		}
		nth := int32(0)
		eachRef(o, func(r Ref) {
			w.add(r, i, nth)
			nth++
		})
	}
	return nil
}

func (w *walk) add(r Ref, parent, nth int32) {
	if w.seen.add(r.Number) {
		if len(w.nodes) == walkChunk {
			w.full, w.nodes = append(w.full, w.nodes), make([]walkNode, 0, walkChunk)
		}
		w.nodes = append(w.nodes, walkNode{int32(r.Number), int32(r.Generation), parent, nth})
	}
}

// Path returns how the object was first reached from the trailer, as in
// "/Root/Pages/Kids[0]/Contents". It reads the objects on the way again.
func (n Node) Path() string {
	var chain []walkNode
	for i := n.at; i >= 0; i = n.walk.node(i).parent {
		chain = append(chain, n.walk.node(i))
	}
	path := make([]byte, 0, 64)
	for i := len(chain) - 1; i >= 0; i-- {
		c := chain[i]
		if c.parent < 0 {
			path = append(append(path, '/'), roots[c.nth]...)
			continue
		}
		up := chain[i+1]
		o, err := n.walk.v.Object(Ref{int(up.number), int(up.generation)})
		if err != nil {
			return string(path)
		}
		left := int(c.nth)
		path, _ = refPath(path, o, &left)
	}
	return string(path)
}

// eachRef calls fn for the references in o, in order. The parser has bounded
// how deep o is.
func eachRef(o Object, fn func(Ref)) {
	switch o := o.(type) {
	case Ref:
		fn(o)
	case Array:
		for _, e := range o {
			eachRef(e, fn)
		}
	case *Dict:
		for _, e := range o.entries {
			eachRef(e.value, fn)
		}
	case *Stream:
		eachRef(o.Dict, fn)
	}
}

// refPath appends the way to the reference in o that *left others come before.
func refPath(path []byte, o Object, left *int) ([]byte, bool) {
	switch o := o.(type) {
	case Ref:
		*left--
		return path, *left < 0
	case Array:
		for i, e := range o {
			step := append(strconv.AppendInt(append(path, '['), int64(i), 10), ']')
			if p, ok := refPath(step, e, left); ok {
				return p, true
			}
		}
	case *Dict:
		for _, e := range o.entries {
			if p, ok := refPath(appendName(path, e.key), e.value, left); ok {
				return p, true
			}
		}
	case *Stream:
		return refPath(path, o.Dict, left)
	}
	return path, false
}
