package signer_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lienthong/signer"
	"lienthong/signer/pdf"
)

var rangePattern = regexp.MustCompile(`/ByteRange ?\[ ?([0-9 ]+)\]`)

// byteRange finds the last /ByteRange of a file: where it stands, and its numbers.
func byteRange(t testing.TB, file []byte) (at [2]int, n [4]int64) {
	t.Helper()
	all := rangePattern.FindAllSubmatchIndex(file, -1)
	if len(all) == 0 {
		t.Fatal("no /ByteRange")
	}
	m := all[len(all)-1]
	for i, s := range strings.Fields(string(file[m[2]:m[3]])) {
		n[i], _ = strconv.ParseInt(s, 10, 64)
	}
	return [2]int{m[0], m[1]}, n
}

// overwrite puts text in place of a part of the file, padded with spaces, so that
// no offset moves.
func overwrite(t testing.TB, file []byte, at [2]int, text string) []byte {
	t.Helper()
	if len(text) > at[1]-at[0] {
		t.Fatalf("%q does not fit into %d bytes", text, at[1]-at[0])
	}
	out := bytes.Clone(file)
	copy(out[at[0]:at[1]], text+strings.Repeat(" ", at[1]-at[0]-len(text)))
	return out
}

// The attacks of the literature on what a signature covers: USF (universal
// forgery), SWA (wrapping), gaps, keys given twice. None is valid, and each has
// a finding that names it.
func TestAttackRange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := byHand{key: w.person.Key(), field: "Ký"}.sign(t, w.letter)
	at, n := byteRange(t, file)
	gap := hole(t, file)
	signature := signatureRef(t, file)
	contents := [2]int{int(gap.Start) - len("/Contents "), int(gap.End)}
	if !bytes.HasPrefix(file[contents[0]:], []byte("/Contents ")) && !bytes.HasPrefix(file[contents[0]+1:], []byte("/Contents")) {
		t.Fatalf("%q", file[contents[0]:contents[0]+20])
	}
	size := int64(len(file))
	rng := func(list ...int64) []byte {
		s := strings.Trim(fmt.Sprint(list), "[]")
		return overwrite(t, file, at, "/ByteRange["+s+"]")
	}
	noContents := func(text string) []byte {
		out := bytes.Clone(file)
		for i := contents[0]; i < contents[1]; i++ {
			out[i] = ' '
		}
		copy(out[contents[0]:], text)
		return out
	}
	for _, tt := range []struct {
		name, finding string
		file          []byte
	}{
		{"usf: no byte range", "byte-range", overwrite(t, file, at, "")},
		{"usf: null", "byte-range", overwrite(t, file, at, "/ByteRange null")},
		{"usf: empty", "byte-range", rng()},
		{"usf: zeros", "byte-range", rng(0, 0, 0, 0)},
		{"usf: negative", "byte-range", rng(0, n[1], -n[2], n[3])},
		{"usf: negative length", "byte-range", rng(0, n[1], n[2], -1)},
		{"usf: garbage", "byte-range", overwrite(t, file, at, "/ByteRange (abc)")},
		{"usf: two numbers", "byte-range", rng(0, size)},
		{"usf: beyond the end", "byte-range", rng(0, n[1], n[2], n[3]+1000)},
		{"usf: no contents", "contents-hole", noContents("")},
		{"usf: contents null", "contents-hole", noContents("/Contents null")},
		{"usf: contents empty", "byte-range", noContents("/Contents <>")},
		{"usf: contents 00", "byte-range", noContents("/Contents <00>")},
		{"swa: starts late", "byte-range", rng(8, n[1]-8, n[2], n[3])},
		{"swa: ends early", "byte-range", rng(0, n[1], n[2], n[3]-10)},
		{"swa: hole too wide", "byte-range", rng(0, n[1]-10, n[2], n[3])},
		{"swa: hole too wide behind", "byte-range", rng(0, n[1], n[2]+10, n[3]-10)},
		{"swa: segments swapped", "byte-range", rng(n[2], n[3], 0, n[1])},
		{"swa: no second segment", "byte-range", rng(0, n[1], n[2], 0)},
		{"swa: one segment", "byte-range", rng(0, size, size, 0)},
		{"swa: overlapping", "byte-range", rng(0, n[2], n[1], n[3])},
		{"swa: sum overflows", "byte-range", rng(0, n[1], 1<<62, 1<<62)},
		{"keys twice: byte range", "duplicate-keys", twice(t, file, at, n)},
		{"bytes before the header", "byte-range", append([]byte("%!evil\n"), file...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := signer.Validate(context.Background(), bytes.NewReader(tt.file), w.options())
			if err != nil {
				t.Fatal(err)
			}
			checkVietnamese(t, r)
			if r.Verdict != signer.VerdictInvalid || len(r.Signatures) != 1 || r.Signatures[0].SubIndication != signer.FormatFailure {
				t.Fatalf("want invalid: %s", summary(r))
			}
			for _, f := range find(r, tt.finding) {
				if f.Result == signer.Failed && f.Object == signature {
					return
				}
			}
			t.Errorf("no finding %q about %s: %s", tt.finding, signature, summary(r))
		})
	}
}

