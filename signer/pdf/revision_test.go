package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestViews(t *testing.T) {
	t.Parallel()
	m := simple().object(5, "(one)").object(6, "(gone)").table("")
	first := m.Len()
	m.object(5, "(two)").object(7, "(new)")
	at := m.Len()
	fmt.Fprintf(m, "xref\n5 3\n%010d 00000 n \n0000000000 00001 f \n%010d 00000 n \ntrailer\n<</Root 1 0 R/Size 8/Prev %d>>\n", m.offsets[5], m.offsets[7], m.prev)
	m.end(at)
	f := open(t, m.Bytes())
	revs := f.Revisions()
	if len(revs) != 2 || revs[0].End != int64(first) || revs[1].Start != int64(first) || revs[1].End != int64(m.Len()) {
		t.Fatalf("found revisions %+v", revs)
	}
	one, two := f.View(1), f.Latest()
	for _, tt := range []struct {
		n        int
		one, two string
	}{{5, "<6f6e65>", "<74776f>"}, {6, "<676f6e65>", "null"}, {7, "null", "<6e6577>"}, {8, "null", "null"}} {
		if a, b := mustObject(t, one, tt.n), mustObject(t, two, tt.n); a != tt.one || b != tt.two {
			t.Errorf("object %d: found %s and %s, want %s and %s", tt.n, a, b, tt.one, tt.two)
		}
	}
	if diff := cmp.Diff([]Written{{Ref: Ref{5, 0}}, {Ref: Ref{6, 1}, Free: true}, {Ref: Ref{7, 0}}}, f.Written(2)); diff != "" {
		t.Error(diff)
	}
	if loc, ok := two.Location(Ref{5, 0}); !ok || loc.Revision != 2 || f.RevisionAt(loc.Offset) != 2 {
		t.Errorf("object 5 is at %+v", loc)
	}
	if !one.SameBody(two, Ref{4, 0}) || one.SameBody(two, Ref{5, 0}) || one.SameBody(two, Ref{6, 0}) || !one.SameBody(two, Ref{9, 0}) {
		t.Error("SameBody tells wrong which objects changed")
	}
	if o, err := two.Object(Ref{5, 1}); err != nil || o != (Null{}) {
		t.Errorf("object of another generation: found %v, %v", o, err)
	}
}

// What someone appends to a signed file must not change what the signed
// revision holds, nor where it ends.
func TestAppendedAttacks(t *testing.T) {
	t.Parallel()
	hidden := func(m *maker) int { // a section within a stream of the first revision
		var x bytes.Buffer
		fmt.Fprintf(&x, "5 0 obj (evil) endobj\nxref\n5 1\n%010d 00000 n \ntrailer\n<</Root 1 0 R/Size 8/Prev 00000>>\nstartxref\n00000\n%%%%EOF\n", 0)
		m.stream(7, "", x.String())
		return m.offsets[7] + len("7 0 obj\n<</Length 130>>\nstream\n")
	}
	for _, tt := range []struct {
		name   string
		build  func(m *maker, hiddenAt int)
		revs   int
		blank  bool // nothing but white space after the last revision
		latest string
	}{
		{"nothing", func(*maker, int) {}, 1, true, "<676f6f64>"},
		{"white space", func(m *maker, _ int) { m.WriteString("\n \r\n") }, 1, true, "<676f6f64>"},
		{"a body without a section", func(m *maker, _ int) { m.object(5, "(evil)") }, 1, false, "<676f6f64>"},
		{"a trailer without a section", func(m *maker, _ int) {
			fmt.Fprintf(m, "trailer\n<</Root 5 0 R>>\nstartxref\n%d\n%%%%EOF\n", m.prev)
		}, 1, false, "<676f6f64>"},
		{"a section hidden among signed bytes, put in force", func(m *maker, at int) {
			b := m.Bytes()
			xref := at + len("5 0 obj (evil) endobj\n")
			copy(b[at:], "5 0 obj (evil) endobj\n")
			copy(b[xref:], fmt.Sprintf("xref\n5 1\n%010d 00000 n \ntrailer\n<</Root 1 0 R/Size 8/Prev %05d>>\nstartxref\n%05d\n", at, m.prev, xref))
			fmt.Fprintf(m, "startxref\n%d\n%%%%EOF\n", xref)
		}, 2, true, "<6576696c>"},
		{"an ordinary revision", func(m *maker, _ int) { m.object(5, "(evil)").table("") }, 2, true, "<6576696c>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := simple().object(5, "(good)")
			at := hidden(m)
			m.table("")
			end := int64(m.Len())
			tt.build(m, at)
			f := open(t, m.Bytes())
			revs := f.Revisions()
			if len(revs) != tt.revs || revs[0].End != end {
				t.Fatalf("found revisions %+v, want %d, the first to end at %d", revs, tt.revs, end)
			}
			if got := mustObject(t, f.View(1), 5); got != "<676f6f64>" {
				t.Errorf("first revision: object 5 is %s", got)
			}
			if got := mustObject(t, f.Latest(), 5); got != tt.latest {
				t.Errorf("last revision: object 5 is %s, want %s", got, tt.latest)
			}
			if span, blank, err := f.Trailing(); err != nil || blank != tt.blank {
				t.Errorf("found trailing bytes %v, blank %v, error %v", span, blank, err)
			}
		})
	}
}

