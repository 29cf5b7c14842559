package signer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationserifregular"
	"github.com/google/go-cmp/cmp"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// draft reads a letter whose number and date are still to come.
func draft(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "drafts", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func prepareDraft(t testing.TB, in []byte, opts signer.DraftOptions) ([]byte, *signer.Drafted) {
	t.Helper()
	out, made, err := tryPrepare(in, opts)
	if err != nil {
		t.Fatal(err)
	}
	return out, made
}

func tryPrepare(in []byte, opts signer.DraftOptions) ([]byte, *signer.Drafted, error) {
	opts.At = testpki.Now
	var out bytes.Buffer
	made, err := signer.PrepareDraft(context.Background(), bytes.NewReader(in), opts, &out)
	return out.Bytes(), made, err
}

// typed is a draft with lines at places, in points from the upper left corner, as a
// word processor would set them.
type typedLine struct {
	x, y float64
	text string
}

func typed(t testing.TB, lines ...typedLine) []byte {
	t.Helper()
	f := fpdf.New("P", "pt", "A4", "")
	f.SetCatalogSort(true)
	f.AddPage()
	f.AddUTF8FontFromBytes("Serif", "", liberationserifregular.TTF)
	f.SetFont("Serif", "", 13)
	for _, l := range lines {
		f.Text(l.x, l.y, l.text)
	}
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func placed(made *signer.Drafted) (list []string) {
	for _, f := range made.Fields {
		list = append(list, strings.TrimPrefix(f.Name, "lienthong."))
	}
	return list
}

// The fields of letters that LibreOffice made stand in the blanks, and the file
// stays what it was.
func TestPrepareDraft(t *testing.T) {
	t.Parallel()
	for name, dotted := range map[string]bool{"01-blanks.pdf": false, "02-dots.pdf": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := draft(t, name)
			out, made := prepareDraft(t, in, signer.DraftOptions{})
			if !bytes.HasPrefix(out, in) || made.Size != int64(len(out)) {
				t.Error("the draft's bytes are not the beginning of the output")
			}
			if diff := cmp.Diff([]string{"number", "date.day", "date.month", "seal"}, placed(made)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if got := len(made.Warnings) > 0; got != dotted {
				t.Errorf("warnings %q", made.Warnings)
			}
			if diff := cmp.Diff(complaints(t, save(t, "in.pdf", in)), complaints(t, save(t, "out.pdf", out))); diff != "" {
				t.Errorf("qpdf --check (-in +out):\n%s", diff)
			}
			for _, f := range fields(t, out) {
				if f.FullName == "lienthong" || f.FullName == "lienthong.date" {
					continue
				}
				ap, _ := open(t, out).Dict(f.Dict.Get("AP"))
				flags, _ := f.Dict.Int("F")
				if !ap.Has("N") || flags&4 == 0 || !f.Dict.Has("TU") || f.Type == "Tx" && (f.Flags&1 == 0 || !f.Dict.Has("DA")) || f.Type == "Sig" && !f.Dict.Has("Lock") {
					t.Errorf("field %q is %s", f.FullName, pdf.Canonical(f.Dict))
				}
			}
			if form(t, out).Has("NeedAppearances") {
				t.Error("viewers are told to draw the fields anew")
			}
		})
	}
}

// What the blanks of a head look like, and what is said where there is none.
func TestPrepareDraftFinds(t *testing.T) {
	t.Parallel()
	const place = "Ba Hàng, ngày      tháng      năm 2026"
	for _, tt := range []struct {
		name         string
		number, date string // lines
		fields       string // number, and parts of the date
		printed      string
		err          string
	}{
		{name: "blank before the symbol", number: "Số:        /BC-UBND", date: place, fields: "number date.day date.month"},
		{name: "a number of the Party", number: "Số        -QĐ/ĐU", date: place, fields: "number date.day date.month"},
		{name: "nothing after the colon", number: "Số:", date: place, fields: "number date.day date.month"},
		{name: "marks apart from their letters", number: "So\u0302\u0301:        /BC-UBND", date: place, fields: "number date.day date.month"},
		{name: "underscores", number: "Số: ______/QĐ-UBND", date: place, fields: "number date.day date.month"},
		{name: "both are printed", number: "Số: 45/BC-UBND", date: "Ba Hàng, ngày 05 tháng 02 năm 2026", printed: "45/BC-UBND ngày 05 tháng 02 năm 2026"},
		{name: "the day is blank", number: "Số: 45/BC-UBND", date: "Ba Hàng, ngày      tháng 3 năm 2026", fields: "date.day", printed: "45/BC-UBND"},
		{name: "the year is blank", number: "Số: 45/BC-UBND", date: "ngày      tháng      năm", fields: "date.day date.month date.year", printed: "45/BC-UBND"},
		{name: "no room for a number", number: "Số: /BC-UBND", date: place, err: `the blank before "/BC-UBND" is 3 points wide`},
		{name: "no room for a day", number: "Số: 45/BC-UBND", date: "ngày tháng      năm 2026", err: `the blank after "ngày" is 3 points wide`},
		{name: "no line of a number", number: "Tổng số liệu", date: place, err: `no line "Số:" in the head of page 1`},
		{name: "no line of a date", number: "Số: 45/BC-UBND", date: "Ba Hàng", err: `no line "…, ngày`},
		{name: "half a year", number: "Số: 45/BC-UBND", date: "ngày      tháng      năm 20", err: `the year is printed in part: "20"`},
		{name: "words for a number", number: "Số: chưa cấp", date: place, err: `has "chưa", neither a number nor a blank`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := typed(t, typedLine{90, 120, tt.number}, typedLine{310, 140, tt.date}, typedLine{90, 700, "Số: 99/X"})
			_, made, err := tryPrepare(in, signer.DraftOptions{Seal: &signer.Placement{Page: 1, Rect: [4]float64{300, 100, 402, 202}}})
			if tt.err != "" {
				if !errors.Is(err, signer.ErrNoBlank) || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, want := strings.Join(placed(made), " "), strings.TrimSpace(tt.fields+" seal"); got != want {
				t.Errorf("fields %q, want %q", got, want)
			}
			if got := strings.TrimSpace(made.Number + " " + made.Date); got != tt.printed {
				t.Errorf("printed %q, want %q", got, tt.printed)
			}
		})
	}
}

// The letters of the samples have their numbers; every one gets a field for the seal
// left of its signing block, and none below the text of its other column.
func TestPrepareDraftOfPrintedLetters(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]string{
		"01-ward-report.pdf": "45/BC-UBND", "02-district-submission.pdf": "112/TTr-UBND", "03-province-decision.pdf": "731/QĐ-UBND",
		"04-official-letter.pdf": "27/UBND-VP", "06-xref-stream.pdf": "45/BC-UBND", "07-linearized.pdf": "45/BC-UBND",
		"08-ghostscript-pdfa.pdf": "45/BC-UBND", "10-encrypted.pdf": "45/BC-UBND",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, made := prepareDraft(t, sample(t, name), signer.DraftOptions{})
			if got := strings.Join(placed(made), " "); got != "seal" || made.Number != number || made.Date == "" {
				t.Errorf("fields %q, number %q, date %q", got, made.Number, made.Date)
			}
			r := made.Fields[0].Rect
			if mm := (r[2] - r[0]) / 72 * 25.4; math.Abs(mm-36) > 0.01 || r[0] < 250 || r[2] > 450 {
				t.Errorf("the seal is at %v, %.2f mm wide, want 36 mm left of the block", r, mm)
			}
		})
	}
}

func TestPrepareDraftRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	blanks := draft(t, "01-blanks.pdf")
	signed, _ := sign(t, blanks, w.person.Key(), signer.SignOptions{})
	prepared, _ := prepareDraft(t, blanks, signer.DraftOptions{})
	withFormEntry := func(key string, value pdf.Object) []byte {
		return editCatalog(t, blanks, func(_ *pdf.Update, c *pdf.Dict) { c.Set("AcroForm", dict("Fields", pdf.Array{}, key, value)) })
	}
	at := func(page int, r ...float64) *signer.Placement {
		return &signer.Placement{Page: page, Rect: [4]float64{r[0], r[1], r[2], r[3]}}
	}
	for _, tt := range []struct {
		name string
		in   []byte
		opts signer.DraftOptions
		is   error
		text string
	}{
		{name: "a signed file", in: signed, is: signer.ErrDraftSigned, text: `"Signature1" is there`},
		{name: "a prepared file", in: prepared, is: signer.ErrDraftFields, text: `"lienthong" is there`},
		{name: "XFA", in: withFormEntry("XFA", pdf.TextString("")), is: signer.ErrDraftForm, text: "XFA"},
		{name: "appearances to be drawn anew", in: withFormEntry("NeedAppearances", pdf.Bool(true)), is: signer.ErrDraftForm, text: "NeedAppearances"},
		{name: "a certification", in: editCatalog(t, blanks, func(_ *pdf.Update, c *pdf.Dict) { c.Set("Perms", dict("DocMDP", dict())) }), is: signer.ErrCertified, text: "/Perms"},
		{name: "a scan", in: sample(t, "09-scanned.pdf"), is: signer.ErrNoBlank, text: "no line"},
		{name: "no such page", in: blanks, opts: signer.DraftOptions{Seal: at(3, 1, 1, 9, 9)}, text: "no page 3 in a file of 1 pages"},
		{name: "off the page", in: blanks, opts: signer.DraftOptions{Number: at(1, 500, 1, 700, 20)}, text: "is not within page 1"},
		{name: "nothing to do", in: sample(t, "01-ward-report.pdf"), opts: signer.DraftOptions{Without: []string{signer.FieldSeal}}, is: signer.ErrNoBlank, text: "nothing is to be done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, _, err := tryPrepare(tt.in, tt.opts)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want %q", err, tt.text)
			}
			if len(out) > 0 {
				t.Errorf("%d bytes were written all the same", len(out))
			}
		})
	}
}

