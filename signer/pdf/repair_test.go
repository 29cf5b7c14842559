package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// astray makes the last startxref of b name a byte where nothing begins.
func astray(b []byte) []byte {
	i := bytes.LastIndex(b, startxref)
	return append(bytes.Clone(b[:i]), "startxref\n12\n%%EOF\n"...)
}

// rooted is simple with more in the catalog.
func rooted(root string) *maker {
	m := newMaker().object(1, "<</Type/Catalog/Pages 2 0 R"+root+">>").object(2, "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>")
	return m.object(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>").stream(4, "", "BT ET")
}

func packedFile() []byte {
	m := rooted("/X 6 0 R").stream(7, "/Type/ObjStm/N 2/First 8/Filter/FlateDecode", deflate("5 0 6 9 (packed) [5 0 R]"))
	return m.end(m.xrefStream(8, []packed{{5, 7, 0}, {6, 7, 1}})).Bytes()
}

// attached returns a file with a file in it, its stream's length elsewhere.
func attached() []byte {
	inner := newMaker().object(1, "(inner)").object(4, "(inner)").table("").String()
	inner += "stream\nx\nendstream\nendobj\n4 0 obj\n(evil)\nendobj\n"
	m := rooted("/X 5 0 R").object(5, fmt.Sprintf("<</Length 6 0 R>>\nstream\n%s\nendstream", inner))
	return m.object(6, fmt.Sprint(len(inner))).table("").Bytes()
}

func TestOpenRepaired(t *testing.T) {
	t.Parallel()
	whole := simple().object(5, "<</A(one)>>").table("").object(5, "<</A(two)>>").table("/Info 5 0 R").Bytes()
	cut := func(b []byte, from string) []byte { return b[:bytes.LastIndex(b, []byte(from))] }
	for _, tt := range []struct {
		name   string
		file   []byte
		kind   XRefKind
		number int
		want   string
	}{
		{"startxref astray", astray(whole), Table, 5, "<</A <74776f> >>"},
		{"no startxref", bytes.ReplaceAll(whole, startxref, []byte("startxxxx")), Table, 5, "<</A <74776f> >>"},
		{"no table", append(bytes.Clone(cut(whole, "xref\n0")), "trailer<</Root 1 0 R>>"...), Table, 4, ""},
		{"only objects", cut(whole, "xref\n0"), Table, 4, ""},
		{"bytes before the header, and astray", astray(append([]byte("From: a mail\r\n"), whole...)), Table, 5, "<</A <74776f> >>"},
		{"lines that a mailer made longer", bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n")), Table, 5, "<</A <74776f> >>"},
		{"objects in streams", astray(packedFile()), XRefStream, 5, "<7061636b6564>"},
		{"hybrid", astray(hybrid()), XRefStream, 5, "<</Title <68696464656e> >>"},
		{"a file within", astray(attached()), Table, 4, ""},
		{"the same body twice", astray(rooted("/X 5 0 R").object(5, "(x)").object(5, "<78>").table("").Bytes()), Table, 5, "<78>"},
		{"a reference beyond /Size", astray(rooted("/X 50 0 R").table("").Bytes()), Table, 50, "null"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := OpenRepaired(bytes.NewReader(tt.file), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if r := f.Repair(); r == nil || r.Cause == nil || r.Objects < 4 || !strings.Contains(r.String(), "from the catalog, object 1, ") {
				t.Errorf("found repair %+v", r)
			}
			a, out := addSignatureTo(t, f, tt.file, "one")
			if bytes.Contains(a.Data, []byte("/Prev")) {
				t.Error("the new section has /Prev")
			}
			g := open(t, out)
			if rev := g.Revisions(); len(rev) != 1 || rev[0].Kind != tt.kind || !rev[0].EndsAt(int64(len(out))) {
				t.Errorf("found revisions %+v, want one of kind %v", rev, tt.kind)
			}
			if got := mustObject(t, g.Latest(), tt.number); tt.want != "" && got != tt.want {
				t.Errorf("found object %d %s, want %s", tt.number, got, tt.want)
			}
			sigs, err := g.Latest().Signatures()
			if err != nil || len(sigs) != 1 {
				t.Fatalf("found %d signatures, error %v", len(sigs), err)
			}
			if err := a.ByteRange.Check(sigs[0].Contents.Span, int64(len(out))); err != nil {
				t.Error(err)
			}
			checkRepaired(t, out)
		})
	}
}

// checkRepaired has all of a repaired file read, by other programs too, after a
// second signature.
func checkRepaired(t *testing.T, b []byte) {
	t.Helper()
	if err := open(t, b).inspect(); err != nil {
		t.Error(err)
	}
	if says := qpdfCheck(t, b); says != "" {
		t.Errorf("qpdf --check says\n%s", says)
	}
	_, twice := addSignature(t, b, "two")
	if n := strings.Count(pdfsig(t, twice), "Signature #"); n != 2 {
		t.Errorf("pdfsig finds %d signatures, want 2", n)
	}
}

func TestRepairRefused(t *testing.T) {
	t.Parallel()
	with := func(root, bodies string) []byte {
		m := rooted(root)
		m.WriteString(bodies)
		m.size = 60
		return astray(m.table("").Bytes())
	}
	_, signed := addSignature(t, simple().table("").Bytes(), "one")
	for _, tt := range []struct {
		name string
		file []byte
		says string
	}{
		{"an object is missing", with("/X 50 0 R", ""), "object 50 is missing: /Root refers to it"},
		{"an object is cut", with("/X 50 0 R", "50 0 obj <</A (x) endobj\n"), "object 50, reached as /Root/X, is cut or damaged"},
		{"the last object is cut", append(with("/X 50 0 R", ""), "50 0 obj [1 2]"...), "cut at the end of the file"},
		{"a stream is cut", append(with("/X 50 0 R", ""), "50 0 obj <</Length 900>> stream\nabc"...), "object 50, reached as /Root/X, is cut"},
		{"two bodies in one revision", with("/X 50 0 R", "50 0 obj (a) endobj 50 0 obj (b) endobj\n"), "two different bodies in one revision, at bytes"},
		{"two streams in one revision", with("/X 50 0 R", "50 0 obj <<>> stream\na\nendstream endobj 50 0 obj <<>> stream\nb\nendstream endobj\n"), "two different bodies"},
		{"two generations in one revision", with("/X 50 0 R", "50 1 obj (a) endobj 50 0 obj (a) endobj\n"), "two different bodies"},
		{"a body in a stream and one beside it", with("/X 50 0 R", "50 0 obj (a) endobj 51 0 obj <</Type/ObjStm/N 1/First 5>> stream\n50 0 (b)\nendstream endobj\n"), "one of them in object stream 51"},
		{"two catalogs and no trailer", []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj 2 0 obj<</Type/Catalog>>endobj"), "objects 1 and 2 both"},
		{"no catalog", []byte("%PDF-1.4\n1 0 obj<<>>endobj"), "no object is one"},
		{"two headers to count from", append([]byte("%PDF-x\n"), astray(simple().table("").Bytes())...), "from different places"},
		{"nothing", []byte("%PDF-1.4\n"), "no object is found"},
		{"no pages", astray(newMaker().object(1, "<</Pages 2 0 R>>").object(2, "<</Kids[]>>").table("").Bytes()), "no pages"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := OpenRepaired(bytes.NewReader(tt.file), Limits{})
			if !errors.Is(err, ErrRepair) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("found error %v, want ErrRepair that says %q", err, tt.says)
			}
		})
	}
	f, err := OpenRepaired(bytes.NewReader(astray(signed)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewUpdate(f); !errors.Is(err, ErrRepair) || !strings.Contains(err.Error(), "1 signatures") {
		t.Errorf("a signed file: found error %v, want ErrRepair", err)
	}
	if _, err := OpenRepaired(strings.NewReader("hello"), Limits{}); !errors.Is(err, ErrNotPDF) {
		t.Errorf("found error %v, want ErrNotPDF", err)
	}
}

// A sound file, and one whose faults a revision need not touch, are not repaired.
func TestRepairNotNeeded(t *testing.T) {
	t.Parallel()
	m := rooted("/X 5 0 R").object(5, "(x)")
	m.offsets[5] += 3
	_, signed := addSignature(t, m.table("").Bytes(), "one")
	for _, b := range [][]byte{
		sample(t, "01-ward-report.pdf"), sample(t, "06-xref-stream.pdf"), sample(t, "07-linearized.pdf"), sample(t, "10-encrypted.pdf"),
		signed,
		rooted("/X 5 0 R").object(5, "<</A (x) ").table("").Bytes(),
	} {
		f, err := OpenRepaired(bytes.NewReader(b), Limits{})
		if err != nil || f.Repair() != nil {
			t.Errorf("found repair %+v, error %v, want none", f.Repair(), err)
		}
	}
}

// Files that other projects keep open with repair, show the pages that qpdf
// counts, and take a revision that Open and qpdf read.
func TestCorpusRepairs(t *testing.T) {
	paths := corpusFiles(t, corpus(t), "plain", "SIGNABLE")
	opened, repaired := 0, 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(path, filepath.Dir(filepath.Dir(path)))
		f, err := OpenRepaired(bytes.NewReader(b), Limits{})
		if err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		if opened++; f.Repair() == nil {
			continue
		}
		repaired++
		_, out := addSignatureTo(t, f, b, "one")
		g, err := Open(bytes.NewReader(out), Limits{})
		if err == nil {
			err = g.inspect()
		}
		if err != nil {
			t.Errorf("%s: repaired, and still %v", name, err)
			continue
		}
		pages, err := g.Latest().Pages()
		if want := qpdfPages(t, path); err != nil || want > 0 && len(pages) != want {
			t.Errorf("%s: found %d pages, error %v, qpdf finds %d", name, len(pages), err, want)
		}
		if says := qpdfCheck(t, out); strings.Contains(says, "xref") || strings.Contains(says, "ERROR") {
			t.Errorf("%s: qpdf --check says %s", name, says)
		}
	}
	t.Logf("%d of %d files open, %d of them repaired", opened, len(paths), repaired)
	if opened*100 < len(paths)*99 {
		t.Errorf("%d of %d files open, want 99 %% or more", opened, len(paths))
	}
}
