package signer_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

func name(s string) pdf.Name { return pdf.Name(s) }

func dict(pairs ...any) *pdf.Dict {
	d := pdf.NewDict()
	for i := 0; i < len(pairs); i += 2 {
		d.Set(name(pairs[i].(string)), pairs[i+1].(pdf.Object))
	}
	return d
}

func ints(n ...int64) pdf.Array {
	var a pdf.Array
	for _, n := range n {
		a = append(a, pdf.Integer(n))
	}
	return a
}

// withForm gives a letter a form with a text field and two empty signature
// fields, one of them below another field. Direct says whether the parts of the
// form lie in what holds them, or are objects of their own.
func withForm(in []byte, direct bool) []byte {
	return revise(in, func(u *pdf.Update) {
		pages, err := u.View().Pages()
		if err != nil {
			panic(err)
		}
		page := pages[0]
		widget := func(rect pdf.Array, pairs ...any) *pdf.Dict {
			return dict(append([]any{"Type", name("Annot"), "Subtype", name("Widget"), "Rect", rect, "P", page.Ref, "F", pdf.Integer(4)}, pairs...)...)
		}
		number := u.Add(widget(ints(100, 700, 200, 720), "FT", name("Tx"), "T", pdf.TextString("Số"), "V", pdf.TextString("45/BC-UBND"), "DA", pdf.TextString("/Helv 10 Tf 0 g")))
		merged := u.Add(widget(ints(60, 60, 260, 140), "FT", name("Sig"), "T", pdf.TextString("Con dấu")))
		parent, kid := u.Reserve(), u.Reserve()
		u.Set(parent, dict("T", pdf.TextString("Chữ ký"), "Kids", pdf.Array{kid}))
		u.Set(kid, widget(ints(330, 60, 530, 140), "FT", name("Sig"), "T", pdf.TextString("lãnh đạo"), "Parent", parent))
		wrap := func(o pdf.Object) pdf.Object {
			if direct {
				return o
			}
			return u.Add(o)
		}
		form := dict("Fields", wrap(pdf.Array{number, merged, parent}), "DA", pdf.TextString("/Helv 0 Tf 0 g"),
			"DR", dict("Font", dict("Helv", u.Add(dict("Type", name("Font"), "Subtype", name("Type1"), "BaseFont", name("Helvetica"))))),
			"CO", pdf.Array{number}, "NeedAppearances", pdf.Bool(false))
		pageDict := page.Dict.Clone()
		pageDict.Set("Annots", wrap(pdf.Array{number, merged, kid}))
		u.Set(page.Ref, pageDict)
		ref, catalog, err := u.View().Catalog()
		if err != nil {
			panic(err)
		}
		catalog = catalog.Clone()
		catalog.Set("AcroForm", wrap(form))
		catalog.Set("Extensions", wrap(dict("ADBE", dict("BaseVersion", name("1.7"), "ExtensionLevel", pdf.Integer(3)))))
		u.Set(ref, catalog)
	})
}

// What the form held before a signature it holds after it, whichever of its
// parts are objects of their own, and so do the page and the catalog.
func TestSignKeepsTheForm(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("N", "UBND"), testpki.P256()).Key()
	for _, sampleName := range []string{"01-ward-report.pdf", "06-xref-stream.pdf"} {
		for how, direct := range map[string]bool{"direct": true, "indirect": false} {
			t.Run(sampleName+" "+how, func(t *testing.T) {
				t.Parallel()
				in := withForm(sample(t, sampleName), direct)
				visible := signer.SignOptions{Profile: appearance.Agency, Image: seal, Field: "Con dấu"}
				once, first := sign(t, in, key, signer.SignOptions{})
				twice, second := sign(t, once, key, visible)
				visible.Field, visible.Profile = "Chữ ký.lãnh đạo", appearance.Personal
				thrice, third := sign(t, twice, key, visible)
				if got := []string{first.Field, second.Field, third.Field}; !cmp.Equal(got, []string{"Signature1", "Con dấu", "Chữ ký.lãnh đạo"}) {
					t.Errorf("fields %q", got)
				}
				if first.Revision+1 != second.Revision || second.Revision+1 != third.Revision {
					t.Errorf("revisions %d, %d, %d", first.Revision, second.Revision, third.Revision)
				}
				file := save(t, "out.pdf", thrice)
				keep(t, "form.pdf", thrice)
				if diff := cmp.Diff(complaints(t, save(t, "in.pdf", in)), complaints(t, file)); diff != "" {
					t.Errorf("qpdf --check (-in +out):\n%s", diff)
				}
				checkPdfsig(t, pki, file, 3)
				for i, v := range judge(t, pki, file) {
					if !v.Bottom || i < 2 && v.Modification != "FORM_FILLING" {
						t.Errorf("pyHanko on signature %d: %+v", i+1, v)
					}
				}
				compareForms(t, in, thrice)
			})
		}
	}
}

