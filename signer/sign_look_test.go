package signer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

var auto = &signer.Placement{Auto: true}

func at(page int, r ...float64) *signer.Placement {
	return &signer.Placement{Page: page, Rect: [4]float64(r)}
}

// refused signs what must not be signed, and returns why.
func refused(t testing.TB, in []byte, key keys.Key, opts signer.SignOptions) error {
	t.Helper()
	opts.At = testpki.Now
	var out counter
	_, err := signer.Sign(context.Background(), bytes.NewReader(in), key, opts, &out)
	if err == nil || out.n != 0 {
		t.Errorf("signed, with error %v and %d bytes written", err, out.n)
	}
	return err
}

// A person signs between position and name, and the seal goes over a third of that:
// the letter is valid, and so say other programs. So it is with the text of annexes
// and copies, which stand on files of their own.
func TestSignInBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		letter        string
		person, place *signer.Placement
		anchor        string // a place that is the same as that of the person
	}{
		{"01-ward-report.pdf", auto, auto, "Chủ tịch"},
		{"02-district-submission.pdf", auto, auto, "PHÓ CHỦ TỊCH"},
		{"03-province-decision.pdf", auto, auto, "Vũ Đình Khĩnh"},
		{"04-official-letter.pdf", auto, auto, "CHÁNH VĂN PHÒNG"},
		{"08-ghostscript-pdfa.pdf", auto, auto, "Chủ tịch"},
		{"05-annex.pdf", at(-1, 372, 192, 502, 268), at(-1, 313, 179, 415, 281), ""}, // a table, without a block
		{"09-scanned.pdf", at(-1, 361, 512, 503, 575), auto, ""},                     // a scan: the seal finds the only signature
	} {
		t.Run(tt.letter, func(t *testing.T) {
			t.Parallel()
			in := sample(t, tt.letter)
			once, first := sign(t, in, w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: tt.person})
			twice, second := sign(t, once, w.agency.Key(), signer.SignOptions{Profile: appearance.Agency, Image: seal, Place: tt.place})
			sound(t, w, twice, 2)
			ours := strings.Contains("02 03 08", tt.letter[:2]) // the rest are judged by others, too
			if !ours {
				soundToOthers(t, w, in, twice, 2)
			}
			left, right := first.Place.Rect, second.Place.Rect
			if len(first.Warnings)+len(second.Warnings) > 0 {
				t.Errorf("warnings %q, %q", first.Warnings, second.Warnings)
			}
			// The test's picture is square, in the middle of its widget.
			side := min(left[2]-left[0], left[3]-left[1])
			edge := (left[0]+left[2]-side)/2 + side/3
			if tt.place == auto && math.Abs(right[2]-edge) > 0.1 || math.Abs(right[2]-right[0]-102.05) > 1 {
				t.Errorf("the seal is at %.1f, want its right edge at %.1f; the handwriting is at %.1f", right, edge, left)
			}
			if tt.anchor != "" {
				_, third := sign(t, in, w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: &signer.Placement{Anchor: tt.anchor}})
				if d := farthest(third.Place.Rect, left); d > 0.5 || third.Place.Page != first.Place.Page {
					t.Errorf("anchor %q: page %d at %.1f, want page %d at %.1f", tt.anchor, third.Place.Page, third.Place.Rect, first.Place.Page, left)
				}
			}
			for _, o := range []signer.SignOptions{
				{Profile: appearance.Annex, Corner: signer.Corner{Number: "731/QĐ-UBND"}},
				{Profile: appearance.Copy, Corner: signer.Corner{Kind: "TRÍCH SAO"}},
			} {
				out, _ := sign(t, in, w.agency.Key(), o)
				sound(t, w, out, 1)
				if annex := o.Profile == appearance.Annex; !ours && annex == (tt.letter[:2] < "05") {
					soundToOthers(t, w, in, out, 1) // of two letters each
				}
			}
		})
	}
}

func farthest(a, b [4]float64) (d float64) {
	for i := range a {
		d = max(d, math.Abs(a[i]-b[i]))
	}
	return d
}

