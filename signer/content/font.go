package content

import (
	"math"
	"strings"

	"lienthong/signer/pdf"
)

// A font is what its dictionary says about the place that text takes. Lengths
// are in the unit of text space, 1 for the size of the font.
type font struct {
	wide     bool            // codes have two bytes
	rough    bool            // how wide the characters are is not known
	vertical bool            // written from top to bottom
	widths   map[int]float64 // by code
	missing  float64         // where widths has nothing
	box      [4]float64      // of any glyph, around its origin; of Type 3 alone
	type3    bool
	unicode  map[int]string  // by code, from ToUnicode
	cid      map[int]int     // by code, where it is no character identifier itself
	simple   *[256]string    // by code, from the encoding; nil where nothing is known
	cache    *[256]character // of codes that were shown, by their last byte
}

// A character is what a font says about a code.
type character struct {
	key   int // the code and 1; 0 for none
	width float64
	ink   float64 // how wide it is at least, with the sign of width
	text  string
	blank bool
}

// character looks a code up once, since a page shows few codes and each often.
func (f *font) character(code int) *character {
	if f.cache == nil {
		f.cache = new([256]character)
	}
	g := &f.cache[code&255]
	if g.key != code+1 {
		width, text := f.width(code), f.text(code)
		*g = character{key: code + 1, width: width, text: text, blank: text != "" && strings.TrimSpace(text) == "",
			ink: math.Copysign(max(math.Abs(width), leastInk), width)}
	}
	return g
}

// Extents of letters above and below the line, of the size: room for capital
// letters with two Vietnamese marks. Every glyph is taken to have some ink, also
// where the font calls it without width.
const (
	ascent   = 0.9
	descent  = -0.22
	leastInk = 0.25
)

// maxFonts and maxCodes bound what is kept of the fonts of one reader.
const (
	maxFonts = 512
	maxCodes = 1 << 17
)

// unknownFont is that of text whose font cannot be read.
func unknownFont() *font { return &font{rough: true, missing: 1} }

// font reads the font of a resource.
func (r *Reader) font(o pdf.Object) *font {
	ref, indirect := o.(pdf.Ref)
	if f := r.fonts[ref]; indirect && f != nil {
		return f
	}
	if len(r.fonts) >= maxFonts {
		return r.unknown
	}
	d, err := r.view.Dict(o)
	if err != nil || d == nil {
		return r.unknown
	}
	f := r.readFont(d)
	if indirect {
		r.fonts[ref] = f
	}
	return f
}

func (r *Reader) readFont(d *pdf.Dict) *font {
	f := &font{widths: make(map[int]float64)}
	f.unicode = r.toUnicode(d.Get("ToUnicode"))
	if r.name(d.Get("Subtype")) == "Type0" {
		r.composite(f, d)
		return f
	}
	scale := 0.001
	if r.name(d.Get("Subtype")) == "Type3" {
		m, ok := r.numbers(d.Get("FontMatrix"), 6)
		b, okBox := r.numbers(d.Get("FontBBox"), 4)
		f.type3, scale = true, 0.001
		if ok {
			scale = m[0]
			f.box = matrix(m).box([4]float64{b[0], b[1], b[2], b[3]})
		}
		f.rough = !ok || !okBox || b[0] == b[2] || b[1] == b[3]
	}
	list, err := r.view.Array(d.Get("Widths"))
	first, ok := r.number(d.Get("FirstChar"))
	if err != nil || len(list) == 0 || !ok {
		f.rough, f.missing = true, 1
	}
	for i, o := range list {
		if i > 255 {
			break
		}
		if w, ok := r.number(o); ok {
			f.widths[int(first)+i] = w * scale
		}
	}
	descriptor, _ := r.view.Dict(d.Get("FontDescriptor"))
	if descriptor != nil && !f.rough {
		w, _ := r.number(descriptor.Get("MissingWidth"))
		f.missing = w * scale
	}
	f.simple = r.encoding(d, descriptor)
	return f
}

