// Package appearance draws what a reader sees of a signature: lines of text and
// a picture, as a form XObject with an embedded font of its own.
//
// The text is Vietnamese, so the font is (Liberation Serif, of the metrics of
// Times New Roman), cut down to the letters used, with the table by which text
// can be selected and searched. The drawing is done by a PDF library on a page
// of its own, whose objects are then moved into the file to be signed.
//
// It does not decide what is said or where: see package lienthong/signer.
package appearance

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"lienthong/signer/pdf"
)

// A Profile is a look that Decree 30 (Appendix I) or the caller lays down.
type Profile string

// The profiles. Invisible draws nothing.
const (
	Invisible Profile = ""
	Personal  Profile = "personal" // the handwriting above the text, which is blue
	Agency    Profile = "agency"   // the seal left of the text, or above it; red
	Custom    Profile = "custom"   // as Personal, in black
	Annex     Profile = "annex"    // text in a corner, black, of 10 points
	Copy      Profile = "copy"     // as Annex
)

// Valid reports whether p is one of the profiles.
func (p Profile) Valid() bool {
	return p == Invisible || p == Personal || p == Agency || p == Custom || p.Corner()
}

// Corner reports whether p is text in the corner of a page, without a picture.
func (p Profile) Corner() bool { return p == Annex || p == Copy }

// Content is what to draw, in a box of Width by Height points. A line that
// holds line ends is several; one that is too long is broken at its spaces.
type Content struct {
	Profile       Profile
	Width, Height float64
	Rotate        int // degrees by which the page is turned clockwise: 0, 90, 180, 270
	Lines         []string
	Image         []byte // PNG, or nil
	Restrict      Restrictions

	face string // of the font, [family] if empty
}

// Draw adds a form XObject, and all that it needs, to u and returns it. Its
// errors are about c: text that does not fit or has letters that the font has
// not, an image that cannot be read or is too large.
func Draw(u *pdf.Update, c Content) (pdf.Ref, error) {
	lines, err := splitLines(c.Lines)
	if err != nil {
		return pdf.Ref{}, fmt.Errorf("appearance: %w", err)
	}
	page, err := render(c, lines)
	if err != nil {
		return pdf.Ref{}, fmt.Errorf("appearance: %w", err)
	}
	ref, err := graft(u, page, lettersOf(lines), c)
	if err != nil {
		return pdf.Ref{}, fmt.Errorf("appearance: move the drawing into the file: %w", err)
	}
	return ref, nil
}

// box is a rectangle, its origin at the top left.
type box struct{ x, y, w, h float64 }

// render returns a PDF file of one page with the drawing.
func render(c Content, lines []string) ([]byte, error) {
	if !(c.Width >= minSide && c.Height >= minSide && c.Width <= maxSide && c.Height <= maxSide) { // NaN too
		return nil, fmt.Errorf("a box of %.1f by %.1f points, want sides of %d to %d", c.Width, c.Height, minSide, maxSide)
	}
	f := newPage(c.Width, c.Height)
	image, text := c.areas(len(lines) > 0)
	if c.Image != nil {
		if err := drawImage(f, c.Image, image); err != nil {
			return nil, err
		}
	}
	if len(lines) > 0 {
		if err := drawText(f, c, lines, text); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	return out.Bytes(), nil
}

const (
	minSide = 4
	maxSide = 14_400 // the largest page that viewers take
)

// newPage returns a page whose bytes depend on nothing but what is drawn.
func newPage(w, h float64) *fpdf.Fpdf {
	f := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: w, Ht: h}})
	f.SetCatalogSort(true)
	f.SetCreationDate(time.Unix(0, 0))
	f.SetModificationDate(time.Unix(0, 0))
	f.SetMargins(0, 0, 0)
	f.SetAutoPageBreak(false, 0)
	f.SetCompression(true)
	f.AddPage()
	return f
}

// areas divides the box between image and text: beside each other for a seal in
// a wide box, else the image above the text.
func (c Content) areas(text bool) (image, lines box) {
	whole := box{0, 0, c.Width, c.Height}
	switch {
	case c.Image == nil:
		return box{}, whole
	case !text:
		return whole, box{}
	case c.beside():
		side := min(c.Height, c.Width*0.45)
		return box{0, 0, side, c.Height}, box{side + 2, 0, c.Width - side - 2, c.Height}
	}
	upper := c.Height * 0.55
	if c.Profile == Agency {
		upper = c.Height * 0.7
	}
	return box{0, 0, c.Width, upper}, box{0, upper, c.Width, c.Height - upper}
}

func (c Content) beside() bool { return c.Profile == Agency && c.Width > 1.6*c.Height }

// centred reports whether lines stand in the middle, as they do below an image.
func (c Content) centred() bool { return c.Image != nil && !c.beside() }
