package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// clockOwners may read the clock: the command, which hands time down, and what
// stands in for it in tests. Everywhere else time is an argument or an injected
// func() time.Time, so that a signature can be judged at any time, and a test
// needs no sleep.
var clockOwners = []string{"cmd/*", "internal/testpki", "internal/testnode", "store/storetest", "tools/corpus", "tools/mutate", "tools/bench", "tools/chaos", "internal/measure"}

// cgoOwners may import "C": one package, behind its build tag, so that every
// other build is pure Go.
var cgoOwners = []string{"certs/keys/pkcs11"}

// A habit is a rule that is read off one parsed file of a package.
type habit func(fset *token.FileSet, pkg string, f *ast.File) []string

// checkHabits applies each habit to each file that is neither a test nor generated.
func checkHabits(tree fs.FS, habits ...habit) ([]string, error) {
	var wrong []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipped(tree, name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if ast.IsGenerated(f) {
			return nil
		}
		for _, h := range habits {
			wrong = append(wrong, h(fset, path.Dir(name), f)...)
		}
		return nil
	})
	slices.Sort(wrong)
	return wrong, err
}

// readsClock finds uses of time.Now, time.Since and time.Until, called or not:
// a field that defaults to time.Now reads the clock as well.
func readsClock(fset *token.FileSet, pkg string, f *ast.File) []string {
	name := importName(f, "time")
	if name == "" || covered(clockOwners, pkg) {
		return nil
	}
	var wrong []string
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if ok && x.Name == name && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name) {
			wrong = append(wrong, fmt.Sprintf("%s: time.%s: only %s read the clock; take the time as an argument",
				fset.Position(n.Pos()), sel.Sel.Name, strings.Join(clockOwners, ", ")))
		}
		return true
	})
	return wrong
}

// usesCgo finds import "C".
func usesCgo(fset *token.FileSet, pkg string, f *ast.File) []string {
	if covered(cgoOwners, pkg) {
		return nil
	}
	for _, spec := range f.Imports {
		if spec.Path.Value == `"C"` {
			return []string{fmt.Sprintf("%s: cgo: only %s may need a C compiler",
				fset.Position(spec.Pos()), strings.Join(cgoOwners, ", "))}
		}
	}
	return nil
}

var unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)

// leavesWork finds comments that promise work. What is not done is said in the
// documentation, where a reader of the program finds it too.
func leavesWork(fset *token.FileSet, _ string, f *ast.File) []string {
	var wrong []string
	for _, group := range f.Comments {
		for _, c := range group.List {
			if word := unfinished.FindString(c.Text); word != "" {
				wrong = append(wrong, fmt.Sprintf("%s: %s in a comment: do it, or say in docs/ what is not done",
					fset.Position(c.Pos()), word))
			}
		}
	}
	return wrong
}

// importName is the name under which f uses the package at p, or "".
func importName(f *ast.File, p string) string {
	for _, spec := range f.Imports {
		if got, err := strconv.Unquote(spec.Path.Value); err != nil || got != p {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(p)
	}
	return ""
}

func covered(owners []string, pkg string) bool {
	return slices.ContainsFunc(owners, func(o string) bool { return matches(o, pkg) })
}