// composite reads the widths of a Type 0 font (ISO 32000-2, 9.7). Of encodings those
// that the file brings along are understood, and that by which a code is its
// character's identifier.
func (r *Reader) composite(f *font, d *pdf.Dict) {
	f.wide, f.missing = true, 1
	switch r.name(d.Get("Encoding")) {
	case "Identity-H":
	case "Identity-V":
		f.vertical = true
		return
	default:
		if !r.ownEncoding(f, d.Get("Encoding")) {
			f.rough = true
			return
		}
	}
	list, _ := r.view.Array(d.Get("DescendantFonts"))
	if len(list) == 0 {
		f.rough = true
		return
	}
	child, err := r.view.Dict(list[0])
	if err != nil || child == nil {
		f.rough = true
		return
	}
	if w, ok := r.number(child.Get("DW")); ok {
		f.missing = w / 1000
	}
	f.rough = !r.cidWidths(f, child.Get("W"))
}

// ownEncoding reads an encoding whose codes have all one byte or all two.
func (r *Reader) ownEncoding(f *font, o pdf.Object) bool {
	o, err := r.view.Resolve(o)
	s, ok := o.(*pdf.Stream)
	if err != nil || !ok {
		return false
	}
	mode, _ := r.number(s.Dict.Get("WMode"))
	t := r.table(s)
	if t == nil || t.more || t.bytes < 1 || t.bytes > 2 || mode != 0 || s.Dict.Has("UseCMap") {
		return false
	}
	f.wide, f.cid = t.bytes == 2, t.cid
	return true
}

// cidWidths reads /W: "c [w w …]" and "first last w". It is false for more of them
// than there are characters.
func (r *Reader) cidWidths(f *font, o pdf.Object) bool {
	list, err := r.view.Array(o)
	if err != nil {
		return false
	}
	for i, left := 0, maxCodes; i+1 < len(list); {
		first, _ := r.number(list[i])
		next, err := r.view.Resolve(list[i+1])
		if err != nil {
			return false
		}
		if ws, ok := next.(pdf.Array); ok {
			if left -= len(ws); left < 0 {
				return false
			}
			for n, o := range ws {
				if w, ok := r.number(o); ok {
					f.widths[int(first)+n] = w / 1000
				}
			}
			i += 2
			continue
		}
		last, _ := r.number(next)
		if i+2 >= len(list) || last-first > 65535 || first < 0 || last < 0 {
			return i+2 >= len(list)
		}
		w, _ := r.number(list[i+2])
		for n := int(first); n <= int(last); n++ {
			if left--; left < 0 {
				return false
			}
			f.widths[n] = w / 1000
		}
		i += 3
	}
	return true
}

func (f *font) width(code int) float64 {
	if f.cid != nil {
		code = f.cid[code]
	}
	if w, ok := f.widths[code]; ok {
		return w
	}
	return f.missing
}

// text is what a code stands for, "" where that is not known.
func (f *font) text(code int) string {
	if s, ok := f.unicode[code]; ok {
		return s
	}
	if f.simple != nil && !f.wide && code < 256 {
		return f.simple[code]
	}
	return ""
}

func (r *Reader) name(o pdf.Object) pdf.Name {
	o, _ = r.view.Resolve(o)
	n, _ := o.(pdf.Name)
	return n
}

func (r *Reader) number(o pdf.Object) (float64, bool) {
	o, err := r.view.Resolve(o)
	if err != nil {
		return 0, false
	}
	return value(o)
}

func value(o pdf.Object) (float64, bool) {
	switch n := o.(type) {
	case pdf.Integer:
		return float64(n), true
	case pdf.Real:
		return n.Value, true
	}
	return 0, false
}

// numbers reads an array of n numbers, at most 6.
func (r *Reader) numbers(o pdf.Object, n int) (out [6]float64, ok bool) {
	list, err := r.view.Array(o)
	if err != nil || len(list) != n || n > 6 {
		return out, false
	}
	for i, e := range list {
		if out[i], ok = r.number(e); !ok {
			return out, false
		}
	}
	return out, true
}
