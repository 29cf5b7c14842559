package signer_test

import (
	"bytes"
	"strings"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// mislaid is a file whose first stream does not end where its /Length says.
func mislaid(in []byte) []byte {
	out := bytes.Clone(in)
	at := bytes.Index(out, []byte("stream\n"))
	at = bytes.LastIndex(out[:at], []byte("/Length ")) + len("/Length ")
	out[at] ^= 1 // another digit
	return out
}

// Where damaged files may be signed, a stream whose end not every reader finds is
// written anew with the first signature, so that pyHanko can read the file when it
// judges that signature after the second.
func TestSignMends(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	letter := sample(t, "01-ward-report.pdf")
	in := mislaid(letter)
	if out, signed := sign(t, in, key, signer.SignOptions{}); signed.Repair != nil || len(complaints(t, save(t, "out.pdf", out))) == 0 {
		t.Errorf("without being asked to: repair %v", signed.Repair)
	}
	first, signed := sign(t, in, key, signer.SignOptions{Repair: true})
	if signed.Repair == nil || signed.Repair.Cause != nil || len(signed.Repair.Mended) != 1 || len(signed.Warnings) != 1 ||
		!strings.Contains(signed.Warnings[0], "the file is damaged: written anew, since not every reader takes") {
		t.Errorf("repair %+v, warnings %q", signed.Repair, signed.Warnings)
	}
	second, signed := sign(t, first, key, signer.SignOptions{Repair: true})
	if signed.Repair != nil || !bytes.HasPrefix(second, in) {
		t.Errorf("mended again: %v, or the input is not the first of the output", signed.Repair)
	}
	path := save(t, "out.pdf", second)
	if got := complaints(t, path); len(got) > 0 {
		t.Errorf("qpdf: %q", got)
	}
	if got, want := text(t, path), text(t, save(t, "letter.pdf", letter)); got != want {
		t.Errorf("the text is %.200q, want %.200q", got, want)
	}
	othersValid(t, pki, path, 2)
	both, signed := sign(t, misled(in), key, signer.SignOptions{Repair: true})
	if signed.Repair == nil || signed.Repair.Cause == nil || len(signed.Repair.Mended) != 1 {
		t.Errorf("with the sections damaged too: repair %+v", signed.Repair)
	}
	if got := complaints(t, save(t, "both.pdf", both)); len(got) > 0 {
		t.Errorf("with the sections damaged too: qpdf: %q", got)
	}
}

// othersValid has pyHanko call each of n signatures valid, changes included.
func othersValid(t *testing.T, pki *testpki.PKI, path string, n int) {
	t.Helper()
	verdicts := judge(t, pki, path)
	if len(verdicts) != n {
		t.Errorf("pyHanko finds %d signatures, want %d", len(verdicts), n)
	}
	for _, v := range verdicts {
		if !v.Bottom || v.Modification == "OTHER" {
			t.Errorf("pyHanko: %+v", v)
		}
	}
}

// Fields that are part of the form's array become objects of their own with the
// first signature, as annotations do: pyHanko reads no such form.
func TestSignOwnsFields(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	in := revise(sample(t, "01-ward-report.pdf"), func(u *pdf.Update) {
		ref, root, err := u.View().Catalog()
		if err != nil {
			panic(err)
		}
		field := dict("FT", name("Tx"), "T", pdf.TextString("Số"), "V", pdf.TextString("15"))
		root = root.Clone()
		root.Set("AcroForm", dict("Fields", pdf.Array{field}))
		u.Set(ref, root)
	})
	first, _ := sign(t, in, key, signer.SignOptions{})
	second, _ := sign(t, first, key, signer.SignOptions{})
	fields, err := open(t, second).Fields()
	if err != nil || len(fields) != 3 {
		t.Fatalf("%d fields, error %v, want 3", len(fields), err)
	}
	value, _ := fields[0].Value.(pdf.String)
	if fields[0].Ref.IsZero() || fields[0].FullName != "Số" || pdf.DecodeText(value) != "15" {
		t.Errorf("found %+v", fields[0])
	}
	othersValid(t, pki, save(t, "out.pdf", second), 2)
}