// A section of a signed revision that points after the end of it would take
// its objects from bytes that anyone can append.
func TestObjectAfterItsRevision(t *testing.T) {
	t.Parallel()
	m := simple()
	m.offsets[5] = 1000
	m.size = 6
	m.table("")
	for m.Len() < 1000 {
		m.WriteByte(' ')
	}
	m.object(5, "(evil)").object(6, "(x)")
	delete(m.offsets, 5)
	m.table("")
	f := open(t, m.Bytes())
	if _, err := f.View(1).Object(Ref{5, 0}); err == nil || !strings.Contains(err.Error(), "after the end of revision 1") {
		t.Errorf("found error %v", err)
	}
}

func TestStrays(t *testing.T) {
	t.Parallel()
	body := func(s string) func(*maker) { return func(m *maker) { m.WriteString(s) } }
	for _, tt := range []struct {
		name  string
		build func(m *maker)
		want  []Stray // spans left out
	}{
		{"nothing", func(*maker) {}, nil},
		{"comment", body("% 5 0 obj (x) endobj\n"), nil},
		{"a second body", body("5 0 obj (twin) endobj\n"), []Stray{{Ref: Ref{5, 0}, Twin: true}}},
		{"two bodies that nothing lists", body("8 0 obj (a) endobj 8 0 obj (b) endobj\n"), []Stray{{Ref: Ref{8, 0}, Twin: true}, {Ref: Ref{8, 0}, Twin: true}}},
		{"a body that nothing lists", body("9 0 obj <</Length 3>> stream\n>>>\nendstream endobj\n"), []Stray{{Ref: Ref{9, 0}}}},
		{"other bytes", body("hello (\n"), []Stray{{}}},
		{"an object inside another", func(m *maker) {
			m.object(8, "(\n9 0 obj (x) endobj\n)")
			m.offsets[9], m.size = m.offsets[8]+len("8 0 obj\n(\n"), 10
		}, []Stray{{Ref: Ref{9, 0}, Overlap: true}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := simple().object(5, "(x)")
			tt.build(m)
			m.object(6, "[5 0 R]").table("")
			f := open(t, m.Bytes())
			strays, err := f.Strays(1)
			if err != nil {
				t.Fatal(err)
			}
			for i := range strays {
				if strays[i].Span.Len() <= 0 {
					t.Errorf("stray %+v is empty", strays[i])
				}
				strays[i].Span = Span{}
			}
			if diff := cmp.Diff(tt.want, strays); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDamagedXRef(t *testing.T) {
	t.Parallel()
	whole := simple().table("").String()
	for _, tt := range []struct {
		name, file string
		want       error
		says       string
	}{
		{"empty", "", ErrNotPDF, ""},
		{"header only", "%PDF-1.7\n", ErrTruncated, ""},
		{"cut in the middle", whole[:200], ErrTruncated, ""},
		{"startxref of 0", strings.Split(whole, "startxref")[0] + "startxref\n0\n%%EOF\n", ErrTruncated, ""},
		{"startxref beyond the end", strings.Split(whole, "startxref")[0] + "startxref\n99999\n%%EOF\n", ErrXRef, "after the end of the file"},
		{"startxref into an object", strings.Split(whole, "startxref")[0] + "startxref\n12\n%%EOF\n", ErrXRef, "want an object"},
		{"an object that is no stream", strings.Split(whole, "startxref")[0] + "startxref\n9\n%%EOF\n", ErrXRef, "no cross-reference stream"},
		{"no root", strings.Replace(whole, "/Root 1 0 R", "/Toor 1 0 R", 1), ErrXRef, "no /Root"},
		{"previous section is itself", string(loop("")), ErrXRef, "circle"},
		{"negative /Prev", simple().table("/Prev -1").String(), ErrXRef, "/Prev"},
		{"/Prev is a name", simple().table("/Prev/X").String(), ErrXRef, "/Prev"},
		{"huge count", strings.Replace(whole, "0 1\n", "0 999999999\n", 1), ErrLimit, ""},
		{"count beyond the file", strings.Replace(whole, "0 1\n", "0 100000\n", 1), ErrXRef, "in the last"},
		{"number too high", strings.Replace(whole, "0 1\n", "8388608 1\n", 1), ErrLimit, ""},
		{"entry of another kind", strings.Replace(whole, "65535 f", "65535 x", 1), ErrXRef, "neither"},
		{"trailer is no dictionary", strings.Replace(whole, "trailer\n", "trailer\n[", 1), ErrXRef, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(strings.NewReader(tt.file), Limits{})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("found error %v, want %v that says %q", err, tt.want, tt.says)
			}
		})
	}
}

// loop returns a file whose section names itself as the one before it.
func loop(trailer string) []byte {
	m := simple()
	m.prev = m.Len()
	return m.table(trailer).Bytes()
}

func TestLooseTables(t *testing.T) {
	t.Parallel()
	m := newMaker().object(1, "<</Pages 2 0 R>>").object(2, "<</Kids[]>>")
	a, b := m.offsets[1], m.offsets[2]
	for _, tt := range []struct{ name, table string }{
		{"one end of line", fmt.Sprintf("xref\n0 3\n0000000000 65535 f\n%010d 00000 n\n%010d 00000 n\n", a, b)},
		{"short numbers", fmt.Sprintf("xref 0 3 0 65535 f %d 0 n %d 0 n\n", a, b)},
		{"numbered from one", fmt.Sprintf("xref\n1 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n", a, b)},
		{"runs out of order", fmt.Sprintf("xref\n2 1\n%010d 00000 n \n0 2\n0000000000 65535 f \n%010d 00000 n \n", b, a)},
		{"an empty run", fmt.Sprintf("xref\n0 0\n0 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n", a, b)},
		{"white space before", fmt.Sprintf("\n\n  xref\n0 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n", a, b)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := m.String() + tt.table + "trailer\n<</Root 1 0 R/Size 3>>\nstartxref\n" + fmt.Sprint(m.Len()) + "\n%%EOF\n"
			f := open(t, []byte(text))
			if _, _, err := f.Latest().Catalog(); err != nil {
				t.Error(err)
			}
			if got := mustObject(t, f.Latest(), 2); got != "<</Kids [] >>" {
				t.Errorf("found object 2 %s", got)
			}
		})
	}
}

func TestListedTwice(t *testing.T) {
	t.Parallel()
	m := simple().object(5, "(first)")
	first := m.offsets[5]
	m.object(5, "(second)")
	at := m.Len()
	fmt.Fprintf(m, "xref\n0 1\n0000000000 65535 f \n5 1\n%010d 00000 n \n1 5\n", first)
	for n := 1; n <= 5; n++ {
		fmt.Fprintf(m, "%010d 00000 n \n", m.offsets[n])
	}
	m.WriteString("trailer\n<</Root 1 0 R/Size 6>>\n")
	f := open(t, m.end(at).Bytes())
	if diff := cmp.Diff([]int{5}, f.Revisions()[0].Twice); diff != "" {
		t.Error(diff)
	}
	if got := mustObject(t, f.Latest(), 5); got != "<6669727374>" {
		t.Errorf("found object 5 %s, want the first body", got)
	}
	if n := len(f.Written(1)); n != 5 {
		t.Errorf("%d objects written, want 5", n)
	}
	strays, err := f.Strays(1)
	if err != nil || len(strays) != 1 || !strays[0].Twin {
		t.Errorf("found strays %+v, error %v, want the second body", strays, err)
	}
}

func TestObjectStreams(t *testing.T) {
	t.Parallel()
	m := simple()
	m.stream(7, "/Type/ObjStm/N 2/First 8/Filter/FlateDecode", deflate("5 0 6 5 (abc)[5 0 R]"))
	m.end(m.xrefStream(8, []packed{{5, 7, 0}, {6, 7, 1}, {9, 7, 0}, {10, 10, 0}, {11, 8, 0}}))
	f := open(t, m.Bytes())
	v := f.Latest()
	if a, b := mustObject(t, v, 5), mustObject(t, v, 6); a != "<616263>" || b != "[5 0 R ]" {
		t.Errorf("found %s and %s", a, b)
	}
	for _, n := range []int{9, 10, 11} {
		if o, err := v.Object(Ref{Number: n}); err == nil {
			t.Errorf("object %d: found %v, want an error", n, o)
		}
	}
	if o, _ := v.Object(Ref{5, 0}); !o.(String).Span.IsZero() {
		t.Errorf("string of an object stream has span %v", o.(String).Span)
	}
	loc, _ := v.Location(Ref{6, 0})
	if diff := cmp.Diff(Location{Stream: Ref{7, 0}, Index: 1, Revision: 1}, loc); diff != "" {
		t.Error(diff)
	}
	// A later body of the object stream changes what is in it.
	m.stream(7, "/Type/ObjStm/N 2/First 8", "5 0 6 5 (xyz)[5 0 R]")
	m.end(m.xrefStream(12, nil))
	f = open(t, m.Bytes())
	if a, b := mustObject(t, f.View(1), 5), mustObject(t, f.Latest(), 5); a != "<616263>" || b != "<78797a>" {
		t.Errorf("found %s and %s", a, b)
	}
	if f.View(1).SameBody(f.Latest(), Ref{5, 0}) {
		t.Error("SameBody does not see that the object stream changed")
	}
}

func TestHybrid(t *testing.T) {
	t.Parallel()
	m := simple()
	m.stream(6, "/Type/ObjStm/N 2/First 8", "5 0 1 5 (abc)(not me)")
	table := m.offsets
	m.offsets = map[int]int{}
	at := m.xrefStream(7, []packed{{5, 6, 0}, {1, 6, 1}})
	table[7] = at
	m.offsets = table
	m.table(fmt.Sprintf("/XRefStm %d", at))
	f := open(t, m.Bytes())
	if kind := f.Revisions()[0].Kind; kind != Hybrid {
		t.Errorf("found kind %v", kind)
	}
	if got := mustObject(t, f.Latest(), 5); got != "<616263>" {
		t.Errorf("found object 5 %s, want that of the stream", got)
	}
	if _, _, err := f.Latest().Catalog(); err != nil {
		t.Errorf("object 1 is not that of the table: %v", err)
	}
	if n := len(f.Written(1)); n != 7 {
		t.Errorf("%d objects written, want 7", n)
	}
}

func TestRevisionLimit(t *testing.T) {
	t.Parallel()
	m := simple().table("")
	for range 20 {
		m.object(5, "(x)").table("")
	}
	if _, err := Open(bytes.NewReader(m.Bytes()), Limits{Revisions: 20}); !errors.Is(err, ErrLimit) {
		t.Errorf("found error %v, want ErrLimit", err)
	}
	if f := open(t, m.Bytes()); len(f.Revisions()) != 21 {
		t.Errorf("found %d revisions, want 21", len(f.Revisions()))
	}
}
