package content_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"lienthong/signer/content"
	"lienthong/signer/pdf"
)

// document is a file of one page; objects from number 4 on are given, 4 is what
// the page shows.
func document(t testing.TB, resources string, objects ...string) (*pdf.View, *pdf.Page) {
	t.Helper()
	all := append([]string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<<" + resources + ">>>>",
	}, objects...)
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range all {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	f, err := pdf.Open(bytes.NewReader(b.Bytes()), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	pages, err := f.Latest().Pages()
	if err != nil || len(pages) != 1 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	return f.Latest(), &pages[0]
}

func stream(entries, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>stream\n%s\nendstream", entries, len(data), data)
}

// Fonts: every letter of A is half the size wide, of B nobody says how wide, of C
// codes have two bytes, and 0003 is a space.
const fonts = "/Font<</A 5 0 R/B 6 0 R/C 7 0 R/T 9 0 R/E<</Subtype/Type0/Encoding 13 0 R/DescendantFonts[<</DW 1000/W[3[250] 4 5 600]>>]>>>>/XObject<</I 10 0 R/F 11 0 R/N 14 0 R>>/ExtGState<</G<</Font[5 0 R 20]>>>>"

func fontObjects() []string {
	return []string{
		"<</Type/Font/Subtype/TrueType/Encoding/WinAnsiEncoding/FirstChar 32/Widths[" + strings.Repeat("500 ", 95) + "]>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2/DW 1000/W[3[250] 4 5 600]>>]/ToUnicode 8 0 R>>",
		stream("", "2 beginbfchar <0003> <0020> <0004> <1EC7> endbfchar 1 beginbfrange <0005> <0006> <0061> endbfrange"),
		"<</Type/Font/Subtype/Type3/FontMatrix[.01 0 0 .01 0 0]/FontBBox[-10 -20 110 120]/FirstChar 65/Widths[100 100]/CharProcs<<>>>>",
		stream("/Subtype/Image/Width 1/Height 1", "x"),
		stream("/Subtype/Form/BBox[0 0 50 50]/Matrix[2 0 0 2 100 100]/Resources<</Font<</A 5 0 R>>/XObject<</F 11 0 R>>>>", "BT /A 10 Tf (In) Tj ET 0 0 500 1 re f"),
		stream("/Subtype/Form/BBox[0 0 50 50]/Resources<</XObject<</F 12 0 R>>>>", "/F Do"),
		stream("/Type/CMap", "1 begincodespacerange <00> <FF> endcodespacerange 1 begincidrange <41> <42> 4 endcidrange 1 begincidchar <43> 3 endcidchar"),
		stream("/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</F 11 0 R>>>>", "/F Do"),
	}
}

// boxes renders what was painted, a line each; ~ marks rough ones.
func boxes(p content.Painting) string {
	var b strings.Builder
	for _, x := range p.Boxes {
		rough := ""
		if x.Rough {
			rough = "~"
		}
		fmt.Fprintf(&b, "%s%s %.0f %.0f %.0f %.0f %s\n", rough, x.Kind, x.Rect[0], x.Rect[1], x.Rect[2], x.Rect[3], x.Text)
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String()), " \n", "\n")
}

