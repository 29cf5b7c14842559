package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A sight is what other programs see in a file.
type sight struct {
	check    checked
	pages    int
	contents []string // of each page: the streams' numbers
	fields   map[string]int
	encrypt  string
	poppler  bool // can open it, and read each page
	info     string
	text     string
	valid    int // signatures by pdfsig
	total    int // of them those that cover the whole file
}

// checked is the answer of qpdf --check.
type checked struct {
	code     int
	warnings int
	says     string
}

func (c checked) clean() bool { return c.code == 0 && c.warnings == 0 }

// patience is for one program with one file, and memory, in KiB: qpdf takes all there
// is for a file whose outline is a loop.
const (
	patience = 2 * time.Minute
	memory   = "2097152"
)

// ask runs a program and returns all it prints, and its exit code; -1 where it
// did not end by itself.
func ask(ctx context.Context, program string, args ...string) (out, complaints string, code int) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var a, b strings.Builder
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `ulimit -v ` + memory + `; exec "$0" "$@"`, program}, args...)...)
	cmd.Stdout, cmd.Stderr = &a, &b
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=/nonexistent") // no one's trust store
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		return "", err.Error(), -1
	}
	return a.String(), b.String(), cmd.ProcessState.ExitCode()
}

func look(ctx context.Context, path string) *sight {
	s := &sight{fields: make(map[string]int)}
	out, complaints, code := ask(ctx, "qpdf", "--check", path)
	s.check = checked{code: code, says: short(complaints)}
	for line := range strings.Lines(out + complaints) {
		if strings.Contains(line, "WARNING") || strings.Contains(line, "ERROR") {
			s.check.warnings++
		}
	}
	s.structure(ctx, path)
	out, complaints, code = ask(ctx, "pdfinfo", "-l", "-1", path)
	// It goes on without a page that is no object of its own, which qpdf shows.
	s.info, s.poppler = information(out), code == 0 && !strings.Contains(complaints, "Kid object (page")
	s.text, _, _ = ask(ctx, "pdftotext", path, "-")
	out, _, _ = ask(ctx, "pdfsig", "-nocert", path)
	s.valid = strings.Count(out, "- Signature Validation: Signature is Valid.")
	s.total = strings.Count(out, "- Total document signed")
	return s
}

// structure reads pages, fields and encryption as qpdf has them.
func (s *sight) structure(ctx context.Context, path string) {
	out, _, _ := ask(ctx, "qpdf", "--json", "--json-key=pages", "--json-key=encrypt", path)
	var says struct {
		Pages    []struct{ Contents []string }
		Encrypt  json.RawMessage
		AcroForm struct{ Fields []map[string]any }
	}
	if json.Unmarshal([]byte(out), &says) != nil {
		return
	}
	s.pages, s.encrypt = len(says.Pages), string(says.Encrypt)
	for _, p := range says.Pages {
		s.contents = append(s.contents, strings.Join(p.Contents, ","))
	}
	// Apart: qpdf gives up half-way where /AcroForm is not there but named.
	out, _, _ = ask(ctx, "qpdf", "--json", "--json-key=acroform", path)
	if json.Unmarshal([]byte(out), &says) != nil {
		return
	}
	for _, f := range says.AcroForm.Fields {
		delete(f, "pageposfrom1")
		b, _ := json.Marshal(f) // of what was read from JSON a moment ago
		s.fields[string(b)]++
	}
}

// information is what pdfinfo says of the document, but for what a signature
// changes: the size, whether there is a form, and that the file is no longer
// linearized.
func information(out string) string {
	var b strings.Builder
	for line := range strings.Lines(out) {
		switch key, _, _ := strings.Cut(line, ":"); key {
		case "Form", "File size", "Optimized":
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

// compare notes what the file with n signatures of ours lacks of what it was.
func compare(before, after *sight, n int, faults map[string]string) {
	if after.check.code > before.check.code || after.check.code < 0 || after.check.warnings > before.check.warnings {
		faults["qpdf"] = fmt.Sprintf("exit %d with %d complaints, was %d with %d: %s", after.check.code, after.check.warnings,
			before.check.code, before.check.warnings, after.check.says)
	}
	if after.valid != before.valid+n || after.total < 1 {
		faults["pdfsig"] = fmt.Sprintf("%d valid signatures, was %d, %d of them on the total document", after.valid, before.valid, after.total)
	}
	if after.pages != before.pages || !slices.Equal(after.contents, before.contents) {
		faults["pages"] = fmt.Sprintf("%d pages, was %d: contents %.100q, was %.100q", after.pages, before.pages, after.contents, before.contents)
	}
	for _, f := range slices.Sorted(maps.Keys(before.fields)) {
		if after.fields[f] < before.fields[f] {
			faults["fields"] = "lost or changed: " + short(f)
		}
	}
	for what, pair := range map[string][2]string{
		"encryption": {before.encrypt, after.encrypt}, "information": {before.info, after.info}, "text": {before.text, after.text},
	} {
		// What poppler sees in a file that it could not open before is no change.
		if pair[0] != pair[1] && (before.poppler || what == "encryption") {
			faults[what] = difference(pair[0], pair[1])
		}
	}
}

// difference shows the first line that differs.
func difference(before, after string) string {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d: %.80q, was %.80q", i+1, y, x)
		}
	}
	return "the ends differ"
}

// short keeps one line readable, and free of the folder's name.
func short(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		if filepath.IsAbs(w) {
			words[i] = filepath.Base(w)
		}
	}
	s = strings.Join(words, " ")
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}
