package signer

import (
	"slices"

	"lienthong/signer/pdf"
)

// pages compares the pages that changed. A page may gain annotations, and nothing
// else; the tree above it does not change at all.
func (c *comparison) pages() {
	touched := len(c.widgets) > 0
	for _, dl := range c.deltas {
		if dl.taken || !dl.known {
			continue
		}
		_, array := dl.old.(pdf.Array)
		touched = touched || array || pageLike(dl.old) || pageLike(dl.new)
	}
	if !touched {
		return
	}
	list, err := c.old.Pages()
	c.d.charge(len(list))
	if err != nil {
		return // what changed on a page is then taken by nobody
	}
	for i := range list {
		c.page(&list[i])
	}
	for _, n := range sortedWidgets(c.widgets) {
		c.place(c.widgets[n], list)
	}
}

// pageLike: an object that could be a page, or have annotations as one.
func pageLike(o pdf.Object) bool {
	d, ok := o.(*pdf.Dict)
	return ok && (d.Name("Type") == "Page" || d.Has("Annots"))
}

func sortedWidgets(m map[int]*newWidget) []int {
	keys := make([]int, 0, len(m))
	for n := range m {
		keys = append(keys, n)
	}
	sortInts(keys)
	return keys
}

func (c *comparison) page(p *pdf.Page) {
	old := p.Dict
	now := old
	if dl := c.deltas[p.Ref.Number]; dl != nil {
		var ok bool
		if now, ok = dl.new.(*pdf.Dict); !ok || len(now.Duplicates()) > 0 {
			return
		}
		if !c.pageKeys(p.Ref, old, now) {
			return
		}
		c.take(p.Ref.Number, "page")
	}
	c.annots(p.Ref, old.Get("Annots"), now.Get("Annots"))
}

// pageKeys compares the entries of a page but for /Annots.
func (c *comparison) pageKeys(ref pdf.Ref, old, now *pdf.Dict) bool {
	for _, k := range bothKeys(old, now) {
		if k == "Annots" || c.same(old.Get(k), now.Get(k)) {
			continue
		}
		if k == "Tabs" && isNull(old.Get(k)) && now.Get(k) == pdf.Object(pdf.Name("S")) && c.gainsSignature(old, now) {
			continue // the order of the structure tree, in which the new widget has its place
		}
		if k == "Tabs" {
			c.record(ChangesAnnotation, ref, c.d.pathTo(c.old, ref.Number)+"/Tabs", "the order of the page's annotations changes")
			continue
		}
		c.content(ref, c.d.pathTo(c.old, ref.Number)+"/"+string(k), "this entry of the page changes")
		c.take(ref.Number, "page")
		return false
	}
	return true
}

// gainsSignature reports whether a page of a tagged file gains the widget of a signature.
func (c *comparison) gainsSignature(old, now *pdf.Dict) bool {
	_, catalog, err := c.old.Catalog()
	if err != nil || catalog == nil || isNull(catalog.Get("StructTreeRoot")) {
		return false
	}
	was, errA := c.old.Array(old.Get("Annots"))
	is, errB := c.new.Array(now.Get("Annots"))
	if errA != nil || errB != nil {
		return false
	}
	for _, e := range is {
		if n := refNumber(e); c.widgets[n] != nil && !slices.ContainsFunc(was, func(o pdf.Object) bool { return refNumber(o) == n }) {
			return true
		}
	}
	return false
}

// annots compares the annotations of a page.
func (c *comparison) annots(page pdf.Ref, a, b pdf.Object) {
	old, errA := c.old.Array(a)
	now, errB := c.new.Array(b)
	if errA != nil || errB != nil {
		return
	}
	if n := refNumber(b); n > 0 {
		c.take(n, "annotations of a page", append([]int{page.Number}, c.formOwners...)...)
	}
	if n := refNumber(a); n > 0 && n != refNumber(b) {
		c.take(n, "annotations of a page", append([]int{page.Number}, c.formOwners...)...)
	}
	was := make(map[pdf.Ref]bool)
	for _, e := range old {
		if r, ok := e.(pdf.Ref); ok {
			was[r] = true
		}
	}
	is := make(map[pdf.Ref]bool)
	for _, e := range now {
		r, ok := e.(pdf.Ref)
		if !ok {
			continue
		}
		is[r] = true
		if w := c.widgets[r.Number]; w != nil && w.ref == r {
			if w.page != 0 {
				c.content(r, c.d.pathTo(c.old, page.Number)+"/Annots", "a signature shows on more than one page")
			}
			w.page = page.Number
			w.earlier = w.earlier && was[r]
		} else if !was[r] {
			c.newAnnotation(page, r)
		}
	}
	c.direct(page, old, now)
	lost := 0
	for _, e := range old {
		if r, ok := e.(pdf.Ref); ok && !is[r] {
			lost++
			c.lostAnnotation(page, r)
		}
	}
	if lost == 0 && kept(refsOnly(old), refsOnly(now)) < len(refsOnly(old)) {
		c.content(page, c.d.pathTo(c.old, page.Number)+"/Annots", "annotations are put in another order, one over the other")
	}
}

