package signer_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"lienthong/signer"
	"lienthong/signer/pdf"
)

// What a letter holds besides pages, before it is signed: each is named in the
// report, with its object, and no signature fails for it.
func TestDynamicContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	catalog := func(edit func(u *pdf.Update, c *pdf.Dict)) []byte { return editCatalog(t, w.letter, edit) }
	action := func(kind string, more ...pdf.Entry) *pdf.Dict {
		return merge(pdf.NewDict(entry("S", pdf.Name(kind))), more)
	}
	script := action("JavaScript", entry("JS", pdf.TextString("app.alert(1)")))
	annot := func(more ...pdf.Entry) []byte {
		return editPage(t, w.letter, func(u *pdf.Update, page *pdf.Dict) {
			page.Set("Annots", pdf.Array{u.Add(merge(pdf.NewDict(entry("Type", pdf.Name("Annot")), entry("Subtype", pdf.Name("Link")), entry("Rect", rect(0, 0, 9, 9))), more))})
		})
	}
	tree := func(kind pdf.Name, o pdf.Object) []byte {
		return catalog(func(u *pdf.Update, c *pdf.Dict) {
			leaf := u.Add(pdf.NewDict(entry("Names", pdf.Array{pdf.TextString("Tên"), o})))
			c.Set("Names", pdf.NewDict(entry(kind, pdf.NewDict(entry("Kids", pdf.Array{leaf})))))
		})
	}
	attached := func(subtype pdf.Entry) []byte {
		return catalog(func(u *pdf.Update, c *pdf.Dict) {
			data := u.Add(pdf.NewStream(pdf.NewDict(subtype), []byte("a,b\n")))
			spec := u.Add(pdf.NewDict(entry("F", pdf.TextString("bang.csv")), entry("UF", pdf.TextString("bảng.csv")), entry("EF", pdf.NewDict(entry("F", data), entry("UF", data)))))
			c.Set("Names", pdf.NewDict(entry("EmbeddedFiles", pdf.NewDict(entry("Names", pdf.Array{pdf.TextString("x"), spec})))))
			c.Set("AF", pdf.Array{spec})
		})
	}
	sum := sha256.Sum256([]byte("a,b\n"))
	for _, tt := range []struct {
		name, finding, says string
		file                []byte
	}{
		{"nothing", "", "", w.letter},
		{"a place to open at", "", "", catalog(func(_ *pdf.Update, c *pdf.Dict) { c.Set("OpenAction", pdf.Array{pdf.Integer(0), pdf.Name("Fit")}) })},
		{"a script when opened", "dynamic-content", "JavaScript when the file is opened", catalog(func(_ *pdf.Update, c *pdf.Dict) { c.Set("OpenAction", script) })},
		{"the web when opened", "dynamic-content", `"URI" when the file is opened`, catalog(func(_ *pdf.Update, c *pdf.Dict) { c.Set("OpenAction", action("URI")) })},
		{"a script after a step", "dynamic-content", "JavaScript on page 1", annot(entry("A", action("GoTo", entry("Next", pdf.Array{action("GoTo"), script}))))},
		{"a script by name", "dynamic-content", `named "Tên"`, tree("JavaScript", script)},
		{"a script when printed", "dynamic-content", "event WP", catalog(func(_ *pdf.Update, c *pdf.Dict) { c.Set("AA", pdf.NewDict(entry("WP", script))) })},
		{"a program", "dynamic-content", `"Launch" on page 1`, annot(entry("A", action("Launch")))},
		{"a link to the web", "", "", annot(entry("A", action("URI")))},
		{"a page's own action", "dynamic-content", "event O of page 1", editPage(t, w.letter, func(_ *pdf.Update, p *pdf.Dict) { p.Set("AA", pdf.NewDict(entry("O", action("Hide")))) })},
		{"a film", "dynamic-content", "a film on page 1", annot(entry("Subtype", pdf.Name("Screen")))},
		{"a bookmark", "dynamic-content", "of a bookmark", catalog(func(u *pdf.Update, c *pdf.Dict) {
			item := u.Add(pdf.NewDict(entry("Title", pdf.TextString("x")), entry("A", action("GoToR"))))
			c.Set("Outlines", u.Add(pdf.NewDict(entry("First", item), entry("Last", item))))
		})},
		{"layers", "dynamic-content", "1 layers", catalog(func(u *pdf.Update, c *pdf.Dict) {
			layer := u.Add(pdf.NewDict(entry("Type", pdf.Name("OCG")), entry("Name", pdf.TextString("x"))))
			c.Set("OCProperties", pdf.NewDict(entry("OCGs", pdf.Array{layer})))
		})},
		{"a portfolio", "dynamic-content", "portfolio", catalog(func(_ *pdf.Update, c *pdf.Dict) { c.Set("Collection", pdf.NewDict()) })},
		{"XFA", "dynamic-content", "an XFA form", catalog(func(u *pdf.Update, c *pdf.Dict) {
			c.Set("AcroForm", pdf.NewDict(entry("Fields", pdf.Array{}), entry("XFA", u.Add(pdf.NewStream(pdf.NewDict(), []byte("<xdp/>"))))))
		})},
		{"dynamic XFA", "dynamic-content", "laid out anew", catalog(func(u *pdf.Update, c *pdf.Dict) {
			c.Set("NeedsRendering", pdf.Bool(true))
			c.Set("AcroForm", pdf.NewDict(entry("Fields", pdf.Array{}), entry("XFA", u.Add(pdf.NewStream(pdf.NewDict(), []byte("<xdp/>"))))))
		})},
		{"a picture from outside", "dynamic-content", "outside the file", editPage(t, w.letter, func(u *pdf.Update, p *pdf.Dict) {
			resources, _ := u.View().Dict(p.Get("Resources"))
			resources = resources.Clone()
			picture := u.Add(pdf.NewStream(pdf.NewDict(entry("Subtype", pdf.Name("Image")), entry("F", pdf.TextString("//x/y.jpg"))), nil))
			inner := pdf.NewDict(entry("XObject", pdf.NewDict(entry("Im", picture))))
			form := u.Add(pdf.NewStream(pdf.NewDict(entry("Subtype", pdf.Name("Form")), entry("Resources", inner)), nil))
			resources.Set("XObject", pdf.NewDict(entry("Fm", form)))
			p.Set("Resources", resources)
		})},
		{"a file inside", "embedded-files", `"bảng.csv", type text/csv, 4 bytes, SHA-256 ` + hex.EncodeToString(sum[:]), attached(entry("Subtype", pdf.Name("text/csv")))},
		{"a file that cannot be read", "embedded-files", "cannot be read", attached(entry("Filter", pdf.Name("Unknown")))},
		{"a file outside", "dynamic-content", `"//x" outside`, tree("EmbeddedFiles", pdf.NewDict(entry("F", pdf.TextString("//x"))))},
		{"a tree in itself", "", "", catalog(func(u *pdf.Update, c *pdf.Dict) {
			ref := u.Reserve()
			u.Set(ref, pdf.NewDict(entry("Kids", pdf.Array{ref, ref})))
			c.Set("Names", pdf.NewDict(entry("JavaScript", ref)))
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := byHand{key: w.person.Key(), field: "Ký"}.sign(t, tt.file)
			r := validate(t, file, w.options())
			if r.Verdict != signer.VerdictValid {
				t.Fatal(summary(r))
			}
			found := append(find(r, "dynamic-content"), find(r, "embedded-files")...)
			if tt.finding == "" {
				if len(found) > 0 {
					t.Errorf("%v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Name != tt.finding || found[0].Object == "" || found[0].Result != signer.Warning || !strings.Contains(found[0].Detail, tt.says) {
				t.Errorf("want one finding %q with %q: %+v", tt.finding, tt.says, found)
			}
		})
	}
}