func TestPage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, ops, want, unknown string }{
		{"nothing", "", "", ""},
		{"a word", "BT /A 10 Tf 100 200 Td (ab) Tj ET", "text 100 198 110 209 ab", ""},
		{"two words, and blank between them", "BT /A 10 Tf 100 200 Td (ab    c) Tj ET", "text 100 198 110 209 ab\ntext 130 198 135 209 c", ""},
		{"a gap in TJ", "BT /A 10 Tf 100 200 Td [(a) -1000 (b) -100 (c)] TJ ET", "text 100 198 105 209 a\ntext 115 198 126 209 bc", ""},
		{"spacing", "BT /A 10 Tf 1 Tc 5 Tw 200 Tz 100 200 Td (a b) Tj ET", "text 100 198 110 209 a\ntext 134 198 144 209 b", ""},
		{"lines", "BT /A 10 Tf 12 TL 100 200 Td (a) Tj T* (b) Tj (c) ' 1 0 (d) \" 50 -8 TD (e) Tj T* (f) Tj ET",
			"text 100 198 105 209 a\ntext 100 186 105 197 b\ntext 100 174 105 185 c\ntext 100 162 105 173 d\ntext 150 154 155 165 e\ntext 150 146 155 157 f", ""},
		{"rise", "BT /A 10 Tf 20 Ts 100 200 Td (a) Tj ET", "text 100 218 105 229 a", ""},
		{"a matrix", "q 2 0 0 2 10 20 cm BT /A 10 Tf 1 0 0 1 50 50 Tm (a) Tj ET Q BT (b) Tj ET", "text 110 116 120 138 a\n~text 0 0 0 0", ""},
		{"turned", "BT /A 10 Tf 0 1 -1 0 300 300 Tm (abcd) Tj ET", "text 291 300 302 320 abcd", ""},
		{"font by graphics state", "BT /G gs 100 200 Td (a) Tj ET", "text 100 196 110 218 a", ""},
		{"not seen", "BT /A 10 Tf 3 Tr 100 200 Td (a) Tj 0 Tr (b) Tj ET", "text 105 198 110 209 b", ""},
		{"off the page", "BT /A 10 Tf 700 200 Td (a) Tj ET", "", ""},
		{"nobody says how wide", "BT /B 10 Tf 100 200 Td (ab) Tj (c) Tj 0 -50 Td (d) Tj ET",
			"~text 100 198 120 209 ab\n~text 0 198 600 209 c\n~text 100 148 110 159 d", ""},
		{"two bytes", "BT /C 10 Tf 100 200 Td <0004000300050009> Tj ET", "text 100 198 106 209 ệ\ntext 108 198 124 209", ""},
		{"an encoding of its own", "BT /E 10 Tf 100 200 Td (ACD) Tj ET", "text 100 198 118 209", ""},
		{"type 3", "BT /T 10 Tf 100 200 Td (AB) Tj ET", "text 99 198 131 212", ""},
		{"an image", "q 200 0 0 100 50 60 cm /I Do Q", "image 50 60 250 160", ""},
		{"an inline image", "q 20 0 0 10 50 60 cm BI /W 2/H 1/CS/G/BPC 8 ID \xff EI\xff EI Q BT /A 10 Tf (a) Tj ET", "image 50 60 70 70\ntext 0 0 5 9 a", ""},
		{"a form", "/F Do", "text 100 100 120 118 In\nplain 100 100 200 102", ""},
		{"a form in itself", "/L Do", "", "within itself"},
		{"a rule", "100 100 m 300 100 l S 10 10 20 20 re f", "plain 100 100 300 100\nplain 10 10 30 30", ""},
		{"a curve", "100 100 m 110 120 130 120 140 100 c f", "drawing 100 100 140 120", ""},
		{"a slanted line", "100 100 m 110 120 l S", "drawing 100 100 110 120", ""},
		{"a pattern", "/Pattern cs /P scn 10 10 20 20 re f 0 g 40 10 20 20 re f", "drawing 10 10 30 30\nplain 40 10 60 30", ""},
		{"a clip", "q 0 0 120 300 re W n BT /A 10 Tf 100 200 Td (abcdefgh) Tj ET Q 0 0 1 sh", "text 100 198 120 209 abcdefgh\ndrawing 0 0 600 800", ""},
		{"comments and odd tokens", "% (x) Tj\n] >> /A#42 q Q BT /A 10 Tf (\\101\\)\\\n(\\n)) Tj ET", "text 0 0 20 9", ""},
		{"no numbers", "BT /A Tf Tm Td cm (a) Tj re f m l c TJ Do gs sh", "~text 0 0 0 0\ndrawing 0 0 600 800", ""},
		{"beyond all numbers", "BT /A 1e300 Tf 1e300 0 0 1e300 0 0 Tm (a) Tj ET", "text 0 0 600 800 a", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			objects := append([]string{stream("", tt.ops)}, fontObjects()...)
			res := strings.Replace(fonts, "/XObject<<", "/XObject<</L 12 0 R", 1)
			v, p := document(t, res, objects...)
			got := content.NewReader(v, content.Limits{}).Page(p)
			if tt.unknown == "" && got.Unknown != "" || !strings.Contains(got.Unknown, tt.unknown) {
				t.Errorf("unknown %q, want %q", got.Unknown, tt.unknown)
			}
			if b := boxes(got); b != tt.want {
				t.Errorf("got\n%s\nwant\n%s", b, tt.want)
			}
			if got.Unknown == "" {
				for _, part := range [][4]float64{{0, 0, 600, 800}, {100, 180, 112, 205}, {300, 0, 600, 100}, {0, 0, 60, 20}} {
					sameWithin(t, v, p, got, part)
				}
			}
		})
	}
}

// sameWithin: a reader that is asked for a part of the page finds there what one
// that is asked for all of it does.
func sameWithin(t *testing.T, v *pdf.View, p *pdf.Page, all content.Painting, part [4]float64) {
	t.Helper()
	var want content.Painting
	for _, b := range all.Boxes {
		if b.Rect[0] <= part[2] && part[0] <= b.Rect[2] && b.Rect[1] <= part[3] && part[1] <= b.Rect[3] {
			want.Boxes = append(want.Boxes, b)
		}
	}
	r := content.NewReader(v, content.Limits{})
	r.Within(part)
	if got := r.Page(p); boxes(got) != boxes(want) || got.Unknown != "" {
		t.Errorf("within %v got\n%s\nwant\n%s; %s", part, boxes(got), boxes(want), got.Unknown)
	}
}

