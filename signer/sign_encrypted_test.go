package signer_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// encryptions are the security handlers that files come with, as qpdf makes them.
var encryptions = []struct {
	name string
	args []string
}{
	{"RC4 40 revision 2", []string{"40"}},
	{"RC4 128 revision 3", []string{"128", "--use-aes=n"}},
	{"RC4 128 revision 4", []string{"128", "--use-aes=n", "--force-V4"}},
	{"AES-128", []string{"128", "--use-aes=y"}},
	{"AES-128 clear metadata", []string{"128", "--use-aes=y", "--cleartext-metadata"}},
	{"AES-256 revision 5", []string{"256", "--force-R5"}},
	{"AES-256 revision 6", []string{"256"}},
	{"AES-256 clear metadata", []string{"256", "--cleartext-metadata"}},
}

// encrypt has qpdf encrypt a file for a user password and the owner password "o".
func encrypt(t *testing.T, data []byte, objects, user string, how ...string) []byte {
	t.Helper()
	in := save(t, "in.pdf", data)
	out := filepath.Join(filepath.Dir(in), "out.pdf")
	args := append([]string{"--allow-weak-crypto", "--object-streams=" + objects, "--encrypt", user, "o"}, how...)
	if says, err := run(t, "qpdf", append(args, "--", in, out)...); err != nil {
		t.Fatalf("qpdf: %v\n%s", err, says)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// An encrypted file that opens without a password is signed, and signed again, to
// be seen and with words of the signer's: other programs must read these, and the
// file, with and without the encryption.
func TestSignEncrypted(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	t.Run("sample 10", func(t *testing.T) {
		t.Parallel()
		signEncrypted(t, pki, sample(t, "10-encrypted.pdf"), true)
	})
	letter := sample(t, "02-district-submission.pdf")
	for _, e := range encryptions {
		for _, objects := range []string{"disable", "generate"} {
			t.Run(e.name+" object streams "+objects, func(t *testing.T) {
				t.Parallel()
				// pyHanko cannot open revision 5, which Adobe gave up for 6 within a year, and
				// takes its time: one of the two is enough for it.
				withPyHanko := objects == "generate" && e.name != "AES-256 revision 5"
				signEncrypted(t, pki, encrypt(t, letter, objects, "", e.args...), withPyHanko)
			})
		}
	}
}

func signEncrypted(t *testing.T, pki *testpki.PKI, in []byte, withPyHanko bool) {
	t.Helper()
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	const reason = "Ký (ban hành) nghĩa"
	first, _ := sign(t, in, key, signer.SignOptions{Reason: reason})
	out, _ := sign(t, first, key, signer.SignOptions{
		Reason: reason, Profile: appearance.Custom, Lines: []string{"Đã ký rồi"},
		Place: &signer.Placement{Page: -1, Rect: [4]float64{60, 60, 260, 120}},
	})
	if !bytes.HasPrefix(first, in) || !bytes.HasPrefix(out, first) {
		t.Fatal("the bytes of the input are not the first of the output")
	}
	before, after := save(t, "in.pdf", in), save(t, "out.pdf", out)
	if a, b := complaints(t, before), complaints(t, after); len(b) > len(a) {
		t.Errorf("qpdf --check before: %q, after: %q", a, b)
	}
	was, _ := run(t, "qpdf", "--show-encryption", before)
	if is, _ := run(t, "qpdf", "--show-encryption", after); is != was {
		t.Errorf("encryption before:\n%s\nafter:\n%s", was, is)
	}
	says, err := run(t, "pdfsig", "-nocert", after)
	if err != nil || strings.Count(says, "Signature is Valid.") != 2 || strings.Count(says, "- Total document signed") != 1 {
		t.Errorf("pdfsig: %v\n%s", err, says)
	}
	plain := filepath.Join(filepath.Dir(after), "plain.pdf")
	if says, err := run(t, "qpdf", "--decrypt", after, plain); err != nil {
		t.Fatalf("qpdf --decrypt: %v\n%s", err, says)
	}
	for _, path := range []string{after, plain} {
		if got, want := text(t, path), text(t, before); !strings.Contains(got, "Đã ký rồi") || !strings.HasPrefix(squeeze(got), squeeze(want)[:100]) {
			t.Errorf("%s: the text is %.200q, and was %.200q", filepath.Base(path), got, want)
		}
	}
	if withPyHanko {
		verdicts := judge(t, pki, after)
		for _, v := range verdicts {
			if !v.Intact || !v.Valid || !v.Trusted || !v.Bottom || v.Reason != reason {
				t.Errorf("pyHanko: %+v", v)
			}
		}
		if len(verdicts) != 2 {
			t.Errorf("pyHanko finds %d signatures, want 2", len(verdicts))
		}
	}
	clearContents(t, out)
}

// clearContents wants the signatures not to be encrypted (ISO 32000-2, 7.6.2): the
// first bytes of a SEQUENCE.
func clearContents(t *testing.T, out []byte) {
	t.Helper()
	signatures, err := open(t, out).Signatures()
	if err != nil || len(signatures) != 2 {
		t.Fatalf("%d signatures, %v", len(signatures), err)
	}
	for _, s := range signatures {
		if der := hex.EncodeToString(s.Contents.Value[:2]); der != "3082" {
			t.Errorf("/Contents begins with %s, want 3082", der)
		}
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// What the author of an encrypted file does not allow is refused by name, and so
// is a file that asks for a password; nothing is written.
func TestSignEncryptedRefuses(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	letter := sample(t, "01-ward-report.pdf")
	withField := revise(letter, func(u *pdf.Update) {
		addField(u, dict("FT", name("Sig"), "T", pdf.TextString("Seal"), "Type", name("Annot"), "Subtype", name("Widget"), "Rect", ints(0, 0, 0, 0), "F", pdf.Integer(4)))
	})
	for _, tt := range []struct {
		name  string
		in    []byte
		user  string
		field string
		how   []string
		want  error // nil: it is signed
	}{
		{name: "password", in: letter, user: "u", how: []string{"256"}, want: signer.ErrEncrypted},
		{name: "password, old", in: letter, user: "u", how: []string{"40"}, want: signer.ErrEncrypted},
		{name: "all allowed", in: letter, how: []string{"256"}},
		{name: "annotations allowed", in: letter, how: []string{"128", "--use-aes=y", "--modify=annotate"}, want: signer.ErrNotAllowed},
		{name: "annotations and other allowed", in: letter, how: []string{"128", "--use-aes=y", "--modify-other=y", "--annotate=y"}},
		{name: "form allowed, new field", in: letter, how: []string{"256", "--modify=form"}, want: signer.ErrNotAllowed},
		{name: "form allowed, existing field", in: withField, field: "Seal", how: []string{"256", "--modify=form"}},
		{name: "assembly allowed, existing field", in: withField, field: "Seal", how: []string{"256", "--modify=assembly"}, want: signer.ErrNotAllowed},
		{name: "nothing allowed", in: letter, how: []string{"256", "--modify=none"}, want: signer.ErrNotAllowed},
		{name: "nothing allowed, existing field", in: withField, field: "Seal", how: []string{"128", "--use-aes=n", "--modify=none"}, want: signer.ErrNotAllowed},
		{name: "nothing allowed, 40 bits", in: letter, how: []string{"40", "--modify=n"}, want: signer.ErrNotAllowed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := encrypt(t, tt.in, "preserve", tt.user, tt.how...)
			var out bytes.Buffer
			_, err := signer.Sign(context.Background(), bytes.NewReader(in), key, signer.SignOptions{At: testpki.Now, Field: tt.field}, &out)
			switch {
			case !errors.Is(err, tt.want):
				t.Errorf("error %v, want %v", err, tt.want)
			case err != nil && out.Len() > 0:
				t.Errorf("%d bytes written", out.Len())
			case err == nil:
				if says, err := run(t, "pdfsig", "-nocert", save(t, "out.pdf", out.Bytes())); err != nil || !strings.Contains(says, "Signature is Valid.") {
					t.Errorf("pdfsig: %v\n%s", err, says)
				}
			}
		})
	}
}
