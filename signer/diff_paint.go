package signer

import (
	"strings"

	"lienthong/signer/content"
	"lienthong/signer/pdf"
	"lienthong/signer/place"
)

// under is what a rectangle of a page lies over.
type under struct {
	covered saying // text or image, for people; none for none
	unknown saying // why it cannot be told
}

// grain is how far, in points, a widget may reach into a box before it counts as
// covering it: boxes have room above and below the letters. A small widget has a
// tenth of its side instead, since it can hide a comma.
const grain = 2.0

// below tells what the page, and its annotations other than fields, paint below a
// rectangle. Signatures and fields are judged by themselves.
func (c *comparison) below(r [4]float64, page *pdf.Page) under {
	reader, done := c.d.reader(c.old)
	defer done()
	if reader == nil {
		return under{unknown: said("what the pages show takes too long to read")}
	}
	inner := r
	for i := range 2 {
		g := min(grain, (r[i+2]-r[i])/10)
		inner[i], inner[i+2] = r[i]+g, r[i+2]-g
	}
	reader.Within(inner)
	u := under{}
	u.look(inner, reader.Page(page))
	list, err := c.old.Array(page.Dict.Get("Annots"))
	if err != nil {
		return under{unknown: said("the annotations of the page cannot be read")}
	}
	for _, e := range list {
		d, err := c.old.Dict(e)
		if err != nil || d == nil || d.Name("Subtype") == "Widget" || d.Name("Subtype") == "Popup" {
			continue
		}
		if other, ok := rectOf(c.old, d.Get("Rect")); ok && overlap(inner, other) {
			u.look(inner, reader.Annotation(d))
		}
	}
	return u
}

// maxWords is how many words of what is covered are quoted.
const maxWords = 8

// look compares a rectangle with what is painted.
func (u *under) look(r [4]float64, p content.Painting) {
	var words []string
	images, texts := 0, 0
	for _, b := range p.Boxes {
		if b.Kind == content.Plain || !overlap(r, b.Rect) {
			continue
		}
		switch {
		case b.Rough:
			u.doubt(said("text whose font does not say how wide it is"))
		case b.Kind == content.Drawing:
			u.doubt(said("a drawing, which may be letters"))
		case b.Kind == content.Image:
			images++
		case b.Text != "" && len(words) < maxWords:
			words = append(words, b.Text)
		default:
			texts++
		}
	}
	switch {
	case !u.covered.none():
	case len(words) > 0:
		u.covered = said("the text %q", strings.Join(words, " "))
	case texts > 0:
		u.covered = said("text")
	case images > 0:
		u.covered = said(imageShown)
	}
	if p.Unknown != "" {
		u.doubt(technical(p.Unknown))
	}
}

func (u *under) doubt(why saying) {
	if u.unknown.none() {
		u.unknown = why
	}
}

// reader returns a reader of pages that spends from the file's budget once done is
// called; nil where nothing of it is left.
func (d *differ) reader(v *pdf.View) (r *content.Reader, done func()) {
	if d.painting.Operators <= 0 || d.painting.Bytes <= 0 {
		return nil, func() {}
	}
	r = content.NewReader(v, d.painting)
	return r, func() { d.painting.Operators, d.painting.Bytes = r.Left() }
}

// blocks returns the earlier signatures of the page in whose block a rectangle
// lies, all of it: see [place.InBlock].
func (c *comparison) blocks(r [4]float64, page *pdf.Page) (list []*item) {
	shown := make(map[pdf.Ref]bool)
	annots, err := c.old.Array(page.Dict.Get("Annots"))
	if err != nil {
		return nil
	}
	for _, e := range annots {
		if ref, ok := e.(pdf.Ref); ok {
			shown[ref] = true
		}
	}
	for _, it := range c.d.items {
		if it.timestamp || it.revision >= c.step.revision {
			continue
		}
		f := c.oldFields[it.field.Ref.Number]
		if f == nil {
			continue
		}
		for _, ref := range f.Widgets {
			d, ok := read(c.old, ref).(*pdf.Dict)
			if !ok || !shown[ref] || !(&newWidget{dict: d}).visible() {
				continue
			}
			s, ok := rectOf(c.old, d.Get("Rect"))
			if ok && place.InBlock(r, s, max(page.UserUnit, 1)) {
				list = append(list, it)
			}
		}
	}
	return list
}

// overlay is a further signature over text or an image, inside the block of
// earlier ones.
type overlay struct {
	by      *item
	blocks  []*item
	covered saying
	unknown bool // covered says why it cannot be told whether anything is
}

// laid is an overlay, and a signature that it follows.
type laid struct {
	after    *item
	revision int
	change   change
}

// settlePlaces decides, once certificates are judged, about signatures that lie
// over text of a signing block: the signer has to be bound to the claimed agency,
// and so does a signer whose block it is. Where nobody claimed anything, or trust is
// left out, nobody can say, and the file is marked.
func (c *check) settlePlaces() {
	told := make(map[pdf.Ref]bool)
	for _, l := range c.overlays {
		o := l.change.over
		switch {
		case c.opts.Claim != nil && c.policy.Trust && c.sameAgency(o):
		case c.opts.Claim == nil || !c.policy.Trust || o.unknown:
			if ref := l.change.ref; !told[ref] {
				told[ref] = true
				c.note(ruleUnchecked, Warning, refText(ref), "revision %d: the visible signature in %s lies over %s in the block of an earlier signature; whether its signer is of the same agency is not known",
					l.revision, placeText(l.change.path), o.covered)
			}
		default:
			ch := l.change
			ch.detail = said("a visible signature lies over %s, and its signer is not bound to the agency whose signing block that is", o.covered)
			l.after.unsay(ruleLater)
			l.after.out.Changes = ChangesContent
			l.after.forbidden(l.revision, ch, ChangesContent, ruleLater.name)
		}
	}
}

func (c *check) sameAgency(o *overlay) bool {
	bound := func(it *item) bool {
		return it != nil && !it.failed() && it.out.Binding == BindingBound && it.out.Agency == c.opts.Claim.Agency
	}
	if !bound(o.by) {
		return false
	}
	for _, it := range o.blocks {
		if bound(it) {
			return true
		}
	}
	return false
}

// unsay takes back that a check passed.
func (it *item) unsay(r rule) {
	kept := it.out.Findings[:0]
	for _, f := range it.out.Findings {
		if f.Name != r.name || f.Result != Passed {
			kept = append(kept, f)
		}
	}
	it.out.Findings = kept
}
