package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"lienthong/internal/measure"
)

// A row is one measurement. Where nothing is asked for, it is a report.
type row struct {
	what, ours, base, found, limit string
	asked, met                     bool
	note                           string
}

type section struct {
	name string
	rows []row
	took time.Duration
}

// A report is all sections.
type report struct {
	sections   []section
	pairs      int
	asked, met int
	err        error
}

func (r *report) add(s section) {
	r.sections = append(r.sections, s)
	for _, x := range s.rows {
		if x.asked {
			r.asked++
		}
		if x.met {
			r.met++
		}
	}
}

func (s section) write(w io.Writer) {
	fmt.Fprintf(w, "## %s\n\n| what | ours | beside | found | asked | |\n|---|---|---|---|---|---|\n", s.name)
	for _, x := range s.rows {
		mark := ""
		if x.asked {
			mark = "**missed**"
		}
		if x.met {
			mark = "met"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", x.what, x.ours, x.base, x.found, x.limit, mark)
	}
	for _, x := range s.rows {
		if x.note != "" {
			fmt.Fprintf(w, "\n%s: %s\n", x.what, x.note)
		}
	}
	fmt.Fprintf(w, "\nMeasured in %v.\n", s.took.Round(time.Second))
}

// ratio is a comparison whose ratio may be most; 0 asks for nothing.
func ratio(what, beside string, m measure.Result, most float64) row {
	x := compared(what, beside, m)
	x.found = fmt.Sprintf("%.2f × (%.2f in processor time)", m.Ratio, m.CPU)
	if most > 0 {
		x.limit, x.asked, x.met = fmt.Sprintf("≤ %.2f ×", most), true, m.Ratio <= most
	}
	return x
}

// above is a comparison in which ours may take so many milliseconds more; 0 asks for
// nothing.
func above(what, beside string, m measure.Result, most float64) row {
	x := compared(what, beside, m)
	x.found = fmt.Sprintf("%+.3f ms (%+.3f in processor time)", m.Difference, m.DifferenceOfCPU)
	if most > 0 {
		x.limit, x.asked, x.met = fmt.Sprintf("≤ %.2f ms more", most), true, m.Difference <= most
	}
	return x
}

func compared(what, beside string, m measure.Result) row {
	return row{what: what, ours: duration(m.Ours), base: fmt.Sprintf("%s: %s", beside, duration(m.Base))}
}

// most is a figure that may be so large, or with a negative limit must be.
func most(what string, value, limit float64, unit string) row {
	x := row{what: what, ours: figure(value, unit), limit: "≤ " + figure(limit, unit), asked: true, met: value <= limit}
	return x
}

func least(what string, value, limit float64, unit string) row {
	return row{what: what, ours: figure(value, unit), limit: "≥ " + figure(limit, unit), asked: true, met: value >= limit}
}

func shown(what, ours, beside string) row { return row{what: what, ours: ours, base: beside} }

func figure(value float64, unit string) string {
	if value >= 100 || value == float64(int64(value)) {
		return fmt.Sprintf("%.0f %s", value, unit)
	}
	return fmt.Sprintf("%.2f %s", value, unit)
}

func duration(ms float64) string {
	switch {
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.3f ms", ms)
}

const mebibyte = 1 << 20

// markdown is the report as a document: machine, method, tables.
func (r *report) markdown(ctx context.Context, at time.Time, set string) []byte {
	var b bytes.Buffer
	commit := firstLine(ctx, "git", "rev-parse", "--short", "HEAD")
	text, args := methodText, []any{at.Format("2 January 2006"), commit, runtime.NumCPU(), processorName(), runtime.Version(),
		firstLine(ctx, "uname", "-sr"), load(), r.met, r.asked, r.pairs}
	if set == "exchange" {
		text, args = exchangeText, args[:len(args)-1]
	}
	fmt.Fprintf(&b, text, args...)
	for _, s := range r.sections {
		b.WriteByte('\n')
		s.write(&b)
	}
	return b.Bytes()
}

func firstLine(ctx context.Context, program string, args ...string) string {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	line, _, _ := strings.Cut(string(out), "\n")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(line)
}

func processorName() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	_, name, _ := strings.Cut(string(data), "model name")
	name, _, _ = strings.Cut(name, "\n")
	return cmp.Or(strings.Trim(name, "\t: "), "unknown")
}

// load is how many processes wanted a processor in the last minute, this one
// included.
func load() string {
	data, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(data), " ")
	return cmp.Or(first, "unknown")
}

const methodText = `# Numbers

What signing and validating take, beside the work that none can avoid and beside other programs. This page is written by
` + "`make bench`" + `; run it to measure again.

%s, commit %s, %d processors (%s), %s, %s, load at the end %s. **%d of %d numbers are met.**

## Method

Everything is one run. What is compared runs in %d interleaved pairs in one process (fewer where a pair takes a second), the
order of the two turned round every time; *found* is the median of the ratios (or differences) pair by pair, *ours* and *beside*
are medians by the clock. The same in processor time of the process, the collector's included, stands in parentheses: it does not
count what else the machine does, and where the two differ much the machine was not quiet.

- *raw RSA*, *raw P-256*: ` + "`rsa.SignPKCS1v15`" + ` or ` + "`ecdsa.SignASN1`" + ` and one SHA-256 of the file. *SHA-256* of a letter is of its bytes in memory,
  of a large file as it is read from disk, from the page cache.
- *checks*: one SHA-256 of the file and one RSA verification for each signature. Chains and revocation lists have been
  seen before; what they take the first time is under *Parts*.
- *durable copy*: reading the file and writing it to a new one, fsync, rename, fsync of the folder. Signing ends the same way.
- Memory is the most that a process of its own had resident (VmHWM), less what it had before it began (key, certificates and lists
  loaded). Bytes and counts of allocations are those of the Go runtime.
- The letter has 205 KB on five pages, uncompressed; the one with two signatures has a visible seal as the second, so that
  the page below it is read. Validation judges path, revocation lists, agency, and what later revisions changed.
- Hostile files (internal/testpdf, and those of a folder given by -corpus) are signed and validated in a process each; the time is
  that of processors.
- pdfsign is v0.0.0-20260102145623-a2800162ff5c; its verification looks at no path and at no change. pdfsig is a process a
  file, its start included. pyHanko runs in one Python process and is timed there.
- *journal*: one letter, in memory, through the door to a node's keys, with its store (SQLite) in the folder for temporary files;
  it commits the intent, signs, validates the result, and commits the outcome, each commit with fsync. Beside the engine alone
  that is all of it; beside a journal that keeps nothing, only the two commits. *One commit* is the median of them all.
- *network*: authorities (certs/dev) over HTTP on loopback, connections kept, in the same process: the signature of the answer
  counts, the way to a real authority does not. What is fetched is checked; *fetched before* is asked of the same evidence again.
- *cross-check*: a process a file, its start included, beside the same library's verification in this process; by the clock.
- *lienthong sign* is one process that signs a folder of copies of the letter into another, each durably, its start included;
  the median of three runs, raw RSA and durable copies on all processors in turn with them.
`
