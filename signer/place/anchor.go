package place

import (
	"fmt"
	"slices"
	"strings"
)

// FindAnchor finds the block that an anchor text belongs to: its position, above
// the blank space, or its name, below. Pages are given from the last to the first
// that is to be searched, by a function that returns nil behind the first.
//
// Of several matches that of the last page counts, a line that is the text and
// nothing else before one that holds it, and the lowest of those. Two beside each
// other are two blocks, and not decided between.
func FindAnchor(text string, pages func() (*Page, error)) (*Page, *Block, error) {
	wanted := fold(text)
	if wanted == "" {
		return nil, nil, &NotFound{"an anchor text", "an empty one"}
	}
	seen, why := 0, ""
	for {
		p, err := pages()
		if err != nil {
			return nil, nil, err
		}
		if p == nil {
			break
		}
		all := lines(p.Boxes)
		if len(all) == 0 && why == "" {
			why = fmt.Sprintf("; page %d has %s", p.Number, p.textless())
		}
		seen++
		if found := match(all, wanted); len(found) > 0 {
			b, err := p.anchored(all, text, found)
			return p, b, err
		}
	}
	return nil, nil, &NotFound{fmt.Sprintf("the text %q", text), fmt.Sprintf("it on none of %d pages%s", seen, why)}
}

// match returns the indices of the lines that are the text, or else hold it, or
// else end it where it began in the line above.
func match(all []Line, wanted string) (found []int) {
	for _, same := range []func(i int) bool{
		func(i int) bool { return all[i].folded == wanted },
		func(i int) bool { return strings.Contains(all[i].folded, wanted) },
		func(i int) bool { return wraps(all, i, wanted) },
	} {
		for i := range all {
			if same(i) {
				found = append(found, i)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// wraps: the text goes over from the line above to line i.
func wraps(all []Line, i int, wanted string) bool {
	j := above(all, i)
	return j >= 0 && all[j].below(&all[i]) && strings.Contains(all[j].folded+all[i].folded, wanted)
}

// anchored decides between the matches of a page.
func (p *Page) anchored(all []Line, text string, found []int) (*Block, error) {
	last := &all[found[len(found)-1]] // lines come from the top
	var others []string
	for _, i := range found[:len(found)-1] {
		if l := &all[i]; !l.beside(last) && l.Rect[1]-last.Rect[3] < 5*last.box {
			others = append(others, fmt.Sprintf("%q at %s", l.Text, l.Rect))
		}
	}
	if len(others) > 0 {
		return nil, &NotFound{fmt.Sprintf("the text %q", text), fmt.Sprintf("it beside each other on page %d: %s and %q at %s", p.Number, strings.Join(others, ", "), last.Text, last.Rect)}
	}
	if b := p.around(all, found[len(found)-1], fold(text)); b != nil {
		return b, nil
	}
	return nil, &NotFound{fmt.Sprintf("%.0f points of blank space between the text %q and a line below or above it", leastGap, text),
		fmt.Sprintf("none at %q on page %d", last.Text, p.Number)}
}

// around returns the block with line i in it: as its position, else as its name,
// else as a position that nothing stands below.
func (p *Page) around(all []Line, i int, wanted string) *Block {
	top := i
	for range 6 { // to the last line above the gap
		next := slices.IndexFunc(all[top+1:], func(m Line) bool { return all[top].below(&m) && (isTitle(&m) || centred(all[top].Rect, m.Rect)) })
		if next < 0 {
			break
		}
		top += next + 1
	}
	under := slices.IndexFunc(all[top+1:], func(m Line) bool { return m.beside(&all[top]) && m.Rect[3] < all[top].Rect[1]+0.5*m.box })
	if under >= 0 {
		if b := p.between(all, top, top+1+under); b != nil {
			return b
		}
	}
	if over := above(all, i); over >= 0 {
		if b := p.between(all, over, i); b != nil {
			return b
		}
	}
	if all[i].folded != wanted && !isTitle(&all[i]) {
		return nil // somewhere in the text of the letter
	}
	b := &Block{Title: []Line{all[top]}}
	floor := edge
	if under >= 0 {
		floor = all[top+1+under].Rect[3]
	}
	p.fitGap(all, b)
	b.Gap[1] = max(b.Gap[3]-openGap, floor)
	if b.Gap.height() < leastGap || p.occupied(b.core()) {
		return nil
	}
	return b
}

// openGap is the height of the space below a position where no name says it: five
// lines, as people leave.
const openGap = 110.0

// between returns the block of two lines of which one stands above the other.
func (p *Page) between(all []Line, over, under int) *Block {
	gap := all[over].Rect[1] - all[under].Rect[3]
	if gap < leastGap || gap > mostGap {
		return nil
	}
	b := &Block{Title: stack(all, over, all[under].Rect), Name: all[under]}
	if !centred(all[over].Rect, all[under].Rect) && !centred(b.title(), all[under].Rect) {
		return nil
	}
	p.fitGap(all, b)
	if p.occupied(b.core()) {
		return nil
	}
	return b
}