// xrefAt is where the newest cross-reference section begins.
func xrefAt(file []byte) int {
	i := bytes.LastIndex(file, []byte("startxref"))
	n, _ := strconv.Atoi(strings.Fields(string(file[i+len("startxref"):]))[0])
	return n
}

// twice writes a second /ByteRange into the room of the first one.
func twice(t testing.TB, file []byte, at [2]int, n [4]int64) []byte {
	t.Helper()
	room := at[1] - at[0]
	text := fmt.Sprintf("/ByteRange[0 %d %d %d]/ByteRange[0]", n[1], n[2], n[3])
	if len(text) <= room {
		return overwrite(t, file, at, text)
	}
	short := "/ByteRange[]/ByteRange[0]"
	return overwrite(t, file, at, short)
}

// Incremental saving and shadow attacks: every one changes what a reader sees, or
// could, and leaves the signed bytes alone.
func TestAttackIncrement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.person.Key()
	// The letter as an attacker prepares it: a font of his own, an object that
	// stands for nothing yet, an image over the text.
	prepared := editPage(t, w.letter, func(u *pdf.Update, page *pdf.Dict) {
		resources, _ := u.View().Dict(page.Get("Resources"))
		if resources == nil {
			resources = pdf.NewDict()
		}
		resources = resources.Clone()
		resources.Set("XObject", pdf.NewDict(entry("Im1", u.Add(pdf.NewStream(pdf.NewDict(entry("Subtype", pdf.Name("Form")), entry("BBox", rect(0, 0, 9, 9))), []byte("q Q")))),
			entry("Im2", pdf.Ref{Number: 9999})))
		resources.Set("ExtGState", u.Add(pdf.NewDict(entry("G0", pdf.NewDict()))))
		page.Set("Resources", resources)
	})
	file := byHand{key: key, field: "Ký"}.sign(t, prepared)
	if r := validate(t, file, w.options()); r.Verdict != signer.VerdictValid {
		t.Fatal(summary(r))
	}
	object := func(u *pdf.Update, k pdf.Name) pdf.Ref {
		pages, _ := u.View().Pages()
		resources, _ := u.View().Dict(pages[0].Dict.Get("Resources"))
		if k == "ExtGState" {
			return resources.Ref(k)
		}
		d, _ := u.View().Dict(resources.Get("XObject"))
		return d.Ref(k)
	}
	certified := byHand{key: key, field: "Ký", entries: docMDP(2), catalog: nil, update: func(u *pdf.Update) {
		ref, c, _ := u.View().Catalog()
		o, err := u.Object(ref)
		if d, ok := o.(*pdf.Dict); ok && err == nil {
			c = d
		}
		c = c.Clone()
		c.Set("Perms", pdf.NewDict(entry("DocMDP", pdf.Ref{Number: 1})))
		u.Set(ref, c)
	}}.sign(t, w.letter)
	form := byHand{key: key, field: "Ký"}.sign(t, w.formLetter(t))
	packed := byHand{key: key, field: "Ký"}.sign(t, sample(t, "06-xref-stream.pdf"))
	for _, tt := range []struct {
		name string
		file []byte
		says string
	}{
		{"isa: another catalog", relink(t, file), "/Root"},
		{"isa: a page added", revise(file, func(u *pdf.Update) {
			_, c, _ := u.View().Catalog()
			at := c.Ref("Pages")
			o, _ := u.View().Dict(at)
			o = o.Clone()
			list, _ := u.View().Array(o.Get("Kids"))
			o.Set("Kids", append(list[:len(list):len(list)], u.Add(pdf.NewDict(entry("Type", pdf.Name("Page")), entry("Parent", at)))))
			o.Set("Count", pdf.Integer(len(list)+1))
			u.Set(at, o)
		}), "/Root/Pages"},
		{"isa: page size", editPage(t, file, func(_ *pdf.Update, p *pdf.Dict) { p.Set("MediaBox", rect(0, 0, 10, 10)) }), "/MediaBox"},
		{"isa: page contents", editPage(t, file, func(u *pdf.Update, p *pdf.Dict) {
			p.Set("Contents", u.Add(pdf.NewStream(pdf.NewDict(), []byte("q Q"))))
		}), "/Contents"},
		{"isa: page turned", editPage(t, file, func(_ *pdf.Update, p *pdf.Dict) { p.Set("Rotate", pdf.Integer(180)) }), "/Rotate"},
		{"isa: script", editCatalog(t, file, func(u *pdf.Update, c *pdf.Dict) {
			c.Set("OpenAction", pdf.NewDict(entry("S", pdf.Name("JavaScript")), entry("JS", pdf.TextString("1"))))
		}), "/Root/OpenAction"},
		{"isa: layers", editCatalog(t, file, func(u *pdf.Update, c *pdf.Dict) { c.Set("OCProperties", pdf.NewDict()) }), "/Root/OCProperties"},
		{"isa: form taken away", editCatalog(t, file, func(_ *pdf.Update, c *pdf.Dict) { c.Delete("AcroForm") }), "form"},
		{"isa: permissions taken away", editCatalog(t, certified, func(_ *pdf.Update, c *pdf.Dict) { c.Delete("Perms") }), "permissions"},
		{"isa: signature taken out of its field", editField(t, file, "Ký", func(_ *pdf.Update, d *pdf.Dict) { d.Delete("V") }), "taken away"},
		{"isa: signature replaced", replaceSignature(t, file), "replaced"},
		{"isa: name of the signer", revise(file, func(u *pdf.Update) {
			_, f := fieldRef(t, u, "Ký")
			d, _ := u.View().Dict(f.Get("V"))
			d = d.Clone()
			d.Set("Name", pdf.TextString("Chủ tịch"))
			u.Set(f.Ref("V"), d)
		}), "signature"},
		{"isa: viewers draw the fields anew", editCatalog(t, form, func(u *pdf.Update, c *pdf.Dict) {
			d, _ := u.View().Dict(c.Get("AcroForm"))
			d = d.Clone()
			d.Set("NeedAppearances", pdf.Bool(true))
			c.Set("AcroForm", d)
		}), "NeedAppearances"},
		{"isa: a field looks otherwise", editField(t, form, "Số", func(_ *pdf.Update, d *pdf.Dict) { d.Set("MK", pdf.NewDict(entry("BG", pdf.Array{pdf.Integer(0)}))) }), "MK"},
		{"isa: the order of annotations", editPage(t, form, func(u *pdf.Update, p *pdf.Dict) {
			list, _ := u.View().Array(p.Get("Annots"))
			p.Set("Annots", pdf.Array{list[1], list[0]})
		}), "another order"},
		{"isa: a widget taken off the page", editPage(t, form, func(u *pdf.Update, p *pdf.Dict) { p.Delete("Annots") }), "taken off the page"},
		{"isa: a stream of objects rewritten", rewriteContainer(t, packed), "holds other objects"},
		{"shadow hide: image emptied", revise(file, func(u *pdf.Update) { u.Set(object(u, "Im1"), pdf.NewStream(pdf.NewDict(), nil)) }), "/Im1"},
		{"shadow replace: a number that stood for nothing", overNumber(t, file, 9999), "refers to nothing"},
		{"shadow replace: drawing state", revise(file, func(u *pdf.Update) {
			u.Set(object(u, "ExtGState"), pdf.NewDict(entry("G0", pdf.NewDict(entry("ca", pdf.Integer(0))))))
		}), "/ExtGState"},
		{"shadow hide and replace by evidence", revise(file, func(u *pdf.Update) {
			at := object(u, "Im1")
			u.Set(at, pdf.NewStream(pdf.NewDict(), []byte("evil")))
			ref, c, _ := u.View().Catalog()
			c = c.Clone()
			c.Set("DSS", pdf.NewDict(entry("Certs", pdf.Array{at})))
			u.Set(ref, c)
		}), "Im1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := validate(t, tt.file, w.options())
			if r.Verdict != signer.VerdictInvalid {
				t.Fatalf("want invalid: %s", summary(r))
			}
			// What is taken off a page is named, and not only what was written to do so.
			written := writtenLast(t, tt.file)
			if strings.Contains(tt.says, "off the page") {
				written = widgetsOf(t, form)
			}
			for _, f := range allFindings(r) {
				if f.Result == signer.Failed && strings.Contains(f.Detail, tt.says) && written[f.Object] {
					return
				}
			}
			t.Errorf("nothing says %q about one of %v: %s", tt.says, slices.Sorted(maps.Keys(written)), summary(r))
		})
	}
}