// sound holds that a file is valid with n signatures of which each but the last is
// followed by signatures and nothing else.
func sound(t *testing.T, w *world, out []byte, n int) {
	t.Helper()
	r := validate(t, out, w.options())
	if r.Verdict != signer.VerdictValid || len(r.Signatures) != n {
		t.Errorf("want %d valid signatures: %s", n, summary(r))
	}
	for i, s := range r.Signatures {
		want := signer.ChangesSignature
		if i == n-1 {
			want = signer.ChangesNone
		}
		if s.Changes != want {
			t.Errorf("signature %d: changes %s, want %s: %s", i+1, s.Changes, want, summary(r))
		}
	}
	if found := find(r, "visible-signature-unchecked"); len(found) > 0 {
		t.Errorf("unchecked: %v", found)
	}
}

// soundToOthers holds that pdfsig, pyHanko and qpdf find nothing wrong either.
func soundToOthers(t *testing.T, w *world, in, out []byte, n int) {
	t.Helper()
	before, after := save(t, "in.pdf", in), save(t, "out.pdf", out)
	if a, b := complaints(t, before), complaints(t, after); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("qpdf --check: %v, before %v", b, a)
	}
	checkPdfsig(t, w.PKI, after, n)
	for i, v := range judge(t, w.PKI, after) {
		if !v.Bottom || !v.Valid || !v.Intact {
			t.Errorf("pyHanko on signature %d: %+v", i+1, v)
		}
	}
}

