package pdf

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lienthong/internal/testtool"
)

// addSignature appends what a signature needs: a signature dictionary with
// holes, a field that is its own widget, and the catalog that leads to it.
func addSignature(t testing.TB, b []byte, name string) (*Appended, []byte) {
	t.Helper()
	f := open(t, b)
	if _, err := f.Unlock(nil); err != nil {
		t.Fatal(err)
	}
	return addSignatureTo(t, f, b, name)
}

// addSignatureTo does so to the file f of the bytes b.
func addSignatureTo(t testing.TB, f *File, b []byte, name string) (*Appended, []byte) {
	t.Helper()
	v := f.Latest()
	u, err := NewUpdate(f)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := v.Pages()
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, error %v", len(pages), err)
	}
	page := pages[0]
	sig := u.Add(NewDict(
		Entry{"Type", Name("Sig")}, Entry{"Filter", Name("Adobe.PPKLite")}, Entry{"SubFilter", Name("ETSI.CAdES.detached")},
		Entry{"Name", TextString("Nguyễn Nghĩa (a\\b)")},
		Entry{"ByteRange", ByteRangeHole{}}, Entry{"Contents", ContentsHole(4096)}))
	field := u.Add(NewDict(
		Entry{"Type", Name("Annot")}, Entry{"Subtype", Name("Widget")}, Entry{"FT", Name("Sig")},
		Entry{"T", TextString(name)}, Entry{"Rect", Array{Integer(0), Integer(0), Integer(0), Integer(0)}},
		Entry{"F", Integer(132)}, Entry{"P", page.Ref}, Entry{"V", sig}))
	annots, err := v.Array(page.Dict.Get("Annots"))
	if err != nil {
		t.Fatal(err)
	}
	page.Dict.Set("Annots", append(annots, field))
	u.Set(page.Ref, page.Dict)
	root, catalog, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	form, err := v.Dict(catalog.Get("AcroForm"))
	if err != nil {
		t.Fatal(err)
	}
	form = form.Clone()
	fields, err := v.Array(form.Get("Fields"))
	if err != nil {
		t.Fatal(err)
	}
	form.Set("Fields", append(fields, field))
	form.Set("SigFlags", Integer(3))
	catalog.Set("AcroForm", form)
	u.Set(root, catalog)
	u.SetID([]byte("0123456789abcdef"))
	a, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	return a, append(bytes.Clone(b), a.Data...)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"01-ward-report.pdf", "05-annex.pdf", "06-xref-stream.pdf", "07-linearized.pdf", "08-ghostscript-pdfa.pdf", "09-scanned.pdf",
	} {
		for _, cut := range []string{"", "no end of line", "junk before the header"} {
			t.Run(name+" "+cut, func(t *testing.T) {
				t.Parallel()
				in := sample(t, name)
				switch cut {
				case "no end of line":
					in = bytes.TrimRight(in, "\r\n")
				case "junk before the header":
					in = append([]byte("From: a mail\r\n\r\n"), in...)
				}
				before := qpdfCheck(t, in)
				kind := open(t, in).Revisions()[0].Kind
				_, once := addSignature(t, in, "Chữ ký 1")
				a, twice := addSignature(t, once, "Chữ ký 2")
				if err := a.Fill(bytes.Repeat([]byte{0xa5}, 4000)); err != nil {
					t.Fatal(err)
				}
				twice = append(twice[:a.Base], a.Data...)
				if !bytes.HasPrefix(twice, once) || !bytes.HasPrefix(once, in) {
					t.Fatal("bytes of the input changed")
				}
				checkSigned(t, twice, len(in), kind)
				if after := qpdfCheck(t, twice); after != before {
					t.Errorf("qpdf --check says\n%s\nand of the input\n%s", after, before)
				}
			})
		}
	}
}

// checkSigned reads a file with two signatures appended.
func checkSigned(t *testing.T, b []byte, size int, kind XRefKind) {
	t.Helper()
	f := open(t, b)
	revs := f.Revisions()
	if len(revs) != 3 || revs[2].End != int64(len(b)) || revs[1].Kind != kind || revs[2].Kind != kind {
		t.Fatalf("found revisions %+v, want three, the new ones of kind %v", revs, kind)
	}
	if !revs[0].EndsAt(int64(size)) {
		t.Errorf("first revision ends at bytes %d to %d, want %d", revs[0].Marker, revs[0].End, size)
	}
	sigs, err := f.Latest().Signatures()
	if err != nil || len(sigs) != 2 {
		t.Fatalf("found %d signatures, error %v, want 2", len(sigs), err)
	}
	for i, s := range sigs {
		if want := []string{"Chữ ký 1", "Chữ ký 2"}[i]; s.Field.FullName != want || s.Revision != i+2 || s.First != i+2 {
			t.Errorf("found field %q of revision %d, first %d; want %q of %d", s.Field.FullName, s.Revision, s.First, want, i+2)
		}
		r, err := ParseByteRange(s.ByteRange)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Check(s.Contents.Span, revs[i+1].End); err != nil {
			t.Error(err)
		}
		if got := DecodeText(s.Dict.Get("Name").(String)); got != "Nguyễn Nghĩa (a\\b)" {
			t.Errorf("found name %q", got)
		}
		if b[s.Contents.Span.Start] != '<' || b[s.Contents.Span.End-1] != '>' || len(s.Contents.Value) != 4096 {
			t.Errorf("span of /Contents %v is not that of its string", s.Contents.Span)
		}
	}
	all, err := f.AllSignatures()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Ref{sigs[0].Ref, sigs[1].Ref}, []Ref{all[0].Ref, all[1].Ref}); diff != "" || len(all) != 2 {
		t.Errorf("AllSignatures found others (-form +all):\n%s", diff)
	}
	for i := range revs {
		if strays, err := f.Strays(i + 1); err != nil || len(strays) > 0 && i > 0 {
			t.Errorf("revision %d: found strays %+v, error %v", i+1, strays, err)
		}
	}
}

