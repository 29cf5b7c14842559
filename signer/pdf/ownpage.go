package pdf

import (
	"errors"
	"fmt"
	"slices"
)

// OwnPage returns p, a page of u.View(), as an indirect object, which a widget
// can name and which can be given /Annots. A page that is part of the /Kids of
// its parent, as the standard forbids and some producers do, gets a number of
// its own, as do the pages beside it, and the parent is written with references
// in their place: the document is the same. That is refused where the parent is
// no indirect object either, and in a file with signatures, to whose validators
// it would look like another page. Of a page that is an object already the pages
// beside it get numbers too, where they may: pyHanko reads no such array when the
// next signature comes.
func (u *Update) OwnPage(p Page) (Page, error) {
	if !p.Ref.IsZero() {
		if sigs, err := u.view.Signatures(); err == nil && len(sigs) == 0 && !p.Parent.IsZero() {
			_, err := u.ownKids(p.Parent)
			return p, err
		}
		return p, nil
	}
	if p.Parent.IsZero() {
		return p, errors.New("pdf: page is no indirect object, nor is the node of the page tree that holds it")
	}
	if sigs, err := u.view.Signatures(); err != nil || len(sigs) > 0 {
		return p, fmt.Errorf("pdf: page is no indirect object, and cannot be made one after %d signatures (error %v)", len(sigs), err)
	}
	kids, err := u.ownKids(p.Parent)
	if err != nil {
		return p, err
	}
	if p.Kid < len(kids) {
		p.Ref, _ = kids[p.Kid].(Ref)
	}
	if p.Ref.IsZero() {
		return p, fmt.Errorf("pdf: object %d of the page tree has no page %d", p.Parent.Number, p.Kid)
	}
	u.Set(p.Ref, p.Dict)
	return p, nil
}

// ownKids gives each page that is part of the node holder a number, and returns
// the kids of the node.
func (u *Update) ownKids(holder Ref) (Array, error) {
	o, err := u.Object(holder)
	node, ok := o.(*Dict)
	if err != nil || !ok {
		return nil, fmt.Errorf("pdf: object %d is no node of the page tree (error %v)", holder.Number, err)
	}
	kids, direct := node.Get("Kids").(Array)
	if !direct {
		holder = node.Ref("Kids")
		if o, err = u.Object(holder); err != nil {
			return nil, err
		}
		kids, _ = o.(Array)
	}
	kids = slices.Clone(kids)
	changed := false
	for i, kid := range kids {
		if d, ok := kid.(*Dict); ok && !d.Has("Kids") {
			kids[i], changed = u.Add(d), true
		}
	}
	switch {
	case !changed:
	case direct:
		node.Set("Kids", kids)
		u.Set(holder, node)
	default:
		u.Set(holder, kids)
	}
	return kids, nil
}
