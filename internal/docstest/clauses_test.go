package docstest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cited is how a clause stands in a finding: a standard, and where in it.
var cited = regexp.MustCompile(`^(ISO(?:/TS)? [\d-]+|(?:EN|TS) \d{3} \d{3}(?:-\d)?|RFC \d+|(?:Decree|TT|QĐ) \d+/\d{4}/[\p{L}-]+),? ((?:Art\. |annex |Appendix )?[\dA-Z][\w.]*)`)

// TestEveryCitedClauseHasARow compares the clauses that findings name with the
// tables of docs/standards.md, so that a check cannot rest on a standard that the
// document does not tell about.
func TestEveryCitedClauseHasARow(t *testing.T) {
	t.Parallel()
	rows := standards(documents(t)["docs/standards.md"])
	if len(rows) < 20 {
		t.Fatalf("docs/standards.md: found %d standards with rows, want its tables", len(rows))
	}
	for text, where := range stringsOfTree(t) {
		m := cited.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		if !slices.ContainsFunc(rows[m[1]], func(clause string) bool { return within(m[2], clause) }) {
			t.Errorf("%s: cites %q: docs/standards.md has no row for %s, clause %s", where, text, m[1], m[2])
		}
	}
}

// within reports whether a clause is row, or lies below it.
func within(clause, row string) bool {
	rest, ok := strings.CutPrefix(clause, row)
	return ok && (rest == "" || rest[0] == '.')
}

// standards reads the first two columns of every table: standard, clauses.
func standards(text string) map[string][]string {
	rows := map[string][]string{}
	for line := range strings.SplitSeq(text, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 6 || strings.HasPrefix(cells[1], "---") {
			continue
		}
		name := strings.TrimSpace(cells[1])
		for clause := range strings.SplitSeq(cells[2], ",") {
			rows[name] = append(rows[name], strings.TrimSpace(clause))
		}
	}
	return rows
}

// stringsOfTree are the string literals of all code that is not a test, each with
// one place where it stands.
func stringsOfTree(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && name != root && (base == "testdata" || base[0] == '.' || base[0] == '_') {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					found[s] = fset.Position(lit.Pos()).String()
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCited(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, standard, clause string }{
		{"ISO 32000-2 12.8.2.2", "ISO 32000-2", "12.8.2.2"},
		{"EN 319 142-1, 6.3", "EN 319 142-1", "6.3"},
		{"EN 319 142-1 annex A", "EN 319 142-1", "annex A"},
		{"RFC 5280 6.1.3 (a)(2)", "RFC 5280", "6.1.3"},
		{"Decree 30/2020/NĐ-CP Art. 5", "Decree 30/2020/NĐ-CP", "Art. 5"},
		{"TT 15/2025/TT-BKHCN, Appendix I", "TT 15/2025/TT-BKHCN", "Appendix I"},
		{"RFC 3339, such as", "", ""},
		{"ETSI.CAdES.detached", "", ""},
	} {
		var standard, clause string
		if m := cited.FindStringSubmatch(tt.text); m != nil {
			standard, clause = m[1], m[2]
		}
		if standard != tt.standard || clause != tt.clause {
			t.Errorf("%q: standard %q, clause %q; want %q, %q", tt.text, standard, clause, tt.standard, tt.clause)
		}
	}
	if !within("6.1.3", "6.1") || within("6.10", "6.1") {
		t.Error("a clause lies below another where a point follows it, and only there")
	}
}
