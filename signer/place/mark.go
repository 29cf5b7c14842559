package place

import (
	"fmt"
	"strings"
)

// Millimetre is one in points.
const Millimetre = 72 / 25.4

// A Mark is what is to be placed: its width and height where it has a size of its
// own, else only their proportion counts. Zero means text.
type Mark struct{ Width, Height float64 }

// What handwriting and text take in a block, at most, in points.
const (
	handWidth  = 142.0 // 50 mm
	handHeight = 71.0
	textWidth  = 180.0
	textHeight = 48.0
	leastHand  = 12.0
)

// Personal is where the authorised person's handwriting goes: centred between
// position and name, as large as the space and a hand allow.
func Personal(b *Block, m Mark) (Rect, error) {
	w, h := min(textWidth, b.Gap.width()), min(textHeight, b.Gap.height()-4)
	if m.Width > 0 && m.Height > 0 {
		scale := min(min(handWidth, b.Gap.width())/m.Width, min(handHeight, b.Gap.height()-4)/m.Height)
		w, h = m.Width*scale, m.Height*scale
	}
	if h < leastHand || w < leastHand {
		return Rect{}, &NotFound{fmt.Sprintf("room for a signature below %q", b.String()), fmt.Sprintf("%.0f by %.0f points", b.Gap.width(), b.Gap.height())}
	}
	y := (b.Gap[1] + b.Gap[3]) / 2
	return Rect{b.Axis - w/2, y - h/2, b.Axis + w/2, y + h/2}, nil
}

// Free reports whether nobody has signed in the block yet.
func (p *Page) Free(b *Block) error {
	if in := p.signedIn(b); len(in) > 0 {
		return &NotFound{fmt.Sprintf("an unsigned block at %q", b.String()), "one with " + fields(in)}
	}
	return nil
}

// signedIn returns the signatures that show in the gap of a block.
func (p *Page) signedIn(b *Block) (in []Signed) {
	for _, s := range p.Signed {
		if s.Ink.overlaps(b.core()) {
			in = append(in, s)
		}
	}
	return in
}

func fields(list []Signed) string {
	var s []string
	for _, x := range list {
		s = append(s, fmt.Sprintf("%q at %s", x.Field, x.Widget))
	}
	return fmt.Sprintf("%d signature(s): %s", len(list), strings.Join(s, ", "))
}

// usual is the proportion of handwriting, for a seal that comes first.
var usual = Mark{360, 160}

// Seal is where the agency's seal of the size m goes: over the left third of the
// personal signature in the block or, where none is there, where it would be. Where
// block is nil, the personal signature is the only one that shows on the page.
func Seal(p *Page, b *Block, m Mark) (Rect, error) {
	if b == nil {
		if len(p.Signed) != 1 {
			return Rect{}, &NotFound{fmt.Sprintf("a signing block or one personal signature on page %d", p.Number), "no block, and " + fields(p.Signed)}
		}
		return p.over(&p.Signed[0], m)
	}
	switch in := p.signedIn(b); len(in) {
	case 0:
		ink, err := Personal(b, usual)
		if err != nil {
			return Rect{}, err
		}
		return p.over(&Signed{Widget: ink, Ink: ink}, m)
	case 1:
		return p.over(&in[0], m)
	default:
		return Rect{}, &NotFound{fmt.Sprintf("one personal signature at %q", b.String()), fields(in)}
	}
}

// over puts a seal so that it covers the left third of what a signature paints,
// centred on its height. What stands outside of that signature's block stays uncovered.
func (p *Page) over(s *Signed, m Mark) (Rect, error) {
	right, y := s.Ink[0]+s.Ink.width()/3, (s.Ink[1]+s.Ink[3])/2
	r := Rect{right - m.Width, y - m.Height/2, right, y + m.Height/2}
	wanted := fmt.Sprintf("room for a seal of %.0f by %.0f points on the left of the personal signature", m.Width, m.Height)
	if r[0] < 0 || r[1] < 0 || r[2] > p.Width || r[3] > p.Height {
		return Rect{}, &NotFound{wanted, fmt.Sprintf("the edge of page %d", p.Number)}
	}
	if c := p.Covered(r); c.Hides() && !InBlock(r, s.Widget, 1) {
		return Rect{}, &NotFound{wanted, fmt.Sprintf("%s, part of it outside of the signing block", c)}
	}
	return r, nil
}

// Where text of an annex or a copy stands: as far from the page's edges as this, so
// that printers print it and the letter's own margins (Decree 30, Appendix I: 20 mm
// at the top, 15 mm on the right) hold it.
const (
	cornerTop   = 20.0
	cornerRight = 15 * Millimetre
	leastTop    = 8.0
	clearance   = 6.0 // to what stands below, where there is room for it
)

// Corner is where text of the size m goes in the upper right corner: in the margin
// as it is usual, or a little higher where the page has text there.
func Corner(p *Page, m Mark) (Rect, error) {
	right := p.Width - min(cornerRight, (p.Width-m.Width)/2)
	at := func(top float64) Rect { return Rect{right - m.Width, p.Height - top - m.Height, right, p.Height - top} }
	if r := at(cornerTop); r[0] < 0 || r[1] < 0 {
		return Rect{}, &NotFound{fmt.Sprintf("room for %.0f by %.0f points in the upper right corner", m.Width, m.Height),
			fmt.Sprintf("page %d of %.0f by %.0f points", p.Number, p.Width, p.Height)}
	}
	for _, clear := range []float64{clearance, 0} {
		for top := cornerTop; top >= leastTop; top -= 2 {
			r := at(top)
			if p.Covered(Rect{r[0], r[1] - clear, r[2], r[3]}) == (Cover{}) {
				return r, nil
			}
		}
	}
	c := p.Covered(at(leastTop))
	if c.Text == "" { // a picture of a page, in which nobody can read where it is blank
		return at(cornerTop), nil
	}
	return Rect{}, &NotFound{fmt.Sprintf("%.0f by %.0f points of blank space in the upper right corner of page %d", m.Width, m.Height, p.Number), c.String()}
}