// An existing form keeps what it has.
func TestPrepareDraftKeepsTheForm(t *testing.T) {
	t.Parallel()
	for how, direct := range map[string]bool{"direct": true, "indirect": false} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			in := withForm(draft(t, "01-blanks.pdf"), direct)
			out, _ := prepareDraft(t, in, signer.DraftOptions{})
			before, after := form(t, in), form(t, out)
			for _, key := range []pdf.Name{"DA", "CO"} {
				if !bytes.Equal(pdf.Canonical(before.Get(key)), pdf.Canonical(after.Get(key))) {
					t.Errorf("/%s is %s", key, pdf.Canonical(after.Get(key)))
				}
			}
			fonts, _ := open(t, out).Dict(after.Get("DR").(*pdf.Dict).Get("Font"))
			if !fonts.Has("Helv") || !fonts.Has("LienthongTimes") {
				t.Errorf("fonts of the form: %s", pdf.Canonical(fonts))
			}
			if got := fields(t, out)[0].FullName; got != "Số" {
				t.Errorf("first field %q", got)
			}
		})
	}
}

// Whatever a page holds, the answer is fields or an error.
func FuzzPrepareDraft(f *testing.F) {
	// Small ones: the engine takes a minute to make less of a large one.
	f.Add(typed(f, typedLine{90, 120, "Số:        /BC-UBND"}, typedLine{310, 140, "ngày      tháng      năm 2026"}, typedLine{330, 600, "CHỦ TỊCH"}, typedLine{330, 700, "Đỗ Nghĩa Sĩ"}))
	f.Add(typed(f, typedLine{90, 120, "Số: ..../QĐ"}, typedLine{90, 140, "ngày tháng năm"}))
	f.Add(typed(f, typedLine{90, 120, "Số:"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		out, made, err := tryPrepare(data, signer.DraftOptions{})
		if err != nil {
			return
		}
		if !bytes.HasPrefix(out, data) {
			t.Fatal("the draft's bytes changed")
		}
		f, err := pdf.Open(bytes.NewReader(out), pdf.DefaultLimits())
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		list, err := f.Latest().Fields()
		have := fmt.Sprint(func() (names []string) {
			for _, f := range list {
				names = append(names, f.FullName)
			}
			return names
		}())
		for _, want := range made.Fields {
			if err != nil || !strings.Contains(have, want.Name) {
				t.Errorf("field %q is not in %s: %v", want.Name, have, err)
			}
		}
	})
}
