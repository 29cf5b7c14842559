package place

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lienthong/signer/content"
)

// A Block is where a letter is signed: capacity and position, blank space, a name.
type Block struct {
	Title []Line // from the top
	Name  Line   // zero where nothing stands below
	Gap   Rect   // the blank space, as wide as is free on both sides of the axis
	Axis  float64
}

func (b *Block) String() string {
	var words []string
	for _, l := range b.Title {
		words = append(words, l.Text)
	}
	s := strings.Join(words, " / ")
	if b.Name.Text != "" {
		s += " … " + b.Name.Text
	}
	return s
}

const (
	leastGap = 24.0  // points, between position and name: one line left out is less
	mostGap  = 260.0 // farther apart, two lines have nothing to do with each other
	offAxis  = 14.0  // by which lines that are centred alike may differ
	edge     = 14.0  // of the page, which printers leave blank
)

const blockWanted = "a signing block: position (TM. …, CHỦ TỊCH), blank space and a name below it"

// FindBlock finds the one signing block of a page: in the right half, with a
// capacity or a known position above, or with "Nơi nhận" on its left. What looks
// like one by its layout alone, and what is one of several, is not enough.
func FindBlock(p *Page) (*Block, error) {
	wanted := fmt.Sprintf("%s, in the right half of page %d", blockWanted, p.Number)
	all := lines(p.Boxes)
	if len(all) == 0 {
		return nil, &NotFound{wanted, p.textless()}
	}
	var blocks []*Block
	for i := range all {
		if b := p.blockOf(all, i); b != nil {
			blocks = append(blocks, b)
		}
	}
	switch {
	case len(blocks) == 0:
		return nil, &NotFound{wanted, "none there"}
	case len(blocks) > 1:
		return nil, &NotFound{wanted, fmt.Sprintf("%d: %s", len(blocks), list(blocks))}
	case blocks[0].Axis <= p.Width/2:
		return nil, &NotFound{wanted, "one in the left half: " + list(blocks)}
	case p.Unknown != "": // there may be more than what was read
		return nil, &NotFound{wanted, fmt.Sprintf("%s, on a page of which not all can be read: %s", list(blocks), p.Unknown)}
	case !evident(all, blocks[0]):
		return nil, &NotFound{wanted, fmt.Sprintf("%s, which may be one, but says no capacity and no known position, and no \"Nơi nhận\" is on its left", list(blocks))}
	}
	return blocks[0], nil
}

func list(blocks []*Block) string {
	var s []string
	for _, b := range blocks {
		s = append(s, fmt.Sprintf("%q", b.String()))
	}
	return strings.Join(s, ", ")
}

// Readable reports whether the page has text to go by.
func (p *Page) Readable() bool { return len(lines(p.Boxes)) > 0 }

// textless says why a page has no text to go by.
func (p *Page) textless() string {
	text, image := false, false
	for _, b := range p.Boxes {
		text = text || b.Kind == content.Text
		image = image || b.Kind == content.Image && Rect(b.Rect).width()*Rect(b.Rect).height() > p.Width*p.Height/2
	}
	switch {
	case text:
		return "text whose letters cannot be told"
	case image:
		return "a picture of a page (a scan), and no text"
	case p.Unknown != "":
		return "no text that can be read: " + p.Unknown
	}
	return "no text"
}

// blockOf returns the block whose name is line i, or nil.
func (p *Page) blockOf(all []Line, i int) *Block {
	name := &all[i]
	if !isName(name.Text) {
		return nil
	}
	over := above(all, i)
	if over < 0 || !isTitle(&all[over]) {
		return nil
	}
	if gap := all[over].Rect[1] - name.Rect[3]; gap < leastGap || gap > mostGap {
		return nil
	}
	b := &Block{Name: *name, Title: stack(all, over, name.Rect)}
	if !centred(name.Rect, all[over].Rect) && !centred(name.Rect, b.title()) {
		return nil
	}
	p.fitGap(all, b)
	if p.occupied(b.core()) {
		return nil
	}
	return b
}

// above returns the line that stands next above line i in its column, or -1.
func above(all []Line, i int) int {
	for j := i - 1; j >= 0; j-- {
		if all[j].Rect[1] > all[i].Rect[1] && all[j].beside(&all[i]) && all[j].Rect[1] > all[i].Rect[3]-0.5*all[i].box {
			return j
		}
	}
	return -1
}

// centred reports whether two lines have one axis, or begin at one edge, as some
// programs set blocks.
func centred(a, b Rect) bool {
	d, e := a.axis()-b.axis(), a[0]-b[0]
	return max(d, -d) <= max(offAxis, 0.06*max(a.width(), b.width())) || max(e, -e) <= 2
}

// title is what the lines above the gap take together.
func (b *Block) title() Rect {
	r := b.Title[0].Rect
	for _, l := range b.Title[1:] {
		r = r.union(l.Rect)
	}
	return r
}

// stack returns the lines of the block above the gap, of which i is the last. What
// stands above them is centred as they are, or as the name is; else it is the end of
// the letter's text.
func stack(all []Line, i int, name Rect) []Line {
	out := []Line{all[i]}
	for range 6 {
		j := above(all, i)
		if j < 0 || !all[j].below(&all[i]) || !isTitle(&all[j]) || !centred(all[j].Rect, all[i].Rect) && !centred(all[j].Rect, name) {
			break
		}
		out, i = append(out, all[j]), j
	}
	slices.Reverse(out)
	return out
}

