package docstest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var feature = regexp.MustCompile(`(?m)^const [fF]eature\w+ = "([a-z-]+)"$`)

// Every feature that Hello may name has a row in docs/protocol.md: else nobody could write
// another node.
func TestFeaturesHaveRows(t *testing.T) {
	t.Parallel()
	protocol := documents(t)["docs/protocol.md"]
	files, err := filepath.Glob(filepath.Join(root, "exchange/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range feature.FindAllSubmatch(source, -1) {
			n++
			if !strings.Contains(protocol, "\n| `"+string(m[1])+"` | ") {
				t.Errorf("docs/protocol.md has no row for the feature %q of %s", m[1], filepath.Base(file))
			}
		}
	}
	if n < 6 {
		t.Errorf("%d features were found in exchange, want all six or more", n)
	}
}
