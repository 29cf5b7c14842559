package signer_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lienthong/certs"
	"lienthong/signer"
)

// source is a package as its files are written: what it says is found there, so that
// nobody has to keep a list of it.
type source struct {
	t       *testing.T
	set     *token.FileSet
	files   []*ast.File
	consts  map[string]string // string constants
	rules   map[string]string // names of the checks, by their variables
	sayings map[string]bool   // functions that return a saying, and variables that map to some
	formats map[string]token.Pos
	checks  map[string]token.Pos // that say only what a layer below says
}

func readSource(t *testing.T, dir string) *source {
	t.Helper()
	s := &source{t: t, set: token.NewFileSet(), consts: make(map[string]string), rules: make(map[string]string), sayings: make(map[string]bool),
		formats: make(map[string]token.Pos), checks: make(map[string]token.Pos)}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d files, %v", dir, len(names), err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(s.set, name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, f)
	}
	s.each(s.declared)
	return s
}

func (s *source) each(fn func(ast.Node)) {
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool { fn(n); return true })
	}
}

// declared notes constants, rules, and what is a saying.
func (s *source) declared(n ast.Node) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if n.Type.Results == nil {
			return
		}
		for _, r := range n.Type.Results.List {
			if id, ok := r.Type.(*ast.Ident); ok && id.Name == "saying" {
				s.sayings[n.Name.Name] = true
			}
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if i >= len(n.Values) {
				break
			}
			switch v := n.Values[i].(type) {
			case *ast.BasicLit:
				s.consts[name.Name] = unquote(v)
			case *ast.CompositeLit:
				if id, ok := v.Type.(*ast.Ident); ok && id.Name == "rule" {
					s.rules[name.Name], _ = s.text(v.Elts[0])
				}
				if m, ok := v.Type.(*ast.MapType); ok && isIdent(m.Value, "saying") {
					s.sayings[name.Name] = true
				}
			}
		}
	}
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func unquote(v *ast.BasicLit) string {
	if text, err := strconv.Unquote(v.Value); err == nil {
		return text
	}
	return v.Value
}

// text is a text that is known before the program runs.
func (s *source) text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return unquote(e), e.Kind == token.STRING
	case *ast.Ident:
		text, ok := s.consts[e.Name]
		return text, ok
	case *ast.BinaryExpr:
		left, okL := s.text(e.X)
		right, okR := s.text(e.Y)
		return left + right, okL && okR
	}
	return "", false
}

// speakers are what takes a format, by name and by which argument that is.
var speakers = map[string]int{
	"said": 0, "format": 1, "loose": 2, "add": 2, "content": 2, "found": 2, "fail": 3, "record": 3, "finding": 3, "note": 3,
}

// calls finds the formats of a package of checks.
func (s *source) calls() {
	s.each(func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		name := called(call)
		at, ok := speakers[name]
		if !ok {
			s.taken(name, call)
			return
		}
		if name == "note" && at < len(call.Args) && !isResult(call.Args[1]) {
			at = 2
		}
		if name == "add" && len(call.Args) > 2 && !isResult(call.Args[1]) && !isCall(call.Args[1]) || at >= len(call.Args) || call.Ellipsis.IsValid() {
			return // add of something else; or one that hands on what it is given
		}
		s.format(call, at)
	})
}

func (s *source) format(call *ast.CallExpr, at int) {
	format, ok := s.text(call.Args[at])
	switch {
	case !ok && called(call) == "content" && s.saying(call.Args[at]): // of a field: its third argument is a saying
	case !ok:
		s.t.Errorf("%s: a format that is no literal: what it says cannot be known in Vietnamese", s.set.Position(call.Pos()))
	case format != "%s" && format != "%v":
		s.formats[format] = call.Pos()
	case at+1 < len(call.Args) && !s.saying(call.Args[at+1]):
		if rule, ok := call.Args[0].(*ast.Ident); ok && s.rules[rule.Name] != "" && !(len(call.Args) > 1 && isIdent(call.Args[1], "Passed")) {
			s.checks[s.rules[rule.Name]] = call.Pos()
		}
	}
}

