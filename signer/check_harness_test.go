package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// world is a PKI with an agency, a person in it, and a letter.
type world struct {
	*testpki.PKI
	person, agency *testpki.Leaf
	letter         []byte
}

const agencyCode = "G19.32.01"

func newWorld(t testing.TB) *world {
	t.Helper()
	p := testpki.New(t)
	return &world{
		PKI:    p,
		person: p.Issue(testpki.Person("Nguyễn Văn Nghĩa", "UBND phường Ba Hàng")),
		agency: p.Issue(testpki.Agency("UBND phường Ba Hàng")),
		letter: sample(t, "01-ward-report.pdf"),
	}
}

// options judge at Now with the root, both lists, and a claim that the agency
// issued the file.
func (w *world) options() signer.Options {
	return signer.Options{
		At: testpki.Now, Trust: w.Trust(), Evidence: w.Evidence(),
		Claim: &signer.Claim{Agency: agencyCode, Bind: w.bind},
	}
}

func (w *world) bind(c *x509.Certificate, at time.Time) (signer.Binding, bool) {
	switch {
	case c.Equal(w.person.Certificate):
		return signer.Binding{Agency: agencyCode, Role: signer.RolePersonal, Holder: c.Subject.CommonName}, true
	case c.Equal(w.agency.Certificate):
		return signer.Binding{Agency: agencyCode, Role: signer.RoleAgency, Holder: c.Subject.CommonName}, true
	}
	return signer.Binding{}, false
}

func validate(t testing.TB, data []byte, opts signer.Options) *signer.Report {
	t.Helper()
	r, err := signer.Validate(context.Background(), bytes.NewReader(data), opts)
	if err != nil {
		t.Fatal(err)
	}
	checkVietnamese(t, r)
	return r
}

// find returns the findings of a name, of the file and of all signatures.
func find(r *signer.Report, name string) []signer.Finding {
	var out []signer.Finding
	add := func(list []signer.Finding) {
		for _, f := range list {
			if f.Name == name {
				out = append(out, f)
			}
		}
	}
	add(r.Findings)
	for _, s := range r.Signatures {
		add(s.Findings)
	}
	for _, s := range r.Timestamps {
		add(s.Findings)
	}
	return out
}

// summary is one line a signature, for messages of failed tests.
func summary(r *signer.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Verdict)
	for _, s := range append(r.Signatures[:len(r.Signatures):len(r.Signatures)], r.Timestamps...) {
		fmt.Fprintf(&b, "  %s %s %s level %q coverage %s changes %s\n", s.Field, s.Indication, s.SubIndication, s.Level, s.Coverage, s.Changes)
	}
	for _, w := range warnings(r) {
		fmt.Fprintf(&b, "    %s\n", w)
	}
	return b.String()
}

// byHand is a signature that a test makes step by step, so that it can be wrong.
type byHand struct {
	key       keys.Key
	field     string
	subFilter pdf.Name
	entries   []pdf.Entry // more entries of the signature dictionary, or other values
	widget    []pdf.Entry // more entries of the field
	page      bool        // put the widget on page 1
	there     bool        // the field is there, and empty
	catalog   []pdf.Entry // more entries of the catalog
	update    func(*pdf.Update)
	value     func(digest []byte) []byte // of the CMS; a sound one if nil
	over      func(bytes []byte) []byte  // the same, over what is covered
	room      int                        // bytes for /Contents
}

