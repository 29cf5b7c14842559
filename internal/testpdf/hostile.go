package testpdf

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// Hostile are files of at most 64 MiB that are made to take time or memory, by what
// they do. Each is answered, whatever the answer is: an error, or a report.
var Hostile = map[string]func() []byte{
	"a section that follows itself": func() []byte {
		return endings("xref\n0 4\n%s trailer\n<</Size 4/Root 1 0 R/Prev %d>>\n")
	},
	"a size of two to the 31st": func() []byte {
		return endings("xref\n0 4\n%s trailer\n<</Size 2147483648/Root 1 0 R>>\n")
	},
	"a section of a billion entries": func() []byte {
		return endings("xref\n0 1000000000\n%s trailer\n<</Size 4/Root 1 0 R>>\n")
	},
	"fields of two to the 31st bytes": func() []byte { return xrefStream("/W[2147483648 1 1]", []byte("xxxxxxxx")) },
	"columns of two to the 31st bytes": func() []byte {
		return xrefStream("/W[1 4 1]/DecodeParms<</Predictor 12/Columns 2147483648>>", zeros())
	},
	"a section that inflates to half a GiB": func() []byte { return xrefStream("/W[1 4 1]", zeros()) },
	"an object stream of 2^31 objects":      func() []byte { return inStream("/Type/ObjStm/N 2147483648/First 10", []byte("5 0 6 0 7 0")) },
	"object streams that extend a loop":     func() []byte { return inStream("/Type/ObjStm/N 1/First 4/Extends 4 0 R", []byte("9 0 (x)")) },
	"pages in a loop": func() []byte {
		return document("/Pages 4 0 R", "<</Type/Pages/Count 1/Kids[5 0 R]/Parent 5 0 R>>", "<</Type/Pages/Count 1/Kids[4 0 R]/Parent 4 0 R>>")
	},
	"fields in a loop": func() []byte {
		return document("/AcroForm<</Fields[4 0 R]>>", "<</T(a)/FT/Sig/Kids[5 0 R]/Parent 5 0 R>>", "<</T(b)/Kids[4 0 R]/Parent 4 0 R>>")
	},
	"names in a loop": func() []byte {
		return document("/Names<</JavaScript 4 0 R/EmbeddedFiles 4 0 R>>", "<</Kids[5 0 R 4 0 R]>>", "<</Kids[4 0 R 5 0 R]>>")
	},
	"actions in a loop": func() []byte {
		return document("/OpenAction 4 0 R", "<</S/GoTo/D[3 0 R]/Next[5 0 R 4 0 R]>>", "<</S/URI/URI(x)/Next[4 0 R 5 0 R]>>")
	},
	"a length in a loop": func() []byte {
		return document("/Metadata 4 0 R", "<</Length 5 0 R>>\nstream\nx\nendstream", "6 0 R", "5 0 R")
	},
	"arrays 200,000 deep":  func() []byte { return document("/X 4 0 R", strings.Repeat("[", 200_000)+strings.Repeat("]", 200_000)) },
	"30 million arrays":    func() []byte { return document("/X 4 0 R", strings.Repeat("[", 30<<20)) },
	"a page of half a GiB": func() []byte { return pageOf("/Filter[/FlateDecode/FlateDecode]", deflate(zeros())) },
	"metadata of half a GiB": func() []byte {
		return document("/Metadata 4 0 R", streamText("/Type/Metadata/Subtype/XML/Filter/FlateDecode", zeros()))
	},
	"two thousand updates": updates,
	"a byte range of two million numbers": func() []byte {
		return signed("/ByteRange["+strings.Repeat("0 ", 2_000_000)+"]/Contents<00>", 1)
	},
	"a value that nests a million deep":      func() []byte { return signed("/ByteRange[0 1 2 3]/Contents<"+strings.Repeat("3080", 1_000_000)+">", 1) },
	"a value of 60 MB":                       func() []byte { return signed("/ByteRange[0 1 2 3]/Contents<"+strings.Repeat("00", 30<<20)+">", 1) },
	"a million signatures":                   func() []byte { return signed("/ByteRange[0 1 2 3]/Contents<00>", 1_000_000) },
	"three million objects before an update": func() []byte { return revised(chain(3_000_000)) },
	"a million annotations": func() []byte {
		return annotated(strings.Repeat("<</Subtype/Link/A<</S/JavaScript/JS(x)>>>>", 1_000_000))
	},
}

// zeros is half a GiB of nothing, deflated: a thousandth of it.
var zeros = sync.OnceValue(func() []byte { return deflate(make([]byte, 512<<20)) })

// head are the three objects of a page without content; more is of the catalog.
func head(out *bytes.Buffer, more string) *writer {
	b := newWriter(out)
	b.object("<</Type/Catalog/Pages 2 0 R%s>>", more)
	b.object("<</Type/Pages/Count 1/Kids[3 0 R]>>")
	b.object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>")
	return b
}

