package signer

import (
	"fmt"

	"lienthong/signer/content"
	"lienthong/signer/pdf"
	"lienthong/signer/place"
)

// setRect turns the rectangle that a reader sees into the page's coordinates.
func (p *plan) setRect(number int, r [4]float64) error {
	page := p.field.page
	width, height := seenSize(page)
	if r[0] < 0 || r[1] < 0 || r[2] > width || r[3] > height || !(r[0] < r[2]) || !(r[1] < r[3]) {
		return fmt.Errorf("sign: rectangle %v is not within page %d, which is %.0f by %.0f points", r, number, width, height)
	}
	x0, y0 := toPage(page, r[0], r[1])
	x1, y1 := toPage(page, r[2], r[3])
	p.field.rect = [4]float64{min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
	p.shown = &Placement{Page: number, Rect: r}
	return nil
}

// shownBox is the part of a page that is shown (ISO 32000-2, 14.11.2.1).
func shownBox(page pdf.Page) [4]float64 {
	c, m := page.CropBox, page.MediaBox
	c = [4]float64{max(c[0], m[0]), max(c[1], m[1]), min(c[2], m[2]), min(c[3], m[3])}
	if c[0] >= c[2] || c[1] >= c[3] {
		return m
	}
	return c
}

// unit is how many points a unit of the page's space is.
func unit(page pdf.Page) float64 {
	if page.UserUnit > 0 && page.UserUnit < 1e6 {
		return page.UserUnit
	}
	return 1
}

// seenSize is the size of a page as it is shown, in points.
func seenSize(page pdf.Page) (width, height float64) {
	c, u := shownBox(page), unit(page)
	width, height = (c[2]-c[0])*u, (c[3]-c[1])*u
	if page.Rotate%180 != 0 {
		return height, width
	}
	return width, height
}

// toPage maps a point that a reader sees, from the lower left corner, to the
// coordinates of a page that is cropped, and shown turned clockwise.
func toPage(page pdf.Page, x, y float64) (float64, float64) {
	c := shownBox(page)
	x, y = x/unit(page), y/unit(page)
	switch page.Rotate {
	case 90:
		return c[2] - y, c[1] + x
	case 180:
		return c[2] - x, c[3] - y
	case 270:
		return c[0] + y, c[3] - x
	}
	return c[0] + x, c[1] + y
}

// fromPage is the opposite of toPage.
func fromPage(page pdf.Page, x, y float64) (float64, float64) {
	c, u := shownBox(page), unit(page)
	switch page.Rotate {
	case 90:
		x, y = y-c[1], c[2]-x
	case 180:
		x, y = c[2]-x, c[3]-y
	case 270:
		x, y = c[3]-y, x-c[0]
	default:
		x, y = x-c[0], y-c[1]
	}
	return x * u, y * u
}

// seenRect is a rectangle of a page as a reader sees it.
func seenRect(page pdf.Page, r [4]float64) [4]float64 {
	x0, y0 := fromPage(page, r[0], r[1])
	x1, y1 := fromPage(page, r[2], r[3])
	return [4]float64{min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
}

func (p *plan) reader() *content.Reader {
	r := content.NewReader(p.view, content.Limits{})
	r.Fine()
	return r
}

// see reads a page as its reader sees it, with the signatures that show on it.
func (p *plan) see(r *content.Reader, page pdf.Page, number int) *place.Page {
	width, height := seenSize(page)
	painting := r.Page(&page)
	out := &place.Page{Number: number, Width: width, Height: height, Unknown: painting.Unknown}
	for _, b := range painting.Boxes {
		b.Rect = seenRect(page, b.Rect)
		if b.Rect[0] < width && b.Rect[1] < height && b.Rect[2] > 0 && b.Rect[3] > 0 {
			out.Boxes = append(out.Boxes, b)
		}
	}
	out.Signed = p.signedOn(r, &page)
	return out
}

// signedOn returns the signatures that show on a page.
func (p *plan) signedOn(r *content.Reader, page *pdf.Page) (out []place.Signed) {
	fields, err := p.view.Fields()
	if err != nil {
		return nil
	}
	annots, err := p.view.Array(page.Dict.Get("Annots"))
	if err != nil {
		return nil
	}
	on := make(map[pdf.Ref]bool, len(annots))
	for _, o := range annots {
		if ref, ok := o.(pdf.Ref); ok {
			on[ref] = true
		}
	}
	for i := range fields {
		f := &fields[i]
		value, err := p.view.Resolve(f.Value)
		if _, empty := value.(pdf.Null); err != nil || empty || f.Type != "Sig" {
			continue
		}
		for _, w := range f.Widgets {
			d, err := p.view.Dict(w)
			if err != nil || d == nil || !on[w] || !(&newWidget{dict: d}).visible() {
				continue
			}
			if rect, ok := rectOf(p.view, d.Get("Rect")); ok {
				out = append(out, place.Signed{Field: f.FullName, Widget: seenRect(*page, rect), Ink: seenRect(*page, inked(r.Annotation(d), rect))})
			}
		}
	}
	return out
}

// inked is the part of a widget that its picture takes, or else all that it paints.
func inked(painting content.Painting, widget [4]float64) [4]float64 {
	for _, pictures := range []bool{true, false} {
		var all *[4]float64
		for _, b := range painting.Boxes {
			switch {
			case pictures && b.Kind != content.Image:
			case all == nil:
				all = &[4]float64{b.Rect[0], b.Rect[1], b.Rect[2], b.Rect[3]}
			default:
				*all = [4]float64{min(all[0], b.Rect[0]), min(all[1], b.Rect[1]), max(all[2], b.Rect[2]), max(all[3], b.Rect[3])}
			}
		}
		if all != nil {
			return *all
		}
	}
	return widget
}
