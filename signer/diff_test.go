package signer_test

import (
	"bytes"
	"strings"
	"testing"

	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

func entry(k pdf.Name, v pdf.Object) pdf.Entry { return pdf.Entry{Key: k, Value: v} }

// formLetter is the letter with a text field and an empty signature field, both
// on page 1, before anyone signs.
func (w *world) formLetter(t testing.TB) []byte {
	t.Helper()
	return editPage(t, w.letter, func(u *pdf.Update, page *pdf.Dict) {
		look := u.Add(pdf.NewStream(pdf.NewDict(entry("Type", pdf.Name("XObject")), entry("Subtype", pdf.Name("Form")),
			entry("BBox", rect(0, 0, 100, 20))), []byte("q Q")))
		number := u.Add(pdf.NewDict(entry("Type", pdf.Name("Annot")), entry("Subtype", pdf.Name("Widget")), entry("FT", pdf.Name("Tx")),
			entry("T", pdf.TextString("Số")), entry("F", pdf.Integer(4)), entry("Rect", rect(60, 700, 160, 720)),
			entry("AP", pdf.NewDict(entry("N", look)))))
		seal := u.Add(pdf.NewDict(entry("Type", pdf.Name("Annot")), entry("Subtype", pdf.Name("Widget")), entry("FT", pdf.Name("Sig")),
			entry("T", pdf.TextString("Dấu")), entry("F", pdf.Integer(132)), entry("Rect", rect(60, 100, 160, 160))))
		page.Set("Annots", pdf.Array{number, seal})
		ref, catalog, err := u.View().Catalog()
		if err != nil {
			t.Fatal(err)
		}
		catalog = catalog.Clone()
		catalog.Set("AcroForm", pdf.NewDict(entry("Fields", pdf.Array{number, seal}), entry("SigFlags", pdf.Integer(3))))
		u.Set(ref, catalog)
	})
}

// fieldRef finds a field by its name.
func fieldRef(t testing.TB, u *pdf.Update, full string) (pdf.Ref, *pdf.Dict) {
	t.Helper()
	list, err := u.View().Fields()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if f.FullName == full {
			return f.Ref, f.Dict.Clone()
		}
	}
	t.Fatalf("no field %q", full)
	return pdf.Ref{}, nil
}

func editField(t testing.TB, in []byte, full string, edit func(u *pdf.Update, field *pdf.Dict)) []byte {
	t.Helper()
	return revise(in, func(u *pdf.Update) {
		ref, d := fieldRef(t, u, full)
		edit(u, d)
		u.Set(ref, d)
	})
}

func addDSS(t testing.TB, in []byte, certificate []byte) []byte {
	return editCatalog(t, in, func(u *pdf.Update, c *pdf.Dict) {
		old, _ := u.View().Dict(c.Get("DSS"))
		var list pdf.Array
		if old != nil {
			list, _ = u.View().Array(old.Get("Certs"))
		}
		list = append(list[:len(list):len(list)], u.Add(pdf.NewStream(pdf.NewDict(), certificate)))
		c.Set("DSS", u.Add(pdf.NewDict(entry("Certs", list))))
	})
}

func annotation(subtype pdf.Name) *pdf.Dict {
	return pdf.NewDict(entry("Type", pdf.Name("Annot")), entry("Subtype", subtype), entry("Rect", rect(100, 100, 300, 300)), entry("Contents", pdf.TextString("đè")))
}

func addAnnotation(t testing.TB, in []byte, subtype pdf.Name) []byte {
	return editPage(t, in, func(u *pdf.Update, page *pdf.Dict) {
		list, _ := u.View().Array(page.Get("Annots"))
		page.Set("Annots", append(list[:len(list):len(list)], u.Add(annotation(subtype))))
	})
}

func docMDP(p int) []pdf.Entry {
	return []pdf.Entry{entry("Reference", pdf.Array{pdf.NewDict(entry("Type", pdf.Name("SigRef")), entry("TransformMethod", pdf.Name("DocMDP")),
		entry("TransformParams", pdf.NewDict(entry("Type", pdf.Name("TransformParams")), entry("P", pdf.Integer(p)), entry("V", pdf.Name("1.2")))))})}
}

