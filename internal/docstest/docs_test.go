package docstest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// documents are the files that speak to people.
func documents(t *testing.T) map[string]string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	docs := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		docs[filepath.ToSlash(strings.TrimPrefix(name, root+"/"))] = string(text)
	}
	if docs["README.md"] == "" {
		t.Fatal("no README.md at the root")
	}
	return docs
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, path.Dir(name), m[1])); err != nil {
				t.Errorf("%s: link to %q: %v", name, m[1], err)
			}
		}
	}
}

var (
	anchor    = regexp.MustCompile(`\]\(([^)#\s]*)#([^)\s]+)\)`)
	heading   = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInSlug = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// Links to a section lead to one, of the same document or of another.
func TestAnchorsLeadSomewhere(t *testing.T) {
	t.Parallel()
	docs := documents(t)
	slugs := map[string]map[string]bool{}
	for name, text := range docs {
		slugs[name] = map[string]bool{}
		for _, m := range heading.FindAllStringSubmatch(text, -1) {
			slug := notInSlug.ReplaceAllString(strings.ToLower(m[1]), "")
			slugs[name][strings.ReplaceAll(slug, " ", "-")] = true
		}
	}
	for name, text := range docs {
		for _, m := range anchor.FindAllStringSubmatch(text, -1) {
			to := name
			if m[1] != "" {
				to = path.Join(path.Dir(name), m[1])
			}
			if docs[to] != "" && !slugs[to][m[2]] {
				t.Errorf("%s: %s has no section #%s", name, to, m[2])
			}
		}
	}
}

var code = regexp.MustCompile("(?s)```[a-z]*\n(.*?)```|`([^`\n]+)`")

// snippets are the lines of text's code blocks and its code spans.
func snippets(text string) []string {
	var lines []string
	for _, m := range code.FindAllStringSubmatch(text, -1) {
		for line := range strings.SplitSeq(m[1]+m[2], "\n") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestMakeTargetsExist(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range documents(t) {
		for _, line := range snippets(text) {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "make" {
				continue
			}
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(words[1]) + `:.*## `).Match(makefile) {
				t.Errorf("%s: %q: the Makefile has no such target with a help line", name, line)
			}
		}
	}
}

// packages are the folders of the tree that hold Go files, and whether one of
// those that are not tests has a package comment. Of generated code the .proto
// files hold the comments.
func packages(t *testing.T) map[string]bool {
	t.Helper()
	commented := map[string]bool{}
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
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(name), root+"/"))
		commented[dir] = commented[dir] || f.Doc.Text() != "" || ast.IsGenerated(f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return commented
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for dir, commented := range packages(t) {
		if !commented {
			t.Errorf("%s: no package comment", dir)
		}
	}
}

// TestMapIsTheTree compares the README's map with the folders, both ways.
func TestMapIsTheTree(t *testing.T) {
	t.Parallel()
	drawn := readMap(t, documents(t)["README.md"])
	for _, dir := range drawn {
		if _, err := os.Stat(filepath.Join(root, dir)); err != nil {
			t.Errorf("README.md: the map names %s: %v", dir, err)
		}
	}
	for dir := range packages(t) {
		if !slices.Contains(drawn, dir) {
			t.Errorf("README.md: the map has no line for %s", dir)
		}
	}
}

// readMap returns the folders of the code block after "## The map": a name that
// ends in a slash, two spaces deeper than the folder that it is in.
func readMap(t *testing.T, readme string) (dirs []string) {
	t.Helper()
	_, after, ok := strings.Cut(readme, "## The map")
	if !ok {
		t.Fatal("README.md has no section \"The map\"")
	}
	m := code.FindStringSubmatch(after)
	var parents []string // by depth
	for line := range strings.SplitSeq(m[1], "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || !strings.HasSuffix(words[0], "/") {
			continue
		}
		depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
		if depth > len(parents) {
			continue // text that goes on from the line before
		}
		parents = append(parents[:depth], strings.TrimSuffix(words[0], "/"))
		dirs = append(dirs, strings.Join(parents, "/"))
	}
	return dirs
}

func TestReadMap(t *testing.T) {
	t.Parallel()
	got := readMap(t, "## The map\n\n```\na/b/   one\n  c/   two\n       more of two/\n    d/ deep\n  e/   up\nf/     three\n```\n")
	if want := []string{"a/b", "a/b/c", "a/b/c/d", "a/b/e", "f"}; !slices.Equal(got, want) {
		t.Errorf("folders %q, want %q", got, want)
	}
}
