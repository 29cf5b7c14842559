package signer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// bodies are objects to write; an empty one is freed.
type bodies map[pdf.Ref]string

// byHandRevision appends, by hand, objects with a cross-reference table and a trailer
// whose entries are given besides /Size, /Root and /Prev.
func byHandRevision(t testing.TB, file []byte, objects bodies, trailer string) []byte {
	t.Helper()
	v := open(t, file)
	out := append(bytes.Clone(file), '\n')
	var table strings.Builder
	size := v.MaxObject() + 1
	for ref, body := range objects {
		if body == "" { // freed
			fmt.Fprintf(&table, "%d 1\n%010d %05d f \n", ref.Number, 0, ref.Generation+1)
			continue
		}
		fmt.Fprintf(&table, "%d 1\n%010d %05d n \n", ref.Number, len(out), ref.Generation)
		out = fmt.Appendf(out, "%d %d obj\n%s\nendobj\n", ref.Number, ref.Generation, body)
		size = max(size, ref.Number+1)
	}
	at := len(out)
	if !strings.Contains(trailer, "/Root") {
		trailer += fmt.Sprintf("/Root %v", v.Trailer().Ref("Root"))
	}
	return fmt.Appendf(out, "xref\n%strailer\n<</Size %d/Prev %d/Info %v/ID %s%s>>\nstartxref\n%d\n%%%%EOF\n",
		table.String(), size, xrefAt(file), v.Trailer().Ref("Info"), pdf.Canonical(v.Trailer().Get("ID")), trailer, at)
}

// wrapped moves what a signature covers behind its hole to the end of the file, and
// puts an attacker's revision between: signature wrapping in its classic form.
func wrapped(t testing.TB, file []byte) []byte {
	t.Helper()
	at, n := byteRange(t, file)
	second := file[n[2]:]
	evil := []byte("\n2 0 obj\n<</Type/Catalog>>\nendobj\n")
	moved := int64(len(file) + len(evil))
	out := append(append(append(bytes.Clone(file), evil...), second...), "\n%%EOF\n"...)
	return overwrite(t, out, at, fmt.Sprintf("/ByteRange[0 %d %d %d]", n[1], moved, n[3]))
}

