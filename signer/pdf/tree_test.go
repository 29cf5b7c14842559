package pdf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPages(t *testing.T) {
	t.Parallel()
	m := newMaker().
		object(1, "<</Pages 2 0 R>>").
		object(2, "<</Kids[3 0 R 4 0 R 9 0 R 4 0 R]/MediaBox[0 0 100 200]/Rotate 90/Resources<</A 1>>>>").
		object(3, "<</Kids[5 0 R]/Rotate -90/CropBox 6 0 R>>").
		object(4, "<</Type/Page/MediaBox[10 20 0 0]/UserUnit 2>>").
		object(5, "<</Resources 7 0 R>>").
		object(6, "[1 2 3 4.5]").
		table("")
	pages, err := open(t, m.Bytes()).Latest().Pages()
	if err != nil {
		t.Fatal(err)
	}
	four := Page{Ref: Ref{4, 0}, MediaBox: [4]float64{0, 0, 10, 20}, CropBox: [4]float64{0, 0, 10, 20}, Rotate: 90, UserUnit: 2, Resources: NewDict(Entry{"A", Integer(1)}), Parent: Ref{2, 0}, Kid: 1}
	again := four
	again.Kid = 3
	want := []Page{
		{Ref: Ref{5, 0}, MediaBox: [4]float64{0, 0, 100, 200}, CropBox: [4]float64{1, 2, 3, 4.5}, Rotate: 270, UserUnit: 1, Resources: Ref{7, 0}, Parent: Ref{3, 0}},
		four, again,
	}
	for i := range pages {
		pages[i].Dict = nil
		if d, ok := pages[i].Resources.(*Dict); ok {
			d.span = Span{}
		}
	}
	if diff := cmp.Diff(want, pages, cmp.AllowUnexported(Dict{}, dictEntry{})); diff != "" {
		t.Error(diff)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	m := newMaker().
		object(1, "<</Pages 2 0 R/AcroForm<</Fields[3 0 R 6 0 R 9 0 R]>>>>").
		object(2, "<</Kids[]>>").
		object(3, "<</T(a)/FT/Tx/Ff 3/Kids[4 0 R 5 0 R]>>").
		object(4, "<</T(b)/FT/Sig/V 7 0 R/Subtype/Widget>>").
		object(5, "<</Subtype/Widget>>").
		object(6, "<</T(c)/FT/Sig/V<</ByteRange[0 1 2 3]/Contents<00>>>/Subtype/Widget>>").
		object(7, "<</Type/Sig/Filter/X/SubFilter/Y/ByteRange[4 5 6 7]/Contents<3000>/Contents<31>>>").
		object(9, "<</T(d)/FT/Sig/V 99 0 R>>").
		table("")
	v := open(t, m.Bytes()).Latest()
	fields, err := v.Fields()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"3 0 R a Tx 3 0 0 R [4 0 R] [5 0 R]",
		"4 0 R a.b Sig 3 3 0 R [] [4 0 R]",
		"6 0 R c Sig 0 0 0 R [] [6 0 R]",
		"9 0 R d Sig 0 0 0 R [] []",
	}
	if diff := cmp.Diff(want, spaced(fields)); diff != "" {
		t.Error(diff)
	}
	sigs, err := v.Signatures()
	if err != nil || len(sigs) != 3 {
		t.Fatalf("found %d signatures, error %v", len(sigs), err)
	}
	one, two, none := sigs[0], sigs[1], sigs[2]
	if one.Ref != (Ref{7, 0}) || one.Direct || one.Type != "Sig" || one.SubFilter != "Y" || string(one.Contents.Value) != "1" {
		t.Errorf("found %+v", one.SignatureDict)
	}
	if diff := cmp.Diff([]Name{"Contents"}, one.Dict.Duplicates()); diff != "" {
		t.Error(diff)
	}
	if b, err := v.File().Bytes(one.Span); err != nil || !strings.HasPrefix(string(b), "<</Type/Sig") || !strings.HasSuffix(string(b), "<31>>>") {
		t.Errorf("span of the dictionary holds %q, error %v", b, err)
	}
	if two.Ref != (Ref{6, 0}) || !two.Direct {
		t.Errorf("found %+v", two.SignatureDict)
	}
	if none.Dict != nil || none.Ref != (Ref{99, 0}) || none.First != 0 {
		t.Errorf("found %+v", none.SignatureDict)
	}
}