// sound is the CMS that Sign would make.
func (h byHand) sound(t testing.TB, digest []byte) []byte {
	t.Helper()
	der, err := cms.Sign(rand.Reader, h.key, h.key.Certificate(), h.key.Chain(), digest, cms.SignOptions{Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func merge(d *pdf.Dict, entries []pdf.Entry) *pdf.Dict {
	for _, e := range entries {
		d.Set(e.Key, e.Value)
	}
	return d
}

// sign appends the signature.
func (h byHand) sign(t testing.TB, in []byte) []byte {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(in), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	u, err := pdf.NewUpdate(f)
	if err != nil {
		t.Fatal(err)
	}
	h.build(t, u)
	a, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(in), a.Data...)
	sum := sha256.New()
	sum.Write(out[:a.ByteRange[1]])
	sum.Write(out[a.ByteRange[2] : a.ByteRange[2]+a.ByteRange[3]])
	value := h.value
	if value == nil {
		value = func(digest []byte) []byte { return h.sound(t, digest) }
	}
	if h.over != nil {
		covered := append(bytes.Clone(out[:a.ByteRange[1]]), out[a.ByteRange[2]:a.ByteRange[2]+a.ByteRange[3]]...)
		value = func([]byte) []byte { return h.over(covered) }
	}
	if err := a.Fill(value(sum.Sum(nil))); err != nil {
		t.Fatal(err)
	}
	return append(bytes.Clone(in), a.Data...)
}

func (h byHand) build(t testing.TB, u *pdf.Update) {
	t.Helper()
	if h.subFilter == "" {
		h.subFilter = "ETSI.CAdES.detached"
	}
	if h.room == 0 {
		h.room = 8192
	}
	d := merge(pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("Sig")}, pdf.Entry{Key: "Filter", Value: pdf.Name("Adobe.PPKLite")},
		pdf.Entry{Key: "SubFilter", Value: h.subFilter}, pdf.Entry{Key: "ByteRange", Value: pdf.ByteRangeHole{}},
		pdf.Entry{Key: "Contents", Value: pdf.ContentsHole(h.room)}, pdf.Entry{Key: "M", Value: pdf.Date(testpki.Now)},
	), h.entries)
	pages, err := u.View().Pages()
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	if h.there {
		at, field := fieldRef(t, u, h.field)
		field.Set("V", u.Add(d))
		u.Set(at, merge(field, h.widget))
		h.update(u)
		return
	}
	field := u.Add(merge(pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("Annot")}, pdf.Entry{Key: "Subtype", Value: pdf.Name("Widget")},
		pdf.Entry{Key: "FT", Value: pdf.Name("Sig")}, pdf.Entry{Key: "T", Value: pdf.TextString(h.field)},
		pdf.Entry{Key: "F", Value: pdf.Integer(132)}, pdf.Entry{Key: "Rect", Value: rect(0, 0, 0, 0)},
		pdf.Entry{Key: "P", Value: pages[0].Ref}, pdf.Entry{Key: "V", Value: u.Add(d)},
	), h.widget))
	if h.page {
		page := pages[0].Dict.Clone()
		list, _ := u.View().Array(page.Get("Annots"))
		page.Set("Annots", append(list[:len(list):len(list)], field))
		u.Set(pages[0].Ref, page)
	}
	appendField(t, u, field, h.catalog)
	if h.update != nil {
		h.update(u)
	}
}

func rect(x, y, z, w int) pdf.Array {
	return pdf.Array{pdf.Integer(x), pdf.Integer(y), pdf.Integer(z), pdf.Integer(w)}
}

// appendField puts a field into the form, and more entries into the catalog.
func appendField(t testing.TB, u *pdf.Update, field pdf.Ref, more []pdf.Entry) {
	t.Helper()
	ref, catalog, err := u.View().Catalog()
	if err != nil {
		t.Fatal(err)
	}
	form, _ := u.View().Dict(catalog.Get("AcroForm"))
	if form == nil {
		form = pdf.NewDict()
	}
	form = form.Clone()
	list, _ := u.View().Array(form.Get("Fields"))
	form.Set("Fields", append(list[:len(list):len(list)], field))
	form.Set("SigFlags", pdf.Integer(3))
	catalog = merge(catalog.Clone(), more)
	if at, ok := catalog.Get("AcroForm").(pdf.Ref); ok {
		u.Set(at, form)
	} else {
		catalog.Set("AcroForm", form)
	}
	u.Set(ref, catalog)
}

// editCatalog appends a revision that changes the catalog.
func editCatalog(t testing.TB, in []byte, edit func(u *pdf.Update, catalog *pdf.Dict)) []byte {
	t.Helper()
	return revise(in, func(u *pdf.Update) {
		ref, catalog, err := u.View().Catalog()
		if err != nil {
			t.Fatal(err)
		}
		catalog = catalog.Clone()
		edit(u, catalog)
		u.Set(ref, catalog)
	})
}

// editPage appends a revision that changes the first page.
func editPage(t testing.TB, in []byte, edit func(u *pdf.Update, page *pdf.Dict)) []byte {
	t.Helper()
	return revise(in, func(u *pdf.Update) {
		pages, err := u.View().Pages()
		if err != nil || len(pages) == 0 {
			t.Fatalf("no pages: %v", err)
		}
		page := pages[0].Dict.Clone()
		edit(u, page)
		u.Set(pages[0].Ref, page)
	})
}
