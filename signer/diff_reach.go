package signer

import (
	"strconv"
	"strings"

	"lienthong/signer/content"
	"lienthong/signer/pdf"
)

// differ compares one revision after the other. It remembers which object numbers
// the document has referred to so far, and what refers to those that some later
// revision writes.
type differ struct {
	file     *pdf.File
	items    []*item
	objects  int     // highest number that an object may have
	holder   []int32 // by object number: what mentioned it first, plus 2; 0 for nobody, 1 for the trailer
	twice    []bool  // by object number: mentioned by more than one object
	later    []bool  // by object number: some later revision writes it
	edges    map[int][]edge
	budget   int // nodes that may still be visited
	spent    bool
	bodies   map[int]pdf.Object // on ways that were looked for, in one revision
	bodiesOf int
	paths    int                         // ways that were looked for
	data     int64                       // bytes of streams that may still be compared
	known    map[pdf.Location]pdf.Object // signature dictionaries, which cost the most to read
	painting content.Limits              // what may still be spent on what pages show
}

// edge is a reference into an object that a later revision writes. There may be a
// million, so the way to it is looked for when somebody asks.
type edge struct {
	holder   int32 // object number, 0 for the trailer
	revision int32 // in which it refers to it
}

// maxNodes bounds the work on one file, in visits of array elements and dictionary
// entries; to read an object, a field or a page costs as much as objectCost of
// them. A document that takes more counts as not comparable, and so as changed.
const (
	maxNodes   = 12_000_000
	moreNodes  = 8 // for each object of the file, up to a million
	objectCost = 10
	maxData    = 256 << 20
	maxPaths   = 16 // to look for a way reads all that lies on it
)

// charge accounts for objects that are read.
func (d *differ) charge(objects int) {
	d.budget -= objects * objectCost
	d.spent = d.spent || d.budget < 0
}

func newDiffer(file *pdf.File, items []*item, first int) *differ {
	d := &differ{file: file, items: items, objects: pdf.DefaultLimits().Objects, edges: make(map[int][]edge), budget: maxNodes + moreNodes*min(file.Latest().MaxObject(), 1_000_000), data: maxData,
		painting: content.DefaultLimits()}
	d.known = knownDictionaries(file, items)
	for n := first + 1; n <= len(file.Revisions()); n++ {
		for _, w := range file.Written(n) {
			if more := w.Ref.Number + 1 - len(d.later); more > 0 {
				d.later = append(d.later, make([]bool, more)...)
			}
			d.later[w.Ref.Number] = true
		}
	}
	v := file.View(first)
	load := func(r pdf.Ref) (pdf.Object, bool) { return d.knownAt(v, r) }
	if root, catalog, err := v.Catalog(); err == nil && catalog != nil {
		// Pages first, so that what belongs to a page is named by its page.
		d.mention(root.Number, 0)
		if pages := catalog.Ref("Pages"); d.mention(pages.Number, root.Number) {
			d.absorb(v, load, pages.Number, d.read(v, pages))
		}
		d.absorb(v, load, root.Number, catalog)
	}
	if t := v.Trailer(); t != nil {
		d.absorb(v, load, 0, t)
	}
	return d
}

// mentioned reports whether the document has referred to an object number.
func (d *differ) mentioned(n int) bool { return n >= 0 && n < len(d.holder) && d.holder[n] != 0 }

// shared reports whether more than one object of the document has referred to an
// object number.
func (d *differ) shared(n int) bool { return n > 0 && n < len(d.twice) && d.twice[n] }

// mention notes a reference and reports whether it is the first to that number.
func (d *differ) mention(n, holder int) bool {
	if n <= 0 || n > d.objects {
		return false
	}
	if n >= len(d.holder) {
		more := n + 1 - len(d.holder) + len(d.holder)/4
		d.holder = append(d.holder, make([]int32, more)...)
		d.twice = append(d.twice, make([]bool, more)...)
	}
	if d.holder[n] != 0 {
		d.twice[n] = d.twice[n] || d.holder[n] != int32(holder)+1
		return false
	}
	d.holder[n] = int32(holder) + 1
	return true
}

// written reports whether a later revision writes an object.
func (d *differ) written(n int) bool { return n < len(d.later) && d.later[n] }

