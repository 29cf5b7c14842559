// Package testpdf makes PDF files to measure with: letters, scans, files of a
// million objects, and files that are made to take time or memory.
//
// It writes as it goes, so that a file of any size costs its offsets in memory,
// and shares no code with the reader and writer that are measured.
package testpdf

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// A Form is the kind of cross-reference section that a file ends with.
type Form int

// The forms.
const (
	Table Form = iota
	Stream
)

func (f Form) String() string {
	if f == Stream {
		return "cross-reference stream"
	}
	return "cross-reference table"
}

// writer writes objects one after the other and remembers where they are.
type writer struct {
	w       *bufio.Writer
	n       int64
	offsets []int64
}

func newWriter(w io.Writer) *writer {
	b := &writer{w: bufio.NewWriterSize(w, 1<<20), offsets: []int64{0}}
	b.print("%%PDF-1.7\n%%\xE2\xE3\xCF\xD3\n")
	return b
}

// print counts what it writes; an error is kept by the buffer until the end.
func (b *writer) print(format string, args ...any) {
	n, _ := fmt.Fprintf(b.w, format, args...)
	b.n += int64(n)
}

// object writes the next object.
func (b *writer) object(format string, args ...any) int {
	number := len(b.offsets)
	b.offsets = append(b.offsets, b.n)
	b.print("%d 0 obj\n"+format+"\nendobj\n", append([]any{number}, args...)...)
	return number
}

// stream writes the next object, which has data.
func (b *writer) stream(entries string, data []byte) int {
	number := len(b.offsets)
	b.offsets = append(b.offsets, b.n)
	b.print("%d 0 obj\n<<%s/Length %d>>\nstream\n", number, entries, len(data))
	n, _ := b.w.Write(data)
	b.n += int64(n)
	b.print("\nendstream\nendobj\n")
	return number
}

// end writes the cross-reference section; /Root is object 1.
func (b *writer) end(form Form) error {
	start := b.n
	if form == Table {
		b.print("xref\n0 %d\n0000000000 65535 f \n", len(b.offsets))
		for _, off := range b.offsets[1:] {
			b.print("%010d 00000 n \n", off)
		}
		b.print("trailer\n<</Size %d/Root 1 0 R>>\n", len(b.offsets))
	} else {
		b.offsets = append(b.offsets, start)
		data := make([]byte, 0, 6*len(b.offsets))
		for i, off := range b.offsets {
			data = append(data, byte(min(i, 1)), byte(off>>24), byte(off>>16), byte(off>>8), byte(off), 0)
		}
		z := deflate(data)
		b.print("%d 0 obj\n<</Type/XRef/Root 1 0 R/W[1 4 1]/Size %d/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n",
			len(b.offsets)-1, len(b.offsets), len(z), z)
	}
	b.print("startxref\n%d\n%%%%EOF\n", start)
	return b.w.Flush()
}

func deflate(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data) //nolint:errcheck // into memory
	w.Close()
	return b.Bytes()
}

// Letter is a file of five pages, of so many lines each: some 205,000 bytes with
// 650, and 10 million with 32,000.
func Letter(lines int) []byte {
	var out bytes.Buffer
	b := newWriter(&out)
	b.object("<< /Type /Catalog /Pages 2 0 R >>")
	b.object("<< /Type /Pages /Count 5 /Kids [4 0 R 6 0 R 8 0 R 10 0 R 12 0 R] >>")
	b.object("<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>")
	content := []byte(strings.Repeat("BT /F1 12 Tf 72 700 Td (Cong van ve viec trien khai) Tj ET\n", lines))
	for i := range 5 {
		b.object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 5+2*i)
		b.stream("", content)
	}
	b.end(Table) //nolint:errcheck // into memory
	return out.Bytes()
}

// Scan writes a file of so many pages, each an image of so many bytes that no
// filter makes smaller. A page takes three objects.
func Scan(w io.Writer, pages, image int) error {
	b := newWriter(w)
	b.object("<</Type/Catalog/Pages 2 0 R>>")
	kids := make([]string, pages)
	for i := range kids {
		kids[i] = fmt.Sprintf("%d 0 R", 3+3*i)
	}
	b.object("<</Type/Pages/Count %d/Kids[%s]>>", pages, strings.Join(kids, " "))
	data, random := make([]byte, image), rand.NewChaCha8([32]byte{1})
	for range pages {
		n := len(b.offsets)
		random.Read(data) //nolint:errcheck // never fails
		b.object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</Im0 %d 0 R>>>>/Contents %d 0 R>>", n+2, n+1)
		b.stream("", []byte("q 595 0 0 842 0 0 cm /Im0 Do Q"))
		b.stream("/Type/XObject/Subtype/Image/Width 1654/Height 2339/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/DCTDecode", data)
	}
	return b.end(Table)
}

// Objects writes a file of n objects, all of which the catalog reaches: a page, and
// a tree of tags (ISO 32000-2, 14.7) of so many bytes an object.
func Objects(w io.Writer, n, each int, form Form) error {
	const group = 1000
	b := newWriter(w)
	groups := (n - 4) / (group + 1)
	kids := make([]string, groups)
	for i := range kids {
		kids[i] = fmt.Sprintf("%d 0 R", 5+i*(group+1))
	}
	b.object("<</Type/Catalog/Pages 2 0 R/StructTreeRoot 4 0 R/MarkInfo<</Marked true>>>>")
	b.object("<</Type/Pages/Count 1/Kids[3 0 R]>>")
	b.object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>")
	b.object("<</Type/StructTreeRoot/K[%s]>>", strings.Join(kids, " "))
	pad := strings.Repeat("x", max(each-110, 0))
	for range groups {
		parent := len(b.offsets)
		refs := make([]string, group)
		for i := range refs {
			refs[i] = fmt.Sprintf("%d 0 R", parent+1+i)
		}
		b.object("<</Type/StructElem/S/Sect/P 4 0 R/K[%s]>>", strings.Join(refs, " "))
		for i := range group {
			b.object("<</Type/StructElem/S/P/P %d 0 R/Pg 3 0 R/K %d/ActualText(%s)>>", parent, i, pad)
		}
	}
	return b.end(form)
}

// TooMany writes a file whose table lists n objects, of which four are there: with
// more than 8,388,607 none may open it (ISO 32000-2, annex C.1).
func TooMany(w io.Writer, n int) error {
	b := newWriter(w)
	b.object("<</Type/Catalog/Pages 2 0 R>>")
	b.object("<</Type/Pages/Count 1/Kids[3 0 R]>>")
	b.object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>")
	free := b.object("null")
	for len(b.offsets) <= n {
		b.offsets = append(b.offsets, b.offsets[free])
	}
	return b.end(Table)
}