// signatureRef is the signature dictionary of a file that is signed once.
func signatureRef(t testing.TB, file []byte) string {
	t.Helper()
	list, err := open(t, file).Signatures()
	if err != nil || len(list) != 1 {
		t.Fatalf("%d signatures, error %v", len(list), err)
	}
	return list[0].Ref.String()
}

// writtenLast are the objects that the newest revision of a file writes.
func writtenLast(t testing.TB, file []byte) map[string]bool {
	t.Helper()
	v := open(t, file)
	out := make(map[string]bool)
	for n := 1; n <= v.MaxObject(); n++ {
		ref := pdf.Ref{Number: n}
		if at, ok := v.Location(ref); ok && at.Revision == v.Revision().Number {
			out[ref.String()] = true
		}
	}
	return out
}

// widgetsOf are the annotations of a file's first page.
func widgetsOf(t testing.TB, file []byte) map[string]bool {
	t.Helper()
	v := open(t, file)
	pages, err := v.Pages()
	if err != nil {
		t.Fatal(err)
	}
	list, err := v.Array(pages[0].Dict.Get("Annots"))
	if err != nil || len(list) == 0 {
		t.Fatalf("%d annotations, error %v", len(list), err)
	}
	out := make(map[string]bool)
	for _, o := range list {
		if ref, ok := o.(pdf.Ref); ok {
			out[ref.String()] = true
		}
	}
	return out
}

