package signer

import (
	"lienthong/signer/pdf"
)

// maxCover is the part of a page that a further visible signature may take.
const maxCover = 0.20

// place judges where a further signature shows. Its widget passes if it is on one
// page, takes at most a fifth of it, and lies over no field but earlier signatures.
// What the page itself paints below it decides the rest: over blank page, rules and
// backgrounds it passes; over text or an image it is content, unless it is inside
// the block of an earlier signature, where the agency of both is asked later (see
// [check.settlePlaces]); where it cannot be told what lies below, it passes and the
// file is marked. A widget of a field that was there before signing has its place
// from the signed revision, and is not looked at.
//
// After a certification below P 3 no new visible signature passes: only fields
// that the certified document brought along may show something.
func (c *comparison) place(w *newWidget, pages []pdf.Page) {
	if !w.visible() || w.earlier {
		return
	}
	path := "field " + w.field.FullName
	if w.page == 0 {
		return // no page lists it, so no page shows it
	}
	var page *pdf.Page
	for i := range pages {
		if pages[i].Ref.Number == w.page {
			page = &pages[i]
		}
	}
	r, ok := w.rect(c.new)
	if page == nil || !ok {
		c.content(w.ref, path, "the place of a visible signature cannot be read")
		return
	}
	shown := area(page.CropBox)
	if shown <= 0 {
		shown = area(page.MediaBox)
	}
	if part := area(r) / shown; shown <= 0 || part > maxCover {
		c.content(w.ref, path, "a visible signature takes %.0f %% of its page, at most %.0f %% may be covered", part*100, maxCover*100)
		return
	}
	if n, name := c.covers(r, page); n {
		c.content(w.ref, path, "a visible signature lies over field %q", name)
		return
	}
	c.placed(w, path, c.below(r, page), c.blocks(r, page))
}

// placed records a widget by what lies below it.
func (c *comparison) placed(w *newWidget, path string, u under, blocks []*item) {
	if !u.covered.none() && len(blocks) == 0 {
		c.content(w.ref, path, "a visible signature lies over %s", u.covered)
		return
	}
	c.record(ChangesSignature, w.ref, path, "a signature shows on the page where nothing of its field did")
	ch := &c.step.changes[len(c.step.changes)-1]
	ch.fresh = true
	switch {
	case !u.covered.none():
		ch.over = &overlay{by: c.itemOf(w.field), blocks: blocks, covered: u.covered}
	case !u.unknown.none() && len(blocks) > 0:
		ch.over = &overlay{by: c.itemOf(w.field), blocks: blocks, covered: u.unknown, unknown: true}
	case !u.unknown.none():
		c.note(ruleUnchecked, w.ref, "the visible signature in %q was not compared with what lies below it: %s", w.field.FullName, u.unknown)
	}
}

func area(r [4]float64) float64 { return (r[2] - r[0]) * (r[3] - r[1]) }

// covers finds a field other than a signature below a rectangle.
func (c *comparison) covers(r [4]float64, page *pdf.Page) (bool, string) {
	list, err := c.old.Array(page.Dict.Get("Annots"))
	if err != nil {
		return true, ""
	}
	widgets := make(map[pdf.Ref]*pdf.Field)
	for _, f := range c.oldFields {
		for _, w := range f.Widgets {
			widgets[w] = f
		}
	}
	for _, e := range list {
		ref, _ := e.(pdf.Ref)
		d, err := c.old.Dict(e)
		if err != nil || d == nil || d.Name("Subtype") != "Widget" {
			continue
		}
		f := widgets[ref]
		if f != nil && f.Type == "Sig" && (!isNull(f.Value) || c.showsNothing(d)) {
			continue
		}
		if other, ok := rectOf(c.old, d.Get("Rect")); ok && overlap(r, other) {
			if f == nil {
				return true, ""
			}
			return true, f.FullName
		}
	}
	return false, ""
}

// showsNothing: the seal's field waits beside the handwriting, partly below it.
func (c *comparison) showsNothing(widget *pdf.Dict) bool {
	r, done := c.d.reader(c.old)
	defer done()
	if r == nil {
		return false
	}
	p := r.Annotation(widget)
	return len(p.Boxes) == 0 && p.Unknown == ""
}

func overlap(a, b [4]float64) bool {
	return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}
