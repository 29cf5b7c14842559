package pdf

import (
	"bytes"
	"fmt"
	"testing"

	"lienthong/internal/testtool"
)

// small limits keep one run of the fuzzer short.
var small = Limits{Body: 1 << 20, Stream: 1 << 20, Decoded: 4 << 20, Nodes: 1 << 14, Revisions: 64, Objects: 1 << 16}

// seeds adds small files of every kind: the fuzzer is slow on large ones.
func seeds(f *testing.F) {
	f.Helper()
	f.Add(simple().object(5, "(one)").table("").object(5, "(two)").table("/Info 5 0 R").Bytes())
	m := simple().stream(7, "/Type/ObjStm/N 2/First 8", "5 0 6 5 (abc)[5 0 R]")
	f.Add(m.end(m.xrefStream(8, []packed{{5, 7, 0}, {6, 7, 1}})).Bytes())
	f.Add([]byte("junk\n" + m.String()))
	h := simple()
	table := h.offsets
	h.offsets = map[int]int{}
	at := h.xrefStream(7, []packed{{5, 6, 0}})
	h.offsets = table
	f.Add(h.table(fmt.Sprintf("/XRefStm %d", at)).Bytes())
	f.Add(newMaker().object(1, "<</Pages 2 0 R/AcroForm<</Fields[3 0 R]>>>>").object(2, "<</Kids[]>>").
		object(3, "<</T(a)/FT/Sig/V 4 0 R>>").object(4, "<</Type/Sig/ByteRange[0 1 2 3]/Contents<00>>>").table("").Bytes())
	f.Add(simple().stream(5, "/Filter[/LZWDecode/RunLengthDecode]", lzwSample).stream(6, "/Filter/ASCII85Decode", "zzz~>").table("").Bytes())
}

func FuzzOpen(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		file, _, err := readAll(bytes.NewReader(b), small)
		if err != nil || file.Encrypted() {
			return
		}
		last := int64(0)
		for _, r := range file.Revisions() {
			if r.Start != last || r.End <= r.Start || r.Marker > r.End || r.End > int64(len(b)) {
				t.Fatalf("revisions %+v of a file of %d bytes", file.Revisions(), len(b))
			}
			last = r.End
		}
		v := file.Latest()
		_ = v.Walk(func(n Node) error {
			if s, ok := n.Object.(*Stream); ok {
				_, _ = s.Decode(v)
			}
			_ = n.Path()
			return nil
		})
	})
}

// What is written from an object must read as the same object.
func FuzzLex(f *testing.F) {
	for _, s := range []string{
		"<</A[1 0 R -.5 (x\\051)]/B#20<414>>>", "(a\\\r\nb\\777)", "%c\n[true null/]", "<48 65\n6C>", "--5", "1 0 R",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, n, err := Parse(b, small)
		if err != nil {
			return
		}
		if n > len(b) {
			t.Fatalf("took %d of %d bytes", n, len(b))
		}
		written, err := Append(nil, o)
		if err != nil {
			t.Fatal(err)
		}
		again, m, err := Parse(written, small)
		if err != nil || m != len(written) {
			t.Fatalf("%q reads back %d of %d bytes, error %v", written, m, len(written), err)
		}
		if !bytes.Equal(Canonical(o), Canonical(again)) {
			t.Fatalf("%q was written as %q", b, written)
		}
		lim := small.orDefault()
		p := parser{buf: b, base: -1, lim: &lim}
		if _, err := p.skim(&skimmed{}); err != nil || p.pos != n {
			t.Fatalf("skim took %d bytes, parse took %d of %q: %v", p.pos, n, b, err)
		}
	})
}