func allFindings(r *signer.Report) []signer.Finding {
	list := slices.Clone(r.Findings)
	for _, s := range r.Signatures {
		list = append(list, s.Findings...)
	}
	return list
}

// relink appends a revision whose trailer names another catalog.
func relink(t testing.TB, file []byte) []byte {
	out := editCatalog(t, file, func(u *pdf.Update, c *pdf.Dict) { u.Add(c) })
	n := open(t, out).MaxObject()
	root := open(t, out).Trailer().Ref("Root")
	i := bytes.LastIndex(out, []byte("/Root "))
	old := fmt.Sprintf("/Root %d 0 R", root.Number)
	evil := fmt.Sprintf("/Root %d 0 R", n)
	if len(evil) > len(old) { // a longer number takes the room of the white space behind it, or moves the end
		return append(append(bytes.Clone(out[:i]), evil...), out[i+len(old):]...)
	}
	copy(out[i:], evil+strings.Repeat(" ", len(old)-len(evil)))
	return out
}

// replaceSignature puts a signature dictionary of the attacker's in the field.
func replaceSignature(t testing.TB, file []byte) []byte {
	return editField(t, file, "Ký", func(u *pdf.Update, d *pdf.Dict) {
		d.Set("V", u.Add(pdf.NewDict(entry("Type", pdf.Name("Sig")), entry("SubFilter", pdf.Name("ETSI.CAdES.detached")),
			entry("ByteRange", pdf.Array{pdf.Integer(0), pdf.Integer(1), pdf.Integer(2), pdf.Integer(3)}),
			entry("Contents", pdf.String{Value: []byte{0x30, 0}, Hex: true}))))
	})
}

