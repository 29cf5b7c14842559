package main

import (
	"fmt"
	"strings"
	"time"
)

// A tally counts what happened in the rounds that passed.
type tally struct {
	rounds, failed int
	letters        int
	recipients     int
	faults         map[string]int // by family
	took           time.Duration
	last           string
}

func (t *tally) add(r *round, took time.Duration) {
	recipients := 0
	for _, m := range r.ledger.letters {
		recipients += len(m.to)
	}
	t.rounds++
	t.letters += len(r.ledger.letters)
	t.recipients += recipients
	t.took += took
	var names []string
	for _, f := range r.faults {
		t.faults[f.family]++
		names = append(names, f.what)
	}
	t.last = fmt.Sprintf("%d letters to %d recipients, %.1f s: %s", len(r.ledger.letters), recipients, took.Seconds(), strings.Join(names, "; "))
}

// table is the outcome, as Markdown.
func (c *campaign) table() string {
	var b strings.Builder
	t := &c.tally
	fmt.Fprintf(&b, "Seed %d, rounds %d to %d, commit %s, %s: %d rounds passed, %d failed, in %s (%.1f s a round).\n", c.options.seed, c.options.first,
		c.options.first+t.rounds+t.failed-1, c.commit, c.begun.Format(time.DateOnly), t.rounds, t.failed, time.Since(c.begun).Round(time.Second),
		t.took.Seconds()/float64(max(1, t.rounds)))
	fmt.Fprintf(&b, "%d letters were promised, to %d recipients.\n\n| family | faults | drawn in |\n|---|--:|---|\n", t.letters, t.recipients)
	for _, f := range families {
		when := "each round"
		if f.every > 1 {
			when = fmt.Sprintf("each %dth round", f.every)
		}
		switch {
		case !c.options.wants(f.name):
			when = "not asked for"
		case c.missing[f.name] != "":
			when = c.missing[f.name]
		}
		fmt.Fprintf(&b, "| %s | %d | %s |\n", f.name, t.faults[f.name], when)
	}
	return b.String()
}