// What is not clear is refused, with what was looked for, what was found, and no
// byte written.
func TestSignInBlockRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	two := drawn(t, w.letter, "BT /D 14 Tf 100 120 Td (GIAM DOC) Tj 0 -80 Td (Tran Van An) Tj ET")
	signed, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: auto})
	many, _ := sign(t, signed, w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: at(1, 380, 190, 440, 250)})
	for _, tt := range []struct {
		name string
		in   []byte
		opts signer.SignOptions
		want string
	}{
		{"a scan", sample(t, "09-scanned.pdf"), signer.SignOptions{Profile: appearance.Personal, Place: auto}, "found a picture of a page (a scan)"},
		{"a seal on a scan that nobody signed", sample(t, "09-scanned.pdf"), signer.SignOptions{Profile: appearance.Agency, Place: auto}, "found a picture of a page (a scan)"},
		{"a table", sample(t, "05-annex.pdf"), signer.SignOptions{Profile: appearance.Personal, Place: auto}, "in the right half of page 8; found none there"},
		{"two blocks", two, signer.SignOptions{Profile: appearance.Personal, Place: auto}, "found 2: "},
		{"a block that is signed", signed, signer.SignOptions{Profile: appearance.Personal, Place: auto}, `found one with 1 signature(s): "Signature1"`},
		{"a seal and two handwritings", many, signer.SignOptions{Profile: appearance.Agency, Image: seal, Place: auto}, `found 2 signature(s): "Signature1"`},
		{"an anchor that is not there", w.letter, signer.SignOptions{Profile: appearance.Personal, Place: &signer.Placement{Anchor: "GIÁM ĐỐC"}}, `looked for the text "GIÁM ĐỐC"; found it on none of 1 pages`},
		{"an anchor without room", w.letter, signer.SignOptions{Profile: appearance.Personal, Place: &signer.Placement{Anchor: "Phòng Nội vụ"}}, "blank space"},
		{"a corner too small", w.letter, signer.SignOptions{Profile: appearance.Annex, Corner: signer.Corner{Number: "1/QĐ"}, Place: at(1, 500, 800, 560, 820)}, "is of 10 points"},
	} {
		if err := refused(t, tt.in, w.person.Key(), tt.opts); !errors.Is(err, signer.ErrNoPlace) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	number := signer.Corner{Number: "1/QĐ"}
	scanned, _ := sign(t, sample(t, "09-scanned.pdf"), w.person.Key(), signer.SignOptions{})
	if err := refused(t, scanned, w.person.Key(), signer.SignOptions{Profile: appearance.Annex, Corner: number}); !errors.Is(err, signer.ErrNoPlace) || !strings.Contains(err.Error(), "the 1 earlier signatures would be judged as changed") {
		t.Errorf("an annex that is a signed scan: %v", err)
	}
	for _, tt := range []struct {
		name string
		opts signer.SignOptions
		want string
	}{
		{"two places", signer.SignOptions{Profile: appearance.Personal, Place: &signer.Placement{Auto: true, Anchor: "a"}}, "more than one place"},
		{"a rectangle and an anchor", signer.SignOptions{Profile: appearance.Personal, Place: &signer.Placement{Page: 1, Anchor: "a"}}, "more than one place"},
		{"an annex in the block", signer.SignOptions{Profile: appearance.Annex, Corner: number, Place: auto}, "belongs in the upper right corner"},
		{"an annex without number", signer.SignOptions{Profile: appearance.Annex}, "731/QĐ-UBND"},
		{"an annex with a kind", signer.SignOptions{Profile: appearance.Annex, Corner: signer.Corner{Number: "1", Kind: "SAO Y"}}, "and no more"},
		{"an annex with an image", signer.SignOptions{Profile: appearance.Annex, Corner: number, Image: seal}, "no image"},
		{"a copy with text", signer.SignOptions{Profile: appearance.Copy, Corner: signer.Corner{Kind: "SAO Y"}, Lines: []string{"a"}}, "text of its own"},
		{"a copy of no kind", signer.SignOptions{Profile: appearance.Copy}, `"" is no form of a copy: want SAO Y, SAO LỤC, TRÍCH SAO`},
		{"a copy of another kind", signer.SignOptions{Profile: appearance.Copy, Corner: signer.Corner{Kind: "BẢN SAO"}}, `"BẢN SAO" is no form of a copy`},
		{"a copy with a number", signer.SignOptions{Profile: appearance.Copy, Corner: signer.Corner{Kind: "SAO Y", Number: "1"}}, "not with a number"},
		{"a number of two lines", signer.SignOptions{Profile: appearance.Annex, Corner: signer.Corner{Number: "1\n2"}}, "one line"},
		{"a number on a seal", signer.SignOptions{Profile: appearance.Agency, Corner: number, Place: auto}, `but profile "agency"`},
		{"the size of handwriting", signer.SignOptions{Profile: appearance.Personal, SealSize: 36, Place: auto}, "with profile agency only"},
		{"a seal of a metre", signer.SignOptions{Profile: appearance.Agency, SealSize: 1000, Place: auto}, "want 10 to 42"},
		{"a seal of no size", signer.SignOptions{Profile: appearance.Agency, SealSize: math.NaN(), Place: auto}, "want 10 to 42"},
	} {
		if err := refused(t, w.letter, w.person.Key(), tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "sign: ") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// A picture is shown as it is, and what is wrong with it or with its place is said.
func TestSignWarnsOfLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	solid := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for i := range solid.Pix {
		solid.Pix[i] = 0xFF
	}
	for i := 40 * 10 * 4; i < 40*30*4; i += 4 {
		solid.SetNRGBA(i/4%40, i/4/40, color.NRGBA{200, 0, 0, 255})
	}
	var opaque bytes.Buffer
	if err := png.Encode(&opaque, solid); err != nil {
		t.Fatal(err)
	}
	signed, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: auto})
	scanned, _ := sign(t, sample(t, "09-scanned.pdf"), w.person.Key(), signer.SignOptions{})
	gray := ring(color.NRGBA{80, 80, 80, 255})
	for _, tt := range []struct {
		name string
		in   []byte
		opts signer.SignOptions
		want string // of the only warning; "" for none
	}{
		{"a seal on white", signed, signer.SignOptions{Profile: appearance.Agency, Image: opaque.Bytes(), Place: auto}, "no transparent ground"},
		{"a gray seal", signed, signer.SignOptions{Profile: appearance.Agency, Image: gray, Place: auto}, "want red"},
		{"red handwriting", w.letter, signer.SignOptions{Profile: appearance.Personal, Image: seal, Place: auto}, "the image is red, want blue"},
		{"any picture without a profile", w.letter, signer.SignOptions{Profile: appearance.Custom, Image: gray, Place: auto}, ""},
		{"over the letter", signed, signer.SignOptions{Profile: appearance.Custom, Place: at(1, 100, 500, 250, 560)}, "will be judged as changed"},
		{"over the letter, the first", w.letter, signer.SignOptions{Profile: appearance.Custom, Place: at(1, 100, 500, 250, 560)}, ""},
		{"beside the letter", signed, signer.SignOptions{Profile: appearance.Custom, Place: at(1, 60, 20, 160, 80)}, ""},
		{"a copy of a scan", sample(t, "09-scanned.pdf"), signer.SignOptions{Profile: appearance.Copy, Corner: signer.Corner{Kind: "SAO Y"}}, "lies over an image: look whether it hides something"},
		{"over a scan", scanned, signer.SignOptions{Profile: appearance.Custom, Place: at(1, 60, 20, 160, 80)}, "over an image, outside of a signing block"},
		{"an annex over text", w.letter, signer.SignOptions{Profile: appearance.Annex, Corner: signer.Corner{Number: "1/QĐ"}, Place: at(1, 100, 500, 350, 560)}, "lies over the text"},
	} {
		_, s := sign(t, tt.in, w.agency.Key(), tt.opts)
		if tt.want == "" && len(s.Warnings) > 0 || tt.want != "" && (len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], tt.want)) {
			t.Errorf("%s: warnings %q, want %q", tt.name, s.Warnings, tt.want)
		}
	}
}