var offsets = regexp.MustCompile(`\(offset \d+\)`)

// qpdfCheck returns the warnings and errors of qpdf --check on b, its file name
// and offsets left out.
func qpdfCheck(t testing.TB, b []byte) string {
	t.Helper()
	if !testtool.Has(t, "qpdf") {
		return ""
	}
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("qpdf", "--check", path).CombinedOutput()
	var lines []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "WARNING") || strings.Contains(line, "ERROR") {
			lines = append(lines, offsets.ReplaceAllString(strings.ReplaceAll(line, path, ""), ""))
		}
	}
	return strings.Join(lines, "")
}

func TestUpdateRefused(t *testing.T) {
	t.Parallel()
	if _, err := NewUpdate(open(t, sample(t, "10-encrypted.pdf"))); !errors.Is(err, ErrEncrypted) {
		t.Errorf("encrypted file: found error %v, want ErrEncrypted", err)
	}
	for _, tt := range []struct {
		name string
		fill func(u *Update)
		want string
	}{
		{"nothing in it", func(u *Update) {}, "without objects"},
		{"reserved and not set", func(u *Update) { u.Reserve() }, "was reserved"},
		{"object that is not there", func(u *Update) { u.Set(Ref{Number: 100000}, Null{}) }, "not in the file"},
		{"wrong generation", func(u *Update) { u.Set(Ref{1, 7}, Null{}) }, "not in the file"},
		{"hole without the other", func(u *Update) { u.Add(NewDict(Entry{"Contents", ContentsHole(5)})) }, "room for one signature"},
		{"two signatures", func(u *Update) {
			u.Add(Array{ContentsHole(5), ByteRangeHole{}, ContentsHole(5)})
		}, "room for one signature"},
		{"circle", func(u *Update) {
			d := NewDict()
			d.Set("Self", d)
			u.Add(d)
		}, "contains itself"},
		{"stream within", func(u *Update) { u.Add(Array{NewStream(&Dict{}, nil)}) }, "must be an indirect object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u, err := NewUpdate(open(t, sample(t, "01-ward-report.pdf")))
			if err != nil {
				t.Fatal(err)
			}
			tt.fill(u)
			if _, err := u.Build(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("found error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

func TestFillRefusesTooMuch(t *testing.T) {
	t.Parallel()
	a, _ := addSignature(t, sample(t, "01-ward-report.pdf"), "S")
	if err := a.Fill(make([]byte, 4097)); err == nil || !strings.Contains(err.Error(), "room for 4096") {
		t.Errorf("found error %v", err)
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, name := range []string{"01-ward-report.pdf", "06-xref-stream.pdf"} {
		in := sample(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, err := Open(bytes.NewReader(in), Limits{})
				if err != nil {
					b.Fatal(err)
				}
				v := f.Latest()
				u, _ := NewUpdate(f)
				pages, _ := v.Pages()
				if _, err := v.Fields(); err != nil {
					b.Fatal(err)
				}
				sig := u.Add(NewDict(Entry{"Type", Name("Sig")}, Entry{"ByteRange", ByteRangeHole{}}, Entry{"Contents", ContentsHole(8192)}))
				field := u.Add(NewDict(Entry{"FT", Name("Sig")}, Entry{"V", sig}, Entry{"P", pages[0].Ref}))
				pages[0].Dict.Set("Annots", Array{field})
				u.Set(pages[0].Ref, pages[0].Dict)
				root, catalog, _ := v.Catalog()
				catalog.Set("AcroForm", NewDict(Entry{"Fields", Array{field}}))
				u.Set(root, catalog)
				if _, err := u.Build(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReadAll does what a validator does with a file.
func BenchmarkReadAll(b *testing.B) {
	for _, name := range []string{"01-ward-report.pdf", "06-xref-stream.pdf"} {
		_, in := addSignature(b, sample(b, name), "S")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := readAll(bytes.NewReader(in), Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
