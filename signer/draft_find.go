package signer

import (
	"fmt"
	"regexp"
	"strings"

	"lienthong/signer/appearance"
)

// Where the head of a letter has its number and its date (Decree 30/2020/NĐ-CP,
// Appendix I, boxes 3 and 4): in the upper part of page 1, the number on the left.
const (
	headPart   = 0.4  // of the page's height, from the top
	numberPart = 0.55 // of its width, from the left: where the line of the number begins
	leastBlank = 1.1  // two digits, of the size of the letters
	wholeBlank = 9.0  // of the size: room for a number with its symbol
	yearBlank  = 2.2
)

// A blank is a place in a draft for text that comes later: a rectangle that a reader
// sees, around a line of that size.
type blank struct {
	rect   [4]float64
	size   float64
	centre bool
}

// blankOf is the box for text beside a letter, between two places on its line.
func blankOf(g glyph, x0, x1 float64, centre bool) blank {
	y := g.base - appearance.LineBelow*g.size
	return blank{[4]float64{x0, y, x1, y + appearance.LineHeight*g.size}, g.size, centre}
}

// gaps are what people leave for a number: spaces, dots, underscores.
const gaps = `[\s._…]*`

var (
	numberLine = regexp.MustCompile(`(?:^|\s)Số ?:?(` + gaps + `)(\S*)`)
	numberGap  = regexp.MustCompile(`(?:^|\s)Số ?(?::|` + gaps + `[/-]|\d)`) // what tells it from other words "Số"
	dateLine   = regexp.MustCompile(`ngày(` + gaps + `\d{0,2}` + gaps + `)tháng(` + gaps + `\d{0,2}` + gaps + `)năm(` + gaps + `)(\d{0,4})`)
)

// head are the lines of the upper part of a page.
func head(lines []printedLine, height float64) []printedLine {
	for i, l := range lines {
		if l.base < height*(1-headPart) {
			return lines[:i]
		}
	}
	return lines
}

// A foundNumber is the blank of the number, or what is printed there.
type foundNumber struct {
	blank   *blank
	dotted  bool   // something is printed in the blank
	printed string // such as "45/BC-UBND"; empty where there is a blank
	symbol  string // what is printed after the blank, such as "/BC-UBND"
}

// findNumber finds the line "Số: …" of the head. Its error says what is missing.
func findNumber(lines []printedLine, width float64) (foundNumber, error) {
	for i := range lines {
		l := &lines[i]
		text := l.String()
		if !numberGap.MatchString(text) {
			continue
		}
		m := numberLine.FindStringSubmatchIndex(text)
		if m == nil || l.glyphs[l.at(m[0])].x0 > width*numberPart {
			continue
		}
		return numberIn(l, text, m, width)
	}
	return foundNumber{}, fmt.Errorf(`no line "Số:" in the head of page 1`)
}

func numberIn(l *printedLine, text string, m []int, width float64) (foundNumber, error) {
	rest := text[m[4]:m[5]]
	end := max(l.at(m[2])-1, 0)
	for end > 0 && l.glyphs[end].r == ' ' {
		end--
	}
	label := l.glyphs[end] // the colon, or the last letter
	from, size := label.x1, label.size
	to, whole := 0.0, rest == ""
	if !whole {
		to = l.glyphs[l.at(m[4])].x0
		whole = to-from > columnGap*size && !strings.ContainsAny(rest[:1], "/-") && !isDigit(rest[0])
	}
	switch {
	case !whole && isDigit(rest[0]):
		return foundNumber{printed: rest}, nil
	case whole:
		most := min(from+wholeBlank*size, width/2)
		if to > 0 {
			most = min(most, to-size/2)
		}
		b := blankOf(label, from+size/4, most, false)
		return foundNumber{blank: &b, dotted: dotted(text[m[2]:m[3]])}, wideEnough(b, "after \"Số:\"")
	case !strings.ContainsAny(rest[:1], "/-"):
		return foundNumber{}, fmt.Errorf("after \"Số:\" page 1 has %q, neither a number nor a blank", rest)
	}
	b := blankOf(label, from, to, true)
	return foundNumber{blank: &b, dotted: dotted(text[m[2]:m[3]]), symbol: rest}, wideEnough(b, fmt.Sprintf("before %q", rest))
}

func dotted(gap string) bool { return strings.ContainsAny(gap, "._…") }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func wideEnough(b blank, where string) error {
	if w := b.rect[2] - b.rect[0]; w < leastBlank*b.size {
		return fmt.Errorf("the blank %s is %.0f points wide, want at least %.0f: type more spaces there", where, w, leastBlank*b.size)
	}
	return nil
}

// Parts of a date.
const (
	partDay = iota
	partMonth
	partYear
)

// A foundDate has for each part of the date a blank, or what is printed.
type foundDate struct {
	blanks  [3]*blank
	dotted  bool // something is printed in one of them
	printed [3]string
}

func (d *foundDate) whole() bool { return d.blanks == [3]*blank{} }

func (d *foundDate) String() string {
	return fmt.Sprintf("ngày %s tháng %s năm %s", d.printed[0], d.printed[1], d.printed[2])
}

// findDate finds the line "…, ngày … tháng … năm …" of the head.
func findDate(lines []printedLine, width float64) (foundDate, error) {
	for i := range lines {
		l := &lines[i]
		text := l.String()
		m := dateLine.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		var d foundDate
		for part := range 2 {
			a, b := m[2+2*part], m[3+2*part]
			if d.printed[part] = strings.Trim(text[a:b], " ._…"); d.printed[part] != "" {
				continue
			}
			before := l.glyphs[l.at(a)-1]
			gap := blankOf(before, before.x1, l.glyphs[l.at(b)].x0, true)
			if err := wideEnough(gap, [2]string{`after "ngày"`, `after "tháng"`}[part]); err != nil {
				return d, err
			}
			d.blanks[part] = &gap
			d.dotted = d.dotted || dotted(text[a:b])
		}
		return d, d.year(lines[i:], text[m[8]:m[9]], l.at(m[6])-1, width)
	}
	return foundDate{}, fmt.Errorf(`no line "…, ngày … tháng … năm …" in the head of page 1`)
}

// year finds the year that is printed on the first of lines, or where that line is
// full at the beginning of the next; else the blank after the glyph that ends "năm".
func (d *foundDate) year(lines []printedLine, printed string, end int, width float64) error {
	l := &lines[0]
	if printed == "" && end == len(l.glyphs)-1 && len(lines) > 1 {
		if next := strings.TrimSpace(lines[1].String()); fourDigits.MatchString(next) {
			printed = next
		}
	}
	switch {
	case len(printed) == 4:
		d.printed[partYear] = printed
		return nil
	case printed != "":
		return fmt.Errorf("the year is printed in part: %q", printed)
	}
	label := l.glyphs[end]
	from := label.x1 + label.size/4
	gap := blankOf(label, from, from+yearBlank*label.size, false)
	if gap.rect[2] > width {
		return fmt.Errorf("there is no room for the year after \"năm\"")
	}
	d.blanks[partYear] = &gap
	return nil
}

var fourDigits = regexp.MustCompile(`^\d{4}$`)