func refsOnly(list pdf.Array) (out pdf.Array) {
	for _, e := range list {
		if _, ok := e.(pdf.Ref); ok {
			out = append(out, e)
		}
	}
	return out
}

// direct compares annotations that stand in the array itself.
func (c *comparison) direct(page pdf.Ref, old, now pdf.Array) {
	count := func(list pdf.Array) map[string]int {
		m := make(map[string]int)
		for _, e := range list {
			if d, ok := e.(*pdf.Dict); ok {
				m[string(pdf.Canonical(d))]++
			}
		}
		return m
	}
	a, b := count(old), count(now)
	for k, n := range b {
		if n != a[k] {
			c.content(page, c.d.pathTo(c.old, page.Number)+"/Annots", "an annotation that stands in the page itself changes")
			return
		}
	}
	if len(a) != len(b) {
		c.content(page, c.d.pathTo(c.old, page.Number)+"/Annots", "an annotation that stands in the page itself is taken away")
	}
}

// markup are the annotations that people add to a document that is certified for
// it. All others can do or show something of their own.
var markup = map[pdf.Name]bool{
	"Text": true, "FreeText": true, "Line": true, "Square": true, "Circle": true, "Polygon": true, "PolyLine": true,
	"Highlight": true, "Underline": true, "Squiggly": true, "StrikeOut": true, "Stamp": true, "Caret": true, "Ink": true,
	"Popup": true, "FileAttachment": true,
}

func (c *comparison) newAnnotation(page, ref pdf.Ref) {
	path := c.d.pathTo(c.old, page.Number) + "/Annots"
	dl := c.deltas[ref.Number]
	d, _ := c.new.Dict(ref)
	switch {
	case d == nil:
		return // refers to nothing
	case dl == nil || dl.known || !isDict(dl.new):
		c.content(ref, path, "an object that was there before is made an annotation of the page")
	case !markup[d.Name("Subtype")]:
		c.content(ref, path, "an annotation of type %q is added", d.Name("Subtype"))
		c.take(ref.Number, "annotation")
	case d.Has("A") || d.Has("AA") || d.Has("OC"):
		c.content(ref, path, "an annotation with an action or optional content is added")
		c.take(ref.Number, "annotation")
	default:
		c.take(ref.Number, "annotation")
		c.takeTree(c.new, d, "annotation", ref.Number)
		c.record(ChangesAnnotation, ref, path, "an annotation of type %q is added", d.Name("Subtype"))
	}
}

func (c *comparison) lostAnnotation(page, ref pdf.Ref) {
	d, _ := c.old.Dict(ref)
	path := c.d.pathTo(c.old, page.Number) + "/Annots"
	switch {
	case d == nil:
	case d.Name("Subtype") == "Widget":
		c.content(ref, path, "the widget of a field is taken off the page")
	default:
		c.take(ref.Number, "annotation", page.Number, ref.Number)
		c.takeTree(c.old, d, "annotation", ref.Number)
		c.record(ChangesAnnotation, ref, path, "an annotation of type %q is taken away", d.Name("Subtype"))
	}
}

// annotations takes changes of annotations that were there. Only what remains is
// looked for, since it takes a look at every page.
func (c *comparison) annotations() {
	any := false
	for _, dl := range c.deltas {
		d, ok := dl.old.(*pdf.Dict)
		any = any || ok && dl.known && !dl.taken && markup[d.Name("Subtype")]
	}
	if !any {
		return
	}
	list, err := c.old.Pages()
	if err != nil {
		return
	}
	for i := range list {
		array, _ := c.old.Array(list[i].Dict.Get("Annots"))
		for _, e := range array {
			if n := refNumber(e); n > 0 && c.deltas[n] != nil && !c.deltas[n].taken {
				c.changedAnnotation(&list[i], c.deltas[n])
			}
		}
	}
}

func (c *comparison) changedAnnotation(p *pdf.Page, dl *delta) {
	old, okA := dl.old.(*pdf.Dict)
	now, okB := dl.new.(*pdf.Dict)
	if !okA || !okB || !markup[old.Name("Subtype")] || old.Name("Subtype") != now.Name("Subtype") || len(now.Duplicates()) > 0 {
		return
	}
	for _, k := range []pdf.Name{"A", "AA", "OC"} {
		if !c.same(old.Get(k), now.Get(k)) {
			return
		}
	}
	n := dl.ref.Number
	c.take(n, "annotation")
	c.takeTree(c.old, old, "annotation", n)
	c.takeTree(c.new, now, "annotation", n)
	c.record(ChangesAnnotation, dl.ref, c.d.pathTo(c.old, p.Ref.Number)+"/Annots", "an annotation of type %q changes", old.Name("Subtype"))
}
