package pdf

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/internal/testtool"
)

// hybrid returns a hybrid file: its information dictionary is in an object
// stream that only the stream beside the table lists.
func hybrid() []byte {
	m := simple()
	m.stream(6, "/Type/ObjStm/N 1/First 4", "5 0 <</Title(hidden)>>")
	table := m.offsets
	m.offsets = map[int]int{}
	at := m.xrefStream(7, []packed{{5, 6, 0}})
	table[7] = at
	m.offsets = table
	return m.table(fmt.Sprintf("/Info 5 0 R/XRefStm %d", at)).Bytes()
}

func TestUpdateHybrid(t *testing.T) {
	t.Parallel()
	in := hybrid()
	before := qpdfCheck(t, in)
	first, once := addSignature(t, in, "one")
	if tail := string(first.Data); strings.Contains(tail, "XRefStm") || !strings.Contains(tail, "trailer") || !strings.Contains(tail, "/Prev") {
		t.Errorf("appended a section that is no table with /Prev alone:\n%s", tail[strings.LastIndex(tail, "xref\n"):])
	}
	_, twice := addSignature(t, once, "two")
	f := open(t, twice)
	if got := mustObject(t, f.Latest(), 5); got != "<</Title <68696464656e> >>" {
		t.Errorf("found object 5 %s, want that of the hidden stream", got)
	}
	var kinds []XRefKind
	for _, r := range f.Revisions() {
		kinds = append(kinds, r.Kind)
	}
	if len(kinds) != 3 || kinds[0] != Hybrid || kinds[1] != Table || kinds[2] != Table {
		t.Errorf("found sections of kinds %v", kinds)
	}
	for i, s := range signaturesOf(t, f) {
		r, err := ParseByteRange(s.ByteRange)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Check(s.Contents.Span, f.Revisions()[i+1].End); err != nil {
			t.Error(err)
		}
	}
	if after := qpdfCheck(t, twice); after != before {
		t.Errorf("qpdf --check says\n%s\nand of the input\n%s", after, before)
	}
	if n := strings.Count(pdfsig(t, twice), "Signature #"); n != 2 {
		t.Errorf("pdfsig finds %d signatures, want 2", n)
	}
}

func signaturesOf(t *testing.T, f *File) []SignatureField {
	t.Helper()
	sigs, err := f.Latest().Signatures()
	if err != nil || len(sigs) != 2 {
		t.Fatalf("found %d signatures, error %v, want 2", len(sigs), err)
	}
	return sigs
}

// pdfsig returns what poppler says of the signatures of b, or skips the test.
func pdfsig(t *testing.T, b []byte) string {
	t.Helper()
	program := testtool.Find(t, "pdfsig")
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command(program, "-nocert", path).CombinedOutput()
	return string(bytes.ReplaceAll(out, []byte(path), nil))
}
