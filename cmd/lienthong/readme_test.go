package main

import (
	"os"
	"strings"
	"testing"
)

// The README's first lines are run, as they stand, by the script quickstart: only
// the time-stamping authority has another address there, and scripts quote with '.
func TestQuickstartIsReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/quickstart.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "\n```\n")
	block, _, _ := strings.Cut(rest, "\n```")
	lines := strings.Split(block, "\n")
	if len(lines) < 5 {
		t.Fatalf("the README begins with %d lines of commands, want some", len(lines))
	}
	for _, line := range lines {
		command, _, _ := strings.Cut(line, " #")
		command = strings.NewReplacer("http://tsa.local/tsa", "http://$TSA/tsa", `"`, "'").Replace(strings.TrimSpace(command))
		if !strings.Contains(string(script), "\nexec "+command+"\n") && !strings.Contains(string(script), "\nexec "+command+" &") {
			t.Errorf("the script does not run %q", command)
		}
	}
}
