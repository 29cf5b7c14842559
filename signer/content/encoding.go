package content

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"lienthong/signer/pdf"
)

// toUnicode reads the table from codes to text (ISO 32000-2, 9.10.3); nil where
// there is none that can be read.
func (r *Reader) toUnicode(o pdf.Object) map[int]string {
	o, err := r.view.Resolve(o)
	s, ok := o.(*pdf.Stream)
	if err != nil || !ok {
		return nil
	}
	t := r.table(s)
	if t == nil {
		return nil
	}
	return t.text
}

// table reads what a stream maps codes to (ISO 32000-2, 9.7.5.4); nil where it
// cannot be read to its end.
func (r *Reader) table(s *pdf.Stream) *table {
	data, err := r.decode(s)
	if err != nil {
		return nil
	}
	t := &table{text: make(map[int]string), cid: make(map[int]int)}
	l := lexer{buf: data}
	var args []token
	for len(t.text)+len(t.cid) < maxCodes {
		next, err := l.next(0)
		if r.ops--; err != nil || r.ops < 0 || len(args) > 100_000 {
			return nil
		}
		switch next.kind {
		case operatorToken:
		case atEnd:
			return t
		default:
			args = append(args, next)
			continue
		}
		t.operate(next.bytes, args)
		args = args[:0]
		l.reset()
	}
	return nil
}

func (t *table) operate(op []byte, args []token) {
	switch string(op) {
	case "endbfchar":
		t.chars(args)
	case "endbfrange":
		t.ranges(args)
	case "usecmap":
		t.more = true
	case "endcodespacerange":
		for _, a := range args {
			n := 0
			if a.kind == stringToken {
				n = len(a.bytes)
			}
			t.more = t.more || t.bytes != 0 && t.bytes != n
			t.bytes = n
		}
	case "endcidchar":
		for i := 0; i+1 < len(args); i += 2 {
			code, ok := codeOf(args[i])
			if ok && args[i+1].kind == numberToken {
				t.cid[code] = int(args[i+1].num)
			}
		}
	case "endcidrange":
		for i := 0; i+2 < len(args); i += 3 {
			first, ok := codeOf(args[i])
			last, okLast := codeOf(args[i+1])
			isNumber, cid := args[i+2].kind == numberToken, int(args[i+2].num)
			for n := first; ok && okLast && isNumber && n <= last && len(t.cid) < maxCodes; n++ {
				t.cid[n] = cid + n - first
			}
		}
	}
}

// A table says what codes stand for.
type table struct {
	text  map[int]string
	cid   map[int]int // character identifiers
	bytes int         // of a code
	more  bool        // it has codes of other lengths, or goes on in another table
}

func codeOf(t token) (int, bool) {
	if t.kind != stringToken || len(t.bytes) == 0 || len(t.bytes) > 2 {
		return 0, false
	}
	n := 0
	for _, b := range t.bytes {
		n = n<<8 | int(b)
	}
	return n, true
}

func textOf(t token) []uint16 {
	if t.kind != stringToken || len(t.bytes) > 64 {
		return nil
	}
	var units []uint16
	for i := 0; i+1 < len(t.bytes); i += 2 {
		units = append(units, uint16(t.bytes[i])<<8|uint16(t.bytes[i+1]))
	}
	return units
}

func (t *table) chars(args []token) {
	for i := 0; i+1 < len(args); i += 2 {
		if n, ok := codeOf(args[i]); ok {
			t.text[n] = string(utf16.Decode(textOf(args[i+1])))
		}
	}
}

func (t *table) ranges(args []token) {
	for i := 0; i+2 < len(args); i += 3 {
		first, ok := codeOf(args[i])
		last, okLast := codeOf(args[i+1])
		if !ok || !okLast {
			continue
		}
		to, units := args[i+2], textOf(args[i+2])
		for n := first; n <= last && len(t.text) < maxCodes; n++ {
			switch {
			case to.kind == arrayToken && n-first < len(to.list):
				t.text[n] = string(utf16.Decode(textOf(to.list[n-first])))
			case to.kind != arrayToken && len(units) > 0:
				t.text[n] = string(utf16.Decode(units))
				units[len(units)-1]++
			}
		}
	}
}