// Where a bound is met, the painting says that it is not all.
func TestBounds(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("BT /A 10 Tf (a) Tj ET ", 1000)
	for _, tt := range []struct {
		name, ops, unknown string
		lim                content.Limits
	}{
		{"forms", "/N Do", "too deep", content.Limits{Depth: 1}},
		{"operators", many, "operators", content.Limits{Operators: 500}},
		{"bytes", many, "bytes", content.Limits{Bytes: 500}},
		{"boxes", many, "things", content.Limits{Boxes: 10}},
		{"states", strings.Repeat("q ", 2000), "deep", content.Limits{}},
		{"nesting", strings.Repeat("[", 100_000), "deep", content.Limits{}},
		{"dictionaries", strings.Repeat("<</A ", 100_000), "deep", content.Limits{}},
		{"values", "BT /A 10 Tf [" + strings.Repeat("[1 1 1 1] ", 30_000) + "] TJ ET", "arrays of more than", content.Limits{}},
		{"an image without end", "BI /W 1 ID xxxx", "end", content.Limits{}},
		{"no numbers", "BT /A 10 Tf 1e39 0 0 1 nan 0 Tm (a) Tj ET q 1e308 1e308 1e308 1e308 0 0 cm 1e308 1e308 1e308 1e308 0 0 cm 1e308 -1e308 -1e308 1e308 0 0 cm 5 5 re f 0 0 5 5 re f", "without bounds", content.Limits{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, p := document(t, fonts, append([]string{stream("", tt.ops)}, fontObjects()...)...)
			start := time.Now()
			got := content.NewReader(v, tt.lim).Page(p)
			if !strings.Contains(got.Unknown, tt.unknown) {
				t.Errorf("unknown %q, want %q", got.Unknown, tt.unknown)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestAnnotation(t *testing.T) {
	t.Parallel()
	v, _ := document(t, fonts, append([]string{stream("", "")}, fontObjects()...)...)
	form := pdf.Ref{Number: 11}
	rect := pdf.Array{pdf.Integer(300), pdf.Integer(400), pdf.Integer(200), pdf.Integer(500)}
	for _, tt := range []struct {
		name  string
		flags int
		ap    pdf.Object
		want  string
	}{
		{"shown", 4, form, "text 200 400 220 418 In\nplain 200 400 300 402"},
		{"a choice", 4, pdf.NewDict(pdf.Entry{Key: "On", Value: form}), "text 200 400 220 418 In\nplain 200 400 300 402"},
		{"hidden", 2, form, ""},
		{"none", 4, pdf.Null{}, ""},
	} {
		d := pdf.NewDict(pdf.Entry{Key: "F", Value: pdf.Integer(tt.flags)}, pdf.Entry{Key: "Rect", Value: rect},
			pdf.Entry{Key: "AP", Value: pdf.NewDict(pdf.Entry{Key: "N", Value: tt.ap})})
		if got := boxes(content.NewReader(v, content.Limits{}).Annotation(d)); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// Whatever the stream holds: no panic, an end, and boxes that are numbers within
// the page.
func FuzzPage(f *testing.F) {
	f.Add("BT /A 10 Tf 100 200 Td [(ab) -5 <6364>] TJ ET", "1 beginbfrange <00> <FF> [<0041>] endbfrange")
	f.Add("q 1 0 0 -1 0 800 cm /F Do /I Do BI /W 1 ID x EI Q", "endbfchar")
	f.Add("100 100 m 110 120 130 120 140 100 c W* n sh << /A [ ( \\", "1 beginbfchar <0003> <> endbfchar")
	f.Fuzz(func(t *testing.T, ops, table string) {
		objects := fontObjects()
		objects[3] = stream("", table)
		v, p := document(t, fonts, append([]string{stream("", ops)}, objects...)...)
		all := content.NewReader(v, content.Limits{Operators: 100_000}).Page(p)
		for _, b := range all.Boxes {
			for i, n := range b.Rect {
				if math.IsNaN(n) || n < 0 || n > 800 || b.Rect[i%2] > b.Rect[i%2+2] {
					t.Fatalf("box %v", b)
				}
			}
		}
		if all.Unknown == "" {
			sameWithin(t, v, p, all, [4]float64{100, 180, 130, 205})
		}
	})
}
