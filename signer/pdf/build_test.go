package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A maker writes small files by hand, sound and unsound ones.
type maker struct {
	bytes.Buffer
	offsets map[int]int // of the objects since the last section
	prev    int         // offset of the last section, 0 for none
	size    int         // highest object number and one
}

func newMaker() *maker {
	m := &maker{offsets: map[int]int{}}
	m.WriteString("%PDF-1.7\n")
	return m
}

// object writes an object; its body is written as it is.
func (m *maker) object(n int, body string) *maker {
	m.offsets[n] = m.Len()
	m.size = max(m.size, n+1)
	fmt.Fprintf(m, "%d 0 obj\n%s\nendobj\n", n, body)
	return m
}

func (m *maker) stream(n int, dict, data string) *maker {
	return m.object(n, fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(data), data))
}

// table writes a table of the objects since the last section, and what ends a
// revision.
func (m *maker) table(trailer string) *maker {
	at := m.Len()
	m.WriteString("xref\n")
	if m.prev == 0 {
		m.WriteString("0 1\n0000000000 65535 f \n")
	}
	for _, n := range slices.Sorted(maps.Keys(m.offsets)) {
		fmt.Fprintf(m, "%d 1\n%010d 00000 n \n", n, m.offsets[n])
	}
	fmt.Fprintf(m, "trailer\n<</Root 1 0 R/Size %d", m.size)
	if m.prev > 0 {
		fmt.Fprintf(m, "/Prev %d", m.prev)
	}
	fmt.Fprintf(m, "%s>>\n", trailer)
	return m.end(at)
}

func (m *maker) end(at int) *maker {
	fmt.Fprintf(m, "startxref\n%d\n%%%%EOF\n", at)
	m.prev, m.offsets = at, map[int]int{}
	return m
}

// packed is an object in an object stream.
type packed struct{ n, stream, index int }

// xrefStream writes a cross-reference stream, object n, of the objects since
// the last section and those in object streams, and returns its offset.
func (m *maker) xrefStream(n int, objects []packed) int {
	at := m.Len()
	m.offsets[n] = at
	m.size = max(m.size, n+1)
	var index, data strings.Builder
	entry := func(n, kind, a, b int) {
		fmt.Fprintf(&index, "%d 1 ", n)
		data.Write([]byte{byte(kind), byte(a >> 16), byte(a >> 8), byte(a), byte(b)})
	}
	for _, n := range slices.Sorted(maps.Keys(m.offsets)) {
		entry(n, 1, m.offsets[n], 0)
	}
	for _, p := range objects {
		entry(p.n, 2, p.stream, p.index)
		m.size = max(m.size, p.n+1)
	}
	prev := ""
	if m.prev > 0 {
		prev = fmt.Sprintf("/Prev %d", m.prev)
	}
	m.stream(n, fmt.Sprintf("/Type/XRef/Root 1 0 R/Size %d/W[1 3 1]/Index[%s]/Filter/FlateDecode%s", m.size, index.String(), prev), deflate(data.String()))
	return at
}

func deflate(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// simple begins a file with a catalog and one page.
func simple() *maker {
	return newMaker().
		object(1, "<</Type/Catalog/Pages 2 0 R>>").
		object(2, "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>").
		object(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>").
		stream(4, "", "BT ET")
}

func mustObject(t *testing.T, v *View, n int) string {
	t.Helper()
	o, err := v.Object(Ref{Number: n})
	if err != nil {
		t.Fatalf("object %d: %v", n, err)
	}
	return string(Canonical(o))
}
