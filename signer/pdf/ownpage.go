package pdf

import (
	"fmt"
	"slices"
)

// OwnPage returns p, a page of u.View(), as an indirect object, which a widget
// can name and which can be given /Annots. A page that is part of the /Kids of
// its parent, as the standard forbids and some producers do, gets a number of
// its own, and the parent is written with a reference in its place: the
// document is the same. That is refused where its parent is no indirect object
// either, and in a file with signatures, to whose validators it would look
// like another page.
func (u *Update) OwnPage(p Page) (Page, error) {
	if !p.Ref.IsZero() {
		return p, nil
	}
	if p.Parent.IsZero() {
		return p, fmt.Errorf("pdf: page is no indirect object, nor is the node of the page tree that holds it")
	}
	if sigs, err := u.view.Signatures(); err != nil || len(sigs) > 0 {
		return p, fmt.Errorf("pdf: page is no indirect object, and cannot be made one after %d signatures (error %v)", len(sigs), err)
	}
	holder := p.Parent
	o, err := u.Object(holder)
	if err != nil {
		return p, err
	}
	node, ok := o.(*Dict)
	if !ok {
		return p, fmt.Errorf("pdf: object %d is no node of the page tree", holder.Number)
	}
	kids, direct := node.Get("Kids").(Array)
	if !direct {
		holder = node.Ref("Kids")
		if o, err = u.Object(holder); err != nil {
			return p, err
		}
		kids, _ = o.(Array)
	}
	if p.Kid >= len(kids) {
		return p, fmt.Errorf("pdf: object %d has no kid %d", holder.Number, p.Kid)
	}
	p.Ref = u.Add(p.Dict)
	kids = slices.Clone(kids)
	if kids[p.Kid] = p.Ref; direct {
		node.Set("Kids", kids)
		u.Set(holder, node)
	} else {
		u.Set(holder, kids)
	}
	return p, nil
}
