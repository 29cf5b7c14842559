package signer_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"lienthong/certs"
	"lienthong/signer"
)

func why(t testing.TB, r *signer.Report, lang signer.Language) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteWhy(&b, lang); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The walk through the decision: each row is a file and lines that must stand
// there, in this order.
func TestWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	letter := byHand{key: w.person.Key(), field: "Ký"}.sign(t, w.letter)
	tampered := bytes.Replace(letter, []byte("/MediaBox"), []byte("/mediaBox"), 1)
	if bytes.Equal(letter, tampered) {
		t.Fatal("nothing to tamper with")
	}
	untrusted, unlisted := w.options(), w.options()
	untrusted.Trust = certs.NewTrust()
	unlisted.Evidence = certs.NewEvidence()
	noClaim := w.options()
	noClaim.Claim = nil
	for _, tt := range []struct {
		name  string
		file  []byte
		opts  signer.Options
		lang  signer.Language
		lines []string
	}{
		{"a good letter", letter, w.options(), signer.Vietnamese, []string{"HỢP LỆ", "✓ 1. ", "✓ 2. Phần đã ký", "✓ 3. ", "! 4. ", "không có bằng chứng", "✓ 5. ", "✓ 6. ", "✓ 7. ", "✓ 8. ", "G19.32.01 (người có thẩm quyền)", "→ Kết luận: hợp lệ", "✓ Không phát hiện", "Cần làm: có thể sử dụng tệp"}},
		{"no claim", letter, noClaim, signer.English, []string{"✓ 7. ", "– 8. Does the signer speak", "not asked", "Conclusion: valid"}},
		{"a tampered letter", tampered, w.options(), signer.Vietnamese, []string{"KHÔNG HỢP LỆ", "✓ 1. ", "✗ 2. ", "đã bị thay đổi", "RFC 5652", "– 5. ", "– 6. ", "(HASH_FAILURE)", "Ý nghĩa: phần đã ký bị thay đổi", "Cần làm: không sử dụng tệp", "KHÔNG HỢP LỆ"}},
		{"an unknown CA", letter, untrusted, signer.English, []string{"✓ 2. ", "✗ 5. ", "no path to a trusted CA", "– 6. ", "(NO_CERTIFICATE_CHAIN_FOUND)", "anyone can make such a one", "UNDETERMINED"}},
		{"no status", letter, unlisted, signer.English, []string{"✗ 6. ", "(CERTIFICATE_CHAIN_GENERAL_FAILURE)", "fresh revocation lists"}},
		{"changed later", addAnnotation(t, letter, "FreeText"), w.options(), signer.English, []string{"✓ 2. ", "✗ 3. What was added", "the content was changed", "object", "FORMAT_FAILURE"}},
		{"not signed", w.letter, w.options(), signer.English, []string{"NOT SIGNED", "nobody has signed this file"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := why(t, validate(t, tt.file, tt.opts), tt.lang)
			rest := text
			for _, line := range tt.lines {
				i := strings.Index(rest, line)
				if i < 0 {
					t.Fatalf("no %q, or not in order, in\n%s", line, text)
				}
				rest = rest[i+len(line):]
			}
		})
	}
}

// Every way not to pass says what it means and what to do, in both languages, and
// no text from a file can move the cursor of a terminal.
func TestWhyAdvice(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("report.go")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`SubIndication += "([A-Z_]+)"`).FindAllSubmatch(source, -1)
	if len(all) < 20 {
		t.Fatalf("%d sub-indications in report.go", len(all))
	}
	for _, m := range all {
		r := &signer.Report{Verdict: signer.VerdictIndeterminate, Signatures: []signer.Signature{{
			Field: "a\x1b[2Jb", Indication: signer.Indeterminate, SubIndication: signer.SubIndication(m[1]),
			Findings: []signer.Finding{{Name: "new-name", Result: signer.Warning, Detail: "x\ny"}},
		}}}
		for lang, label := range map[signer.Language]string{signer.English: "What to do: ", signer.Vietnamese: "Cần làm: "} {
			text := why(t, r, lang)
			if strings.Count(text, label) != 2 {
				t.Errorf("%s: no advice in\n%s", m[1], text)
			}
			if strings.Contains(text, "\x1b") || strings.Contains(text, "x\ny") || !strings.Contains(text, "new-name") {
				t.Errorf("%s: %q", m[1], text)
			}
		}
	}
}
