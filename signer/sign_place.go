package signer

import (
	"fmt"
	"slices"
	"strings"

	"lienthong/certs/keys"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// visible reports whether the signature shows on its page.
func (p *plan) visible() bool { return p.opts.Profile != appearance.Invisible }

// placeOnPage finds the page of a new field, and its rectangle there.
func (p *plan) placeOnPage() error {
	place := p.opts.Place
	switch {
	case !p.visible():
		if page, ok := p.firstPage(); ok {
			p.field.page = page
			return nil
		}
	case place == nil && p.opts.Profile.Corner():
		return p.placeInCorner()
	case place == nil:
		return fmt.Errorf("%w: new field %q needs a place", ErrNoPlace, p.field.name)
	case place.searched():
		return p.placeInBlock()
	}
	return p.placeAt()
}

// placeAt takes the page and the rectangle that are given.
func (p *plan) placeAt() error {
	pages, err := p.view.Pages()
	if err != nil {
		return fmt.Errorf("sign: read the pages: %w", err)
	}
	number := 1
	if p.opts.Place != nil {
		number = p.opts.Place.Page
	}
	if number == -1 {
		number = len(pages)
	}
	if number < 1 || number > len(pages) {
		return fmt.Errorf("sign: no page %d in a file of %d pages", number, len(pages))
	}
	if err := p.usePage(pages, number); err != nil || !p.visible() {
		return err // an invisible one is on the first page all the same
	}
	return p.setRect(number, p.opts.Place.Rect)
}

func (p *plan) usePage(pages []pdf.Page, number int) (err error) {
	if p.field.page, err = p.update.OwnPage(pages[number-1]); err != nil {
		return fmt.Errorf("sign: page %d: %w", number, err)
	}
	return nil
}

// firstPage goes down the left side of a sound page tree, so that an invisible
// signature in a file of many pages need not read them all. Pages that are no
// objects of their own are left to [pdf.Update.OwnPage].
func (p *plan) firstPage() (pdf.Page, bool) {
	ref := p.catalog.Ref("Pages")
	for range 50 {
		o, err := p.view.Object(ref)
		d, ok := o.(*pdf.Dict)
		if err != nil || !ok {
			return pdf.Page{}, false
		}
		if d.Name("Type") == "Page" {
			return pdf.Page{Ref: ref, Dict: d}, true
		}
		kids, err := p.view.Array(d.Get("Kids"))
		if err != nil || len(kids) == 0 || slices.ContainsFunc(kids, isDirect) {
			return pdf.Page{}, false
		}
		ref, _ = kids[0].(pdf.Ref)
	}
	return pdf.Page{}, false
}

// placeInField takes the rectangle of an existing field's widget, and its page
// for the sake of how that is turned.
func (p *plan) placeInField() error {
	f := &p.field
	if !p.visible() {
		return nil
	}
	if p.opts.Place != nil {
		return fmt.Errorf("sign: field %q has a place of its own: give no other", f.name)
	}
	if !f.shown {
		return fmt.Errorf("sign: field %q is on no page: only an invisible signature fits", f.name)
	}
	rect, err := p.view.Array(f.dict.Get("Rect"))
	if err != nil || len(rect) != 4 {
		return fmt.Errorf("sign: field %q: its /Rect is not four numbers", f.name)
	}
	var r [4]float64
	for i := range r {
		var ok bool
		if r[i], ok = p.number(rect[i]); !ok {
			return fmt.Errorf("sign: field %q: its /Rect is not four numbers", f.name)
		}
	}
	f.rect = [4]float64{min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]), max(r[1], r[3])}
	return p.findPage()
}

func (p *plan) number(o pdf.Object) (float64, bool) {
	resolved, err := p.view.Resolve(o)
	if err != nil {
		return 0, false
	}
	switch n := resolved.(type) {
	case pdf.Integer:
		return float64(n), true
	case pdf.Real:
		return n.Value, true
	}
	return 0, false
}

// findPage finds the page of an existing field: the one that it names, or that
// lists it.
func (p *plan) findPage() error {
	pages, err := p.view.Pages()
	if err != nil {
		return fmt.Errorf("sign: read the pages: %w", err)
	}
	named := p.field.dict.Ref("P")
	for _, page := range pages {
		if !named.IsZero() && page.Ref == named {
			p.field.page = page
			return nil
		}
	}
	for _, page := range pages {
		annots, err := p.view.Array(page.Dict.Get("Annots"))
		if err != nil {
			continue
		}
		for _, o := range annots {
			if o == pdf.Object(p.field.ref) {
				p.field.page = page
				return nil
			}
		}
	}
	return fmt.Errorf("sign: field %q is on no page: only an invisible signature fits", p.field.name)
}

// draw makes the appearance of a visible signature.
func (p *plan) draw(key keys.Key) error {
	if !p.visible() {
		return nil
	}
	f := &p.field
	content := appearance.Content{
		Profile: p.opts.Profile,
		Width:   (f.rect[2] - f.rect[0]) * unit(f.page),
		Height:  (f.rect[3] - f.rect[1]) * unit(f.page),
		Rotate:  f.page.Rotate,
		Image:   p.opts.Image,

		Restrict: p.claim.restrictions(),
	}
	if content.Rotate%180 != 0 {
		content.Width, content.Height = content.Height, content.Width
	}
	var said []string
	content.Lines, said = p.lines(key)
	if err := p.fits(content); err != nil {
		return err
	}
	look, err := appearance.Draw(p.update, content)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	f.look, f.text = look, strings.Join(said, "; ")
	return p.lookBelow()
}

// lines returns what is drawn, and what is said to those who cannot see it: a
// picture says nothing, and handwriting and seal stand alone (Decree 30, Appendix I).
func (p *plan) lines(key keys.Key) (drawn, said []string) {
	switch o := p.opts; {
	case o.Profile.Corner():
		drawn = o.cornerLines()
	case len(o.Lines) > 0:
		drawn = o.Lines
	case o.Image != nil && (o.Profile == appearance.Personal || o.Profile == appearance.Agency):
		return nil, p.defaultLines(key)
	default:
		drawn = p.defaultLines(key)
	}
	return drawn, drawn
}

// defaultLines say who signed, for whom and when.
func (p *plan) defaultLines(key keys.Key) []string {
	subject := key.Certificate().Subject
	lines := []string{"Ký bởi: " + subject.CommonName}
	if len(subject.Organization) > 0 {
		lines = append(lines, "Cơ quan: "+subject.Organization[0])
	}
	return append(lines, "Thời gian ký: "+show(p.opts.At))
}