func fieldMDP(action string, fields ...string) []pdf.Entry {
	params := pdf.NewDict(entry("Action", pdf.Name(action)), entry("V", pdf.Name("1.2")))
	var names pdf.Array
	for _, f := range fields {
		names = append(names, pdf.TextString(f))
	}
	params.Set("Fields", names)
	return []pdf.Entry{entry("Reference", pdf.Array{pdf.NewDict(entry("TransformMethod", pdf.Name("FieldMDP")), entry("TransformParams", params))})}
}

// What may follow a signature, and what may not. Each row appends one revision to
// a file that the person has signed.
func TestWhatFollows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.person.Key()
	letter := w.formLetter(t)
	signed := func(entries []pdf.Entry) []byte {
		return byHand{key: key, field: "Ký", entries: entries}.sign(t, letter)
	}
	plain := signed(nil)
	fill := func(in []byte) []byte {
		return editField(t, in, "Số", func(u *pdf.Update, d *pdf.Dict) {
			d.Set("V", pdf.TextString("123/UBND"))
			d.Set("AP", pdf.NewDict(entry("N", u.Add(pdf.NewStream(pdf.NewDict(entry("Subtype", pdf.Name("Form")), entry("BBox", rect(0, 0, 100, 20))), []byte("q Q "))))))
		})
	}
	again := func(in []byte, h byHand) []byte {
		h.key, h.field = w.agency.Key(), "Hai"
		return h.sign(t, in)
	}
	box := func(x, y, z, v int) byHand {
		return byHand{page: true, widget: []pdf.Entry{entry("Rect", rect(x, y, z, v))}}
	}
	for _, tt := range []struct {
		name    string
		file    []byte
		verdict signer.Verdict
		changes signer.Changes
		finding string // with a result that is not passed; empty for none
		says    string // in its detail
	}{
		{"nothing", plain, "valid", "none", "", ""},
		{"evidence", addDSS(t, plain, w.CA.Certificate.Raw), "valid", "ltv", "", ""},
		{"evidence twice", addDSS(t, addDSS(t, plain, w.CA.Certificate.Raw), w.Root.Certificate.Raw), "valid", "ltv", "", ""},
		{"evidence taken away", editCatalog(t, addDSS(t, plain, w.CA.Certificate.Raw), func(_ *pdf.Update, c *pdf.Dict) { c.Delete("DSS") }), "invalid", "content", "later-changes", "/Root/DSS"},
		{"evidence of another kind", editCatalog(t, plain, func(u *pdf.Update, c *pdf.Dict) {
			c.Set("DSS", pdf.NewDict(entry("Certs", pdf.Array{}), entry("Extra", pdf.Integer(1))))
		}), "invalid", "content", "later-changes", "/Root/DSS/Extra"},
		{"a further signature", again(plain, byHand{}), "valid", "signature", "", ""},
		{"a further visible signature", again(plain, box(300, 40, 500, 120)), "valid", "signature", "", ""},
		{"a signature over the page", again(plain, box(0, 0, 500, 700)), "invalid", "content", "later-changes", "of its page"},
		{"a signature over a text field", again(plain, box(100, 705, 200, 760)), "invalid", "content", "later-changes", `field "Số"`},
		{"a signature field that nobody signs", revise(plain, func(u *pdf.Update) {
			appendField(t, u, u.Add(pdf.NewDict(entry("FT", pdf.Name("Sig")), entry("T", pdf.TextString("Trống")))), nil)
		}), "invalid", "content", "later-changes", "does not sign"},
		{"a signature field with an action", again(plain, byHand{widget: []pdf.Entry{entry("A", pdf.NewDict(entry("S", pdf.Name("JavaScript"))))}}), "invalid", "content", "later-changes", "/A"},
		{"a text field", revise(plain, func(u *pdf.Update) {
			appendField(t, u, u.Add(pdf.NewDict(entry("FT", pdf.Name("Tx")), entry("T", pdf.TextString("Mới")))), nil)
		}), "invalid", "content", "later-changes", "Mới"},
		{"a value", fill(plain), "valid", "form", "filled-fields", `"Số" "123/UBND"`},
		{"a value that is locked", fill(signed(fieldMDP("Include", "Số"))), "invalid", "content", "field-mdp", "Số"},
		{"a value beside the locked ones", fill(signed(fieldMDP("Include", "Số1", "S"))), "valid", "form", "filled-fields", `"Số" "123/UBND"`},
		{"a value, all locked", fill(signed(fieldMDP("All"))), "invalid", "content", "field-mdp", "Số"},
		{"a value, all but it locked", fill(signed(fieldMDP("Exclude", "Số"))), "valid", "form", "filled-fields", `"Số" "123/UBND"`},
		{"a value at P 1", fill(signed(docMDP(1))), "invalid", "content", "doc-mdp", "Số"},
		{"a value at P 2", fill(signed(docMDP(2))), "valid", "form", "filled-fields", `"Số" "123/UBND"`},
		{"evidence at P 1", addDSS(t, signed(docMDP(1)), w.CA.Certificate.Raw), "valid", "ltv", "", ""},
		{"a further signature at P 1", again(signed(docMDP(1)), byHand{}), "invalid", "content", "doc-mdp", "Hai"},
		{"a further signature at P 2", again(signed(docMDP(2)), byHand{}), "valid", "signature", "", ""},
		{"a new visible signature at P 2", again(signed(docMDP(2)), box(300, 40, 500, 120)), "invalid", "content", "doc-mdp", "Hai"},
		{"a later certification", again(plain, byHand{entries: docMDP(3)}), "invalid", "signature", "certification", "first signature"},
		{"an annotation", addAnnotation(t, plain, "FreeText"), "invalid", "content", "later-changes", "FreeText"},
		{"an annotation at P 2", addAnnotation(t, signed(docMDP(2)), "Stamp"), "invalid", "content", "doc-mdp", "Stamp"},
		{"an annotation at P 3", addAnnotation(t, signed(docMDP(3)), "Text"), "indeterminate", "annotation", "later-changes", "Text"},
		{"a film at P 3", addAnnotation(t, signed(docMDP(3)), "Screen"), "invalid", "content", "later-changes", "Screen"},
		{"an appearance alone", editField(t, plain, "Số", func(u *pdf.Update, d *pdf.Dict) {
			d.Set("AP", pdf.NewDict(entry("N", u.Add(pdf.NewStream(pdf.NewDict(entry("Subtype", pdf.Name("Form"))), []byte("Q q"))))))
		}), "invalid", "content", "later-changes", "the value does not"},
		{"a field hidden", editField(t, plain, "Số", func(_ *pdf.Update, d *pdf.Dict) { d.Set("F", pdf.Integer(2)) }), "invalid", "content", "later-changes", "Số/F"},
		{"a field moved", editField(t, plain, "Số", func(_ *pdf.Update, d *pdf.Dict) { d.Set("Rect", rect(0, 0, 600, 800)) }), "invalid", "content", "later-changes", "Số/Rect"},
		{"a field renamed", editField(t, plain, "Số", func(_ *pdf.Update, d *pdf.Dict) { d.Set("T", pdf.TextString("Sổ")) }), "invalid", "content", "later-changes", "Sổ"},
		{"a signature's look", editField(t, plain, "Ký", func(u *pdf.Update, d *pdf.Dict) {
			d.Set("AP", pdf.NewDict(entry("N", u.Add(pdf.NewStream(pdf.NewDict(entry("Subtype", pdf.Name("Form"))), []byte("Q q"))))))
		}), "invalid", "content", "later-changes", "Ký/AP"},
		{"a title", revise(plain, func(u *pdf.Update) {
			ref := u.View().Trailer().Ref("Info")
			u.Set(ref, pdf.NewDict(entry("Title", pdf.TextString("khác"))))
		}), "valid", "ltv", "metadata-changed", "title"},
		{"an object that nothing needs", revise(plain, func(u *pdf.Update) { u.Add(pdf.NewDict(entry("Type", pdf.Name("Page")))) }), "valid", "none", "unreferenced-objects", "/Page"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := validate(t, tt.file, w.options())
			if r.Verdict != tt.verdict || r.Signatures[0].Changes != tt.changes {
				t.Fatalf("want %s with changes %q: %s", tt.verdict, tt.changes, summary(r))
			}
			said := strings.Join(warnings(r), "\n")
			if tt.finding == "" && said != "" || !strings.Contains(said, tt.finding) || !strings.Contains(said, tt.says) {
				t.Errorf("want a finding %q with %q: %s", tt.finding, tt.says, summary(r))
			}
			if r.Verdict == signer.VerdictInvalid && r.Signatures[0].Indication == signer.TotalPassed && tt.finding != "certification" {
				t.Errorf("the signature passes in an invalid file: %s", summary(r))
			}
		})
	}
}

