package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// paged is a file of one page with the given body of its content stream, object 4,
// and of an object 5 behind it that the catalog names.
func paged(content, behind string) []byte {
	m := newMaker().object(1, "<</Type/Catalog/Pages 2 0 R/X 5 0 R>>").object(2, "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>")
	return m.object(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>").object(4, content).object(5, behind).table("").Bytes()
}

func TestMend(t *testing.T) {
	t.Parallel()
	whole := func(length int) string { return fmt.Sprintf("<</Length %d>>\nstream\nBT ET\nendstream", length) }
	packed := bytes.Replace(packedFile(), []byte("/FlateDecode/Length "), []byte("/FlateDecode/Length 9"), 1)
	_, signed := addSignature(t, paged(whole(1), "null"), "one")
	for _, tt := range []struct {
		name string
		file []byte
		want []Ref
		data string // of the first
	}{
		{"sound", paged(whole(5), "null"), nil, ""},
		{"too short", paged(whole(2), "null"), []Ref{{4, 0}}, "BT ET"},
		{"too long", paged(whole(999), "null"), []Ref{{4, 0}}, "BT ET"},
		{"no number", paged("<</Length/X>>\nstream\nBT ET\nendstream", "null"), []Ref{{4, 0}}, "BT ET"},
		{"a length that cannot be read", paged("<</Length 5 0 R>>\nstream\nBT ET\nendstream", "7endobj"), nil, ""},
		{"no endstream", paged("<</Length 5>>\nstream\nBT ET", "null"), []Ref{{4, 0}}, "BT ET"},
		{"no endstream and no length, another stream behind", paged("<</Length 3>>\nstream\nBT ET", whole(5)), nil, ""},
		{"a page that does not say what it is", bytes.Replace(paged(whole(5), "null"), []byte("/Type/Page/Parent"), []byte("/Tipe/Page/Parent"), 1), []Ref{{3, 0}}, ""},
		{"an object stream", packed, []Ref{{7, 0}}, "5 0 6 9 (packed) [5 0 R]"},
		{"signed", signed, nil, ""},
		{"nowhere", bytes.Replace(paged(whole(5), "null"), []byte("\n5 0 obj"), []byte("\n6 0 obj"), 1), []Ref{{5, 0}}, ""},
		{"commented out", bytes.Replace(paged(whole(5), "null"), []byte("\n5 0 obj"), []byte("\n% 0 obj"), 1), []Ref{{5, 0}}, ""},
		{"elsewhere", bytes.Replace(paged(whole(5), "null\nendobj\n5 0 obj\nnull"), []byte("\n5 0 obj"), []byte("\n6 0 obj"), 1), nil, ""},
		{"cut", bytes.Replace(paged(whole(5), "[null ]"), []byte("[null ]"), []byte("[null  "), 1), nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t, tt.file)
			u, err := NewUpdate(f)
			if err != nil {
				t.Fatal(err)
			}
			got := u.Mend()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Fatalf("mended (-want +got):\n%s", diff)
			}
			if len(got) == 0 {
				return
			}
			a, err := u.Build()
			if err != nil {
				t.Fatal(err)
			}
			checkMended(t, append(bytes.Clone(tt.file), a.Data...), got[0], tt.data)
		})
	}
}

// checkMended has qpdf find nothing, a second pass nothing more, and the data of a
// stream as it should be.
func checkMended(t *testing.T, out []byte, ref Ref, data string) {
	t.Helper()
	if says := qpdfCheck(t, out); says != "" {
		t.Errorf("qpdf --check says %s", says)
	}
	g := open(t, out)
	again, err := NewUpdate(g)
	if err != nil {
		t.Fatal(err)
	}
	if more := again.Mend(); len(more) > 0 {
		t.Errorf("once more: mended %v", more)
	}
	o, err := g.Latest().Object(ref)
	if ref.Number == 5 && o != (Null{}) {
		t.Errorf("object 5 is %T, want null", o)
	}
	s, ok := o.(*Stream)
	if err != nil || ok != (data != "") {
		t.Fatalf("object %d is %T, error %v", ref.Number, o, err)
	}
	if !ok {
		return
	}
	if got, err := s.Decode(g.Latest()); err != nil || string(got) != data {
		t.Errorf("found data %q, error %v, want %q", got, err, data)
	}
}

