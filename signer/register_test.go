package signer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

var issued = time.Date(2026, 11, 26, 9, 30, 0, 0, time.FixedZone("+07", 7*3600))

// byPerson and byAgency are the two signatures of the law's order.
func byPerson() signer.SignOptions {
	return signer.SignOptions{Profile: appearance.Personal, Image: hand, Lines: []string{""},
		Place: &signer.Placement{Page: -1, Rect: [4]float64{360, 350, 490, 430}}}
}

func byAgency(number string, date time.Time) signer.SignOptions {
	return signer.SignOptions{Profile: appearance.Agency, Image: seal, Lines: []string{""}, Number: number, Date: date}
}

// sealed is a letter in the law's order, after each of its steps.
func (w *world) sealed(t testing.TB, name string, person signer.SignOptions) (signed, sealed []byte) {
	t.Helper()
	prepared, _ := prepareDraft(t, draft(t, name), signer.DraftOptions{})
	signed, _ = sign(t, prepared, w.person.Key(), person)
	sealed, made := sign(t, signed, w.agency.Key(), byAgency("45", issued))
	if made.Field != signer.FieldSeal {
		t.Fatalf("the agency signed in %q", made.Field)
	}
	return signed, sealed
}

func valueOf(t testing.TB, data []byte, name string) string {
	t.Helper()
	for _, f := range fields(t, data) {
		if s, ok := f.Value.(pdf.String); ok && f.FullName == name {
			return pdf.DecodeText(s)
		}
	}
	return ""
}

// The whole order, judged here and by two others, with and without a certification
// that allows forms.
func TestTheLawsOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		name, file, number string
		certify            int
	}{
		{"spaces", "01-blanks.pdf", "45/BC-UBND", 0},
		{"dots", "02-dots.pdf", "45/QĐ-UBND", 0},
		{"certified", "01-blanks.pdf", "45/BC-UBND", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			person := byPerson()
			person.Certify = tt.certify
			signed, sealed := w.sealed(t, tt.file, person)
			keep(t, "order-"+tt.file, sealed)
			r := validate(t, sealed, w.options())
			if r.Verdict != signer.VerdictValid || !r.Original || r.Signatures[0].Changes != signer.ChangesForm || r.Signatures[1].Coverage != signer.CoverageWhole {
				t.Fatalf("want a valid original: %s", summary(r))
			}
			said := find(r, "registration")
			if len(said) != 1 || said[0].Result != signer.Passed || !strings.Contains(said[0].Detail, `number "45", day "26", month "11"`) {
				t.Errorf("registration: %+v", said)
			}
			if got := valueOf(t, sealed, signer.FieldNumber) + valueOf(t, signed, signer.FieldNumber); got != "45" {
				t.Errorf("number %q", got)
			}
			text, err := run(t, "pdftotext", "-layout", save(t, "sealed.pdf", sealed), "-")
			if err != nil || !strings.Contains(strings.Join(strings.Fields(text), " "), "tháng") {
				t.Fatalf("pdftotext: %v %s", err, text)
			}
			if bare := strings.Join(strings.Fields(strings.ReplaceAll(text, ".", "")), ""); !strings.Contains(bare, tt.number) && tt.file == "01-blanks.pdf" {
				t.Errorf("the page does not read %q:\n%s", tt.number, text)
			}
			file := save(t, "order.pdf", sealed)
			if diff := cmp.Diff(complaints(t, save(t, "draft.pdf", draft(t, tt.file))), complaints(t, file)); diff != "" {
				t.Errorf("qpdf --check (-draft +sealed):\n%s", diff)
			}
			checkPdfsig(t, w.PKI, file, 2)
			for i, v := range judge(t, w.PKI, file) {
				if !v.Bottom || i == 0 && v.Modification != "FORM_FILLING" {
					t.Errorf("pyHanko on signature %d: %+v", i+1, v)
				}
			}
		})
	}
}

