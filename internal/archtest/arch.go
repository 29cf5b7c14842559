// Package archtest holds the import arrows of this module as a test.
//
// It parses the files itself, whatever their build tags say, and does not ask
// the go command: an answer of go list is not a file that the test cache
// watches, so a forbidden import would keep passing from the cache.
//
// Which package may import which, of ours and of others, stands in policy.go.
package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// An importFact is one import of one file: the evidence that a rule is judged on.
type importFact struct {
	file string // slash-separated, from the root of the tree
	pkg  string // the importing package's folder; "." is the root
	path string // as written in the import
}

// imports parses every Go file of the tree for its imports. Folders that the go
// command leaves out (testdata, vendor, a leading dot or underscore, a module
// of its own) are left out here too.
func imports(tree fs.FS) (facts []importFact, packages []string, err error) {
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipped(tree, name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(name)
		if !slices.Contains(packages, pkg) {
			packages = append(packages, pkg)
		}
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("archtest: %s: import %s: %w", name, spec.Path.Value, err)
			}
			facts = append(facts, importFact{file: name, pkg: pkg, path: p})
		}
		return nil
	})
	return facts, packages, err
}

func skipped(tree fs.FS, dir string) bool {
	if dir == "." {
		return false
	}
	base := path.Base(dir)
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(tree, dir+"/go.mod")
	return err == nil
}

// rules maps the left side of a policy's line to its right side.
type rules map[string][]string

// parseRules reads a policy. A package named twice is an error: the second line
// would silently widen the first.
func parseRules(text string) (rules, error) {
	r := rules{}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		left, right, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("archtest: policy line %d: no colon in %q", i+1, line)
		}
		for pkg := range strings.SplitSeq(left, ",") {
			pkg = strings.TrimSpace(pkg)
			if _, twice := r[pkg]; twice {
				return nil, fmt.Errorf("archtest: policy line %d: %q has a line already", i+1, pkg)
			}
			r[pkg] = strings.Fields(right)
		}
	}
	return r, nil
}

// row finds the line for pkg: its own, or that of a pattern which covers it.
func (r rules) row(pkg string) ([]string, bool) {
	if allowed, ok := r[pkg]; ok {
		return allowed, true
	}
	for pattern, allowed := range r {
		if strings.HasSuffix(pattern, "/*") && matches(pattern, pkg) {
			return allowed, true
		}
	}
	return nil, false
}

// matches reports whether pattern names pkg, or ends in /* and covers it.
func matches(pattern, pkg string) bool {
	if under, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(pkg, under)
	}
	return pattern == pkg
}

// checkArrows returns a sentence for each import that the policy forbids, and
// for each package that it does not know, sorted.
func checkArrows(tree fs.FS, module, policy, testPolicy string) ([]string, error) {
	r, err := parseRules(policy)
	if err != nil {
		return nil, err
	}
	facts, packages, err := imports(tree)
	if err != nil {
		return nil, err
	}
	var wrong []string
	for _, pkg := range packages {
		if _, ok := r.row(pkg); !ok {
			wrong = append(wrong, fmt.Sprintf("%s: unknown package; add its line to internal/archtest/policy.go", pkg))
		}
	}
	for _, f := range facts {
		target, ours := strings.CutPrefix(f.path, module+"/")
		if !ours || target == f.pkg {
			continue // an external test imports its own package
		}
		allowed, _ := r.row(f.pkg)
		if strings.HasSuffix(f.file, "_test.go") {
			allowed = append(slices.Clone(allowed), strings.Fields(testPolicy)...)
		}
		if !slices.ContainsFunc(allowed, func(p string) bool { return matches(p, target) }) {
			wrong = append(wrong, fmt.Sprintf("%s: %s may not import %s; it may import: %s",
				f.file, f.pkg, target, strings.Join(allowed, " ")))
		}
	}
	slices.Sort(wrong)
	return wrong, nil
}

// checkOutside returns a sentence for each import of a module that has no line,
// and for each import by a package that the line does not name.
func checkOutside(tree fs.FS, module, outside string) ([]string, error) {
	r, err := parseRules(outside)
	if err != nil {
		return nil, err
	}
	facts, _, err := imports(tree)
	if err != nil {
		return nil, err
	}
	var wrong []string
	for _, f := range facts {
		first, _, _ := strings.Cut(f.path, "/")
		if first == module {
			continue
		}
		line, allowed, ok := r.covering(f.path)
		switch {
		case !ok && strings.Contains(first, "."):
			wrong = append(wrong, fmt.Sprintf("%s: %s has no line in internal/archtest/policy.go", f.file, f.path))
		case !ok || strings.HasSuffix(f.file, "_test.go"):
			// The standard library without a line; tests with one.
		case !slices.ContainsFunc(allowed, func(p string) bool { return matches(p, f.pkg) }):
			wrong = append(wrong, fmt.Sprintf("%s: %s may not import %s; its line %q allows: %s",
				f.file, f.pkg, f.path, line, strings.Join(allowed, " ")))
		}
	}
	slices.Sort(wrong)
	return wrong, nil
}

// covering finds the line for an import path: its own, or that of the longest
// path above it.
func (r rules) covering(p string) (line string, allowed []string, ok bool) {
	for ; p != "." && p != "/"; p = path.Dir(p) {
		if allowed, ok := r[p]; ok {
			return p, allowed, true
		}
	}
	return "", nil, false
}
