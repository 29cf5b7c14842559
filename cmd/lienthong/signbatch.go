package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"lienthong/certs/keys"
	"lienthong/signer"
)

// signAny tells the ways of signing apart: in one step or two, one file or many.
func (a *app) signAny(c *cobra.Command, in []string, f signFlags) error {
	ctx := c.Context()
	switch {
	case f.prepare != "" && f.complete != "":
		return failf(exitUsage, "--prepare and --complete are two steps: give one of them")
	case f.complete != "" && len(in) > 0:
		return failf(exitUsage, "--complete %s: the files are named in it, give none", f.complete)
	case f.complete != "":
		return a.signComplete(ctx, f)
	}
	if err := args(1, -1)(c, in); err != nil {
		return err
	}
	switch {
	case f.registerFlags.given() && len(in) > 1:
		return failf(exitUsage, "--number and --date are of one letter: give one file")
	case f.prepare != "":
		return a.signPrepare(ctx, in, f)
	case len(in) > 1 || isFolder(f.output):
		return a.signBatch(ctx, in, f)
	}
	return a.sign(ctx, in[0], f)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// signBatch signs many files with one key, on all cores.
func (a *app) signBatch(ctx context.Context, in []string, f signFlags) error {
	opts, err := a.signOptions(f, a.now())
	if err != nil {
		return err
	}
	outputs, err := outputsIn(f.output, in)
	if err != nil {
		return err
	}
	if id, ok := strings.CutPrefix(f.key, "node:"); ok {
		b := &batch{a: a, files: in, workers: 4}
		return b.report(b.run(ctx, func(i int) error {
			each := f
			each.output = outputs[i]
			return a.signAtNode(ctx, in[i], id, each, opts)
		}))
	}
	key, err := keys.Open(f.key, secretFile(f.passwordFile))
	if err != nil {
		return fail(exitUsage, err)
	}
	if err := a.checkKey(ctx, key, f, opts.At); err != nil {
		return err
	}
	check, err := newSecondOpinion(f.crossCheck)
	if err != nil {
		return err
	}
	made := make([]*signer.Signed, len(in))
	b := &batch{a: a, files: in, workers: runtime.GOMAXPROCS(0)}
	if opts.TSA != nil {
		b.workers = min(b.workers, 4) // public authorities turn away who asks faster
	}
	errs := b.run(ctx, func(i int) (err error) {
		each := opts
		each.At = a.now()
		made[i], err = a.signInto(ctx, in[i], outputs[i], key, each, f, check)
		return err
	})
	for i, s := range made {
		if errs[i] == nil {
			if err := a.printSigned(outputs[i], key, s); err != nil {
				return err
			}
		}
	}
	return b.report(errs)
}

// signInto signs one file; the output appears whole, or not at all.
func (a *app) signInto(ctx context.Context, in, output string, key keys.Key, opts signer.SignOptions, f signFlags, check *secondOpinion) (*signer.Signed, error) {
	source, err := openDocument(in)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	if err := a.checkDynamic(ctx, in, source, f.dynamic); err != nil {
		return nil, err
	}
	var signed *signer.Signed
	err = writeOutput(output, in, func(out *os.File) error {
		if signed, err = signer.Sign(ctx, source, key, opts, out); err != nil {
			return a.signError(in, err, f)
		}
		return check.checkFile(ctx, a, in, out.Name(), signed)
	})
	return signed, err
}

// outputsIn names an output in the folder for each input. Two of one name would
// be one file at the end.
func outputsIn(folder string, in []string) ([]string, error) {
	if !isFolder(folder) {
		return nil, fail(exitUsage, fmt.Errorf("%s: is no folder, and %d files want one", folder, len(in)), "make it: mkdir "+folder)
	}
	out, from := make([]string, len(in)), make(map[string]string)
	for i, path := range in {
		name := filepath.Base(path)
		if other, ok := from[name]; ok {
			return nil, fail(exitUsage, fmt.Errorf("%s and %s have one name: one would overwrite the other in %s", other, path, folder), "sign them in two runs, into two folders")
		}
		from[name], out[i] = path, filepath.Join(folder, name)
	}
	return out, nil
}

// A batch does one thing to many files. A file that fails does not stop the
// others.
type batch struct {
	a       *app
	files   []string
	workers int
}

// run calls do for the index of each file, and returns what came of each.
func (b *batch) run(ctx context.Context, do func(i int) error) []error {
	errs := make([]error, len(b.files))
	bar := b.a.progress(b.a.t("signing", "ký số"))
	var next, done atomic.Int64
	var wg sync.WaitGroup
	var drawing sync.Mutex
	for range min(b.workers, len(b.files)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(b.files) {
					return
				}
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = do(i)
				}
				drawing.Lock()
				bar.files(int(done.Add(1)), len(b.files))
				drawing.Unlock()
			}
		})
	}
	wg.Wait()
	bar.end()
	return errs
}

// report lists what failed, at the end, where it is seen.
func (b *batch) report(errs []error) error {
	failed := 0
	var hints []string
	for i, err := range errs {
		if err == nil {
			continue
		}
		failed++
		text := err.Error()
		if !strings.HasPrefix(text, b.files[i]) {
			text = b.files[i] + ": " + text
		}
		fmt.Fprintf(b.a.err, "lienthong: %s: %s\n", b.a.t("error", "lỗi"), text)
		if f, ok := errors.AsType[*failure](err); ok {
			hints = append(hints, f.hints...)
		}
	}
	slices.Sort(hints)
	for _, h := range slices.Compact(hints) { // once for all files
		fmt.Fprintf(b.a.err, "lienthong: %s: %s\n", b.a.t("hint", "gợi ý"), h)
	}
	if failed == 0 {
		return nil
	}
	fmt.Fprintf(b.a.err, b.a.t("lienthong: error: %d of %d files were not signed\n", "lienthong: lỗi: %d trong %d tệp chưa được ký\n"), failed, len(errs))
	return quiet(exitNo)
}

// files shows how many of the files are done.
func (b *bar) files(done, total int) {
	now := b.a.now()
	if !b.enabled || done < total && now.Sub(b.last) < barEvery {
		return
	}
	b.last, b.drawn = now, true
	filled := done * barWidth / total
	fmt.Fprintf(b.a.err, "\r%s [%s%s] %d/%d ", b.name, strings.Repeat("█", filled), strings.Repeat("░", barWidth-filled), done, total)
}
