package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Code of a document: blocks, and spans within a line.
var (
	codeBlock = regexp.MustCompile("(?s)```[a-z]*\n(.*?)```")
	codeSpan  = regexp.MustCompile("`([^`\n]+)`")
)

// Whatever command line a document shows, in a block, a table or a sentence, is one that the
// command has, with flags of its own. In spans the name of the program may be left out.
func TestDocumentsShowCommandsThatExist(t *testing.T) {
	t.Parallel()
	root := (&app{}).root()
	n := 0
	for _, pattern := range []string{"../../*.md", "../../docs/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range commandLines(root, string(text)) {
				n++
				if err := checkWords(root, line); err != nil {
					t.Errorf("%s: %q: %v", filepath.Base(file), strings.Join(line, " "), err)
				}
			}
		}
	}
	if n < 250 {
		t.Errorf("%d command lines were found, want those of all documents", n)
	}
}

// commandLines are the command lines of a document, in words, each with the program's name,
// and flags that stand alone.
func commandLines(root *cobra.Command, text string) (lines [][]string) {
	for _, m := range codeBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(m[1]) {
			if words := shellWords(strings.TrimPrefix(strings.TrimSpace(line), "go run ./cmd/")); len(words) > 1 && words[0] == root.Name() {
				lines = append(lines, words)
			}
		}
	}
	for _, m := range codeSpan.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		words := shellWords(m[1])
		if len(words) > 1 && words[0] != root.Name() && childOf(root, words[0]) != nil {
			words = append([]string{root.Name()}, words...)
		}
		if len(words) > 1 && words[0] == root.Name() || len(words) > 0 && strings.HasPrefix(words[0], "--") {
			lines = append(lines, words)
		}
	}
	return lines
}

// shellWords splits a line as a shell does, up to a comment or the next command.
func shellWords(line string) (words []string) {
	for _, w := range regexp.MustCompile(`(?:"[^"]*"|'[^']*'|[^\s"'])+`).FindAllString(line, -1) {
		if strings.HasPrefix(w, "#") || slices.Contains([]string{"|", "&", "&&", ">", "\\"}, w) {
			break
		}
		words = append(words, w)
	}
	return words
}

func childOf(c *cobra.Command, name string) *cobra.Command {
	for _, child := range c.Commands() {
		if child.Name() == name || child.HasAlias(name) {
			return child
		}
	}
	return nil
}

// checkWords looks at a command line, or at flags that stand alone.
func checkWords(root *cobra.Command, words []string) error {
	if words[0] == root.Name() {
		return checkLine(root, words[1:])
	}
	return checkFlags(root, words)
}

// checkLine follows the words to a command, and looks for each flag in its flag set.
func checkLine(c *cobra.Command, words []string) error {
	for c.HasSubCommands() && len(words) > 0 && words[0][0] != '-' {
		var child *cobra.Command
		for name := range strings.SplitSeq(words[0], "|") { // "list|set" says two
			if child = childOf(c, name); child == nil {
				return fmt.Errorf("%q has no command %q", c.CommandPath(), name)
			}
		}
		c, words = child, words[1:]
	}
	for _, w := range words {
		for name := range strings.SplitSeq(w, "|") {
			if !hasFlag(c, name) {
				return fmt.Errorf("%q has no flag %s", c.CommandPath(), name)
			}
		}
	}
	return nil
}

// checkFlags looks for one command that has all flags that stand together.
func checkFlags(c *cobra.Command, words []string) error {
	err := checkLine(c, words)
	for _, child := range c.Commands() {
		if err == nil || checkFlags(child, words) == nil {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("no command has these flags together: %w", err)
	}
	return nil
}

// hasFlag reports whether a word is none that begins as a flag, or one of the command's.
func hasFlag(c *cobra.Command, word string) bool {
	word, _, _ = strings.Cut(word, "=")
	c.InitDefaultHelpFlag()
	inherited := c.InheritedFlags() // which lets Flags know those that are persistent
	switch {
	case strings.HasPrefix(word, "--"):
		return c.Flags().Lookup(word[2:]) != nil || inherited.Lookup(word[2:]) != nil
	case len(word) == 2 && word[0] == '-':
		return c.Flags().ShorthandLookup(word[1:]) != nil
	}
	return true
}

// A line that is wrong is told: else the documents prove nothing.
func TestCheckLine(t *testing.T) {
	t.Parallel()
	root := (&app{}).root()
	for line, want := range map[string]string{
		"agency put H55 --certificate agency:seal.pem --key pem:zone.key": "",
		`send --to "group:Các sở" -o x # --nothing`:                       "no flag -o",
		"agency sign":                     `"lienthong agency" has no command "sign"`,
		"group list|set|remove":           "",
		"group list|mend":                 `no command "mend"`,
		"send --later-level B-LTA":        "no flag --later-level",
		"validate --json a.pdf":           "",
		"sign --later-level=B-LTA -h":     "",
		"queue list --as admin.yaml | wc": "",
	} {
		err := checkLine(root, shellWords(line))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}