func spaced(fields []Field) []string {
	var out []string
	for _, f := range fields {
		out = append(out, fmt.Sprintf("%v %s %s %d %v %v %v", f.Ref, f.FullName, f.Type, f.Flags, f.Parent, f.Kids, f.Widgets))
	}
	return out
}

// A signature that a later revision unlinks, replaces or frees stays visible.
func TestVanishedSignatures(t *testing.T) {
	t.Parallel()
	base := func() *maker {
		return newMaker().
			object(1, "<</Pages 2 0 R/AcroForm<</Fields[3 0 R]>>>>").object(2, "<</Kids[]>>").
			object(3, "<</T(a)/FT/Sig/V 4 0 R>>").object(4, "<</Type/Sig/Byte#52ange[0 1 2 3]/Contents<00>>>").table("")
	}
	for _, tt := range []struct {
		name      string
		build     func(m *maker)
		form, all int
	}{
		{"stays", func(m *maker) { m.object(9, "null").table("") }, 1, 1},
		{"field removed", func(m *maker) { m.object(1, "<</Pages 2 0 R>>").table("") }, 0, 1},
		{"value removed", func(m *maker) { m.object(3, "<</T(a)/FT/Sig>>").table("") }, 0, 1},
		{"replaced", func(m *maker) { m.object(4, "<</Type/Sig/ByteRange[0 4 5 6]/Contents<01>>>").table("") }, 1, 2},
		{"body listed again", func(m *maker) { m.offsets[4] = strings.Index(m.String(), "4 0 obj"); m.table("") }, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := base()
			tt.build(m)
			f := open(t, m.Bytes())
			form, err := f.Latest().Signatures()
			if err != nil {
				t.Fatal(err)
			}
			all, err := f.AllSignatures()
			if err != nil {
				t.Fatal(err)
			}
			if len(form) != tt.form || len(all) != tt.all || all[0].Revision != 1 || all[0].Ref != (Ref{4, 0}) {
				t.Errorf("found %d in the form and %+v in all, want %d and %d", len(form), all, tt.form, tt.all)
			}
		})
	}
}

func TestLoops(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, pages, fields string
		wantPages           string // part of the error
		wantFields          string
	}{
		{"page tree holds itself", "<</Kids[2 0 R]>>", "", "met twice", ""},
		{"field holds itself", "<</Kids[]>>", "<</T(a)/Kids[3 0 R]>>", "", "met twice"},
		{"references in a circle", "4 0 R", "4 0 R", "", ""},
		{"deep direct nodes", strings.Repeat("<</Kids[", 49) + strings.Repeat("]>>", 49), strings.Repeat("<</T(a)/Kids[", 49) + strings.Repeat("]>>", 49), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMaker().object(1, "<</Pages 2 0 R/AcroForm<</Fields[3 0 R]>>>>").
				object(2, tt.pages).object(3, tt.fields).object(4, "5 0 R").object(5, "4 0 R").table("")
			v := open(t, m.Bytes()).Latest()
			_, err := v.Pages()
			if tt.wantPages != "" && (err == nil || !strings.Contains(err.Error(), tt.wantPages)) {
				t.Errorf("Pages: found error %v", err)
			}
			_, err = v.Fields()
			if tt.wantFields != "" && (err == nil || !strings.Contains(err.Error(), tt.wantFields)) {
				t.Errorf("Fields: found error %v", err)
			}
		})
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	m := newMaker().
		object(1, "<</Pages 2 0 R/Names[(x) <</D 6 0 R>>]>>").
		object(2, "<</Kids[3 0 R 4 0 R]>>").
		object(3, "<</Parent 2 0 R/Contents 5 0 R>>").
		object(4, "<</Contents[5 0 R 7 0 R]/A#20B 8 0 R>>").
		stream(5, "/X 6 0 R", "").object(6, "null").object(7, ")").object(9, "(not reached)").object(10, "<<>>").
		table("/Info 10 0 R")
	var got []string
	err := open(t, m.Bytes()).Latest().Walk(func(n Node) error {
		got = append(got, fmt.Sprintf("%d %s %v", n.Ref.Number, n.Path(), n.Err != nil))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1 /Root false", "10 /Info false", "2 /Root/Pages false", "6 /Root/Names[1]/D false",
		"3 /Root/Pages/Kids[0] false", "4 /Root/Pages/Kids[1] false", "5 /Root/Pages/Kids[0]/Contents false",
		"7 /Root/Pages/Kids[1]/Contents[1] true", "8 /Root/Pages/Kids[1]/A#20B false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
