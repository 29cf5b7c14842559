package place

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"lienthong/signer/content"
)

// A Line is text that stands side by side, without a gap as wide as that between
// two columns.
type Line struct {
	Text string
	Rect Rect

	box      float64 // height of one character's box
	baseline float64
	folded   string // see fold
}

// maxLines bounds the work: a page of a letter has some hundred pieces of text.
const maxLines = 5000

const (
	wordGap   = 0.13  // of the height of a character's box: more is a space
	columnGap = 1.0   // more is the next column
	sizes     = 0.85  // the smaller of two in the larger; less is other text beside it
	drop      = 0.196 // from a box's lower edge to the baseline: 0.22 of 1.12, as package content has it
	sameLine  = 0.3
)

// lines puts the words of a page together. Programs write a line in pieces of one
// font or one letter each, in any order; words of one line are apart by more than
// letters, and columns by more than words. The lines come from the top. Of a page
// with more than maxLines there are none.
func lines(boxes []content.Box) []Line {
	var words []content.Box
	for _, b := range boxes {
		if b.Kind == content.Text && b.Text != "" && !b.Rough && finite(b.Rect) && b.Rect[1] < b.Rect[3] {
			words = append(words, b)
		}
	}
	slices.SortStableFunc(words, func(a, b content.Box) int { return cmp.Compare(a.Rect[0], b.Rect[0]) })
	var out []Line
	open := make(map[int][]int) // lines by a twelfth of an inch of their baseline
	for _, w := range words {
		r := Rect(w.Rect)
		baseline := r[1] + drop*r.height()
		slot := int(math.Floor(baseline / 6))
		best, off := -1, math.Inf(1)
		for s := slot - 1; s <= slot+1; s++ {
			for _, i := range open[s] {
				if d := math.Abs(out[i].baseline - baseline); d < off && out[i].takes(r, d) {
					best, off = i, d
				}
			}
		}
		if len(out) > maxLines {
			return nil
		}
		if best < 0 {
			open[slot] = append(open[slot], len(out))
			out = append(out, Line{Text: w.Text, Rect: r, box: r.height(), baseline: baseline})
			continue
		}
		out[best].add(r, w.Text)
	}
	for i := range out {
		out[i].Text = strings.Join(strings.Fields(out[i].Text), " ")
		out[i].folded = fold(out[i].Text)
	}
	slices.SortStableFunc(out, func(a, b Line) int { return cmp.Compare(b.baseline, a.baseline) })
	return out
}

func (l *Line) takes(r Rect, off float64) bool {
	h := min(l.box, r.height())
	return off <= sameLine*h && r[0]-l.Rect[2] <= columnGap*h && h >= sizes*max(l.box, r.height())
}

func (l *Line) add(r Rect, text string) {
	if r[0]-l.Rect[2] > wordGap*l.box {
		l.Text += " "
	}
	l.Text += text
	l.Rect = l.Rect.union(r)
}

// below reports whether m is the next line of the same column: not farther below l
// than lines of one paragraph are.
func (l *Line) below(m *Line) bool {
	gap := l.Rect[1] - m.Rect[3]
	return gap > -0.5*l.box && gap <= leading*max(l.box, m.box) && l.beside(m)
}

// beside reports whether two lines are of one column.
func (l *Line) beside(m *Line) bool { return l.Rect[0] < m.Rect[2] && m.Rect[0] < l.Rect[2] }

// leading is the most that lines of one block are apart, in heights of a box.
const leading = 1.3