// Signing a field that was there before, by the engine itself, and a document
// time-stamp after it.
func TestSignaturesInTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"01-ward-report.pdf", "06-xref-stream.pdf", "07-linearized.pdf", "08-ghostscript-pdfa.pdf"} {
		one, _ := sign(t, sample(t, name), w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Place: &signer.Placement{Page: -1, Rect: [4]float64{300, 60, 480, 120}}})
		two, _ := sign(t, one, w.agency.Key(), signer.SignOptions{Profile: appearance.Agency, Place: &signer.Placement{Page: -1, Rect: [4]float64{240, 60, 360, 150}}})
		three := timestamped(t, w, addDSS(t, two, w.CA.Certificate.Raw))
		r := validate(t, three, w.options())
		if r.Verdict != signer.VerdictValid || !r.Original || len(r.Signatures) != 2 || len(r.Timestamps) != 1 {
			t.Fatalf("%s: %s", name, summary(r))
		}
		for i, want := range []signer.Changes{"signature", "ltv"} {
			if s := r.Signatures[i]; s.Changes != want || s.Level != signer.LevelBT || s.TimeSource != signer.TimeDocumentTimestamp {
				t.Errorf("%s: signature %d: %s", name, i, summary(r))
			}
		}
	}
	field := w.formLetter(t)
	one, _ := sign(t, field, w.person.Key(), signer.SignOptions{})
	two, _ := sign(t, one, w.agency.Key(), signer.SignOptions{Field: "Dấu", Profile: appearance.Agency})
	r := validate(t, two, w.options())
	if r.Verdict != signer.VerdictValid || r.Signatures[0].Changes != signer.ChangesSignature || len(find(r, "visible-signature-unchecked")) > 0 {
		t.Errorf("signing an empty field: %s", summary(r))
	}
}