// compareForms wants the second form to be the first one and a new field.
func compareForms(t *testing.T, before, after []byte) {
	t.Helper()
	a, b := form(t, before), form(t, after)
	for _, key := range a.Keys() {
		if key == "Fields" || key == "SigFlags" {
			continue
		}
		if !bytes.Equal(pdf.Canonical(a.Get(key)), pdf.Canonical(b.Get(key))) {
			t.Errorf("/AcroForm /%s is %s, was %s", key, pdf.Canonical(b.Get(key)), pdf.Canonical(a.Get(key)))
		}
	}
	if n, _ := b.Int("SigFlags"); n != 3 {
		t.Errorf("/SigFlags %d, want 3", n)
	}
	var names []string
	for _, f := range fields(t, after) {
		names = append(names, f.FullName)
		if f.FullName == "Số" && pdf.DecodeText(f.Value.(pdf.String)) != "45/BC-UBND" {
			t.Errorf("field %q has lost its value", f.FullName)
		}
	}
	if !cmp.Equal(names, []string{"Số", "Con dấu", "Chữ ký", "Chữ ký.lãnh đạo", "Signature1"}) {
		t.Errorf("fields %q", names)
	}
}

func open(t testing.TB, data []byte) *pdf.View {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(data), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return f.Latest()
}

func form(t testing.TB, data []byte) *pdf.Dict {
	t.Helper()
	v := open(t, data)
	_, catalog, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	d, err := v.Dict(catalog.Get("AcroForm"))
	if err != nil || d == nil {
		t.Fatalf("no form: %v", err)
	}
	return d
}

