package main

import (
	"strings"
	"testing"
)

// What is counted, and which files are named as differing.
func TestVerdictTables(t *testing.T) {
	t.Parallel()
	files := []*judgedFile{
		{name: "signed-valid/a/agreed.pdf", expected: "ACCEPT", good: true},
		{name: "signed-valid/a/lost.pdf", expected: "ACCEPT", finding: "byte-range (ISO 32000-2 12.8.1)", detail: "a|b"},
		{name: "signed-tampered/a/caught.pdf", expected: "REJECT", finding: "later-changes (X)", pdfsig: "", pyhanko: "Sig1: changes OTHER"},
		{name: "signed-tampered/a/missed.pdf", expected: "REJECT", good: true, pyhanko: "PdfReadError: x", pdfsig: "1 of 1 not valid"},
		{name: "signed-tampered/a/silent.pdf", expected: "WARN", good: true},
		{name: "signed-tampered/a/warned.pdf", expected: "WARN", good: true, warned: true, pyhanko: "unsigned"},
		{name: "signed-tampered/a/dos.pdf", expected: "NO-CRASH", pyhanko: "Late: x"},
	}
	var b strings.Builder
	if err := verdictTables(&b, files); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| ACCEPT kept, of others | 2 | 1 | 2 | 2 | 0 |",
		"| REJECT caught, of others | 2 | 1 | 2 | 1 | 2 |",
		"| WARN of tampered, not silent | 2 | 1 | 0 | 0 | 2 |",
		"| does not pass | later-changes (X) | does not pass: changes | passes | 1 | caught.pdf |",
		"| passes | nothing found wrong | does not pass: PdfReadError | does not pass: 1 of 1 not valid | 1 | missed.pdf |",
		"| lost.pdf | ACCEPT |  | byte-range (ISO 32000-2 12.8.1) | a/b |",
		"| missed.pdf | REJECT |", "| silent.pdf | WARN |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	for _, not := range []string{"agreed.pdf", "warned.pdf", "dos.pdf"} {
		if strings.Contains(b.String(), not) {
			t.Errorf("%q in\n%s", not, b.String())
		}
	}
}
