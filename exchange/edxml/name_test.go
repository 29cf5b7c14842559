package edxml

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSafeName(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"Công văn số 12.pdf":              "Công văn số 12.pdf",
		"../../etc/passwd":                "passwd",
		`..\..\windows\win.ini`:           "win.ini",
		"/abs.pdf":                        "abs.pdf",
		`C:\a.pdf`:                        "a.pdf",
		"a.pdf:stream":                    "a.pdf_stream",
		"..":                              "file",
		"":                                "file",
		"a/":                              "file",
		".bashrc":                         "bashrc",
		"a\x00b\n.pdf":                    "ab.pdf",
		"gpj.\u202efdp.exe":               "gpj.fdp.exe",
		"CON":                             "_CON",
		"nul.txt":                         "_nul.txt",
		"COM1.pdf":                        "_COM1.pdf",
		"a.pdf. . ":                       "a.pdf",
		"\xff\xfe.pdf":                    "pdf",
		strings.Repeat("ấ", 200) + ".pdf": strings.Repeat("ấ", 58) + ".pdf",
	} {
		if got := SafeName(given); got != want {
			t.Errorf("SafeName(%q) = %q, want %q", given, got, want)
		}
	}
}

func FuzzSafeName(f *testing.F) {
	f.Add("a/../b.pdf")
	f.Add("\x00. .con.txt")
	f.Fuzz(func(t *testing.T, name string) {
		got := SafeName(name)
		if got == "" || got[0] == '.' || len(got) > 201 || strings.ContainsAny(got, "/\\:\x00\n") || !utf8.ValidString(got) || got != SafeName(got) {
			t.Errorf("SafeName(%q) = %q, then %q", name, got, SafeName(got))
		}
	})
}

func TestUniqueNames(t *testing.T) {
	t.Parallel()
	taken := names{FolderMessage: 1, FolderJSON: 1}
	for _, step := range [][2]string{{"a.pdf", "a.pdf"}, {"A.PDF", "A (2).PDF"}, {"x/a.pdf", "a (3).pdf"}, {"message.json", "message (2).json"}, {"a (2).pdf", "a (2) (2).pdf"}} {
		if got := taken.unique(step[0]); got != step[1] {
			t.Errorf("%q became %q, want %q", step[0], got, step[1])
		}
	}
}
