// Package content finds what a page of a PDF paints, and where: the boxes of
// text, images and drawings, as far as a reader that draws nothing can tell.
//
// It follows the page's content streams through the graphics state, the text
// matrices, form XObjects, inline images and the normal appearances of
// annotations (ISO 32000-2, clauses 8 and 9). Widths come from the font
// dictionaries. Boxes err on the side of being too large; where it cannot tell
// what is painted, it says so in [Painting.Unknown] and does not guess.
//
// It reads no font program and no image: a glyph without ink and a blank image
// count as painted, and one code is taken for a space only where the font
// dictionary says so. Blend modes, masks, opacity and colour are not looked at,
// so what is painted need not be seen.
package content

import (
	"fmt"

	"lienthong/signer/pdf"
)

// Kind is what was painted.
type Kind int

// The kinds. Rules, frames and backgrounds (straight lines along the axes and
// rectangles) are Plain; every other path and shading is a Drawing, which may be
// letters that were turned into outlines.
const (
	Text Kind = iota
	Image
	Drawing
	Plain
)

func (k Kind) String() string {
	switch k {
	case Text:
		return "text"
	case Image:
		return "image"
	case Drawing:
		return "drawing"
	}
	return "plain"
}

// A Box is a part of the page that something was painted on.
type Box struct {
	Kind Kind
	Rect [4]float64 // default user space: lower left and upper right corner
	// Rough: the box is an upper bound, since the font does not say how wide its
	// characters are. Something is painted inside, but nobody knows where.
	Rough bool
	Text  string // of a Text, "" where its encoding does not say
}

// A Painting is what a page shows. Unknown is empty where everything on the
// page was understood; otherwise it says what was not, and the boxes are only a
// part of what is painted.
type Painting struct {
	Boxes   []Box
	Unknown string
}

// Limits bound the work of reading pages. A field that is zero or negative
// means the value of [DefaultLimits].
type Limits struct {
	Operators int // all pages of one reader together
	Bytes     int // of content streams, forms and tables of characters, decoded; all pages together
	Depth     int // forms within forms, and saved graphics states
	Boxes     int // of one page
}

// DefaultLimits are met by every letter that an office writes, and take well
// below a second.
func DefaultLimits() Limits {
	return Limits{Operators: 2_000_000, Bytes: 32 << 20, Depth: 28, Boxes: 100_000}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	for _, p := range []struct {
		value *int
		most  int
	}{{&l.Operators, d.Operators}, {&l.Bytes, d.Bytes}, {&l.Depth, d.Depth}, {&l.Boxes, d.Boxes}} {
		if *p.value <= 0 {
			*p.value = p.most
		}
	}
	return l
}

// A Reader reads pages of one view of a file. The zero Reader is not useful; one
// must not be used by two goroutines at once.
type Reader struct {
	view    *pdf.View
	limit   Limits
	window  *[4]float64 // all that is asked for; nil for everything
	ops     int         // that may still be carried out
	bytes   int         // that may still be decoded
	fonts   map[pdf.Ref]*font
	unknown *font
	gap     float64 // between letters that ends a box, in thousandths of the size
}

// NewReader returns a reader of the pages of v.
func NewReader(v *pdf.View, lim Limits) *Reader {
	lim = lim.orDefault()
	return &Reader{view: v, limit: lim, ops: lim.Operators, bytes: lim.Bytes, fonts: make(map[pdf.Ref]*font), unknown: unknownFont(), gap: 500}
}

// Within makes the reader leave out, from now on, what lies wholly outside of rect:
// it costs less than boxes and text that nobody looks at.
func (r *Reader) Within(rect [4]float64) { r.window = &rect }

// Fine makes boxes of text end where there is room for the narrowest letter, too.
// Programs leave such room for letters that they write in another font later, so
// that only then the text of a line can be put together.
func (r *Reader) Fine() { r.gap = 120 }

// Page tells what the page's own content paints. Annotations are not part of it.
func (r *Reader) Page(p *pdf.Page) Painting {
	in := r.interpreter()
	in.state.clip = p.MediaBox
	in.page(p)
	return in.out
}

// Annotation tells what the normal appearance of an annotation paints on its
// page. An annotation that is hidden, or has no appearance, paints nothing; one
// with a choice of appearances counts with all of them.
func (r *Reader) Annotation(d *pdf.Dict) Painting {
	in := r.interpreter()
	in.state.clip = everywhere
	in.annotation(d)
	return in.out
}

func (r *Reader) interpreter() *interpreter {
	in := &interpreter{r: r, state: state{ctm: identity, scale: 1}, forms: make(map[pdf.Ref]bool)}
	in.text.tm, in.text.line = identity, identity
	in.path.reset()
	return in
}

// decode returns the data of a stream within the budget.
func (r *Reader) decode(s *pdf.Stream) ([]byte, error) {
	if r.bytes <= 0 {
		return nil, fmt.Errorf("content: more than %d bytes of content", r.limit.Bytes)
	}
	if s.Dict.Has("F") {
		return nil, fmt.Errorf("content: a stream whose data is outside the file")
	}
	data, err := s.Decode(r.view)
	if err != nil {
		return nil, err
	}
	if r.bytes -= len(data); r.bytes < 0 {
		return nil, fmt.Errorf("content: more than %d bytes of content", r.limit.Bytes)
	}
	return data, nil
}

// Left returns what the reader has not used up of its operators and bytes, for
// the reader of another view of the same file. Zero means that nothing is left.
func (r *Reader) Left() (operators, bytes int) { return max(r.ops, 0), max(r.bytes, 0) }
