package appearance

import (
	"fmt"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationserifregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

const (
	family     = "LiberationSerif"
	largest    = 10.0 // points: what Decree 30 asks of text in a corner
	unbroken   = 8.0  // lines are rather made this small than broken
	smallest   = 4.0
	lineHeight = 1.15 // of the size, as of the ascent below
	ascent     = 0.89
	padding    = 1.5 // points
)

// A typeface can be read by many at once.
type typeface struct {
	all   *sfnt.Font // to ask which letters there are
	small []byte     // TrueType, cut down to the common letters
}

// face is parsed once: the whole font has 2,600 letters, and the library below
// keeps half a megabyte for each copy that it reads.
var face = sync.OnceValues(func() (*typeface, error) {
	all, err := sfnt.Parse(liberationserifregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("font %s: %w", family, err)
	}
	return &typeface{all, fpdf.UTF8CutFont(liberationserifregular.TTF, common)}, nil
})

// common is what Vietnamese letters are written with; a text that needs more
// takes the whole font.
var common = func() string {
	var b strings.Builder
	for r := rune(0x20); r < 0x180; r++ {
		if r < 0x7F || r > 0x9F {
			b.WriteRune(r)
		}
	}
	b.WriteString("ƠơƯư–—‘’“”†‡•…‰′″€₫№™")
	for r := rune(0x1EA0); r <= 0x1EF9; r++ {
		b.WriteRune(r)
	}
	return b.String()
}()

func isCommon(r rune) bool { return strings.ContainsRune(common, r) }

// splitLines breaks at line ends, composes letters with their marks, and
// refuses what the font cannot show: a box in place of a letter of a name
// would be a lie in a signature.
func splitLines(in []string) ([]string, error) {
	f, err := face()
	if err != nil {
		return nil, err
	}
	var buf sfnt.Buffer
	var out []string
	for _, s := range in {
		s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ").Replace(s)
		for line := range strings.SplitSeq(norm.NFC.String(s), "\n") {
			for _, r := range line {
				glyph, err := f.all.GlyphIndex(&buf, r)
				if err != nil || glyph == 0 || r > 0xFFFF || unicode.IsControl(r) {
					return nil, fmt.Errorf("line %q: the font has no %U", line, r)
				}
			}
			out = append(out, line)
		}
	}
	if strings.Join(out, "") == "" {
		return nil, nil
	}
	return out, nil
}

// useFont loads the smallest font that has the letters of lines.
func useFont(f *fpdf.Fpdf, lines []string) error {
	face, err := face()
	if err != nil {
		return err
	}
	ttf := face.small
	for _, line := range lines {
		if strings.ContainsFunc(line, func(r rune) bool { return !isCommon(r) }) {
			ttf = liberationserifregular.TTF
		}
	}
	f.AddUTF8FontFromBytes(family, "", ttf)
	return f.Error()
}

func drawText(f *fpdf.Fpdf, c Content, lines []string, area box) error {
	if err := useFont(f, lines); err != nil {
		return err
	}
	area = box{area.x + padding, area.y + padding, area.w - 2*padding, area.h - 2*padding}
	least := smallest
	if c.Profile.Corner() {
		least = largest // no other size is allowed there
	}
	size, lines, ok := fit(f, lines, area, least)
	if !ok {
		return fmt.Errorf("the text of %d lines does not fit into %.0f by %.0f points, even at size %.0f: make the box larger or the text shorter",
			len(lines), area.w, area.h, least)
	}
	f.SetFont(family, "", size)
	f.SetTextColor(c.colour())
	height := size * lineHeight
	y := area.y + (area.h-height*float64(len(lines)))/2 + size*ascent
	for _, line := range lines {
		x := area.x
		if c.centred() {
			x += (area.w - f.GetStringWidth(line)) / 2
		}
		if line != "" {
			f.Text(x, y, line)
		}
		y += height
	}
	return f.Error()
}

// colour is that of Decree 30: handwriting blue, a seal red, other text black.
func (c Content) colour() (r, g, b int) {
	switch c.Profile {
	case Personal:
		return 0, 0, 160
	case Agency:
		return 192, 0, 0
	}
	return 0, 0, 0
}

// fit finds the largest size at which the lines fit the area: first whole, then
// broken at spaces. At the least size they are always broken.
func fit(f *fpdf.Fpdf, lines []string, area box, least float64) (float64, []string, bool) {
	for size := largest; size >= least; size -= 0.5 {
		f.SetFont(family, "", size)
		broken := lines
		if size < unbroken || size == least {
			broken = wrap(f, lines, area.w)
		}
		if float64(len(broken))*size*lineHeight <= area.h && widest(f, broken) <= area.w {
			return size, broken, true
		}
	}
	return 0, lines, false
}

func widest(f *fpdf.Fpdf, lines []string) float64 {
	w := 0.0
	for _, line := range lines {
		w = max(w, f.GetStringWidth(line))
	}
	return w
}

func wrap(f *fpdf.Fpdf, lines []string, width float64) []string {
	var out []string
	for _, line := range lines {
		current := ""
		for i, word := range strings.Split(line, " ") {
			switch {
			case i == 0:
				current = word
			case f.GetStringWidth(current+" "+word) <= width:
				current += " " + word
			default:
				out = append(out, current)
				current = word
			}
		}
		out = append(out, current)
	}
	return out
}
