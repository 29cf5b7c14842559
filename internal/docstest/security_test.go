package docstest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namedTest is a test as docs/security.md names it: a package, a function, and of the
// tests that are scripts the script.
var namedTest = regexp.MustCompile("`([a-z0-9/]+)\\.(Test[A-Za-z0-9]+)(?:/([a-z]+))?`")

// Every threat of docs/security.md names a test that tries it, and every test that is
// named there exists: a control whose test was removed is no longer claimed.
func TestThreatsHaveTests(t *testing.T) {
	t.Parallel()
	text, ok := documents(t)["docs/security.md"]
	if !ok {
		t.Fatal("no docs/security.md")
	}
	functions := map[string]map[string]bool{}
	rows := 0
	for line := range strings.Lines(text) {
		named := namedTest.FindAllStringSubmatch(line, -1)
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| threat ") {
			if rows++; len(named) == 0 {
				t.Errorf("no test is named by the row\n%s", line)
			}
		}
		for _, m := range named {
			pkg, name, script := m[1], m[2], m[3]
			if functions[pkg] == nil {
				functions[pkg] = testsOf(t, pkg)
			}
			if !functions[pkg][name] {
				t.Errorf("package %s has no %s", pkg, name)
			}
			if script != "" {
				if _, err := os.Stat(filepath.Join(root, pkg, "testdata", script+".txtar")); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if rows < 40 {
		t.Errorf("%d rows were read, want the whole page", rows)
	}
}

// testsOf are the tests in the folder of a package, whatever they are built for.
func testsOf(t *testing.T, pkg string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				out[f.Name.Name] = true
			}
		}
	}
	return out
}
