package signer_test

import (
	"strings"
	"testing"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// drawn is the file with more content on page 1, where the fonts Đ (every letter is
// half the size wide) and K (nobody says how wide) can be used.
func drawn(t testing.TB, in []byte, ops string) []byte {
	t.Helper()
	return editPage(t, in, func(u *pdf.Update, page *pdf.Dict) { drawMore(t, u, page, ops) })
}

func drawMore(t testing.TB, u *pdf.Update, page *pdf.Dict, ops string) {
	t.Helper()
	var widths pdf.Array
	for range 95 {
		widths = append(widths, pdf.Integer(500))
	}
	resources, err := u.View().Dict(page.Get("Resources"))
	if err != nil {
		t.Fatal(err)
	}
	resources = resources.Clone()
	fonts, _ := u.View().Dict(resources.Get("Font"))
	fonts = fonts.Clone()
	fonts.Set("D", u.Add(pdf.NewDict(entry("Type", pdf.Name("Font")), entry("Subtype", pdf.Name("TrueType")), entry("Encoding", pdf.Name("WinAnsiEncoding")),
		entry("FirstChar", pdf.Integer(32)), entry("Widths", widths))))
	fonts.Set("K", u.Add(pdf.NewDict(entry("Type", pdf.Name("Font")), entry("Subtype", pdf.Name("Type1")), entry("BaseFont", pdf.Name("Helvetica")))))
	resources.Set("Font", fonts)
	page.Set("Resources", resources)
	// What the page's own content leaves behind does not matter here.
	list := pdf.Array{u.Add(pdf.NewStream(pdf.NewDict(), []byte("q"))), page.Get("Contents"), u.Add(pdf.NewStream(pdf.NewDict(), []byte("Q "+ops)))}
	page.Set("Contents", list)
}

// What a further visible signature may lie over. The person has signed the letter
// between position line (CHỦ TỊCH, at 279) and name (at 149 to 164).
func TestVisibleSignatureOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := w.Issue(testpki.Agency("UBND phường khác"))
	byPerson := func(in []byte) []byte {
		out, _ := sign(t, in, w.person.Key(), signer.SignOptions{Profile: appearance.Personal, Place: &signer.Placement{Page: 1, Rect: [4]float64{372, 192, 502, 268}}})
		return out
	}
	letter := byPerson(w.letter)
	seal := func(in []byte, key keys.Key, r ...int) []byte {
		return byHand{key: key, field: "Dấu", page: true, widget: []pdf.Entry{entry("Rect", rect(r[0], r[1], r[2], r[3]))}}.sign(t, in)
	}
	agency := w.agency.Key()
	noClaim, integrity := w.options(), w.options()
	noClaim.Claim = nil
	integrity.Policy = signer.IntegrityPolicy()
	stamp := annotation("Stamp")
	stamp.Set("Rect", rect(50, 20, 150, 60))
	for _, tt := range []struct {
		name    string
		file    []byte
		opts    signer.Options
		verdict signer.Verdict
		changes signer.Changes
		finding string // not passed; empty for none
		says    string
	}{
		{"blank page", seal(letter, agency, 60, 20, 160, 80), w.options(), "valid", "signature", "", ""},
		{"a third of the person's signature", seal(letter, agency, 316, 178, 418, 280), w.options(), "valid", "signature", "", ""},
		{"the name, by the agency", seal(letter, agency, 380, 157, 480, 230), w.options(), "valid", "signature", "", ""},
		{"the name, by a stranger", seal(letter, stranger.Key(), 380, 157, 480, 230), w.options(), "invalid", "content", "later-changes", "not bound to the agency"},
		{"the name, and nobody claims an agency", seal(letter, agency, 380, 157, 480, 230), noClaim, "valid", "signature", "visible-signature-unchecked", "block of an earlier signature"},
		{"the name, and trust is left out", seal(letter, agency, 380, 157, 480, 230), integrity, "intact", "signature", "visible-signature-unchecked", "block of an earlier signature"},
		{"the name and more, out of the block", seal(letter, agency, 380, 140, 480, 230), w.options(), "invalid", "content", "later-changes", "Nghĩa"},
		{"the name and more, to the left of the block", seal(letter, agency, 255, 157, 420, 230), w.options(), "invalid", "content", "later-changes", "lies over the text"},
		{"the body", seal(letter, agency, 100, 500, 250, 560), w.options(), "invalid", "content", "later-changes", `lies over the text "`},
		{"a comma's width of the body", seal(letter, agency, 240, 773, 244, 777), w.options(), "invalid", "content", "later-changes", "YÊN"},
		{"the first stroke of a letter", seal(letter, agency, 239, 773, 242, 777), w.options(), "invalid", "content", "later-changes", "YÊN"},
		{"a scanned page", seal(byPerson(sample(t, "09-scanned.pdf")), agency, 60, 20, 160, 80), w.options(), "invalid", "content", "later-changes", "an image"},
		{"a rule", seal(byPerson(drawn(t, w.letter, "60 50 m 160 50 l S")), agency, 60, 20, 160, 80), w.options(), "valid", "signature", "", ""},
		{"a drawing", seal(byPerson(drawn(t, w.letter, "60 50 m 70 70 80 70 90 50 c f")), agency, 60, 20, 160, 80), w.options(), "valid", "signature", "visible-signature-unchecked", "a drawing"},
		{"text of unknown width", seal(byPerson(drawn(t, w.letter, "BT /K 10 Tf 60 50 Td (abc) Tj ET")), agency, 60, 20, 160, 80), w.options(), "valid", "signature", "visible-signature-unchecked", "how wide"},
		{"beside text of unknown width", seal(byPerson(drawn(t, w.letter, "BT /K 10 Tf 60 50 Td (abc) Tj ET")), agency, 100, 20, 160, 80), w.options(), "valid", "signature", "", ""},
		{"text that cannot be read", seal(byPerson(drawn(t, w.letter, "BI /W 1 ID ")), agency, 60, 20, 160, 80), w.options(), "valid", "signature", "visible-signature-unchecked", "without end"},
		{"text that is not shown", seal(byPerson(drawn(t, w.letter, "BT 3 Tr /D 10 Tf 60 50 Td (abc) Tj ET")), agency, 60, 20, 160, 80), w.options(), "valid", "signature", "", ""},
		{"what a stamp shows", seal(byPerson(editPage(t, w.letter, func(u *pdf.Update, page *pdf.Dict) {
			look := pdf.NewStream(pdf.NewDict(entry("Subtype", pdf.Name("Form")), entry("BBox", rect(0, 0, 100, 40)),
				entry("Resources", pdf.NewDict(entry("Font", pdf.NewDict(entry("D", pdf.NewDict(entry("Subtype", pdf.Name("Type3")), entry("FontMatrix", pdf.Array{pdf.Real{Value: 0.001}, pdf.Integer(0), pdf.Integer(0), pdf.Real{Value: 0.001}, pdf.Integer(0), pdf.Integer(0)}),
					entry("FontBBox", rect(0, 0, 500, 700)), entry("FirstChar", pdf.Integer(65)), entry("Widths", pdf.Array{pdf.Integer(500)}))))))),
			), []byte("BT /D 20 Tf 10 10 Td (AAAA) Tj ET"))
			stamp.Set("AP", pdf.NewDict(entry("N", u.Add(look))))
			page.Set("Annots", pdf.Array{u.Add(stamp)})
		})), agency, 55, 25, 120, 55), w.options(), "invalid", "content", "later-changes", "lies over text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := validate(t, tt.file, tt.opts)
			if r.Verdict != tt.verdict || r.Signatures[0].Changes != tt.changes {
				t.Fatalf("want %s with changes %q: %s", tt.verdict, tt.changes, summary(r))
			}
			for _, f := range r.Signatures[0].Findings {
				if f.Name == "later-changes" && (f.Result == signer.Passed) == (tt.changes == "content") {
					t.Errorf("%+v", f)
				}
			}
			said := ""
			for _, line := range warnings(r) {
				if !strings.Contains(line, "agency-binding") {
					said += line + "\n"
				}
			}
			if tt.finding == "" && said != "" || !strings.Contains(said, tt.finding) || !strings.Contains(said, tt.says) {
				t.Errorf("want a finding %q with %q: %s", tt.finding, tt.says, summary(r))
			}
			if passed := r.Signatures[0].Indication == signer.TotalPassed; passed == (tt.changes == "content") {
				t.Errorf("the signature that is followed: %s", summary(r))
			}
		})
	}
}