// encoding reads what the codes of a simple font stand for (ISO 32000-2, 9.6.5).
// A symbolic font without an encoding says nothing: its codes are its own.
func (r *Reader) encoding(d, descriptor *pdf.Dict) *[256]string {
	o, err := r.view.Resolve(d.Get("Encoding"))
	if err != nil {
		return nil
	}
	base, _ := o.(pdf.Name)
	diff, _ := o.(*pdf.Dict)
	if diff != nil {
		base = r.name(diff.Get("BaseEncoding"))
	}
	symbolic := r.name(d.Get("Subtype")) == "Type3"
	if descriptor != nil {
		flags, _ := r.number(descriptor.Get("Flags"))
		symbolic = symbolic || int64(flags)&4 != 0
	}
	var t [256]string
	switch {
	case base != "" || !symbolic:
		for c := 0x20; c < 0x7f; c++ {
			t[c] = string(rune(c))
		}
		if base == "WinAnsiEncoding" {
			winAnsi(&t)
		}
	case diff == nil:
		return nil
	}
	if diff != nil {
		r.differences(&t, diff)
	}
	return &t
}

// winAnsi sets the codes above ASCII, of Windows' code page 1252.
func winAnsi(t *[256]string) {
	for i, r := range []rune("€\x00‚ƒ„…†‡ˆ‰Š‹Œ\x00Ž\x00\x00‘’“”•–—˜™š›œ\x00žŸ") {
		if r != 0 {
			t[0x80+i] = string(r)
		}
	}
	for c := 0xa0; c < 0x100; c++ {
		t[c] = string(rune(c))
	}
}

func (r *Reader) differences(t *[256]string, diff *pdf.Dict) {
	list, err := r.view.Array(diff.Get("Differences"))
	if err != nil {
		return
	}
	code := 0
	for i, o := range list {
		if i > 1024 {
			return
		}
		o, _ = r.view.Resolve(o)
		switch o := o.(type) {
		case pdf.Integer:
			code = int(min(max(o, 0), 256))
		case pdf.Name:
			if code < 256 {
				t[code] = glyph(string(o))
			}
			code++
		}
	}
}

// glyph is the text of a glyph's name, as far as the name tells it by itself or
// is one that digits and punctuation go by; "" otherwise.
func glyph(name string) string {
	if len(name) == 1 {
		return name
	}
	if s, ok := glyphs[name]; ok {
		return s
	}
	hex, ok := strings.CutPrefix(name, "uni")
	if !ok {
		hex, ok = strings.CutPrefix(name, "u")
	}
	if ok && len(hex) >= 4 && len(hex) <= 6 {
		if v, err := strconv.ParseUint(hex, 16, 32); err == nil && v <= 0x10FFFF {
			return string(rune(v))
		}
	}
	return ""
}

var glyphs = map[string]string{
	"space": " ", "nbspace": " ", "nonbreakingspace": " ", "exclam": "!", "quotedbl": "\"", "numbersign": "#", "dollar": "$",
	"percent": "%", "ampersand": "&", "quotesingle": "'", "parenleft": "(", "parenright": ")", "asterisk": "*", "plus": "+",
	"comma": ",", "hyphen": "-", "period": ".", "slash": "/", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4",
	"five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "colon": ":", "semicolon": ";", "less": "<",
	"equal": "=", "greater": ">", "question": "?", "at": "@", "bracketleft": "[", "backslash": "\\", "bracketright": "]",
	"underscore": "_", "endash": "–", "emdash": "—", "quoteleft": "‘", "quoteright": "’",
}
