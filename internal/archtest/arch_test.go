package archtest

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const module = "lienthong"

// root is the module's root as seen from this package's folder, where go test runs.
var root = os.DirFS("../..")

func TestArrows(t *testing.T) {
	t.Parallel()
	wrong, err := checkArrows(root, module, policy, testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

// TestArrowsOfMadeUpTree is the test of the test: a checker that lets everything
// through would pass TestArrows for ever.
func TestArrowsOfMadeUpTree(t *testing.T) {
	t.Parallel()
	const policy = `
leaf, proto/*:
mid: leaf proto/*
top: leaf mid mid/*
mid/part: leaf
harness: top
`
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string // a part of each sentence
	}{
		{name: "arrows that the policy has", files: map[string]string{
			"mid/a.go": `import "m/leaf"; import "fmt"`,
			"top/a.go": `import "m/mid/part"`,
		}},
		{name: "arrow the wrong way", files: map[string]string{"leaf/a.go": `import "m/mid"`},
			want: []string{"leaf/a.go: leaf may not import mid"}},
		{name: "the pattern is of what lies under, not of the package itself",
			files: map[string]string{"mid/part/a.go": `import "m/mid"`},
			want:  []string{"mid/part/a.go: mid/part may not import mid;"}},
		// The go command sees this file on Windows only, and with cgo only.
		{name: "behind a build tag", files: map[string]string{"leaf/a_windows.go": "//go:build cgo\n" + `import "m/mid"`},
			want: []string{"leaf may not import mid"}},
		{name: "a package without a line", files: map[string]string{"new/a.go": `import "fmt"`},
			want: []string{"new: unknown package"}},
		{name: "code at the root", files: map[string]string{"a.go": `import "fmt"`},
			want: []string{".: unknown package"}},
		{name: "pattern on the left", files: map[string]string{"proto/v1/a.go": `import "m/leaf"`},
			want: []string{"proto/v1 may not import leaf"}},
		{name: "a test may use a harness, and its own package", files: map[string]string{"leaf/a_test.go": `import "m/harness"; import "m/leaf"`}},
		{name: "what is not a test may not", files: map[string]string{"leaf/a.go": `import "m/harness"`},
			want: []string{"leaf may not import harness"}},
		{name: "folders that the go command leaves out", files: map[string]string{
			"leaf/testdata/a.go": `import "m/mid"`, ".tools/a.go": `import "m/mid"`, "_old/a.go": `import "m/mid"`,
		}},
		{name: "a name that only begins like ours", files: map[string]string{"leaf/a.go": `import "module/mid"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := checkArrows(madeUp(tt.files), "m", policy, "harness")
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("found %d wrong arrows %q, want %d", len(got), got, len(tt.want))
			}
			for i := range got {
				if !strings.Contains(got[i], tt.want[i]) {
					t.Errorf("found %q, want %q in it", got[i], tt.want[i])
				}
			}
		})
	}
}

func TestOutside(t *testing.T) {
	t.Parallel()
	wrong, err := checkOutside(root, module, outside)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

func TestOutsideOfMadeUpTree(t *testing.T) {
	t.Parallel()
	const outside = `
net/http: top
x.org/wire: top door/*
x.org/wire/codes: leaf
x.org/judge:
`
	for _, tt := range []struct {
		name, file, imports string
		want                string // empty if the import is allowed
	}{
		{name: "named", file: "top/a.go", imports: `"x.org/wire"`},
		{name: "named by pattern", file: "door/front/a.go", imports: `"x.org/wire/deep/er"`},
		{name: "not named", file: "leaf/a.go", imports: `"x.org/wire"`, want: "leaf may not import x.org/wire"},
		{name: "the longer path decides for", file: "leaf/a.go", imports: `"x.org/wire/codes"`},
		{name: "the longer path decides against", file: "top/a.go", imports: `"x.org/wire/codes"`, want: "top may not import x.org/wire/codes"},
		{name: "a name that only begins alike", file: "top/a.go", imports: `"x.org/wireless"`, want: "x.org/wireless has no line"},
		{name: "a new module", file: "top/a_test.go", imports: `"y.org/new"`, want: "y.org/new has no line"},
		{name: "for tests alone, in a test", file: "top/a_test.go", imports: `"x.org/judge/part"`},
		{name: "for tests alone, in a binary", file: "top/a.go", imports: `"x.org/judge/part"`, want: "may not import x.org/judge/part"},
		{name: "standard library", file: "leaf/a.go", imports: `"io"; import "net/url"; import "C"`},
		{name: "standard library with a line", file: "leaf/a.go", imports: `"net/http"`, want: "leaf may not import net/http"},
		{name: "ours", file: "leaf/a.go", imports: `"m/top"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := checkOutside(madeUp(map[string]string{tt.file: "import " + tt.imports}), "m", outside)
			if err != nil {
				t.Fatal(err)
			}
			if s := strings.Join(got, "\n"); (tt.want == "") != (s == "") || !strings.Contains(s, tt.want) {
				t.Errorf("found %q, want %q", s, tt.want)
			}
		})
	}
}

func TestParseRules(t *testing.T) {
	t.Parallel()
	got, err := parseRules("# why\n a, b/*: c d \n\ne:\n")
	if err != nil {
		t.Fatal(err)
	}
	want := rules{"a": {"c", "d"}, "b/*": {"c", "d"}, "e": {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"a b", "a: b\na: c"} {
		if _, err := parseRules(bad); err == nil {
			t.Errorf("parseRules(%q): no error", bad)
		}
	}
}

// madeUp puts each file's imports behind a package clause.
func madeUp(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for name, body := range files {
		tag := ""
		if strings.HasPrefix(body, "//go:build") {
			tag, body, _ = strings.Cut(body, "\n")
		}
		tree[name] = &fstest.MapFile{Data: []byte(tag + "\n\npackage p\n\n" + body + "\n")}
	}
	return tree
}
