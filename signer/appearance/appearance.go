// Package appearance draws what a reader sees of a signature: lines of text and
// a picture, as a form XObject with its own embedded font.
package appearance

import (
	"errors"

	"lienthong/signer/pdf"
)

// A Profile is a look that Decree 30 (Appendix I) or the caller lays down.
type Profile string

// The profiles. Invisible draws nothing.
const (
	Invisible Profile = ""
	Personal  Profile = "personal" // handwriting, blue, above the lines
	Agency    Profile = "agency"   // the seal, red
	Custom    Profile = "custom"   // whatever image and lines are given
)

// Content is what to draw, in a box of Width by Height points.
type Content struct {
	Profile       Profile
	Width, Height float64
	Lines         []string
	Image         []byte // PNG, or nil
}

// Draw adds the form XObject and all that it needs to u and returns it.
func Draw(u *pdf.Update, c Content) (pdf.Ref, error) {
	return pdf.Ref{}, errors.New("appearance: not yet")
}