// The rows of PADES.md 2 that go beyond one appended revision of ours. Each must be
// refused, with a finding that names the rule and an object, or where that is what
// is wrong, the trailer or the bytes.
func TestAttackMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.person.Key()
	plain := byHand{key: key, field: "Ký"}.sign(t, w.letter)
	form := byHand{key: key, field: "Ký"}.sign(t, w.formLetter(t))
	certified := byHand{key: key, field: "Ký", entries: docMDP(1)}.sign(t, w.formLetter(t))
	pages, err := open(t, plain).Pages()
	if err != nil {
		t.Fatal(err)
	}
	page, font := pages[0], fontOf(t, plain)
	contents, ok := page.Dict.Get("Contents").(pdf.Ref)
	if !ok {
		t.Fatalf("contents: %v", page.Dict.Get("Contents"))
	}
	root := open(t, plain).Trailer().Ref("Root")
	catalog := func(more string) string {
		_, c, _ := open(t, plain).Catalog()
		body := string(pdf.Canonical(c))
		return strings.TrimSuffix(body, ">>") + more + ">>"
	}
	signature := func(edit func(*pdf.Dict)) []byte {
		return revise(certified, func(u *pdf.Update) {
			_, f := fieldRef(t, u, "Ký")
			d, _ := u.View().Dict(f.Get("V"))
			d = d.Clone()
			edit(d)
			u.Set(f.Ref("V"), d)
		})
	}
	stranger := w.Issue(testpki.Person("Người lạ", "Nơi khác"), testpki.UnknownCA())
	over := byHand{key: stranger.Key(), field: "Lạ", page: true, widget: []pdf.Entry{entry("Rect", rect(0, 0, 595, 842))}}
	for _, tt := range []struct {
		name, finding, says string
		file                []byte
		object              string // of the finding; any if "?"
	}{
		{"swa: the classic wrap", "byte-range", "", wrapped(t, plain), "?"},
		{"keys twice: contents", "duplicate-keys", "Contents", contentsTwice(t, w), "?"},
		{"keys twice: catalog, signed so", "duplicate-keys", "Pages", signedTwice(t, w), "?"},
		{"keys twice: catalog, later", "later-changes", "more than once", byHandRevision(t, plain, bodies{root: catalog("/Pages 1 0 R")}, ""), root.String()},
		{"keys twice: trailer, later", "later-changes", "/Root", byHandRevision(t, plain, nil, fmt.Sprintf("/Root %v/Root %v", root, page.Ref)), "?"},
		{"isa: a page freed", "later-changes", "", byHandRevision(t, plain, bodies{page.Ref: ""}, ""), "?"},
		{"isa: contents freed", "later-changes", "", byHandRevision(t, plain, bodies{contents: ""}, ""), "?"},
		{"isa: contents of another generation", "later-changes", "", byHandRevision(t, plain, bodies{{Number: contents.Number, Generation: 1}: "<</Length 3>>\nstream\nq Q\nendstream"}, ""), contents.String()},
		{"isa: a hidden cross-reference stream", "later-changes", "", hybrid(t, plain, contents), "?"},
		{"isa: trailer alone, another catalog", "later-changes", "/Root", byHandRevision(t, plain, nil, fmt.Sprintf("/Root %v", page.Ref)), "?"},
		{"shadow replace: a font", "later-changes", "/Font", revise(plain, func(u *pdf.Update) {
			u.Set(font, pdf.NewDict(entry("Type", pdf.Name("Font")), entry("Subtype", pdf.Name("Type1")), entry("BaseFont", pdf.Name("Symbol"))))
		}), font.String()},
		{"shadow replace: a value, and a place all over the page", "later-changes", "Số/Rect", editField(t, form, "Số", func(u *pdf.Update, d *pdf.Dict) {
			d.Set("V", pdf.TextString("1"))
			d.Set("Rect", rect(0, 0, 595, 842))
			d.Set("AP", pdf.NewDict(entry("N", u.Add(pdf.NewStream(pdf.NewDict(entry("Subtype", pdf.Name("Form")), entry("BBox", rect(0, 0, 595, 842))), []byte("q Q"))))))
		}), "?"},
		{"ssa: a stranger's signature over the page", "later-changes", "of its page", over.sign(t, plain), "?"},
		{"ssa: the same after a certification", "doc-mdp", "Lạ", over.sign(t, certified), "?"},
		{"mdp: the level raised", "signature-replaced", "", signature(func(d *pdf.Dict) { merge(d, docMDP(3)) }), "?"},
		{"mdp: the certification taken out", "signature-replaced", "", signature(func(d *pdf.Dict) { d.Delete("Reference") }), "?"},
		{"mdp: two certifications", "certification", "", byHand{key: w.agency.Key(), field: "Hai", entries: docMDP(2)}.sign(t, byHand{key: key, field: "Ký", entries: docMDP(3)}.sign(t, w.letter)), "?"},
		{"fieldmdp: a child of a locked field", "field-mdp", "Cha.Con", lockedParent(t, w, "Cha"), "?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := validate(t, tt.file, w.options())
			if r.Verdict != signer.VerdictInvalid {
				t.Fatalf("want invalid: %s", summary(r))
			}
			for _, f := range warningsNamed(r, tt.finding) {
				if f.Result == signer.Failed && strings.Contains(f.Detail, tt.says) && f.Object != "" && (tt.object == "?" || f.Object == tt.object) {
					return
				}
			}
			for _, f := range warningsNamed(r, tt.finding) {
				t.Logf("%s %q: %s", f.Result, f.Object, f.Detail)
			}
			t.Errorf("want %q of %q with %q: %s", tt.finding, tt.object, tt.says, summary(r))
		})
	}
}

