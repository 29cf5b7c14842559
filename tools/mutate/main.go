//go:build unix

// Mutate changes signed PDF files at random and has each judged, for as long as it is
// told to: no change may make the reader panic or take longer than it should, and
// none in the bytes that a signature covers may leave that signature passing.
//
//	go run ./tools/mutate [-for 1h] [-seed N] [-trust ROOT.pem -crl LIST.crl…] [-render] [-only revise] [-keep DIR] FOLDER|FILE…
//
// With -render, what passes although something was appended is drawn by poppler, and
// has to look as it did before.
//
// Files that are not intact, or not signed, are passed over. With -trust and -crl each
// is judged under the default policy too. What breaks a rule is kept in -keep, with
// the seed in its name, and the exit status is 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"lienthong/certs"
	"lienthong/signer"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, time.Now)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

type options struct {
	span       time.Duration
	seed       uint64
	keep       string
	at         string
	trust      string
	crls       []string
	maxSize    int64
	render     bool
	only       string
	candidates []string
}

func parse(args []string) (options, error) {
	var o options
	fl := flag.NewFlagSet("mutate", flag.ContinueOnError)
	fl.DurationVar(&o.span, "for", time.Minute, "how long to go on")
	fl.Uint64Var(&o.seed, "seed", 1, "of the changes: the same seed makes the same ones")
	fl.StringVar(&o.keep, "keep", "", "folder for files that break a rule (default: none is kept)")
	fl.StringVar(&o.at, "at-time", "2026-11-22T00:00:00Z", "the time judged at, RFC 3339")
	fl.StringVar(&o.trust, "trust", "", "anchor: judges under the default policy as well")
	fl.Func("crl", "revocation list, repeatable", func(s string) error { o.crls = append(o.crls, s); return nil })
	fl.BoolVar(&o.render, "render", false, "draw what passes with something appended, with pdftoppm, and compare (needs poppler)")
	fl.StringVar(&o.only, "only", "", "one way of changing alone: flip, set, splice, insert, cut, move, number, name, append, revise, free or truncate")
	fl.Int64Var(&o.maxSize, "max-size", 512<<10, "larger files are passed over, bytes")
	if err := fl.Parse(args); err != nil {
		return o, err
	}
	if o.candidates = fl.Args(); len(o.candidates) == 0 {
		return o, errors.New("found no folder or file, want one or more")
	}
	return o, nil
}

func run(ctx context.Context, args []string, out io.Writer, now func() time.Time) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	judges, err := o.judges()
	if err != nil {
		return err
	}
	seeds, err := o.seeds(ctx, judges)
	if err != nil {
		return err
	}
	if len(seeds) == 0 {
		return fmt.Errorf("none of %q is a signed PDF that is intact", o.candidates)
	}
	w := &worker{judges: judges, seeds: seeds, keep: o.keep, render: o.render, out: out, seed: o.seed}
	for _, c := range changes {
		if o.only == "" || o.only == c.name {
			w.ways = append(w.ways, c)
		}
	}
	if len(w.ways) == 0 {
		return fmt.Errorf("no way of changing is called %q", o.only)
	}
	fmt.Fprintf(out, "%d files, seed %d, for %v\n", len(seeds), o.seed, o.span)
	for end, next := now().Add(o.span), now().Add(time.Minute); ctx.Err() == nil && now().Before(end); {
		w.one(ctx)
		if now().After(next) {
			next = now().Add(time.Minute)
			w.report()
		}
	}
	w.report()
	if w.broken > 0 {
		return fmt.Errorf("%d changes broke a rule", w.broken)
	}
	return nil
}

// judges are the ways in which each file is judged.
func (o options) judges() ([]signer.Options, error) {
	at, err := time.Parse(time.RFC3339, o.at)
	if err != nil {
		return nil, err
	}
	judges := []signer.Options{{Policy: signer.IntegrityPolicy(), At: at}}
	if o.trust == "" {
		return judges, nil
	}
	trust, evidence := certs.NewTrust(), certs.NewEvidence()
	anchors, err := certs.LoadCertificates(o.trust)
	if err != nil {
		return nil, err
	}
	trust.AddAll(anchors...)
	for _, name := range o.crls {
		lists, err := certs.LoadCRLs(name)
		if err != nil {
			return nil, err
		}
		evidence.AddCRLs(certs.SourceFile, lists...)
	}
	return append(judges, signer.Options{At: at, Trust: trust, Evidence: evidence}), nil
}

// seeds reads the files that are signed and intact.
func (o options) seeds(ctx context.Context, judges []signer.Options) ([]*seed, error) {
	var seeds []*seed
	for _, root := range o.candidates {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.EqualFold(filepath.Ext(path), ".pdf") {
				return err
			}
			if info, err := d.Info(); err != nil || info.Size() > o.maxSize {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if s := newSeed(ctx, path, data, judges); s != nil {
				seeds = append(seeds, s)
			}
			return ctx.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	return seeds, nil
}