// A loader reads what is known of an object otherwise than as a view has it.
type loader func(pdf.Ref) (body pdf.Object, ok bool)

// absorb notes what the body of one object refers to, and what that leads to as v
// has it, but for what load knows better.
func (d *differ) absorb(v *pdf.View, load loader, holder int, body pdf.Object) {
	var queue []pdf.Ref
	note := func(holder int, r pdf.Ref) {
		if d.written(r.Number) {
			d.edge(r.Number, edge{int32(holder), int32(v.Revision().Number)})
		}
		if d.mention(r.Number, holder) {
			queue = append(queue, r)
		}
	}
	visit := func(holder int, o pdf.Object) {
		d.refs(o, nil, 0, func(r pdf.Ref, _ *trail) { note(holder, r) })
	}
	visit(holder, body)
	for len(queue) > 0 && !d.spent {
		next := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		d.charge(1)
		if body, ok := load(next); ok {
			visit(next.Number, body)
			continue
		}
		_ = v.References(next, func(r pdf.Ref) { // what is unreadable refers to nothing
			d.budget--
			note(next.Number, r)
		})
	}
}

// edge notes who refers to an object, each holder once in a row.
func (d *differ) edge(to int, e edge) {
	if list := d.edges[to]; len(list) == 0 || list[len(list)-1] != e {
		d.edges[to] = append(list, e)
	}
}

// trail is the way from an object to a value inside it.
type trail struct {
	up    *trail
	key   pdf.Name
	index int
}

func (t *trail) String() string {
	if t == nil {
		return ""
	}
	if t.key == "" {
		return t.up.String() + "[" + strconv.Itoa(t.index) + "]"
	}
	return t.up.String() + "/" + string(t.key)
}

// refs calls fn for every reference inside o.
func (d *differ) refs(o pdf.Object, at *trail, depth int, fn func(pdf.Ref, *trail)) {
	if d.budget--; d.budget < 0 || depth > 200 {
		d.spent = d.spent || d.budget < 0
		return
	}
	switch o := o.(type) {
	case pdf.Ref:
		fn(o, at)
	case pdf.Array:
		for i, e := range o {
			switch e.(type) {
			case pdf.Ref, pdf.Array, *pdf.Dict:
				d.refs(e, &trail{at, "", i}, depth+1, fn)
			}
		}
	case *pdf.Dict:
		for i := 0; i < o.Len(); i++ {
			k, e := o.At(i)
			switch e.(type) {
			case pdf.Ref, pdf.Array, *pdf.Dict:
				d.refs(e, &trail{at, k, 0}, depth+1, fn)
			}
		}
	case *pdf.Stream:
		d.refs(o.Dict, at, depth, fn)
	}
}

// pathTo names the way from the trailer to an object, as far as it is known.
func (d *differ) pathTo(v *pdf.View, n int) string {
	if d.paths++; d.paths > maxPaths {
		return "" // it is named by its number
	}
	var parts []string
	for depth := 0; depth < 40 && n > 0 && d.mentioned(n); depth++ {
		holder := int(d.holder[n]) - 1
		var body pdf.Object = v.Trailer()
		if holder > 0 {
			body = d.bodyOf(v, holder)
		}
		parts = append(parts, findRef(body, n))
		n = holder
	}
	if len(parts) == 0 {
		return ""
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, "")
}

// bodyOf reads an object on a way; neighbours lie on the same way.
func (d *differ) bodyOf(v *pdf.View, n int) pdf.Object {
	if o, ok := d.bodies[n]; ok && d.bodiesOf == v.Revision().Number {
		return o
	}
	if d.bodiesOf != v.Revision().Number || len(d.bodies) > 64 {
		d.bodies, d.bodiesOf = make(map[int]pdf.Object), v.Revision().Number
	}
	o := d.read(v, pdf.Ref{Number: n})
	d.bodies[n] = o
	return o
}

func findRef(body pdf.Object, n int) string {
	found := ""
	look := &differ{budget: 100_000}
	look.refs(body, nil, 0, func(r pdf.Ref, at *trail) {
		if found == "" && r.Number == n {
			found = at.String()
		}
	})
	if found == "" {
		return "/…"
	}
	return found
}