func fontOf(t testing.TB, file []byte) pdf.Ref {
	t.Helper()
	v := open(t, file)
	pages, err := v.Pages()
	if err != nil {
		t.Fatal(err)
	}
	resources, _ := v.Dict(pages[0].Dict.Get("Resources"))
	fonts, _ := v.Dict(resources.Get("Font"))
	for _, k := range fonts.Keys() {
		if ref, ok := fonts.Get(k).(pdf.Ref); ok {
			return ref
		}
	}
	t.Fatal("no font")
	return pdf.Ref{}
}

// contentsTwice is signed with two /Contents, of which the second is not the hole.
func contentsTwice(t testing.TB, w *world) []byte {
	file := byHand{key: w.person.Key(), field: "Ký", entries: []pdf.Entry{entry("Xontents", pdf.String{Value: []byte{0x30, 0}, Hex: true})}}.sign(t, w.letter)
	return bytes.Replace(file, []byte("/Xontents"), []byte("/Contents"), 1)
}

// signedTwice is signed when its catalog has /Pages twice already, the right one last.
func signedTwice(t testing.TB, w *world) []byte {
	t.Helper()
	in := editCatalog(t, w.letter, func(_ *pdf.Update, c *pdf.Dict) {
		old := c.Clone()
		for _, k := range old.Keys() {
			c.Delete(k)
		}
		c.Set("Xages", pdf.Ref{Number: 9998})
		for _, k := range old.Keys() {
			c.Set(k, old.Get(k))
		}
	})
	i := bytes.LastIndex(in, []byte("/Xages"))
	if i < 0 {
		t.Fatal("no /Xages")
	}
	in[i+1] = 'P'
	return byHand{key: w.person.Key(), field: "Ký"}.sign(t, in)
}

// hybrid appends a table that looks harmless, and beside it a cross-reference stream
// that only some readers follow, with another body for an object.
func hybrid(t testing.TB, file []byte, of pdf.Ref) []byte {
	t.Helper()
	v := open(t, file)
	out := append(bytes.Clone(file), '\n')
	body := len(out)
	out = fmt.Appendf(out, "%d 0 obj\n<</Length 3>>\nstream\nq Q\nendstream\nendobj\n", of.Number)
	stream := len(out)
	n := v.MaxObject() + 1
	row := []byte{1, byte(body >> 24), byte(body >> 16), byte(body >> 8), byte(body), 0}
	out = fmt.Appendf(out, "%d 0 obj\n<</Type/XRef/W[1 4 1]/Index[%d 1]/Size %d/Root %v/Length %d>>\nstream\n", n, of.Number, n+1, v.Trailer().Ref("Root"), len(row))
	out = append(append(out, row...), "\nendstream\nendobj\n"...)
	at := len(out)
	return fmt.Appendf(out, "xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size %d/Root %v/Info %v/Prev %d/XRefStm %d/ID %s>>\nstartxref\n%d\n%%%%EOF\n",
		n+1, v.Trailer().Ref("Root"), v.Trailer().Ref("Info"), xrefAt(file), stream, pdf.Canonical(v.Trailer().Get("ID")), at)
}

// lockedParent is signed with a lock on a field, and a child of it changes.
func lockedParent(t testing.TB, w *world, lock string) []byte {
	t.Helper()
	in := revise(w.letter, func(u *pdf.Update) {
		parent := u.Reserve()
		child := u.Add(pdf.NewDict(entry("T", pdf.TextString("Con")), entry("Parent", parent), entry("FT", pdf.Name("Tx"))))
		u.Set(parent, pdf.NewDict(entry("T", pdf.TextString("Cha")), entry("Kids", pdf.Array{child})))
		appendField(t, u, parent, nil)
	})
	file := byHand{key: w.person.Key(), field: "Ký", entries: fieldMDP("Include", lock)}.sign(t, in)
	return editField(t, file, "Cha.Con", func(_ *pdf.Update, d *pdf.Dict) { d.Set("V", pdf.TextString("1")) })
}