// What is filled in after the personal signature, and what is not.
func TestRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prepared, _ := prepareDraft(t, draft(t, "01-blanks.pdf"), signer.DraftOptions{})
	signed, _ := sign(t, prepared, w.person.Key(), byPerson())
	locked, _ := sign(t, editField(t, prepared, signer.FieldSeal, func(u *pdf.Update, d *pdf.Dict) {
		d.Set("Lock", u.Add(dict("Action", name("Include"), "Fields", pdf.Array{pdf.TextString("khác")})))
	}), w.person.Key(), byPerson())
	whole, _ := prepareDraft(t, draft(t, "01-blanks.pdf"), signer.DraftOptions{Date: &signer.Placement{Page: 1, Rect: [4]float64{320, 640, 500, 656}}})
	filled, _ := sign(t, signed, w.agency.Key(), byAgency("45", issued))
	for _, tt := range []struct {
		name   string
		in     []byte
		number string
		date   time.Time
		err    string // or what is filled in:
		values map[string]string
	}{
		{name: "a number without the printed symbol", in: signed, number: "45", values: map[string]string{signer.FieldNumber: "45"}},
		{name: "a number with it", in: signed, number: "45/BC-UBND", values: map[string]string{signer.FieldNumber: "45"}},
		{name: "another symbol", in: signed, number: "45/QĐ-UBND", err: `prints "/BC-UBND" after the number, and the number is "45/QĐ-UBND"`},
		{name: "no number", in: signed, number: "bốn lăm", err: `does not read as a number`},
		{name: "a number that does not fit", in: signed, number: "12345678901", err: "leave a wider blank"},
		{name: "a day below ten and a month below three", in: signed, date: time.Date(2026, 2, 5, 0, 0, 0, 0, issued.Location()),
			values: map[string]string{signer.FieldDate + ".day": "05", signer.FieldDate + ".month": "02"}},
		{name: "another year", in: signed, date: issued.AddDate(1, 0, 0), err: `and the date is ngày 26 tháng 11 năm 2027`},
		{name: "a whole date", in: whole, number: "45", date: issued, values: map[string]string{signer.FieldDate: "ngày 26 tháng 11 năm 2026"}},
		{name: "filled in already", in: filled, number: "45", err: `"lienthong.number" is filled in already`},
		{name: "a lock on other fields", in: locked, number: "45", err: `the lock of field "lienthong.seal" leaves out field "lienthong.number"`},
		{name: "no field", in: draft(t, "01-blanks.pdf"), number: "45/BC-UBND", err: "prepare the draft before the first signature"},
		{name: "printed as it is given", in: w.letter, number: "45/BC-UBND", values: map[string]string{signer.FieldNumber: ""}},
		{name: "printed otherwise", in: w.letter, number: "46/BC-UBND", err: `prints the number "45/BC-UBND", and "46/BC-UBND" was to be filled in`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opts := signer.SignOptions{Number: tt.number, Date: tt.date, At: testpki.Now}
			var out bytes.Buffer
			_, err := signer.Sign(context.Background(), bytes.NewReader(tt.in), w.agency.Key(), opts, &out)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || out.Len() > 0 {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for field, want := range tt.values {
				if got := valueOf(t, out.Bytes(), field); got != want {
					t.Errorf("field %q is %q, want %q", field, got, want)
				}
			}
		})
	}
}

// A file whose seal has no field of its own locks what came with the seal.
func TestRegisterLocksInANewField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prepared, _ := prepareDraft(t, draft(t, "01-blanks.pdf"), signer.DraftOptions{Without: []string{signer.FieldSeal}})
	signed, _ := sign(t, prepared, w.person.Key(), byPerson())
	sealed, _ := sign(t, signed, w.agency.Key(), signer.SignOptions{Number: "45", Date: issued})
	if r := validate(t, sealed, w.options()); r.Verdict != signer.VerdictValid || !r.Original {
		t.Fatalf("want a valid original: %s", summary(r))
	}
	forged := refill(t, sealed, signer.FieldNumber, "46", "46")
	if r := validate(t, forged, w.options()); r.Verdict != signer.VerdictInvalid || len(find(r, "field-mdp")) == 0 {
		t.Errorf("want invalid by field-mdp: %s", summary(r))
	}
}