// What a tool wrote on the page while it sealed the letter is content, and quoted.
func TestRegistrationText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	letter, _ := sign(t, drawn(t, w.letter, "q Q"), w.person.Key(), signer.SignOptions{})
	write := func(ops string, drop bool) func(*pdf.Update) {
		return func(u *pdf.Update) {
			pages, err := u.View().Pages()
			if err != nil {
				t.Fatal(err)
			}
			page := pages[0].Dict.Clone()
			list, _ := u.View().Array(page.Get("Contents"))
			if drop {
				list = list[:1]
			}
			page.Set("Contents", append(list[:len(list):len(list)], u.Add(pdf.NewStream(pdf.NewDict(), []byte(ops)))))
			u.Set(pages[0].Ref, page)
		}
	}
	number := "BT /D 12 Tf 100 700 Td (S\\364: 123/UBND) Tj ET"
	for _, tt := range []struct {
		name string
		file []byte
		says string // empty for no such finding
	}{
		{"with the agency's signature", byHand{key: w.agency.Key(), field: "Dấu", update: write(number, false)}.sign(t, letter), `"Sô: 123/UBND"`},
		{"with a person's", byHand{key: w.person.Key(), field: "Dấu", update: write(number, false)}.sign(t, letter), ""},
		{"in a revision of its own", revise(letter, write(number, false)), ""},
		{"in place of other text", byHand{key: w.agency.Key(), field: "Dấu", update: write(number, true)}.sign(t, letter), ""},
		{"a rule, and no text", byHand{key: w.agency.Key(), field: "Dấu", update: write("0 0 m 9 0 l S", false)}.sign(t, letter), ""},
	} {
		r := validate(t, tt.file, w.options())
		if r.Verdict != signer.VerdictInvalid || r.Signatures[0].Changes != signer.ChangesContent || r.Signatures[0].SubIndication != signer.FormatFailure {
			t.Errorf("%s: %s", tt.name, summary(r))
		}
		found := find(r, "registration-text")
		if tt.says == "" && len(found) > 0 || tt.says != "" && (len(found) != 1 || !strings.Contains(found[0].Detail, tt.says)) {
			t.Errorf("%s: want %q: %s", tt.name, tt.says, summary(r))
		}
	}
}
