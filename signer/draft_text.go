package signer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lienthong/signer/content"
	"lienthong/signer/pdf"
)

// A glyph is a character of a page, and where it begins and ends on its line, in
// points that a reader sees. Base is its own: two columns side by side need not agree.
type glyph struct {
	r          rune
	x0, x1     float64
	base, size float64
}

// A printedLine is text that stands side by side. A blank between two words, however
// wide, is one space.
type printedLine struct {
	base, size float64 // of the highest letter, and the largest size
	glyphs     []glyph
}

func (l *printedLine) String() string {
	var b strings.Builder
	for _, g := range l.glyphs {
		b.WriteRune(g.r)
	}
	return b.String()
}

// at is the glyph that begins at a byte of the line's text.
func (l *printedLine) at(offset int) int {
	return utf8.RuneCountInString(l.String()[:offset])
}

// Parts of the size: letters of one word touch each other, and two words that are
// this far apart belong to different columns.
const (
	wordGap   = 0.15
	columnGap = 3.0
)

// printedLines reads the text of a page from top to bottom. unknown says why it may
// not be all of it.
func printedLines(v *pdf.View, page pdf.Page) (lines []printedLine, unknown string) {
	painting := content.NewReader(v, content.Limits{}).Page(&page)
	var runs []printedLine
	for _, b := range painting.Boxes {
		switch {
		case b.Kind != content.Text || b.Rough && b.Text == "":
		case b.Rough:
			unknown = "the width of its letters is not known"
		case b.Text == "":
			unknown = "its font does not say which letters it has"
		default:
			runs = append(runs, runOf(b, page))
		}
	}
	if painting.Unknown != "" {
		unknown = painting.Unknown
	}
	slices.SortStableFunc(runs, func(a, b printedLine) int { return cmp.Compare(b.base, a.base) })
	for _, r := range runs {
		if n := len(lines); n > 0 && lines[n-1].base-r.base < 0.3*max(lines[n-1].size, r.size) {
			lines[n-1].glyphs = append(lines[n-1].glyphs, r.glyphs...)
			lines[n-1].size = max(lines[n-1].size, r.size)
			continue
		}
		lines = append(lines, r)
	}
	for i := range lines {
		lines[i].join()
	}
	return lines, unknown
}

// runOf spreads the letters of a box over its width, as they are spread in Times.
func runOf(b content.Box, page pdf.Page) printedLine {
	x0, y0 := fromPage(page, b.Rect[0], b.Rect[1])
	x1, y1 := fromPage(page, b.Rect[2], b.Rect[3])
	x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
	below, size := content.Line(y1 - y0)
	out := printedLine{base: y0 + below, size: size}
	total := 0.0
	for _, r := range b.Text {
		total += breadth(r)
	}
	for _, r := range b.Text {
		end := x0
		if total > 0 {
			end += (x1 - x0) * breadth(r) / total
			total -= breadth(r)
		}
		out.glyphs = append(out.glyphs, glyph{r, x0, end, out.base, size})
		x0 = end
	}
	return out
}

// breadth is about how wide a letter is in Times, of its size.
func breadth(r rune) float64 {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case strings.ContainsRune(".,:;/ilt'|!", r):
		return 0.26
	case r == '…' || r == '—':
		return 1
	case unicode.IsUpper(r):
		return 0.68
	}
	return 0.48
}

// join puts the letters of a line in order, its words apart, and marks on their
// letters.
func (l *printedLine) join() {
	slices.SortStableFunc(l.glyphs, func(a, b glyph) int { return cmp.Compare(a.x0, b.x0) })
	var out []glyph
	for _, g := range l.glyphs {
		n := len(out)
		if n > 0 && unicode.Is(unicode.Mn, g.r) {
			if whole := []rune(norm.NFC.String(string([]rune{out[n-1].r, g.r}))); len(whole) == 1 {
				out[n-1].r = whole[0]
				continue
			}
		}
		if n > 0 && g.x0-out[n-1].x1 > wordGap*l.size {
			out = append(out, glyph{' ', out[n-1].x1, g.x0, g.base, g.size})
		}
		out = append(out, g)
	}
	l.glyphs = out
}
