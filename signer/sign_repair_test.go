package signer_test

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

var lastStartXRef = regexp.MustCompile(`startxref\s+\d+\s+%%EOF\s*$`)

// misled is a file whose end points to where no cross-reference section is.
func misled(in []byte) []byte {
	return lastStartXRef.ReplaceAll(in, []byte("startxref\n7\n%%EOF\n"))
}

// A damaged file is refused; where repair is asked for it is signed, says what was
// done, and is from then on a sound file for everybody.
func TestSignRepairs(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	for _, name := range []string{"01-ward-report.pdf", "06-xref-stream.pdf", "10-encrypted.pdf"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			letter := sample(t, name)
			in := misled(letter)
			var refused bytes.Buffer
			_, err := signer.Sign(context.Background(), bytes.NewReader(in), key, signer.SignOptions{At: testpki.Now}, &refused)
			if !errors.Is(err, pdf.ErrXRef) || refused.Len() > 0 {
				t.Errorf("without repair: error %v, %d bytes written", err, refused.Len())
			}
			first, signed := sign(t, in, key, signer.SignOptions{Repair: true})
			if signed.Repair == nil || signed.Repair.Objects == 0 || len(signed.Warnings) != 1 || !strings.Contains(signed.Warnings[0], "the file is damaged") {
				t.Errorf("repair %v, warnings %q", signed.Repair, signed.Warnings)
			}
			out, signed := sign(t, first, key, signer.SignOptions{Repair: true})
			if signed.Repair != nil || len(signed.Warnings) > 0 {
				t.Errorf("repaired again: %v, warnings %q", signed.Repair, signed.Warnings)
			}
			if !bytes.HasPrefix(out, in) {
				t.Error("the bytes of the input are not the first of the output")
			}
			path := save(t, "out.pdf", out)
			if got := complaints(t, path); len(got) > 0 {
				t.Errorf("qpdf: %q", got)
			}
			if got, want := text(t, path), text(t, save(t, "letter.pdf", letter)); got != want {
				t.Errorf("the text is %.200q, want %.200q", got, want)
			}
			says, err := run(t, "pdfsig", "-nocert", path)
			if err != nil || strings.Count(says, "Signature is Valid.") != 2 || strings.Count(says, "- Total document signed") != 1 {
				t.Errorf("pdfsig: %v\n%s", err, says)
			}
		})
	}
}

// A repair makes one revision of all that was there, which no signature in it would
// survive: such a file is refused even then.
func TestSignDoesNotRepairSignatures(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	signed, _ := sign(t, sample(t, "01-ward-report.pdf"), key, signer.SignOptions{})
	var out bytes.Buffer
	_, err := signer.Sign(context.Background(), bytes.NewReader(misled(signed)), key, signer.SignOptions{At: testpki.Now, Repair: true}, &out)
	if !errors.Is(err, pdf.ErrRepair) || out.Len() > 0 {
		t.Errorf("error %v, %d bytes written", err, out.Len())
	}
}

// A repaired file reaches every level in one go.
func TestSignRepairsToLevelBLTA(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	out, signed := sign(t, misled(sample(t, "01-ward-report.pdf")), key, signer.SignOptions{
		Level: signer.LevelBLTA, Repair: true, TSA: pki.Stamper(), Trust: pki.Trust(), Evidence: pki.Evidence(), At: pki.Time(),
	})
	if signed.Repair == nil || signed.Level != signer.LevelBLTA || signed.Archive == nil {
		t.Errorf("found %+v", signed)
	}
	if got := complaints(t, save(t, "out.pdf", out)); len(got) > 0 {
		t.Errorf("qpdf: %q", got)
	}
}

// Annotations that are part of the page's array become objects of their own with
// the first signature, since pyHanko takes them for changed with the second; after
// a signature they stay as they are.
func TestSignOwnsAnnotations(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	annotate := func(in []byte) []byte {
		return revise(in, func(u *pdf.Update) {
			pages, err := u.View().Pages()
			if err != nil {
				panic(err)
			}
			page := pages[0].Dict.Clone()
			annots, _ := u.View().Array(page.Get("Annots"))
			page.Set("Annots", append(annots, dict("Type", name("Annot"), "Subtype", name("Link"), "Rect", ints(10, 10, 90, 30), "Border", ints(0, 0, 1))))
			u.Set(pages[0].Ref, page)
		})
	}
	direct := func(file []byte) (n, of int) {
		pages, err := open(t, file).Pages()
		if err != nil {
			t.Fatal(err)
		}
		annots, err := open(t, file).Array(pages[0].Dict.Get("Annots"))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range annots {
			if _, ok := o.(*pdf.Dict); ok {
				n++
			}
		}
		return n, len(annots)
	}
	first, _ := sign(t, annotate(sample(t, "01-ward-report.pdf")), key, signer.SignOptions{})
	if n, of := direct(first); n != 0 || of != 2 {
		t.Errorf("after one signature %d of %d annotations are direct, want 0 of 2", n, of)
	}
	second, _ := sign(t, first, key, signer.SignOptions{})
	for _, v := range judge(t, pki, save(t, "out.pdf", second)) {
		if !v.Bottom || v.Modification == "OTHER" {
			t.Errorf("pyHanko: %+v", v)
		}
	}
	third, _ := sign(t, annotate(second), key, signer.SignOptions{})
	if n, of := direct(third); n != 1 || of != 5 {
		t.Errorf("after a signature %d of %d annotations are direct, want 1 of 5", n, of)
	}
}
