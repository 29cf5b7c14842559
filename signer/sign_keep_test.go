package signer_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// furnished is a letter with all that a document may have beside its pages: outlines,
// names, tags, metadata, and a form with each of its keys.
func furnished(t *testing.T) []byte {
	t.Helper()
	return revise(sample(t, "01-ward-report.pdf"), func(u *pdf.Update) {
		pages, err := u.View().Pages()
		if err != nil {
			panic(err)
		}
		ref, root, err := u.View().Catalog()
		if err != nil {
			panic(err)
		}
		page := pages[0].Ref
		outlines, item := u.Reserve(), u.Reserve()
		u.Set(outlines, dict("Type", name("Outlines"), "First", item, "Last", item, "Count", pdf.Integer(1)))
		u.Set(item, dict("Title", pdf.TextString("Phần I"), "Parent", outlines, "Dest", pdf.Array{page, name("Fit")}))
		tags, element := u.Reserve(), u.Reserve()
		u.Set(tags, dict("Type", name("StructTreeRoot"), "K", element))
		u.Set(element, dict("Type", name("StructElem"), "S", name("Document"), "P", tags, "Pg", page))
		xml := pdf.NewStream(dict("Type", name("Metadata"), "Subtype", name("XML")), []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"/>`))
		number := u.Add(dict("FT", name("Tx"), "T", pdf.TextString("Số"), "V", pdf.TextString("15"), "Type", name("Annot"),
			"Subtype", name("Widget"), "Rect", ints(100, 700, 200, 720), "P", page, "F", pdf.Integer(4)))
		font := u.Add(dict("Type", name("Font"), "Subtype", name("Type1"), "BaseFont", name("Helvetica")))
		root = root.Clone()
		for key, value := range map[pdf.Name]pdf.Object{
			"Outlines": outlines, "StructTreeRoot": tags, "MarkInfo": dict("Marked", pdf.Bool(true)), "Lang": pdf.TextString("vi-VN"),
			"Metadata": u.Add(xml), "PageLabels": dict("Nums", pdf.Array{pdf.Integer(0), dict("S", name("D"))}),
			"Names": dict("Dests", dict("Names", pdf.Array{pdf.TextString("a"), pdf.Array{page, name("Fit")}})),
			"AcroForm": dict("Fields", pdf.Array{number}, "CO", pdf.Array{number}, "DA", pdf.TextString("/Helv 0 Tf 0 g"), "Q", pdf.Integer(1),
				"DR", dict("Font", dict("Helv", font)), "XFA", u.Add(pdf.NewStream(dict(), []byte("<xdp:xdp xmlns:xdp=\"http://ns.adobe.com/xdp/\"/>")))),
		} {
			root.Set(key, value)
		}
		u.Set(ref, root)
		with := pages[0].Dict.Clone()
		with.Set("Annots", pdf.Array{number})
		u.Set(page, with)
	})
}

// Whatever a file has and however it is put together, two signatures leave it there:
// no object but the catalog, the form and the signed page is another one than before.
func TestSignKeepsTheDocument(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	letter := furnished(t)
	for _, tt := range []struct {
		name    string
		in      []byte
		pyHanko bool // can read it: not with anything before the header
	}{
		{"as it is", letter, true},
		{"a line before the header", append([]byte("From: van-thu@bahang.example\r\n"), letter...), false},
		{"bytes behind the end", append(bytes.Clone(letter), "\n\x00\x00 % sent by fax\n"...), true},
		{"linearized", qpdf(t, letter, "--linearize"), true},
		{"streams of objects", qpdf(t, letter, "--object-streams=generate"), true},
		{"PDF 2.0", qpdf(t, letter, "--force-version=2.0"), true},
		{"encrypted", encrypt(t, letter, "generate", "", "256"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, _ := sign(t, tt.in, key, signer.SignOptions{})
			out, _ := sign(t, first, key, signer.SignOptions{})
			if !bytes.HasPrefix(out, tt.in) {
				t.Fatal("the bytes of the input are not the first of the output")
			}
			keptObjects(t, tt.in, out)
			before, after := save(t, "in.pdf", tt.in), save(t, "out.pdf", out)
			if a, b := complaints(t, before), complaints(t, after); len(b) > len(a) {
				t.Errorf("qpdf --check before: %q, after: %q", a, b)
			}
			says, err := run(t, "pdfsig", "-nocert", after)
			if err != nil || strings.Count(says, "Signature is Valid.") != 2 || strings.Count(says, "- Total document signed") != 1 {
				t.Errorf("pdfsig: %v\n%s", err, says)
			}
			if tt.pyHanko {
				othersValid(t, pki, after, 2)
			}
		})
	}
}

// keptObjects compares all objects of the input, and the catalog's and form's keys.
func keptObjects(t *testing.T, in, out []byte) {
	t.Helper()
	a, b := opened(t, in), opened(t, out)
	if a.Trailer().Ref("Encrypt") != b.Trailer().Ref("Encrypt") || a.Trailer().Ref("Info") != b.Trailer().Ref("Info") {
		t.Error("/Encrypt or /Info of the trailer is another")
	}
	ref, was, err := a.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	_, is, err := b.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	keptKeys(t, was, is, "AcroForm", "Extensions")
	oldForm, _ := a.Dict(was.Get("AcroForm"))
	newForm, _ := b.Dict(is.Get("AcroForm"))
	keptKeys(t, oldForm, newForm, "Fields", "SigFlags")
	pages, err := a.Pages()
	if err != nil {
		t.Fatal(err)
	}
	changed := map[pdf.Ref]bool{ref: true, pages[0].Ref: true, was.Ref("AcroForm"): true}
	objects := 0
	err = a.Walk(func(n pdf.Node) error {
		objects++
		x, _ := a.Location(n.Ref)
		y, _ := b.Location(n.Ref)
		if x.Offset != y.Offset || x.Stream != y.Stream || x.Index != y.Index {
			if !changed[n.Ref] {
				t.Errorf("object %d, %s, was written again", n.Ref.Number, n.Path())
			}
		}
		return n.Err
	})
	if err != nil || objects < 20 {
		t.Errorf("%d objects, error %v", objects, err)
	}
}

func keptKeys(t *testing.T, was, is *pdf.Dict, but ...string) {
	t.Helper()
	for _, key := range was.Keys() {
		if !strings.Contains(strings.Join(but, " "), string(key)) && !bytes.Equal(pdf.Canonical(was.Get(key)), pdf.Canonical(is.Get(key))) {
			t.Errorf("/%s is %s, was %s", key, pdf.Canonical(is.Get(key)), pdf.Canonical(was.Get(key)))
		}
	}
}

func opened(t *testing.T, data []byte) *pdf.View {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(data), pdf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Unlock(nil); err != nil {
		t.Fatal(err)
	}
	return f.Latest()
}

// qpdf makes another file of data.
func qpdf(t *testing.T, data []byte, args ...string) []byte {
	t.Helper()
	in := save(t, "in.pdf", data)
	out := filepath.Join(filepath.Dir(in), "out.pdf")
	if says, err := run(t, "qpdf", append(args, in, out)...); err != nil {
		t.Fatalf("qpdf: %v\n%s", err, says)
	}
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// A hollow file has nothing but zeros between its head and its tail.
type hollow struct {
	head, tail []byte
	size       int64
}

func (h hollow) Size() int64 { return h.size }

func (h hollow) ReadAt(b []byte, off int64) (int, error) {
	n := int(max(0, min(int64(len(b)), h.size-off)))
	clear(b[:n])
	if off < int64(len(h.head)) {
		copy(b[:n], h.head[off:])
	}
	if at := h.size - int64(len(h.tail)); off+int64(n) > at {
		copy(b[max(0, at-off):n], h.tail[max(0, off-at):])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// tail keeps what follows the bytes that are left out.
type tail struct {
	skip int64
	bytes.Buffer
}

func (w *tail) Write(b []byte) (int, error) {
	n := min(int64(len(b)), w.skip)
	w.skip -= n
	w.Buffer.Write(b[n:])
	return len(b), nil
}

// A file larger than 2 GiB is signed, and valid.
func TestSignHuge(t *testing.T) {
	if os.Getenv("SIGNER_HUGE") == "" {
		t.Skip("set SIGNER_HUGE=1 to hash 2 GiB four times")
	}
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	letter := sample(t, "01-ward-report.pdf")
	end := letter[bytes.LastIndex(letter, []byte("startxref")):]
	in := hollow{letter, append([]byte("\n"), end...), 1<<31 + 4096}
	out := &tail{skip: in.size}
	if _, err := signer.Sign(context.Background(), in, key, signer.SignOptions{At: testpki.Now}, out); err != nil {
		t.Fatal(err)
	}
	whole := hollow{letter, append(in.tail, out.Bytes()...), in.size + int64(out.Len())}
	r, err := signer.Validate(context.Background(), whole, signer.Options{At: testpki.Now, Trust: pki.Trust(), Evidence: pki.Evidence()})
	if err != nil || r.Verdict != signer.VerdictValid {
		t.Fatalf("error %v, %s", err, summary(r))
	}
}
