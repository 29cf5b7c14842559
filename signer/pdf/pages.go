package pdf

import "fmt"

// A Page is a leaf of the page tree, with what it inherits (ISO 32000-2,
// 7.7.3). Boxes are in units of user space, 1/72 inch times UserUnit, as lower
// left and upper right corner.
type Page struct {
	Ref       Ref // zero for a page that is no indirect object: see Update.OwnPage
	Dict      *Dict
	MediaBox  [4]float64 // US letter where the file gives none
	CropBox   [4]float64 // MediaBox where the file gives none
	Rotate    int        // 0, 90, 180 or 270, clockwise
	UserUnit  float64    // 1 where the file gives none
	Resources Object     // not resolved; Null where there are none
	Parent    Ref        // the node of the tree whose /Kids has it; zero where that is no indirect object
	Kid       int        // its index there
}

// inherited are the values that pages take from the nodes above them.
type inherited struct{ media, crop, rotate, resources Object }

func (in inherited) with(d *Dict) inherited {
	for _, x := range []struct {
		key   Name
		value *Object
	}{{"MediaBox", &in.media}, {"CropBox", &in.crop}, {"Rotate", &in.rotate}, {"Resources", &in.resources}} {
		if o := d.Get(x.key); o != (Null{}) {
			*x.value = o
		}
	}
	return in
}

type pageWalk struct {
	v     *View
	seen  visited // of the nodes above pages
	pages []Page
}

// Pages returns the pages in order. A node that is met twice, or nodes nested
// beyond [Limits].Depth, are errors; a page may be there several times.
func (v *View) Pages() ([]Page, error) {
	_, root, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	w := pageWalk{v: v, seen: newVisited(v.file.revs[v.rev-1].highest)}
	none := inherited{Null{}, Null{}, Null{}, Null{}}
	if err := w.node(root.Get("Pages"), none, place{}, 0); err != nil {
		return nil, fmt.Errorf("pdf: page tree: %w", err)
	}
	return w.pages, nil
}

// A place is where a node of the tree is: in the /Kids of another.
type place struct {
	node Ref
	kid  int
}

func (w *pageWalk) node(o Object, in inherited, at place, depth int) error {
	if depth > w.v.file.lim.Depth {
		return fmt.Errorf("%w: nodes nest more than %d deep", ErrLimit, w.v.file.lim.Depth)
	}
	ref, _ := o.(Ref)
	o, err := w.v.Resolve(o)
	if err != nil {
		return err
	}
	d, ok := o.(*Dict)
	if !ok {
		return nil // a page that is not there
	}
	in = in.with(d)
	if !d.Has("Kids") || d.Name("Type") == "Page" {
		return w.page(ref, d, in, at)
	}
	if !ref.IsZero() && !w.seen.add(ref.Number) {
		return &SyntaxError{d.span.Start, fmt.Sprintf("object %d is met twice", ref.Number)}
	}
	kids, err := w.v.Array(d.Get("Kids"))
	if err != nil {
		return err
	}
	for i, kid := range kids {
		if err := w.node(kid, in, place{ref, i}, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *pageWalk) page(ref Ref, d *Dict, in inherited, at place) error {
	if len(w.pages) >= w.v.file.lim.Tree {
		return fmt.Errorf("%w: more than %d pages", ErrLimit, w.v.file.lim.Tree)
	}
	p := Page{Ref: ref, Dict: d, Resources: in.resources, UserUnit: 1, MediaBox: [4]float64{0, 0, 612, 792}, Parent: at.node, Kid: at.kid}
	if err := w.v.rectangle(in.media, &p.MediaBox); err != nil {
		return err
	}
	p.CropBox = p.MediaBox
	if err := w.v.rectangle(in.crop, &p.CropBox); err != nil {
		return err
	}
	rotate, err := w.v.number(in.rotate)
	if err != nil {
		return err
	}
	p.Rotate = ((int(rotate)%360 + 360) % 360) / 90 * 90
	unit, err := w.v.number(d.Get("UserUnit"))
	if err != nil {
		return err
	}
	if unit > 0 {
		p.UserUnit = unit
	}
	w.pages = append(w.pages, p)
	return nil
}

// rectangle sets box to the rectangle o, corners put in order; what is no
// rectangle leaves it as it is.
func (v *View) rectangle(o Object, box *[4]float64) error {
	a, err := v.Array(o)
	if err != nil || len(a) != 4 {
		return err
	}
	var r [4]float64
	for i, o := range a {
		if r[i], err = v.number(o); err != nil {
			return err
		}
	}
	r = [4]float64{min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]), max(r[1], r[3])}
	if r[0] < r[2] && r[1] < r[3] {
		*box = r
	}
	return nil
}

// number returns the number that o is or refers to, or 0.
func (v *View) number(o Object) (float64, error) {
	o, err := v.Resolve(o)
	switch n := o.(type) {
	case Integer:
		return float64(n), err
	case Real:
		return n.Value, err
	}
	return 0, err
}
