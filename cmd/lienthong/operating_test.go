package main

import (
	"os"
	"strings"
	"testing"
)

// docs/operating.md has a row for every setting, with the default and the words of
// --help-config.
func TestOperatingNamesEverySetting(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	check := func(prefix string, c any) {
		for _, s := range settings(c) {
			def := ""
			if s.def != "" {
				def = "`" + s.def + "`"
			}
			name := prefix + s.path
			if s.path == "keys" {
				name += "[]"
			}
			row := "| `" + name + "` | " + def + " | " + strings.ReplaceAll(s.doc, "|", `\|`) + " |"
			if !strings.Contains(string(text), "\n"+row+"\n") {
				t.Errorf("docs/operating.md, section 7, lacks the row\n%s", row)
			}
		}
	}
	check("", &config{})
	check("keys[].", &keyConfig{})
}
