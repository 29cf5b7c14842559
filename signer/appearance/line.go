package appearance

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationserifitalic"

	"lienthong/signer/pdf"
)

// A Line is text that completes a line which the page has printed: black, in the
// letters of Times New Roman, on the baseline of the rest.
type Line struct {
	Text          string
	Width, Height float64 // of its box, points
	Size          float64 // points; a text that is too wide is set up to a fifth smaller
	Rotate        int     // as of [Content]
	Centre        bool    // in the middle of the box, else at its left
	Italic        bool    // as the date of a letter is (Decree 30/2020/NĐ-CP, Appendix I)
	Restrict      Restrictions
}

// LineHeight is how high the box of a [Line] is for its size, and LineBelow how far
// its lower edge is below the baseline, both of the size. In a box of another height
// the line stands in the middle.
const (
	LineHeight = 1.15
	LineBelow  = 0.25
)

// leastLine is the part of its size to which a line may be made smaller.
const leastLine = 0.8

const italicFamily = family + "-Italic"

// italic is cut down to the common letters, once.
var italic = sync.OnceValue(func() []byte { return fpdf.UTF8CutFont(liberationserifitalic.TTF, common) })

// DrawLine adds a form XObject with the line to u and returns it. Its errors are
// about the text: letters that the font has not, or more of them than fit.
func DrawLine(u *pdf.Update, l Line) (pdf.Ref, error) {
	lines, err := splitLines([]string{l.Text})
	switch {
	case err != nil:
		return pdf.Ref{}, fmt.Errorf("appearance: %w", err)
	case len(lines) != 1:
		return pdf.Ref{}, errors.New("appearance: no text, or several lines, want one line")
	case !(l.Width > 0 && l.Height > 0 && l.Width <= maxSide && l.Height <= maxSide):
		return pdf.Ref{}, fmt.Errorf("appearance: a box of %.1f by %.1f points, want sides of more than 0, at most %d", l.Width, l.Height, maxSide)
	}
	page, err := l.render(lines[0])
	if err != nil {
		return pdf.Ref{}, fmt.Errorf("appearance: %w", err)
	}
	c := Content{Width: l.Width, Height: l.Height, Rotate: l.Rotate, Restrict: l.Restrict, face: family}
	if l.Italic {
		c.face = italicFamily
	}
	ref, err := graft(u, page, lettersOf(lines), c)
	if err != nil {
		return pdf.Ref{}, fmt.Errorf("appearance: move the drawing into the file: %w", err)
	}
	return ref, nil
}

func (l Line) render(text string) ([]byte, error) {
	f := newPage(l.Width, l.Height)
	if err := l.useFont(f, text); err != nil {
		return nil, err
	}
	size := l.Size
	f.SetFont(family, "", size)
	width := f.GetStringWidth(text)
	if width > l.Width {
		size *= l.Width / width
		if size < l.Size*leastLine {
			return nil, fmt.Errorf("%q is %.0f points wide at size %.0f, and the blank %.0f: leave a wider blank in the draft", text, width, l.Size, l.Width)
		}
		f.SetFont(family, "", size)
		width = f.GetStringWidth(text)
	}
	x := 0.0
	if l.Centre {
		x = (l.Width - width) / 2
	}
	below := (l.Height-LineHeight*l.Size)/2 + LineBelow*l.Size
	f.Text(x, l.Height-below, text)
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	return out.Bytes(), nil
}

// useFont loads the upright font, or the italic one where it has the letters.
func (l Line) useFont(f *fpdf.Fpdf, text string) error {
	if !l.Italic {
		return useFont(f, []string{text})
	}
	if err := needsCommon(text); err != nil {
		return err
	}
	f.AddUTF8FontFromBytes(family, "", italic())
	return f.Error()
}

func needsCommon(text string) error {
	for _, r := range text {
		if !isCommon(r) {
			return fmt.Errorf("line %q: the italic font is cut down, and has no %U", text, r)
		}
	}
	return nil
}
