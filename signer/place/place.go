// Package place finds where on a page a visible signature belongs, as a clerk
// would: in the signing block between position and name (Decree 30/2020/NĐ-CP,
// Appendix I), below a text that is named, over the left third of the personal
// signature, or in the upper right corner.
//
// It is given what a page paints, turned and cropped as a reader sees it, and
// answers with a rectangle. It guesses nothing: where a page does not say clearly
// where to sign, the answer is a [*NotFound] that says what was looked for and
// what was seen.
//
// It reads no PDF: see package lienthong/signer/content. Sizes are those of a
// letter in the Decree's layout, in points of 1/72 inch.
package place

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"lienthong/signer/content"
)

// A Rect is left, bottom, right and top, in points from the lower left corner of
// the page as it is seen.
type Rect [4]float64

func (r Rect) width() float64  { return r[2] - r[0] }
func (r Rect) height() float64 { return r[3] - r[1] }
func (r Rect) axis() float64   { return (r[0] + r[2]) / 2 }

func (r Rect) overlaps(s Rect) bool {
	return r[0] < s[2] && s[0] < r[2] && r[1] < s[3] && s[1] < r[3]
}

func (r Rect) union(s Rect) Rect {
	return Rect{min(r[0], s[0]), min(r[1], s[1]), max(r[2], s[2]), max(r[3], s[3])}
}

func (r Rect) String() string {
	return fmt.Sprintf("%.0f,%.0f,%.0f,%.0f", r[0], r[1], r.width(), r.height())
}

// A Page is what a reader sees of a page.
type Page struct {
	Number        int // from 1
	Width, Height float64
	Boxes         []content.Box // their rectangles as a [Rect]
	Unknown       string        // why Boxes are only a part of what is painted, "" where they are all
	Signed        []Signed      // signatures that show on it
}

// A Signed is an earlier signature that shows.
type Signed struct {
	Field  string
	Widget Rect
	Ink    Rect // of what it paints: the picture, where it has one
}

// NotFound says why no place was found.
type NotFound struct {
	Wanted string // what was looked for, and where
	Found  string // what was seen instead
}

func (e *NotFound) Error() string { return fmt.Sprintf("looked for %s; found %s", e.Wanted, e.Found) }

// A Cover is what a rectangle would lie over.
type Cover struct {
	Text    string // the first words of it; "…" where its letters cannot be told
	Image   bool
	Unclear bool // a drawing, or text somewhere near
}

// Hides reports whether text or an image lies below, for certain.
func (c Cover) Hides() bool { return c.Text != "" || c.Image }

func (c Cover) String() string {
	switch {
	case c.Text != "":
		return fmt.Sprintf("the text %q", c.Text)
	case c.Image:
		return "an image"
	case c.Unclear:
		return "a drawing, or text whose place is not clear"
	}
	return "blank page"
}

// Covered returns what a rectangle would lie over.
func (p *Page) Covered(r Rect) (c Cover) {
	var words []string
	for _, b := range p.Boxes {
		switch {
		case !r.overlaps(Rect(b.Rect)):
		case b.Kind == content.Image:
			c.Image = true
		case b.Kind == content.Drawing || b.Rough:
			c.Unclear = true
		case b.Kind == content.Text && len(words) < 8:
			words = append(words, cmp.Or(b.Text, "…"))
		}
	}
	c.Text = strings.Join(words, " ")
	return c
}

func finite(r [4]float64) bool {
	for _, v := range r {
		if math.IsNaN(v) || math.Abs(v) > 1e7 {
			return false
		}
	}
	return r[0] <= r[2] && r[1] <= r[3]
}

// The signing block of a signature, in points around what it shows: the position
// line above and the name below it, and to its left the room of a seal of which a
// third lies over it. In there one agency may sign over text.
const (
	blockLeft   = 110.0
	blockAround = 36.0
	blockHeight = 42 * Millimetre // at least: that of the largest seal, centred on what it shows
)

// InBlock reports whether a rectangle lies, all of it, in the signing block of a
// signature. Both are in units of which one is so many points.
func InBlock(r, signature Rect, points float64) bool {
	left, around := blockLeft/points, blockAround/points
	tall := max(around, (blockHeight/points-signature.height())/2)
	return r[0] >= signature[0]-left && r[1] >= signature[1]-tall && r[2] <= signature[2]+around && r[3] <= signature[3]+tall
}