// taken: what an object is taken for is said where it is shared.
func (s *source) taken(name string, call *ast.CallExpr) {
	at, ok := map[string]int{"take": 1, "takeTree": 2}[name]
	if !ok || at >= len(call.Args) {
		return
	}
	rule := call.Args[at]
	if id, ok := rule.(*ast.Ident); ok && id.Obj != nil {
		if d, ok := id.Obj.Decl.(*ast.AssignStmt); ok {
			rule = d.Rhs[0]
		}
	}
	if text, ok := s.text(rule); ok {
		s.formats[text] = call.Pos()
	} else if sum, ok := rule.(*ast.BinaryExpr); ok {
		text, _ := s.text(sum.X)
		s.formats[text+"%s"] = call.Pos()
	}
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func isResult(e ast.Expr) bool {
	return isIdent(e, "Passed") || isIdent(e, "Warning") || isIdent(e, "Failed") || isIdent(e, "result")
}

func isCall(e ast.Expr) bool { _, ok := e.(*ast.CallExpr); return ok }

// saying reports whether a value is a text with a code of its own.
func (s *source) saying(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CallExpr:
		return s.sayings[called(e)]
	case *ast.CompositeLit:
		return isIdent(e.Type, "saying")
	case *ast.IndexExpr:
		id, ok := e.X.(*ast.Ident)
		return ok && s.sayings[id.Name]
	case *ast.Ident:
		if e.Obj == nil {
			return false
		}
		switch d := e.Obj.Decl.(type) {
		case *ast.AssignStmt:
			return s.saying(d.Rhs[0])
		case *ast.Field:
			return isIdent(d.Type, "saying")
		}
	}
	return false
}

// below finds the formats of a package that hands its texts up: what its calls of the
// named functions say, each behind a prefix.
func (s *source) below(prefix string, calls map[string]int) {
	s.each(func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		_, method := call.Fun.(*ast.SelectorExpr)
		at, ok := calls[called(call)]
		if !ok || method && called(call) == "add" || at >= len(call.Args) || call.Ellipsis.IsValid() {
			return
		}
		switch format, ok := s.text(call.Args[at]); {
		case !ok && isSum(call.Args[at]): // what is added to a text stands in the tables as a whole
		case !ok:
			s.t.Errorf("%s: a format that is no literal: what it says cannot be known in Vietnamese", s.set.Position(call.Pos()))
		case format == "%v":
			s.checks[s.consts[nameOf(call.Args[at-2])]] = call.Pos()
		default:
			s.formats[prefix+format] = call.Pos()
		}
	})
}

func isSum(e ast.Expr) bool { _, ok := e.(*ast.BinaryExpr); return ok }

func nameOf(e ast.Expr) string {
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// typed are the string constants of a type.
func (s *source) typed(name string) (values []string) {
	s.each(func(n ast.Node) {
		if v, ok := n.(*ast.ValueSpec); ok && v.Type != nil && isIdent(v.Type, name) {
			for _, id := range v.Names {
				values = append(values, s.consts[id.Name])
			}
		}
	})
	return values
}

// Whatever a check says has a code, the names of its parameters, and a text in
// Vietnamese: the formats are read from the source.
func TestEveryTextIsVietnamese(t *testing.T) {
	t.Parallel()
	s := readSource(t, ".")
	s.calls()
	if len(s.formats) < 200 || len(s.checks) < 6 {
		t.Fatalf("%d formats and %d checks found in the source: does this test still read it?", len(s.formats), len(s.checks))
	}
	s.vietnamese()
	for _, class := range s.typed("Changes") {
		if class != "none" && signer.CodeOf(class) == "" {
			t.Errorf("class of change %q has no Vietnamese", class)
		}
	}
}

// What the layers below say of a certificate or of a signature value reaches reports too.
func TestEveryTextFromBelowIsVietnamese(t *testing.T) {
	t.Parallel()
	path := readSource(t, "../certs")
	path.below("%s ", map[string]int{"add": 3})
	path.below("", map[string]int{"problem": 3})
	value := readSource(t, "cms")
	value.below("", map[string]int{"fail": 2, "problem": 2})
	if len(path.formats) < 18 || len(value.formats) < 18 {
		t.Fatalf("%d and %d formats found in the source: does this test still read it?", len(path.formats), len(value.formats))
	}
	path.vietnamese()
	value.vietnamese()
	for _, status := range path.typed("RevocationStatus") {
		if !signer.HasWord(status) {
			t.Errorf("status %q has no Vietnamese word", status)
		}
	}
	for _, purpose := range certs.Purposes {
		if !signer.HasWord(purpose.String()) {
			t.Errorf("purpose %q has no Vietnamese word", purpose)
		}
	}
	for name, word := range path.consts {
		if (strings.HasPrefix(name, "Source") || strings.HasPrefix(name, "Kind")) && !signer.HasWord(word) {
			t.Errorf("%s %q has no Vietnamese word", name, word)
		}
	}
}

func (s *source) vietnamese() {
	s.t.Helper()
	t := s.t
	for format, at := range s.formats {
		if signer.CodeOf(format) == "" {
			t.Errorf("%s: no code and no Vietnamese for %q: add a row to the tables of say_*.go", s.set.Position(at), format)
		}
	}
	for check, at := range s.checks {
		if !signer.HasCause(check) {
			t.Errorf("%s: check %q says only what a layer below says: add what that means to the causes", s.set.Position(at), check)
		}
	}
}
