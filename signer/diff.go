package signer

import (
	"fmt"
	"strings"

	"lienthong/signer/pdf"
)

// What follows a signature is classed by comparing each later revision with the
// one before it, object by object, by allow-list.
//
// Only objects that a revision's cross-reference section lists can have changed,
// so the work grows with what was appended, apart from one walk over the signed
// document that learns which object numbers it refers to and from where. That
// walk is what finds the two ways of changing a document without touching an
// object that anyone would think of: giving a body to a number that the signed
// document refers to and that stood for nothing, and rewriting an object that a
// permitted change reaches by one path and a page by another.
//
// A rule explains an object that changed (it "takes" it) only if the object is
// new, or if everything that refers to it is within what the rule is about. What
// no rule has taken at the end, and is part of the document, is content.

// change is one thing that a revision did.
type change struct {
	class  Changes
	ref    pdf.Ref
	path   string
	detail saying
	field  string // full name of the existing field that was filled or signed, for locks
	fresh  bool   // something new shows on a page
	over   *overlay
}

// step is what one revision did to the one before it.
type step struct {
	revision int
	changes  []change
	notes    []Finding // about the file, whatever the class
	added    []addition
	filled   []filledField
}

var classOrder = map[Changes]int{
	ChangesNone: 0, ChangesLTV: 1, ChangesSignature: 2, ChangesForm: 3, ChangesAnnotation: 4, ChangesContent: 5,
}

func worse(a, b Changes) Changes {
	if classOrder[b] > classOrder[a] {
		return b
	}
	return a
}

// maxSteps bounds the revisions that are compared. More of them than any office
// makes are not looked at one by one, and count as content.
const maxSteps = 256

// laterChanges compares revisions from the first signed one on, and judges each
// signature by what follows it.
func (c *check) laterChanges() {
	first := 0
	for _, it := range c.items {
		if it.revision >= 1 && (first == 0 || it.revision < first) {
			first = it.revision
		}
	}
	if first == 0 || first >= len(c.revisions) {
		return
	}
	steps := c.compareAll(first)
	for i := range steps {
		c.report.Findings = append(c.report.Findings, steps[i].notes...)
		c.added = append(c.added, steps[i].added...)
	}
	c.registered(steps)
	rules := c.permissions()
	for _, it := range c.items {
		c.judgeChanges(it, steps, rules)
	}
}

// compareAll compares revision first with the next, and so on to the newest.
func (c *check) compareAll(first int) []step {
	last := len(c.revisions)
	if last-first > maxSteps {
		return []step{{revision: last, changes: []change{{class: ChangesContent,
			detail: said("%d revisions follow, more than the %d that are compared", last-first, maxSteps)}}}}
	}
	d := newDiffer(c.file, c.items, first)
	var steps []step
	for n := first; n < last; n++ {
		steps = append(steps, d.step(n))
	}
	return steps
}

// judgeChanges sets the class of what follows one signature and fails it where
// that is not permitted.
func (c *check) judgeChanges(it *item, steps []step, rules permissions) {
	total := 0
	for i := range steps {
		s := &steps[i]
		if s.revision <= it.revision {
			continue
		}
		for _, ch := range s.changes {
			class, why := rules.judge(s.revision, ch)
			if why == "" && ch.over != nil {
				c.overlays = append(c.overlays, laid{it, s.revision, ch})
			}
			it.out.Changes = worse(it.out.Changes, class)
			if why == "" {
				continue
			}
			if total++; total > maxNamed {
				continue
			}
			it.forbidden(s.revision, ch, class, why)
		}
	}
	if total > maxNamed {
		it.add(ruleLater, Failed, "and %d more", total-maxNamed)
	}
	if total == 0 && it.out.Changes != ChangesNone {
		it.add(ruleLater, Passed, "%s", saying{format: string(it.out.Changes)})
	}
}

// maxNamed is how many changes a report names; the rest is counted.
const maxNamed = 8

// placeText is where something changed: a field, whose name is from the file, or a way
// through the file, which reads the same in every language.
func placeText(path string) fmt.Stringer {
	if name, ok := strings.CutPrefix(path, "field "); ok {
		return said("field %s", name)
	}
	return way(path)
}

// way is a way through the file.
type way string

func (w way) String() string { return string(w) }

// forbidden records a change that the signature does not survive, or that leaves
// the file undecided.
func (it *item) forbidden(revision int, ch change, class Changes, why string) {
	r := ruleLater
	switch why {
	case ruleDocMDP.name:
		r = ruleDocMDP
	case ruleFieldMDP.name:
		r = ruleFieldMDP
	}
	where := placeText(ch.path)
	if ch.path == "" {
		where = ch.ref
	}
	f := finding(r, Failed, refText(ch.ref), "revision %d: %s: %s", revision, where, ch.detail)
	switch {
	case class == ChangesAnnotation:
		f.Result = Warning
	case it.timestamp:
		// It proves that what it covers was there, whatever came after; that the
		// content changed matters to the signatures before the change.
		f.Result = Warning
	default:
		it.out.conclude(TotalFailed, FormatFailure)
	}
	it.out.Findings = append(it.out.Findings, f)
}
