package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"lienthong/signer"
)

// checks are the reasons for which a file that is signed is not all good.
var checks = []string{"prefix", "qpdf", "pdfsig", "pyhanko", ownFault, "pages", "text", "fields", "information", "encryption"}

// ownFault is the name of the check that pyHanko's own signatures fail too.
const ownFault = "pyhanko on its own too"

// A count is one row: how many files, and what became of them.
type count struct {
	files, repaired int
	forbidden       int    // by the /P of who encrypted it
	signed, good    [2]int // with one signature, with two
	able            [2]int // good, or amiss only where pyHanko's own signatures are
	told            [2]int // good, with pyHanko told the version
	faults          [2]map[string]int
}

func tally(results []*result, in func(*result) bool) count {
	c := count{faults: [2]map[string]int{{}, {}}}
	for _, r := range results {
		if !in(r) {
			continue
		}
		c.files++
		for i, s := range r.stages {
			if errors.Is(s.refused, signer.ErrNotAllowed) {
				c.forbidden++
			}
			if s.refused != nil {
				continue
			}
			c.signed[i]++
			if s.repair != "" && i == 0 {
				c.repaired++
			}
			// The second is good only on top of a good one.
			if s.good() && (i == 0 || r.stages[0].good()) {
				c.good[i]++
				if s.told {
					c.told[i]++
				}
			}
			if s.able() && (i == 0 || r.stages[0].able()) {
				c.able[i]++
			}
			for name := range s.faults {
				c.faults[i][name]++
			}
		}
	}
	return c
}

// table prints the counts, and with faults each file that is not all good.
func table(out io.Writer, results []*result, faults bool) error {
	for _, r := range results {
		if r.err != nil {
			return fmt.Errorf("%s: %w", r.name, r.err)
		}
	}
	rows := []struct {
		name string
		count
	}{
		{"clean by qpdf --check", tally(results, func(r *result) bool { return r.clean })},
		{"the rest", tally(results, func(r *result) bool { return !r.clean })},
		{"all", tally(results, func(*result) bool { return true })},
	}
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprintln(w, "\tfiles\tforbidden\trepaired\tsigned\tall good\tbut for pyHanko\ttwice\tall good\tbut for pyHanko")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d", r.name, r.files, r.forbidden, r.repaired)
		for i := range r.signed {
			fmt.Fprintf(w, "\t%d\t%s\t%s", r.signed[i], share(r.good[i], r.files), share(r.able[i], r.files-r.forbidden))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "signed, but\tonce\ttwice")
	all := rows[2]
	for _, name := range checks {
		fmt.Fprintf(w, "%s\t%d\t%d\n", name, all.faults[0][name], all.faults[1][name])
	}
	fmt.Fprintf(w, "all good, and pyHanko was told the version\t%d\t%d\n", all.told[0], all.told[1])
	if err := w.Flush(); err != nil || !faults {
		return err
	}
	list(out, results)
	return nil
}

func share(n, of int) string {
	if of == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%.1f %%)", n, 100*float64(n)/float64(of))
}

func list(out io.Writer, results []*result) {
	for _, r := range results {
		for i, s := range r.stages {
			group := "rest"
			if r.clean {
				group = "clean"
			}
			if s.refused != nil {
				fmt.Fprintf(out, "%s %s: signature %d refused: %s\n", group, r.name, i+1, short(s.refused.Error()))
			}
			for _, name := range slices.Sorted(maps.Keys(s.faults)) {
				fmt.Fprintf(out, "%s %s: signature %d: %s: %s\n", group, r.name, i+1, name, strings.TrimSpace(s.faults[name]))
			}
		}
	}
}
