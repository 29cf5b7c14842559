package signer

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"lienthong/signer/appearance"
	"lienthong/signer/place"
)

// A Corner is what the text in the corner of an annex or a copy says, beside the
// time of signing (Decree 30/2020/NĐ-CP, Appendix I).
type Corner struct {
	Number string // of an annex: number and symbol of the letter, such as "731/QĐ-UBND"
	Kind   string // of a copy: one of [CopyKinds]
	Agency string // of a copy: who copies; if empty, as the certificate has it
}

// CopyKinds are the forms of copies (Decree 30, Art. 25).
var CopyKinds = []string{"SAO Y", "SAO LỤC", "TRÍCH SAO"}

const (
	defaultSeal   = 36.0 // mm, across
	leastSeal     = 10.0
	largestSeal   = 42.0 // what place.InBlock has room for
	longestCorner = 200  // characters of one entry
)

// checkLook fills in what is left out of the look, and refuses what goes not
// together.
func (o SignOptions) checkLook(cert *x509.Certificate) (SignOptions, error) {
	switch {
	case o.SealSize == 0 && o.Profile == appearance.Agency:
		o.SealSize = defaultSeal
	case o.SealSize == 0:
	case o.Profile != appearance.Agency || !(o.SealSize >= leastSeal && o.SealSize <= largestSeal):
		return o, fmt.Errorf("sign: a seal of %.1f mm: want %.0f to %.0f, with profile %s only", o.SealSize, leastSeal, largestSeal, appearance.Agency)
	}
	if p := o.Place; p != nil && p.searched() {
		switch {
		case p.Auto && p.Anchor != "", p.Page != 0, p.Rect != [4]float64{}:
			return o, errors.New("sign: more than one place is given: want one of rectangle, anchor text or the signing block")
		case o.Profile.Corner():
			return o, fmt.Errorf("sign: profile %s belongs in the upper right corner of the first page: give no place, a rectangle or a field", o.Profile)
		}
	}
	return o.checkCorner(cert)
}

func (o SignOptions) checkCorner(cert *x509.Certificate) (SignOptions, error) {
	c := &o.Corner
	switch {
	case !o.Profile.Corner():
		if *c != (Corner{}) {
			return o, fmt.Errorf("sign: number, kind and agency of an annex or a copy are given, but profile %q", o.Profile)
		}
		return o, nil
	case o.Image != nil || len(o.Lines) > 0:
		return o, fmt.Errorf("sign: profile %s has text of its own and no image (Decree 30, Appendix I)", o.Profile)
	case o.Profile == appearance.Annex && (c.Number == "" || c.Kind != "" || c.Agency != ""):
		return o, errors.New("sign: an annex is marked with number and symbol of its letter, such as 731/QĐ-UBND, and no more")
	case o.Profile == appearance.Copy && c.Number != "":
		return o, errors.New("sign: a copy is marked with its form and the agency that copies, not with a number")
	case o.Profile == appearance.Copy && !slices.Contains(CopyKinds, c.Kind):
		return o, fmt.Errorf("sign: %q is no form of a copy: want %s", c.Kind, strings.Join(CopyKinds, ", "))
	case o.Profile == appearance.Copy && c.Agency == "":
		c.Agency = nameOfAgency(cert)
	}
	for _, s := range []string{c.Number, c.Agency} {
		if strings.ContainsFunc(s, unicode.IsControl) || utf8.RuneCountInString(s) > longestCorner || s != strings.TrimSpace(s) {
			return o, fmt.Errorf("sign: %q: want one line of at most %d characters, without spaces around it", s, longestCorner)
		}
	}
	return o, nil
}

func nameOfAgency(cert *x509.Certificate) string {
	if len(cert.Subject.Organization) > 0 {
		return cert.Subject.Organization[0]
	}
	return cert.Subject.CommonName
}

// cornerLines are the text in the corner.
func (o SignOptions) cornerLines() []string {
	at := "Thời gian ký: " + show(o.At)
	if o.Profile == appearance.Annex {
		return []string{"Số: " + o.Corner.Number, at}
	}
	return []string{o.Corner.Kind, o.Corner.Agency, at}
}