// fitGap sets the axis, and how much is free on both sides of it.
func (p *Page) fitGap(all []Line, b *Block) {
	last := b.Title[len(b.Title)-1]
	b.Axis = b.title().axis()
	bottom := last.Rect[1] - mostGap
	if b.Name.Text != "" {
		b.Axis = (b.Axis + b.Name.Rect.axis()) / 2
		bottom = b.Name.Rect[3]
	}
	half := min(b.Axis, p.Width-b.Axis) - edge
	for _, l := range all {
		if l.Rect[1] >= last.Rect[1] || l.Rect[3] <= bottom {
			continue
		}
		switch {
		case l.Rect[2] <= b.Axis:
			half = min(half, b.Axis-l.Rect[2]-4)
		case l.Rect[0] >= b.Axis:
			half = min(half, l.Rect[0]-b.Axis-4)
		}
	}
	half = max(half, 0)
	b.Gap = Rect{b.Axis - half, bottom, b.Axis + half, last.Rect[1]}
}

// core is the middle of the gap, where nothing may stand.
func (b *Block) core() Rect {
	half := min(b.Gap.width()/2, 30)
	return Rect{b.Axis - half, b.Gap[1] + 2, b.Axis + half, b.Gap[3] - 2}
}

// occupied: something is painted there already that is no background of the page.
func (p *Page) occupied(r Rect) bool {
	for _, b := range p.Boxes {
		s := Rect(b.Rect)
		if b.Kind != content.Plain && r.overlaps(s) && s.width()*s.height() < p.Width*p.Height/2 {
			return true
		}
	}
	return false
}

// isTitle: a line of capitals, as the Decree has them written, or one that begins
// with a capacity or a known position.
func isTitle(l *Line) bool {
	all, capital := letters(l.Text)
	if all < 2 || utf8.RuneCountInString(l.Text) > 80 || strings.ContainsAny(l.Text, ":;?!") || strings.HasSuffix(l.Text, ".") && !slices.Contains(capacities, l.folded) {
		return false
	}
	return capital == all || hasCapacity(l) || len(strings.Fields(l.Text)) <= 8 && startsPosition(l)
}

// capacities are the ways in which somebody signs for somebody (Art. 13).
var capacities = []string{"tm.", "kt.", "tl.", "tuq.", "q."}

func hasCapacity(l *Line) bool {
	return slices.ContainsFunc(capacities, func(c string) bool { return strings.HasPrefix(l.folded, c) })
}

// positions are what those who sign letters are. The list only helps: a position
// that is not in it is found by "Nơi nhận" on its left.
var positions = foldAll("chủ tịch", "phó chủ tịch", "quyền", "giám đốc", "phó giám đốc", "tổng giám đốc", "phó tổng giám đốc", "trưởng", "phó trưởng",
	"bộ trưởng", "thứ trưởng", "cục trưởng", "phó cục trưởng", "chi cục trưởng", "vụ trưởng", "phó vụ trưởng", "tổng cục trưởng", "viện trưởng",
	"phó viện trưởng", "hiệu trưởng", "phó hiệu trưởng", "chánh", "phó chánh", "thủ tướng", "phó thủ tướng", "thủ trưởng", "bí thư", "phó bí thư",
	"tổng bí thư", "tổng biên tập", "chủ nhiệm", "phó chủ nhiệm", "tư lệnh", "chính ủy", "đội trưởng", "tổng kiểm toán", "kiểm toán trưởng",
	"tổng thanh tra", "thống đốc", "phó thống đốc", "đại sứ", "hạt trưởng", "trạm trưởng", "đồn trưởng")

func foldAll(s ...string) []string {
	out := make([]string, len(s))
	for i := range s {
		out[i] = fold(s[i])
	}
	return out
}

func startsPosition(l *Line) bool {
	return slices.ContainsFunc(positions, func(p string) bool { return strings.HasPrefix(l.folded, p) })
}

var receivers = fold("Nơi nhận")

// evident: what tells a signing block from other text with a gap.
func evident(all []Line, b *Block) bool {
	for i := range b.Title {
		if hasCapacity(&b.Title[i]) || startsPosition(&b.Title[i]) {
			return true
		}
	}
	top := b.Title[0].Rect[3]
	return slices.ContainsFunc(all, func(l Line) bool {
		return strings.HasPrefix(l.folded, receivers) && l.Rect[2] < b.Axis && l.Rect[1] < top+60 && l.Rect[3] > b.Name.Rect[1]-20
	})
}

// isName: two words or more that begin with capitals, as names do; a rank or a
// degree may stand before them ("Đại tá", "TS.").
func isName(s string) bool {
	words := strings.Fields(norm.NFC.String(s))
	if len(words) < 2 || len(words) > 8 || utf8.RuneCountInString(s) > 60 {
		return false
	}
	small := 0
	for _, w := range words {
		for i, r := range w {
			if i == 0 && !unicode.IsUpper(r) {
				small++
			}
			if !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune(".'’-", r) || i == 0 && !unicode.IsLetter(r) {
				return false
			}
		}
	}
	first := words[0]
	return small == 0 || small == 1 && unicode.IsUpper([]rune(first)[0]) && len(words) >= 4
}