// document is a file of a page and more objects, from number 4 on.
func document(catalog string, objects ...string) []byte {
	var out bytes.Buffer
	b := head(&out, catalog)
	for _, o := range objects {
		b.object("%s", o)
	}
	b.end(Table) //nolint:errcheck // into memory
	return out.Bytes()
}

// endings is a file that ends with the section given, for the lines of its objects
// and its own offset.
func endings(section string) []byte {
	var out bytes.Buffer
	b := head(&out, "")
	lines := "0000000000 65535 f \n"
	for _, off := range b.offsets[1:] {
		lines += fmt.Sprintf("%010d 00000 n \n", off)
	}
	args := []any{lines, b.n}
	b.print(section, args[:strings.Count(section, "%")]...)
	b.print("startxref\n%d\n%%%%EOF\n", args[1])
	b.w.Flush()
	return out.Bytes()
}

func xrefStream(entries string, data []byte) []byte {
	var out bytes.Buffer
	b := head(&out, "")
	at := b.n
	b.stream("/Type/XRef/Root 1 0 R/Size 8388600/Filter/FlateDecode"+entries, data)
	b.print("startxref\n%d\n%%%%EOF\n", at)
	b.w.Flush()
	return out.Bytes()
}

// inStream is a file whose catalog leads to objects 9 and 10, listed in object
// stream 4.
func inStream(entries string, data []byte) []byte {
	var out bytes.Buffer
	b := head(&out, "/X 9 0 R/Y 10 0 R")
	b.stream(entries, data)
	at := b.n
	table := []byte{0, 0, 0, 0}
	for _, off := range b.offsets[1:] {
		table = append(table, 1, byte(off>>8), byte(off), 0)
	}
	for n := 5; n < 11; n++ {
		table = append(table, 2, 0, 4, byte(n-9))
	}
	b.stream("/Type/XRef/Root 1 0 R/Size 11/W[1 2 1]", table)
	b.print("startxref\n%d\n%%%%EOF\n", at)
	b.w.Flush()
	return out.Bytes()
}

func streamText(entries string, data []byte) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", entries, len(data), data)
}

func pageOf(entries string, data []byte) []byte {
	var out bytes.Buffer
	b := newWriter(&out)
	b.object("<</Type/Catalog/Pages 2 0 R>>")
	b.object("<</Type/Pages/Count 1/Kids[3 0 R]>>")
	b.object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>")
	b.stream(entries, data)
	b.end(Table) //nolint:errcheck // into memory
	return out.Bytes()
}

func annotated(annotations string) []byte {
	var out bytes.Buffer
	b := newWriter(&out)
	b.object("<</Type/Catalog/Pages 2 0 R>>")
	b.object("<</Type/Pages/Count 1/Kids[3 0 R]>>")
	b.object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[%s]>>", annotations)
	b.end(Table) //nolint:errcheck // into memory
	return out.Bytes()
}

// signed is a file of so many signature fields, all with the value of the first.
func signed(value string, fields int) []byte {
	return document("/AcroForm<</SigFlags 3/Fields[4 0 R"+strings.Repeat(" 5 0 R", fields-1)+"]>>",
		"<</FT/Sig/T(s)/V<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"+value+">>>>", "<</FT/Sig/T(t)/V 4 0 R>>")
}

// chain is a signed file in which one object leads to the next.
func chain(n int) []byte {
	var out bytes.Buffer
	b := head(&out, "/AcroForm<</Fields[4 0 R]>>/X 6 0 R")
	b.object("<</FT/Sig/T(s)/V 5 0 R>>")
	b.object("<</ByteRange[0 1 2 3]/Contents<00>>>")
	for i := range n {
		b.object("%d 0 R", min(i+7, n+5))
	}
	b.end(Stream) //nolint:errcheck // into memory
	return out.Bytes()
}

// revised is a file with one revision more, whose section is a stream.
func revised(file []byte) []byte {
	out := bytes.NewBuffer(file)
	prev := bytes.LastIndex(file, []byte("/Type/XRef"))
	prev = bytes.LastIndex(file[:prev], []byte("endobj\n")) + len("endobj\n")
	off := out.Len()
	fmt.Fprintf(out, "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/X true>>\nendobj\n")
	at := out.Len()
	fmt.Fprintf(out, "9 0 obj\n<</Type/XRef/Root 1 0 R/Size 4000000/Prev %d/Index[3 1]/W[1 4 1]/Length 6>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n",
		prev, []byte{1, byte(off >> 24), byte(off >> 16), byte(off >> 8), byte(off), 0}, at)
	return out.Bytes()
}

// updates is a file with two thousand revisions of a signed one.
func updates() []byte {
	out := bytes.NewBuffer(signed("/ByteRange[0 1 2 3]/Contents<00>", 1))
	prev := bytes.LastIndex(out.Bytes(), []byte("xref\n0 "))
	for range 2000 {
		off := out.Len()
		fmt.Fprintf(out, "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/X %d>>\nendobj\n", off)
		at := out.Len()
		fmt.Fprintf(out, "xref\n3 1\n%010d 00000 n \ntrailer\n<</Size 6/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", off, prev, at)
		prev = at
	}
	return out.Bytes()
}