func fields(t testing.TB, data []byte) []pdf.Field {
	t.Helper()
	list, err := open(t, data).Fields()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A field's /Lock becomes a FieldMDP of its signature, which the next signer
// honours; a field with requirements is refused.
func TestSignLocks(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("N", "UBND"), testpki.P256()).Key()
	with := func(pairs ...any) []byte {
		return revise(sample(t, "05-annex.pdf"), func(u *pdf.Update) {
			addField(u,
				dict(append([]any{"FT", name("Sig"), "T", pdf.TextString("Một")}, pairs...)...),
				dict("FT", name("Sig"), "T", pdf.TextString("Hai")))
		})
	}
	locking := with("Lock", dict("Type", name("SigFieldLock"), "Action", name("Include"), "Fields", pdf.Array{pdf.TextString("Hai")}))
	out, _ := sign(t, locking, key, signer.SignOptions{Field: "Một"})
	checkPdfsig(t, pki, save(t, "out.pdf", out), 1)
	for _, tt := range []struct {
		name, field string
		in          []byte
		want        string
	}{
		{"a locked field", "Hai", out, `"Một" locks field "Hai"`},
		{"another field", "", out, ""},
		{"seed values", "Một", with("SV", dict("Type", name("SV"), "Ff", pdf.Integer(2), "SubFilter", pdf.Array{name("adbe.pkcs7.sha1")})), "requires things of its signature"},
		{"wishes", "Một", with("SV", dict("Type", name("SV"), "SubFilter", pdf.Array{name("adbe.pkcs7.sha1")})), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			_, err := signer.Sign(context.Background(), bytes.NewReader(tt.in), key, signer.SignOptions{Field: tt.field, At: testpki.Now}, &b)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	twice, _ := sign(t, out, key, signer.SignOptions{})
	for i, v := range judge(t, pki, save(t, "twice.pdf", twice)) {
		if !v.Bottom {
			t.Errorf("pyHanko on signature %d: %+v", i+1, v)
		}
	}
}

// The dictionary has what EN 319 142-1 asks, and nothing that it forbids; the
// new field is on its page; the catalog says which extensions are used.
func TestSignatureDictionary(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	out, signed := sign(t, sample(t, "01-ward-report.pdf"), pki.Issue(testpki.Person("N", "UBND"), testpki.P256()).Key(), signer.SignOptions{Reason: "Ký"})
	v := open(t, out)
	list, err := v.Signatures()
	if err != nil || len(list) != 1 {
		t.Fatalf("%d signatures, %v", len(list), err)
	}
	s := list[0]
	if diff := cmp.Diff([]pdf.Name{"Type", "Filter", "SubFilter", "ByteRange", "Contents", "M", "Reason"}, s.Dict.Keys()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if s.Type != "Sig" || s.Filter != "Adobe.PPKLite" || s.SubFilter != "ETSI.CAdES.detached" {
		t.Errorf("/Type /%s /Filter /%s /SubFilter /%s", s.Type, s.Filter, s.SubFilter)
	}
	if m, _ := s.Dict.Get("M").(pdf.String); string(m.Value) != "D:20261121170000+07'00'" {
		t.Errorf("/M (%s)", m.Value)
	}
	r, err := pdf.ParseByteRange(s.ByteRange)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Check(s.Contents.Span, int64(len(out))); err != nil {
		t.Error(err)
	}
	if !bytes.HasPrefix(s.Contents.Value, signed.CMS) || len(bytes.Trim(s.Contents.Value[len(signed.CMS):], "\x00")) != 0 {
		t.Error("/Contents is not the CMS and zeros")
	}
	if flags, _ := s.Field.Dict.Int("F"); flags != 132 {
		t.Errorf("/F %d, want 132", flags)
	}
	if got := string(pdf.Canonical(s.Field.Dict.Get("Rect"))); !strings.Contains(got, "0 0 0 0") {
		t.Errorf("/Rect %s", got)
	}
	pages, err := v.Pages()
	if err != nil {
		t.Fatal(err)
	}
	annots, err := v.Array(pages[0].Dict.Get("Annots"))
	if err != nil || len(annots) == 0 || annots[len(annots)-1] != pdf.Object(s.Field.Ref) {
		t.Errorf("/Annots %v, want %v in it", annots, s.Field.Ref)
	}
	_, catalog, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	got := string(pdf.Canonical(catalog.Get("Extensions")))
	for _, want := range []string{"ESIC", "ISO_", "32002"} {
		if !strings.Contains(got, want) {
			t.Errorf("/Extensions %s, want %s in it", got, want)
		}
	}
}

// A visible signature stands upright where a reader sees the place that was
// asked for, however the page is turned and cropped.
func TestSignTurnedPages(t *testing.T) {
	t.Parallel()
	key := testpki.New(t).Issue(testpki.Person("N", "UBND"), testpki.P256()).Key()
	for _, turn := range []int64{0, 90, 180, 270} {
		t.Run(fmt.Sprint(turn), func(t *testing.T) {
			t.Parallel()
			in := revise(sample(t, "05-annex.pdf"), func(u *pdf.Update) {
				pages, err := u.View().Pages()
				if err != nil {
					panic(err)
				}
				page := pages[0].Dict.Clone()
				page.Set("Rotate", pdf.Integer(turn))
				page.Set("CropBox", ints(50, 100, 550, 800))
				u.Set(pages[0].Ref, page)
			})
			checkPlace(t, in, key)
		})
	}
}

// checkPlace signs with a picture whose upper left quarter is red, and looks for
// it on the page as it is shown.
func checkPlace(t *testing.T, in []byte, key keys.Key) {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 100, 30))
	draw.Draw(m, image.Rect(0, 0, 50, 15), image.NewUniform(color.NRGBA{255, 0, 0, 255}), image.Point{}, draw.Src)
	var quarter bytes.Buffer
	if err := png.Encode(&quarter, m); err != nil {
		t.Fatal(err)
	}
	out, _ := sign(t, in, key, signer.SignOptions{
		Profile: appearance.Custom, Lines: []string{""}, Image: quarter.Bytes(), Place: &signer.Placement{Page: 1, Rect: [4]float64{20, 10, 120, 40}},
	})
	file := save(t, "out.pdf", out)
	if out, err := run(t, "pdftoppm", "-cropbox", "-r", "72", "-png", "-singlefile", file, file); err != nil {
		t.Fatalf("pdftoppm: %v\n%s", err, out)
	}
	picture, err := os.Open(file + ".png")
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	page, err := png.Decode(picture)
	if err != nil {
		t.Fatal(err)
	}
	height := page.Bounds().Dy()
	for _, at := range []struct {
		x, y int // from the lower left corner
		red  bool
	}{{45, 32, true}, {95, 32, false}, {45, 17, false}, {95, 17, false}, {15, 32, false}, {45, 45, false}} {
		r, g, b, _ := page.At(at.x, height-at.y).RGBA()
		if red := r > 0xF000 && g < 0x1000 && b < 0x1000; red != at.red {
			t.Errorf("at %d, %d: red is %v, want %v", at.x, at.y, red, at.red)
		}
	}
}