func FuzzUpdate(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Open(bytes.NewReader(b), small)
		if err != nil {
			return
		}
		u, err := NewUpdate(file)
		if err != nil {
			return
		}
		root, catalog, err := file.Latest().Catalog()
		if err != nil {
			return
		}
		sig := u.Add(NewDict(Entry{"ByteRange", ByteRangeHole{}}, Entry{"Contents", ContentsHole(64)}))
		catalog.Set("AcroForm", NewDict(Entry{"Fields", Array{u.Add(NewDict(Entry{"FT", Name("Sig")}, Entry{"T", lit("s")}, Entry{"V", sig}))}}))
		u.Set(root, catalog)
		a, err := u.Build()
		if err != nil {
			return
		}
		before := len(file.Revisions())
		out := append(bytes.Clone(b), a.Data...)
		file, err = Open(bytes.NewReader(out), small)
		if err != nil {
			t.Fatalf("cannot read back: %v", err)
		}
		sigs, err := file.Latest().Signatures()
		if err != nil || len(sigs) != 1 {
			t.Fatalf("found %d signatures, error %v", len(sigs), err)
		}
		revs := file.Revisions()
		if len(revs) != before+1 {
			t.Fatalf("%d revisions became %d", before, len(revs))
		}
		r, err := ParseByteRange(sigs[0].ByteRange)
		if err != nil || r != a.ByteRange {
			t.Fatalf("found byte range %v, error %v, want %v", r, err, a.ByteRange)
		}
		if err := r.Check(sigs[0].Contents.Span, revs[before].End); err != nil {
			t.Fatal(err)
		}
	})
}

// What was repaired and got a revision must be read by Open, all of it, with
// the pages that it had.
func FuzzOpenRepaired(f *testing.F) {
	seeds(f)
	f.Add(astray(packedFile()))
	f.Add(astray(attached()))
	f.Add(astray(hybrid()))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := OpenRepaired(bytes.NewReader(b), small)
		if err != nil || file.Repair() == nil {
			return
		}
		pages, err := file.Latest().Pages()
		if err != nil {
			t.Fatalf("repaired, and its pages cannot be read: %v", err)
		}
		u, err := NewUpdate(file)
		if err != nil {
			return
		}
		u.Add(NewDict())
		a, err := u.Build()
		if err != nil {
			return
		}
		again, err := Open(bytes.NewReader(append(bytes.Clone(b), a.Data...)), small)
		if err != nil {
			t.Fatalf("cannot read back: %v", err)
		}
		if n := len(again.Revisions()); n != 1 {
			t.Fatalf("found %d revisions, want 1", n)
		}
		now, err := again.Latest().Pages()
		if err != nil || len(now) != len(pages) {
			t.Fatalf("%d pages became %d, error %v", len(pages), len(now), err)
		}
		if err := again.inspect(); err != nil {
			t.Fatalf("read back and damaged: %v", err)
		}
	})
}

// An encrypted file that opens takes strings and streams, and gives them back.
func FuzzUnlock(f *testing.F) {
	if testtool.Has(f, "qpdf") {
		for _, how := range encryptions {
			f.Add(encrypt(f, confidential(f), "disable", how...))
		}
	}
	f.Add(simple().object(5, "<</Filter/Standard/V 4/R 4/O(x)/U(y)/P -1/CF<</A<</CFM/AESV2>>>>/StmF/A/StrF/A>>").table("/Encrypt 5 0 R/ID[(a)(b)]").Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Open(bytes.NewReader(b), small)
		if err != nil || !file.Encrypted() {
			return
		}
		if _, err := file.Unlock(nil); err != nil {
			return
		}
		v := file.Latest()
		_ = v.Walk(func(n Node) error {
			if s, ok := n.Object.(*Stream); ok {
				_, _ = s.Decode(v)
			}
			return nil
		})
		u, err := NewUpdate(file)
		if err != nil {
			return
		}
		text, data := u.Add(lit("a string")), u.Add(NewStream(NewDict(), []byte("a stream")))
		a, err := u.Build()
		if err != nil {
			return
		}
		file, err = Open(bytes.NewReader(append(bytes.Clone(b), a.Data...)), small)
		if err != nil {
			t.Fatalf("cannot read back: %v", err)
		}
		if _, err := file.Unlock(nil); err != nil {
			t.Fatalf("cannot unlock again: %v", err)
		}
		v = file.Latest()
		if o, err := v.Object(text); err != nil || string(Canonical(o)) != string(Canonical(lit("a string"))) {
			t.Fatalf("string reads %v, error %v", o, err)
		}
		o, err := v.Object(data)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := o.(*Stream).Decode(v); err != nil || string(got) != "a stream" {
			t.Fatalf("stream reads %q, error %v", got, err)
		}
	})
}