// placeInCorner makes room for the text in the upper right corner of page 1.
func (p *plan) placeInCorner() error {
	pages, err := p.view.Pages()
	if err != nil {
		return fmt.Errorf("sign: read the pages: %w", err)
	}
	if len(pages) == 0 {
		return fmt.Errorf("%w: the file has no pages", ErrNoPlace)
	}
	if err := p.usePage(pages, 1); err != nil {
		return err
	}
	p.below = p.see(p.reader(), pages[0], 1)
	var refused error
	for _, most := range []float64{0.5, 0.85} { // of the page's width: a long name in fewer lines
		w, h, err := appearance.Measure(p.opts.cornerLines(), most*p.below.Width)
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		r, err := place.Corner(p.below, place.Mark{Width: w, Height: h})
		if err == nil {
			return p.setRect(1, r)
		}
		if refused == nil {
			refused = err
		}
	}
	return fmt.Errorf("%w: %w", ErrNoPlace, refused)
}

// fits refuses a box that is given and too small for text of a laid down size.
func (p *plan) fits(c appearance.Content) error {
	if !c.Profile.Corner() {
		return nil
	}
	w, h, err := appearance.Measure(c.Lines, c.Width)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	if w > c.Width+0.1 || h > c.Height+0.1 {
		return fmt.Errorf("%w: the text of profile %s is of 10 points (Decree 30, Appendix I) and takes %.0f by %.0f points, the box has %.0f by %.0f: make it larger",
			ErrNoPlace, c.Profile, w, h, c.Width, c.Height)
	}
	return nil
}

// checkPicture warns of an image that is not as the Decree has it. It is shown as
// it is: a picture belongs to its owner.
func (p *plan) checkPicture() error {
	o := p.opts
	if o.Image == nil || o.Profile != appearance.Personal && o.Profile != appearance.Agency {
		return nil
	}
	picture, err := appearance.Look(o.Image)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	if picture.Opaque {
		p.warn("the image has no transparent ground (Decree 30, Appendix I): it hides what lies below it")
	}
	want := appearance.Blue
	if o.Profile == appearance.Agency {
		want = appearance.Red
	}
	if picture.Ink != want {
		p.warn("the image is %s, want %s for profile %s (Decree 30, Appendix I)", picture.Ink, want, o.Profile)
	}
	p.picture = place.Mark{Width: float64(picture.Width), Height: float64(picture.Height)}
	return nil
}

func (p *plan) warn(format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, args...))
}

// lookBelow looks where the signature hides something: what was signed before would
// be judged as changed (see [comparison.place]), and nobody could read either. A place
// that was not given is refused then, one that was given is warned about.
func (p *plan) lookBelow() error {
	if p.shown == nil {
		return nil // a field that was there before has its place by right
	}
	earlier, err := p.view.Signatures()
	if err != nil {
		return fmt.Errorf("sign: read the earlier signatures: %w", err)
	}
	if len(earlier) == 0 && !p.opts.Profile.Corner() {
		return nil
	}
	if p.below == nil {
		p.below = p.see(p.reader(), p.field.page, p.shown.Page)
	}
	r := place.Rect(p.shown.Rect)
	c := p.below.Covered(r)
	inBlock := slices.ContainsFunc(p.below.Signed, func(s place.Signed) bool { return place.InBlock(r, s.Widget, 1) })
	switch chosen := p.opts.Place == nil || p.opts.Place.searched(); {
	case inBlock || c == place.Cover{}:
	case len(earlier) > 0 && c.Hides() && chosen:
		return fmt.Errorf("%w: it would lie over %s, and the %d earlier signatures would be judged as changed after signing", ErrNoPlace, c, len(earlier))
	case len(earlier) > 0 && c.Hides():
		p.warn("the signature lies over %s, outside of a signing block: the %d earlier signatures will be judged as changed after signing", c, len(earlier))
	case c.Text != "" || len(earlier) > 0:
		p.warn("the signature lies over %s", c)
	default:
		p.warn("the signature lies over %s: look whether it hides something", c)
	}
	return nil
}
