package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"lienthong/client"
	"lienthong/internal/sheet"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// listHelp is what "send -h" says about lists.
const listHelp = `a CSV file (UTF-8, comma or semicolon) whose first line names columns after the
flags: number, symbol, subject, type, type-name, date, to, cc, file, annex, urgency, due, signer, position,
competence, place, pages, to-place, dossier, replies-to, not-before, expires, document-id, staff. What a line
leaves empty is that of the flag. Each line is one letter; several recipients, annexes and places are parted
by ";", files are looked for beside the list, days are 2026-11-20 or 20/11/2026, and expires is a day or a
time. All lines are checked, here and by the node, before the first is sent; if one is wrong, nothing is.
A letter is known by its number, symbol and year: the same list once more sends what was not sent, and says
"sent already" of the rest (for 30 days, by the same user)`

// A listed letter is one line of a list, and what has come of it.
type listed struct {
	line    int
	f       sendFlags
	file    string
	expires string
	request *lienthongv1.SendDocumentRequest
	paths   []string // of the files of the request

	document *lienthongv1.Document // once it is sent
	before   bool                  // by an earlier run
	leftOut  []*lienthongv1.LeftOut
	err      error
}

// sendList sends each letter of a list, in its order. Every line is checked before the first
// is sent. A letter that fails does not stop the others, a node that is gone does: the same
// command then goes on where it was.
func (a *app) sendList(c *cobra.Command, in []string, f sendFlags) error {
	if err := a.listUsage(c, in, f); err != nil {
		return err
	}
	ctx := c.Context()
	var faults sheet.Faults
	letters, err := a.readList(f, &faults)
	if err != nil {
		return a.listFaults(f.list, err)
	}
	node, profile, err := a.connect(ctx)
	if err != nil {
		if faults.Or() != nil {
			return a.listFaults(f.list, &faults) // these can be mended meanwhile
		}
		return err
	}
	defer node.Close()
	run := &listRun{a: a, c: node, profile: profile, letters: letters, uploaded: map[string]bool{}}
	if err := run.check(ctx, f.partial, &faults); err != nil {
		return err
	}
	if faults.Or() != nil {
		return a.listFaults(f.list, &faults)
	}
	if !f.dryRun {
		run.send(ctx)
	}
	return run.report(f)
}

// listUsage refuses flags that cannot be meant for every letter of a list, and an output
// that cannot be written, before anything is sent.
func (a *app) listUsage(c *cobra.Command, in []string, f sendFlags) error {
	if len(in) > 0 {
		return failf(exitUsage, "--list %s names the files: give none", f.list)
	}
	for _, name := range []string{"number", "subject", "annex", "document-id", "request-id"} {
		if c.Flags().Changed(name) {
			return failf(exitUsage, "--%s is of one letter: make it a column of %s, or leave it out", name, f.list)
		}
	}
	if f.expires != 0 {
		return fail(exitUsage, errors.New("--expires counts from now: a second run would ask for something else"), "a column expires, with a day or a time")
	}
	if _, ok := urgencies[f.urgency]; !ok {
		return failf(exitUsage, "--urgency %q: want normal, urgent, very-urgent or flash", f.urgency)
	}
	if f.csv == "" {
		return nil
	}
	same, err := sameFile(f.csv, f.list)
	if err != nil {
		return err
	}
	if same {
		return fail(exitUsage, fmt.Errorf("output %q is the list: it would be overwritten", f.csv), "give another name with --csv")
	}
	if info, err := os.Stat(filepath.Dir(f.csv)); err != nil || !info.IsDir() {
		return fail(exitUsage, fmt.Errorf("--csv %s: its folder is not there", f.csv), "nothing was sent: make the folder, or give another name")
	}
	return nil
}

// A listRun sends a list.
type listRun struct {
	a        *app
	c        *client.Client
	profile  clientProfile
	agency   string // id
	letters  []*listed
	uploaded map[string]bool // paths
	stopped  error           // why not all were tried
}

// send sends what was not sent before, in the order of the list, which is that of the
// register then.
func (r *listRun) send(ctx context.Context) {
	bar := r.a.progress(r.a.t("sending", "gửi"))
	defer bar.end()
	for i, l := range r.letters {
		if l.document == nil {
			if l.err = r.sendOne(ctx, l); l.err != nil && (ctx.Err() != nil || client.Retryable(l.err)) {
				r.stopped = l.err
				return
			}
		}
		bar.files(i+1, len(r.letters))
	}
}

func (r *listRun) sendOne(ctx context.Context, l *listed) error {
	for _, path := range l.paths {
		if r.uploaded[path] {
			continue
		}
		if _, err := r.a.upload(ctx, r.c, r.agency, path); err != nil {
			return err
		}
		r.uploaded[path] = true
	}
	answer, err := r.c.Documents.SendDocument(ctx, l.request)
	if err != nil {
		return err
	}
	l.document, l.leftOut = answer.GetDocument(), answer.GetLeftOut()
	return nil
}
