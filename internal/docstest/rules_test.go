package docstest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)

// Every rule of the exchange has a row in docs/standards.md, in order, with tests that
// exist.
func TestRulesHaveTests(t *testing.T) {
	t.Parallel()
	tests := testsOfTree(t)
	_, table, _ := strings.Cut(documents(t)["docs/standards.md"], "\n## Rules of the exchange\n")
	n := 0
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "R") {
			continue
		}
		n++
		if rule := strings.TrimSpace(cells[1]); rule != fmt.Sprint("R", n) {
			t.Errorf("rule %s stands in the place of R%d", rule, n)
		}
		for name := range strings.SplitSeq(cells[4], ",") {
			if !tests[strings.TrimSpace(name)] {
				t.Errorf("R%d: there is no test %q", n, strings.TrimSpace(name))
			}
		}
	}
	if n != 22 {
		t.Errorf("docs/standards.md: %d rules, want 22", n)
	}
}

// aTest is the name of a test, fuzz target or benchmark in a text.
var aTest = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w*`)

// Whatever test a document names, wherever in it, exists.
func TestNamedTestsExist(t *testing.T) {
	t.Parallel()
	tests := testsOfTree(t)
	n := 0
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" || name == "docs/validation-corpus.md" { // of what was; fields of files
			continue
		}
		for _, test := range aTest.FindAllString(text, -1) {
			if n++; !tests[test] {
				t.Errorf("%s: there is no test %s", name, test)
			}
		}
	}
	if n < 100 {
		t.Errorf("%d names were found, want those of all documents", n)
	}
}

// testsOfTree are the names of all test functions, fuzz targets and benchmarks.
func testsOfTree(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	if err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (d.Name() == "testdata" || d.Name()[0] == '.') {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(name)
		for _, m := range testFunc.FindAllStringSubmatch(string(source), -1) {
			names[m[1]] = true
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}