// said returns what a signature's widget says to those who cannot see it.
func said(t testing.TB, data []byte, field string) string {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(data), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	fields, err := f.Latest().Fields()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range fields {
		if x.FullName == field {
			s, _ := x.Dict.Get("TU").(pdf.String)
			return pdf.DecodeText(s)
		}
	}
	return ""
}

// The time in the corner is the time of signing in Vietnam, to the second, as ISO
// 8601 writes it, whatever zone the machine is in.
func TestCornerTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256(), testpki.Valid(time.Unix(0, 0), time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC))).Key()
	letter := sample(t, "05-annex.pdf")
	random := rand.New(rand.NewPCG(30, 2020))
	for range 40 {
		at := time.Unix(random.Int64N(1<<33), random.Int64N(1e9)).In(time.FixedZone("", random.IntN(25*3600)-12*3600))
		out, s := sign(t, letter, key, signer.SignOptions{Profile: appearance.Annex, Corner: signer.Corner{Number: "731/QĐ-UBND"}, At: at})
		text := said(t, out, s.Field)
		stamp, ok := strings.CutPrefix(text, "Số: 731/QĐ-UBND; Thời gian ký: ")
		got, err := time.Parse("2006-01-02T15:04:05+07:00", stamp)
		if !ok || err != nil || got.Add(-7*time.Hour).Unix() != at.Unix() {
			t.Errorf("%v: says %q, %v", at, text, err)
		}
	}
}

// What is drawn in the corner can be read, letter by letter, and is as the Decree
// has it; a picture alone is described to those who cannot see it.
func TestCornerText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	letter := sample(t, "05-annex.pdf")
	long := strings.Repeat("Chi nhánh Văn phòng Đăng ký đất đai ", 5) + "Phổ Yên"
	for _, tt := range []struct {
		profile appearance.Profile
		corner  signer.Corner
		want    string
	}{
		{appearance.Annex, signer.Corner{Number: "731/QĐ-UBND"}, "Số: 731/QĐ-UBND Thời gian ký: 2026-11-21T17:00:00+07:00"},
		{appearance.Copy, signer.Corner{Kind: "SAO Y"}, "SAO Y UBND phường Ba Hàng Thời gian ký: 2026-11-21T17:00:00+07:00"},
		{appearance.Copy, signer.Corner{Kind: "SAO LỤC", Agency: "Sở Nội vụ (" + letters[:60] + ")"}, "SAO LỤC Sở Nội vụ (" + letters[:60] + ") Thời gian ký: 2026-11-21T17:00:00+07:00"},
		{appearance.Copy, signer.Corner{Kind: "TRÍCH SAO", Agency: long}, "TRÍCH SAO " + long + " Thời gian ký: 2026-11-21T17:00:00+07:00"},
	} {
		out, s := sign(t, letter, w.agency.Key(), signer.SignOptions{Profile: tt.profile, Corner: tt.corner})
		got := grown(t, text(t, save(t, "in.pdf", letter)), text(t, save(t, "out.pdf", out)))
		if diff := cmp.Diff(words(tt.want), got, cmpopts.SortSlices(strings.Compare)); diff != "" {
			t.Errorf("%s: pdftotext grows by (-want +got):\n%s", tt.profile, diff)
		}
		if r := s.Place.Rect; s.Place.Page != 1 || r[3] < 820 || r[2] < 540 || r[2] > 560 {
			t.Errorf("%s: at %v of page %d, want the upper right corner of page 1", tt.profile, r, s.Place.Page)
		}
	}
	out, s := sign(t, w.letter, w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: auto})
	if got := said(t, out, s.Field); !strings.HasPrefix(got, "Ký bởi: Nguyễn Văn Nghĩa; Cơ quan: UBND phường Ba Hàng; Thời gian ký: ") {
		t.Errorf("the picture says %q", got)
	}
}
