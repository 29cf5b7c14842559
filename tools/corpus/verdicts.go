package main

import (
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// verdictTables prints, as Markdown, the counts by class and every disagreement.
func verdictTables(out io.Writer, files []*judgedFile) error {
	fmt.Fprintln(out, "| class | files | lienthong | pyHanko | pdfsig | pdfsig, and total document |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|")
	for _, class := range []struct {
		name, expected string
		in             func(*judgedFile) bool
	}{
		{"ACCEPT kept, made for the corpus", "ACCEPT", func(f *judgedFile) bool { return f.synthetic }},
		{"ACCEPT kept, of others", "ACCEPT", func(f *judgedFile) bool { return !f.synthetic }},
		{"REJECT caught, made for the corpus", "REJECT", func(f *judgedFile) bool { return f.synthetic }},
		{"REJECT caught, of others", "REJECT", func(f *judgedFile) bool { return !f.synthetic }},
		{"WARN of tampered, not silent", "WARN", func(f *judgedFile) bool { return strings.HasPrefix(f.name, "signed-tampered") }},
		{"WARN of valid, passed (either is right)", "WARN", func(f *judgedFile) bool { return strings.HasPrefix(f.name, "signed-valid") }},
	} {
		count := func(ok func(*judgedFile) bool) (n int) {
			for _, f := range files {
				if f.expected == class.expected && class.in(f) && ok(f) {
					n++
				}
			}
			return n
		}
		passes := func(f *judgedFile) bool { return f.good }
		of := [4]func(*judgedFile) bool{passes, func(f *judgedFile) bool { return passesAt(f.pyhanko) }, func(f *judgedFile) bool { return f.pdfsig == "" },
			func(f *judgedFile) bool { return f.pdfsig == "" && f.total }}
		want := class.expected == "ACCEPT" || strings.HasPrefix(class.name, "WARN of valid")
		fmt.Fprintf(out, "| %s | %d ", class.name, count(func(*judgedFile) bool { return true }))
		for i, ok := range of {
			silent := i == 0 && strings.HasPrefix(class.name, "WARN of tampered")
			fmt.Fprintf(out, "| %d ", count(func(f *judgedFile) bool {
				if silent {
					return !f.good || f.warned
				}
				return ok(f) == want
			}))
		}
		fmt.Fprintln(out, "|")
	}
	disagreements(out, files)
	return againstIndex(out, files)
}

// passesAt: nothing wrong, or no more there than time-stamps that hold.
func passesAt(why string) bool { return why == "" || why == "unsigned" }

// disagreements are the files of which the three do not say the same, grouped by what
// explains ours and by what the others say.
func disagreements(out io.Writer, files []*judgedFile) {
	groups := make(map[[4]string][]string)
	for _, f := range files {
		a, b, c := f.good, passesAt(f.pyhanko), f.pdfsig == ""
		if a == b && b == c || f.expected == "NO-CRASH" || f.expected == "UNKNOWN" {
			continue
		}
		finding := f.finding
		if finding == "" {
			finding = "nothing found wrong"
		}
		key := [4]string{word(a), finding, word(b) + because(b, f.pyhanko), word(c) + because(c, f.pdfsig)}
		groups[key] = append(groups[key], path.Base(f.name))
	}
	fmt.Fprintf(out, "\n## Where the three differ\n\n| lienthong | by | pyHanko | pdfsig | files | for instance |\n|---|---|---|---|---|---|\n")
	keys := slices.SortedFunc(maps.Keys(groups), func(a, b [4]string) int {
		if n := strings.Compare(a[0]+a[1], b[0]+b[1]); n != 0 {
			return n
		}
		return strings.Compare(a[2]+a[3], b[2]+b[3])
	})
	for _, k := range keys {
		fmt.Fprintf(out, "| %s | %s | %s | %s | %d | %s |\n", k[0], k[1], k[2], k[3], len(groups[k]), groups[k][0])
	}
}

func word(ok bool) string {
	if ok {
		return "passes"
	}
	return "does not pass"
}

var (
	fieldName = regexp.MustCompile(`^[^:]*: `)
	reasons   = []struct{ in, out string }{
		{"TIMESTAMP", "time-stamp"}, {"coverage", "coverage"}, {"changes OTHER", "changes"}, {"changes", "changes not permitted"},
		{"INVALID", "signature invalid"}, {"UNTRUSTED", "not trusted"}, {"REVOKED", "revoked"}, {"unsigned", "no signature"},
	}
	errorName = regexp.MustCompile(`^[A-Za-z]*(Error|Exception|Late)\b`)
)

// because puts what others say into few words, so that it can be counted.
func because(passes bool, why string) string {
	if passes || why == "" {
		return ""
	}
	if name := errorName.FindString(why); name != "" {
		return ": " + name
	}
	for _, r := range reasons {
		if strings.Contains(why, r.in) {
			return ": " + r.out
		}
	}
	return ": " + strings.ReplaceAll(fieldName.ReplaceAllString(why, ""), "|", "/")
}

// againstIndex lists the files of which we say otherwise than the index expects, or
// which it leaves open and we refuse.
func againstIndex(out io.Writer, files []*judgedFile) error {
	fmt.Fprintf(out, "\n## Where lienthong does not say what the index expects, or refuses what it leaves open\n\n| file | expected | lienthong | by | detail |\n|---|---|---|---|---|\n")
	for _, f := range files {
		odd := f.expected == "ACCEPT" && !f.good || f.expected == "REJECT" && f.good ||
			f.expected == "WARN" && strings.HasPrefix(f.name, "signed-valid") && !f.good ||
			f.expected == "WARN" && strings.HasPrefix(f.name, "signed-tampered") && f.good && !f.warned
		if odd {
			fmt.Fprintf(out, "| %s | %s | %s | %s | %s |\n", path.Base(f.name), f.expected, f.verdict, f.finding, strings.ReplaceAll(f.detail, "|", "/"))
		}
	}
	_, err := fmt.Fprintln(out)
	return err
}