// A stream of an encrypted file is encrypted anew, with its own key.
func TestMendEncrypted(t *testing.T) {
	t.Parallel()
	want := shown(t, open(t, confidential(t)))
	for _, bits := range []string{"128", "256"} {
		in := encrypt(t, confidential(t), "disable", bits)
		at := bytes.LastIndex(in[:bytes.Index(in, []byte("stream\n"))], []byte("/Length "))
		in[at+len("/Length ")] ^= 1 // another digit
		f := open(t, in)
		if _, err := f.Unlock(nil); err != nil {
			t.Fatal(err)
		}
		u, err := NewUpdate(f)
		if err != nil {
			t.Fatal(err)
		}
		if mended := u.Mend(); len(mended) != 1 {
			t.Fatalf("mended %v, want one", mended)
		}
		a, err := u.Build()
		if err != nil {
			t.Fatal(err)
		}
		out := append(bytes.Clone(in), a.Data...)
		if says := qpdfCheck(t, out); says != "" {
			t.Errorf("qpdf --check says %s", says)
		}
		g := open(t, out)
		if _, err := g.Unlock(nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, shown(t, g)); diff != "" {
			t.Errorf("reads otherwise than before:\n%s", diff)
		}
	}
}

// Where the last byte of a cipher of blocks looks like an end of line, it is data all the same.
func TestMendWholeBlocks(t *testing.T) {
	t.Parallel()
	want := shown(t, open(t, confidential(t)))
	in := encrypt(t, confidential(t), "disable", "256")
	f := open(t, in)
	if _, err := f.Unlock(nil); err != nil {
		t.Fatal(err)
	}
	_, root, err := f.Latest().Catalog()
	if err != nil {
		t.Fatal(err)
	}
	ref := root.Get("Metadata").(Ref)
	o, err := f.Latest().Object(ref)
	if err != nil {
		t.Fatal(err)
	}
	s := o.(*Stream)
	span, err := s.Span(f.Latest())
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"\n", "\r", "\r\n"} {
		b := bytes.Clone(in)
		copy(b[span.Start:], endingIn(t, f.security, ref, want[5], end))
		at := bytes.LastIndex(b[:span.Start], []byte("/Length "))
		b[at+len("/Length ")] ^= 1 // another digit
		g := open(t, b)
		if _, err := g.Unlock(nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, shown(t, g)); diff != "" {
			t.Errorf("ends in %q: reads otherwise than before:\n%s", end, diff)
		}
	}
}

// endingIn encrypts data of object ref until what comes out ends as it shall.
func endingIn(t *testing.T, sec *security, ref Ref, data, end string) []byte {
	t.Helper()
	for range 1 << 21 {
		b, err := sec.seal(sec.streams, []byte(data), ref)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasSuffix(b, []byte(end)) {
			return b
		}
	}
	t.Fatalf("nothing ends in %q", end)
	return nil
}

// A table that this reader understands and others do not is put aside by a repair.
func TestRepairMisshapen(t *testing.T) {
	t.Parallel()
	sound := simple().table("").Bytes()
	first := []byte("0000000000 65535 f \n")
	for _, tt := range []struct {
		name, entry string
		repaired    bool
	}{
		{"as it should be", string(first), false},
		{"one end of line", "0000000000 65535 f\n", false},
		{"narrow", "0 65535 f\n", true},
		{"a comment between", "% one\n0000000000 65535 f \n", false}, // after the count: any reader skips it
		{"a comment behind", "0000000000 65535 f \n% one\n", true},
	} {
		b := bytes.Replace(sound, first, []byte(tt.entry), 1)
		if tt.name == "a comment behind" { // in one subsection
			b = bytes.Replace(b, []byte("xref\n0 1\n"), []byte("xref\n0 2\n"), 1)
			b = bytes.Replace(b, []byte("\n1 1\n"), []byte("\n"), 1)
		}
		f, err := OpenRepaired(bytes.NewReader(b), Limits{})
		if err != nil || (f.Repair() != nil) != tt.repaired {
			t.Errorf("%s: found repair %v, error %v", tt.name, f.Repair(), err)
		}
		if tt.repaired && !strings.Contains(f.Repair().String(), "another width") {
			t.Errorf("%s: found repair %v", tt.name, f.Repair())
		}
	}
}

// New objects do not take the number of a cross-reference stream, listed or not:
// strict readers call that an attack.
func TestUpdateBesideXRefStream(t *testing.T) {
	t.Parallel()
	m := simple()
	at := m.Len()
	fmt.Fprintf(m, "5 0 obj\n<</Type/XRef/Root 1 0 R/Size 5/W[1 2 1]/Length 20>>\nstream\n")
	m.Write([]byte{0, 0, 0, 255})
	for n := 1; n < 5; n++ {
		m.Write([]byte{1, byte(m.offsets[n] >> 8), byte(m.offsets[n]), 0})
	}
	b := m.end(func() int { m.WriteString("\nendstream\nendobj\n"); return at }()).Bytes()
	u, err := NewUpdate(open(t, b))
	if err != nil {
		t.Fatal(err)
	}
	if ref := u.Reserve(); ref.Number != 6 {
		t.Errorf("the next object is %d, want 6", ref.Number)
	}
}