// rewriteContainer writes the first object stream of a file anew: the numbers that
// it holds are not listed, and yet all of them could have other bodies.
func rewriteContainer(t testing.TB, file []byte) []byte {
	t.Helper()
	v := open(t, file)
	for n := 1; n <= v.MaxObject(); n++ {
		at, ok := v.Location(pdf.Ref{Number: n})
		if !ok || at.Stream.IsZero() {
			continue
		}
		return revise(file, func(u *pdf.Update) {
			u.Set(at.Stream, pdf.NewStream(pdf.NewDict(entry("Type", pdf.Name("ObjStm")), entry("N", pdf.Integer(1)), entry("First", pdf.Integer(4))), []byte("1 0 null")))
		})
	}
	t.Fatal("no object stream")
	return nil
}

// overNumber appends, by hand, a revision that gives a body to a number.
func overNumber(t testing.TB, file []byte, n int) []byte {
	t.Helper()
	v := open(t, file)
	out := append(bytes.Clone(file), '\n')
	at := len(out)
	out = fmt.Appendf(out, "%d 0 obj\n<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 3>>\nstream\nq Q\nendstream\nendobj\n", n)
	xref := len(out)
	root, info := v.Trailer().Ref("Root"), v.Trailer().Ref("Info")
	return fmt.Appendf(out, "xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %v/Info %v/Prev %d/ID %s>>\nstartxref\n%d\n%%%%EOF\n",
		n, at, n+1, root, info, xrefAt(file), pdf.Canonical(v.Trailer().Get("ID")), xref)
}

// Bytes that belong to no revision.
func TestAttackTrailing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := byHand{key: w.person.Key(), field: "Ký"}.sign(t, w.letter)
	for _, tt := range []struct {
		name, tail string
		verdict    signer.Verdict
		finding    string
	}{
		{"white space", "\n \n", "valid", ""},
		{"text", "\nhello\n", "valid", "trailing-data"},
		{"a body without a cross-reference", "\n2 0 obj\n<</Length 3>>\nstream\nq Q\nendstream\nendobj\n", "invalid", "trailing-data"},
	} {
		r := validate(t, append(bytes.Clone(file), tt.tail...), w.options())
		if r.Verdict != tt.verdict || tt.finding != "" && len(warningsNamed(r, tt.finding)) == 0 {
			t.Errorf("%s: want %s with %q: %s", tt.name, tt.verdict, tt.finding, summary(r))
		}
		if tt.finding != "" && r.Signatures[0].Coverage == signer.CoverageWhole {
			t.Errorf("%s: covers the whole file", tt.name)
		}
	}
}

// Many revisions, each harmless, end within seconds.
func TestManyRevisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := byHand{key: w.person.Key(), field: "Ký"}.sign(t, w.letter)
	for range 300 {
		file = revise(file, func(u *pdf.Update) { u.Add(pdf.NewDict()) })
	}
	start := time.Now()
	r := validate(t, file, w.options())
	if r.Verdict != signer.VerdictInvalid || time.Since(start) > 2*time.Second {
		t.Errorf("%v: %s", time.Since(start), r.Verdict)
	}
}