// timestamped appends a document time-stamp.
func timestamped(t testing.TB, w *world, in []byte) []byte {
	t.Helper()
	return byHand{field: "Thời gian", subFilter: "ETSI.RFC3161", entries: []pdf.Entry{entry("Type", pdf.Name("DocTimeStamp"))}, room: 8192,
		value: func(digest []byte) []byte {
			token, err := w.Stamper().Stamp(t.Context(), 5, digest)
			if err != nil {
				t.Fatal(err)
			}
			return token.Raw
		}}.sign(t, in)
}

// A revision that changes a page's content is named, with the object and the way
// to it.
func TestContentChangeIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{})
	f, err := pdf.Open(bytes.NewReader(file), pdf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := f.Latest().Pages()
	if err != nil {
		t.Fatal(err)
	}
	ref, ok := pages[0].Dict.Get("Contents").(pdf.Ref)
	if !ok {
		t.Fatalf("contents: %v", pages[0].Dict.Get("Contents"))
	}
	evil := revise(addDSS(t, file, w.CA.Certificate.Raw), func(u *pdf.Update) {
		u.Set(ref, pdf.NewStream(pdf.NewDict(), []byte("BT /F1 12 Tf (1.000.000.000) Tj ET")))
	})
	r := validate(t, evil, w.options())
	revision := len(f.Revisions()) + 2
	for _, s := range r.Signatures[0].Findings {
		if s.Name == "later-changes" && s.Result == signer.Failed {
			if s.Object != ref.String() || !strings.Contains(s.Detail, "/Root/Pages/Kids") || !strings.Contains(s.Detail, "/Contents") ||
				!strings.HasPrefix(s.Detail, "revision "+string(rune('0'+revision))+":") {
				t.Errorf("object %q, detail %q", s.Object, s.Detail)
			}
			t.Logf("%s: %s", s.Object, s.Detail)
			return
		}
	}
	t.Errorf("not named: %s", summary(r))
}