// An earlier signature that locks everything leaves nothing to fill in.
func TestRegisterRespectsLocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prepared, _ := prepareDraft(t, draft(t, "01-blanks.pdf"), signer.DraftOptions{})
	signed := byHand{key: w.person.Key(), field: "Ký", entries: fieldMDP("Include", signer.FieldNumber)}.sign(t, prepared)
	opts := byAgency("45", issued)
	opts.At = testpki.Now
	_, err := signer.Sign(context.Background(), bytes.NewReader(signed), w.agency.Key(), opts, &bytes.Buffer{})
	if !errors.Is(err, signer.ErrCertified) || !strings.Contains(err.Error(), `locks field "lienthong.number"`) {
		t.Errorf("error %v", err)
	}
}

// refill gives a text field a value, and an appearance that shows another.
func refill(t testing.TB, in []byte, field, value, shown string) []byte {
	t.Helper()
	return editField(t, in, field, func(u *pdf.Update, d *pdf.Dict) {
		d.Set("V", pdf.TextString(value))
		look, err := appearance.DrawLine(u, appearance.Line{Text: shown, Width: 39, Height: 14.95, Size: 13})
		if err != nil {
			t.Fatal(err)
		}
		d.Set("AP", dict("N", look))
	})
}

// What forgers do to the three fields, before the seal and after it.
func TestForgedRegistrations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	signed, sealed := w.sealed(t, "01-blanks.pdf", byPerson())
	move := func(in []byte, r pdf.Array) []byte {
		return editField(t, in, signer.FieldNumber, func(_ *pdf.Update, d *pdf.Dict) { d.Set("Rect", r) })
	}
	for _, tt := range []struct {
		name    string
		file    []byte
		verdict signer.Verdict
		finding string
		says    string
	}{
		{"another number after the seal", refill(t, sealed, signer.FieldNumber, "46", "46"), "invalid", "field-mdp", "lienthong.number"},
		{"another day after the seal", refill(t, sealed, signer.FieldDate+".day", "01", "01"), "invalid", "field-mdp", "lienthong.date.day"},
		{"another look after the seal", editField(t, sealed, signer.FieldNumber, func(u *pdf.Update, d *pdf.Dict) {
			look, _ := appearance.DrawLine(u, appearance.Line{Text: "46", Width: 39, Height: 14.95, Size: 13})
			d.Set("AP", dict("N", look))
		}), "invalid", "later-changes", "the value does not"},
		{"a value for the field above them", editField(t, sealed, "lienthong", func(_ *pdf.Update, d *pdf.Dict) { d.Set("V", pdf.TextString("46")) }), "invalid", "", ""},
		{"hidden after the seal", editField(t, sealed, signer.FieldNumber, func(_ *pdf.Update, d *pdf.Dict) { d.Set("F", pdf.Integer(2)) }), "invalid", "later-changes", "/F"},
		{"moved after the seal", move(sealed, ints(100, 500, 139, 515)), "invalid", "later-changes", "/Rect"},
		{"shown and stated differently", refill(t, signed, signer.FieldNumber, "45", "46"), "invalid", "later-changes", `the field shows "46", and its value is "45"`},
		{"moved over other text", move(refill(t, signed, signer.FieldNumber, "45", "45"), ints(100, 500, 139, 515)), "invalid", "later-changes", "/Rect"},
		{"enlarged", move(refill(t, signed, signer.FieldNumber, "45", "45"), ints(0, 0, 595, 842)), "invalid", "later-changes", "/Rect"},
		{"an image in place of a number", editField(t, signed, signer.FieldNumber, func(u *pdf.Update, d *pdf.Dict) {
			d.Set("V", pdf.TextString("45"))
			look, err := appearance.Draw(u, appearance.Content{Profile: appearance.Agency, Width: 39, Height: 15, Image: seal})
			if err != nil {
				t.Fatal(err)
			}
			d.Set("AP", dict("N", look))
		}), "invalid", "later-changes", "shows an image"},
		{"another look under the mouse", editField(t, refill(t, signed, signer.FieldNumber, "45", "45"), signer.FieldNumber, func(u *pdf.Update, d *pdf.Dict) {
			ap, _ := u.View().Dict(d.Get("AP"))
			ap = ap.Clone()
			look, _ := appearance.DrawLine(u, appearance.Line{Text: "46", Width: 39, Height: 14.95, Size: 13})
			ap.Set("R", look)
			d.Set("AP", ap)
		}), "invalid", "later-changes", "/AP"},
		{"another look under the mouse at once", editField(t, signed, signer.FieldNumber, func(u *pdf.Update, d *pdf.Dict) {
			look, _ := appearance.DrawLine(u, appearance.Line{Text: "45", Width: 39, Height: 14.95, Size: 13})
			other, _ := appearance.DrawLine(u, appearance.Line{Text: "46", Width: 39, Height: 14.95, Size: 13})
			d.Set("V", pdf.TextString("45"))
			d.Set("AP", dict("N", look, "R", other))
		}), "invalid", "later-changes", "under the mouse"},
		// No lie, and nobody's: whoever reads it has to know.
		{"filled in without a seal", refill(t, signed, signer.FieldNumber, "45", "45"), "valid", "filled-fields", `not that of a passing signature of an agency, fills in number "45"`},
		{"a value that is not shown", editField(t, signed, signer.FieldNumber, func(_ *pdf.Update, d *pdf.Dict) { d.Set("V", pdf.TextString("45")) }),
			"valid", "field-appearance", `shows "", and its value is "45"`},
		{"another value behind what was shown", editField(t, refill(t, signed, signer.FieldNumber, "45", "45"), signer.FieldNumber, func(_ *pdf.Update, d *pdf.Dict) { d.Set("V", pdf.TextString("46")) }),
			"valid", "field-appearance", `shows "45", and its value is "46"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := validate(t, tt.file, w.options())
			said := strings.Join(warnings(r), "\n")
			if r.Verdict != tt.verdict || !strings.Contains(said, tt.finding) || !strings.Contains(said, tt.says) {
				t.Errorf("want %s with %q %q: %s", tt.verdict, tt.finding, tt.says, summary(r))
			}
			if r.Original && tt.name != "" {
				t.Error("it has the value of an original")
			}
		})
	}
}

// Who prepares a draft can put a field over its text, which the person who signs
// does not see. What is then filled in must not hide that text.
func TestFieldThatHidesText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		name    string
		rect    [4]float64
		verdict signer.Verdict
	}{
		{"over the text", [4]float64{80, 560, 560, 600}, signer.VerdictInvalid},
		{"over the dots of the blank", [4]float64{163, 680, 191, 696}, signer.VerdictValid},
		{"over blank page", [4]float64{80, 20, 560, 60}, signer.VerdictValid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			prepared, _ := prepareDraft(t, draft(t, "02-dots.pdf"), signer.DraftOptions{Number: &signer.Placement{Page: 1, Rect: tt.rect},
				Without: []string{signer.FieldDate, signer.FieldSeal}})
			signed, _ := sign(t, prepared, w.person.Key(), signer.SignOptions{})
			forged := editField(t, signed, signer.FieldNumber, func(u *pdf.Update, d *pdf.Dict) {
				d.Set("V", pdf.TextString("45"))
				text, err := appearance.DrawLine(u, appearance.Line{Text: "45", Width: 20, Height: 15, Size: 13})
				if err != nil {
					t.Fatal(err)
				}
				width, height := int64(tt.rect[2]-tt.rect[0]), int64(tt.rect[3]-tt.rect[1])
				ground := fmt.Sprintf("1 g 0 0 %d %d re f /T Do", width, height)
				d.Set("AP", dict("N", u.Add(pdf.NewStream(dict("Subtype", name("Form"), "BBox", ints(0, 0, width, height),
					"Resources", dict("XObject", dict("T", text))), []byte(ground)))))
			})
			r := validate(t, forged, w.options())
			if r.Verdict != tt.verdict || tt.verdict == signer.VerdictInvalid && !strings.Contains(strings.Join(warnings(r), " "), "covers the text") {
				t.Errorf("want %s: %s", tt.verdict, summary(r))
			}
		})
	}
}

// An encrypted draft that its author lets others fill in goes the same way, and so
// does one that gets evidence between the two signatures.
func TestTheLawsOrderElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, in := range map[string][]byte{
		"with evidence":  draft(t, "01-blanks.pdf"),
		"encrypted":      encrypt(t, draft(t, "01-blanks.pdf"), "disable", "", "256"),
		"object streams": encrypt(t, draft(t, "01-blanks.pdf"), "generate", "", "128", "--use-aes=y"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prepared, _ := prepareDraft(t, in, signer.DraftOptions{})
			signed, _ := sign(t, prepared, w.person.Key(), byPerson())
			if name == "with evidence" {
				signed = addDSS(t, signed, w.CA.Certificate.Raw)
			}
			sealed, _ := sign(t, signed, w.agency.Key(), byAgency("45", issued))
			if r := validate(t, sealed, w.options()); r.Verdict != signer.VerdictValid || !r.Original {
				t.Fatalf("want a valid original: %s", summary(r))
			}
			for i, v := range judge(t, w.PKI, save(t, "sealed.pdf", sealed)) {
				if !v.Bottom {
					t.Errorf("pyHanko on signature %d: %+v", i+1, v)
				}
			}
			text, err := run(t, "pdftotext", "-layout", save(t, "sealed.pdf", sealed), "-")
			if err != nil || !strings.Contains(strings.Join(strings.Fields(text), ""), "45/BC-UBND") {
				t.Errorf("pdftotext: %v\n%s", err, text)
			}
		})
	}
}

// A second person who signs beside the empty field of the seal, as the law places
// the two, changes nothing.
func TestSecondPersonBesideTheEmptySeal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prepared, _ := prepareDraft(t, draft(t, "01-blanks.pdf"), signer.DraftOptions{})
	once, _ := sign(t, prepared, w.person.Key(), signer.SignOptions{}) // initials, invisible
	twice, _ := sign(t, once, w.person.Key(), byPerson())
	sealed, _ := sign(t, twice, w.agency.Key(), byAgency("45", issued))
	if r := validate(t, sealed, w.options()); r.Verdict != signer.VerdictValid || !r.Original {
		t.Errorf("want a valid original: %s", summary(r))
	}
}

// On a page that is shown turned, text stands upright in its blank.
func TestRegisterOnATurnedPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, turn := range []int64{90, 180, 270} {
		in := editPage(t, draft(t, "01-blanks.pdf"), func(_ *pdf.Update, page *pdf.Dict) { page.Set("Rotate", pdf.Integer(turn)) })
		place := &signer.Placement{Page: 1, Rect: [4]float64{100, 300, 180, 315}}
		prepared, _ := prepareDraft(t, in, signer.DraftOptions{Number: place, Without: []string{signer.FieldDate, signer.FieldSeal}})
		sealed, _ := sign(t, prepared, w.agency.Key(), signer.SignOptions{Number: "45/BC-UBND"})
		keep(t, "turned.pdf", sealed)
		if r := validate(t, sealed, w.options()); r.Verdict != signer.VerdictValid {
			t.Errorf("turned by %d: %s", turn, summary(r))
		}
		text, err := run(t, "pdftotext", "-x", "95", "-y", "280", "-W", "100", "-H", "300", save(t, "turned.pdf", sealed), "-")
		if err != nil || turn != 180 && !strings.Contains(text, "45/BC-UBND") {
			t.Errorf("turned by %d, pdftotext at the place: %v %q", turn, err, text)
		}
	}
}

// Where nobody says whose the file is, the report cannot call it the agency's doing,
// and must not say that it is a stranger's.
func TestFilledWithoutClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prepared, _ := prepareDraft(t, draft(t, "01-blanks.pdf"), signer.DraftOptions{})
	signed, _ := sign(t, prepared, w.person.Key(), signer.SignOptions{})
	sealed, _ := sign(t, signed, w.agency.Key(), signer.SignOptions{Number: "45", Date: testpki.Now})
	opts := w.options()
	opts.Claim = nil
	r := validate(t, sealed, opts)
	said := strings.Join(warnings(r), "\n")
	if r.Verdict != signer.VerdictValid || !strings.Contains(said, `that of the signature in "lienthong.seal", of whose agency nothing is known here, fills in number "45"`) {
		t.Errorf("%s", summary(r))
	}
}
