package signer

import (
	"cmp"
	"errors"
	"slices"
)

// The seal beside the signing block (Decree 30/2020/NĐ-CP, Appendix I, boxes 7 and
// 8): at its real size, over about a third of the handwriting, on its left.
const (
	sealSide    = 102.0 // points: 36 mm
	handwriting = 130.0 // how wide that is taken to be, in the middle of the block
	signingGap  = 45.0  // least height between position and name
	rightPart   = 0.4   // of the page's width: where the right column begins
)

// A segment is a part of a line that stands in a column.
type segment struct{ base, size, x0, x1 float64 }

func (s segment) middle() float64 { return (s.x0 + s.x1) / 2 }

// findSeal finds the room for the handwriting: the lowest gap of the right column.
func findSeal(lines []printedLine, width, height float64) ([4]float64, error) {
	column := rightColumn(lines, width)
	for i := len(column) - 1; i > 0; i-- {
		position, name := column[i-1], column[i]
		top, bottom := position.base, name.base+name.size
		if top-bottom < signingGap {
			continue
		}
		right := name.middle() - handwriting/2 + handwriting/3
		x := min(max(right-sealSide, 0), width-sealSide)
		y := min(max((top+bottom-sealSide)/2, 0), height-sealSide)
		if x < 0 || y < 0 {
			break
		}
		return [4]float64{x, y, x + sealSide, y + sealSide}, nil
	}
	return [4]float64{}, errors.New("no signing block with room for a signature in the right half of the last page")
}

// rightColumn are the parts of lines that stand in the right half, from the top.
func rightColumn(lines []printedLine, width float64) []segment {
	var out []segment
	for i := range lines {
		l := &lines[i]
		var s *segment
		for _, g := range l.glyphs {
			if g.r == ' ' && g.x1-g.x0 > columnGap*g.size {
				s = nil
				continue
			}
			if s == nil {
				out = append(out, segment{g.base, g.size, g.x0, g.x1})
				s = &out[len(out)-1]
			}
			s.x1 = max(s.x1, g.x1)
		}
	}
	out = slices.DeleteFunc(out, func(s segment) bool { return s.x0 < width*rightPart || s.middle() < width/2 })
	slices.SortStableFunc(out, func(a, b segment) int { return cmp.Compare(b.base, a.base) })
	return out
}
