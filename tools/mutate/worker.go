//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"lienthong/signer"
	"lienthong/signer/pdf"
)

// most is the time of the processor that one file may take (DESIGN.md 13).
const most = 2 * time.Second

// A seed is a file that is intact, and what its signatures cover.
type seed struct {
	name   string
	data   []byte
	good   []bool // under which judges it passes
	covers map[string][][2]int64
	looks  []byte // once drawn
}

// newSeed returns nil for a file that is of no use.
func newSeed(ctx context.Context, path string, data []byte, judges []signer.Options) *seed {
	s := &seed{name: filepath.Base(path), data: data, covers: make(map[string][][2]int64)}
	useful := false
	for _, opts := range judges {
		report, err := signer.Validate(ctx, bytes.NewReader(data), opts)
		ok := err == nil && passes(report)
		s.good = append(s.good, ok)
		useful = useful || ok
	}
	if !useful {
		return nil
	}
	f, err := pdf.Open(bytes.NewReader(data), pdf.DefaultLimits())
	if err != nil {
		return nil
	}
	if _, err := f.Unlock(nil); err != nil {
		return nil
	}
	list, err := f.Latest().Signatures()
	if err != nil {
		return nil
	}
	for _, sig := range list {
		if r, err := pdf.ParseByteRange(sig.ByteRange); err == nil {
			s.covers[sig.Field.FullName] = [][2]int64{{r[0], r[0] + r[1]}, {r[2], r[2] + r[3]}}
		}
	}
	return s
}

func passes(r *signer.Report) bool {
	return r.Verdict == signer.VerdictValid || r.Verdict == signer.VerdictIntact
}

// same reports whether what a signature of the seed covers stands in a file unchanged.
func (s *seed) same(field string, data []byte) bool {
	spans, ok := s.covers[field]
	for _, span := range spans {
		if span[1] > int64(len(data)) || !bytes.Equal(data[span[0]:span[1]], s.data[span[0]:span[1]]) {
			return false
		}
	}
	return ok
}

type worker struct {
	judges []signer.Options
	seeds  []*seed
	keep   string
	out    io.Writer
	seed   uint64
	render bool
	ways   []change

	count, unread, passed, broken int
	slowest                       time.Duration
}

func (w *worker) report() {
	fmt.Fprintf(w.out, "%d changes judged, next seed %d: %d unreadable, %d passed with their signed bytes unchanged, %d broke a rule; slowest %v\n",
		w.count, w.seed, w.unread, w.passed, w.broken, w.slowest.Round(time.Millisecond))
}

// one makes the change of the next seed, and judges it.
func (w *worker) one(ctx context.Context) {
	r := rand.New(rand.NewPCG(w.seed, 0))
	w.seed++
	s, other := w.seeds[r.IntN(len(w.seeds))], w.seeds[r.IntN(len(w.seeds))]
	how := w.ways[r.IntN(len(w.ways))]
	data := how.make(r, s.data, other.data)
	if r.IntN(4) == 0 && len(data) > 0 {
		how = w.ways[r.IntN(len(w.ways))]
		data = how.make(r, data, other.data)
	}
	for i, opts := range w.judges {
		if s.good[i] {
			w.judge(ctx, s, how.name, data, opts)
		}
	}
}

func (w *worker) judge(ctx context.Context, s *seed, how string, data []byte, opts signer.Options) {
	w.count++
	before := used()
	report, panicked, err := validate(ctx, data, opts)
	took := used() - before
	if took > most { // once more: a machine that swaps makes others wait for it
		before = used()
		report, panicked, err = validate(ctx, data, opts)
		took = min(took, used()-before)
	}
	w.slowest = max(w.slowest, took)
	switch {
	case ctx.Err() != nil:
	case panicked != "":
		w.breaks(s, how, data, "panic: "+panicked)
	case took > most:
		w.breaks(s, how, data, fmt.Sprintf("took %v of the processor", took))
	case err != nil:
		w.unread++
	case passes(report):
		w.passed++
		for _, sig := range report.Signatures {
			if !s.same(sig.Field, data) {
				w.breaks(s, how, data, fmt.Sprintf("%s, and what signature %q covers is not what was signed", report.Verdict, sig.Field))
				return
			}
		}
		if w.render && bytes.HasPrefix(data, s.data) && len(data) > len(s.data) {
			w.compare(ctx, s, how, data)
		}
	}
}

// compare draws the first pages of a file that passes, before and after.
func (w *worker) compare(ctx context.Context, s *seed, how string, data []byte) {
	if s.looks == nil {
		s.looks = draw(ctx, s.data)
	}
	if after := draw(ctx, data); ctx.Err() == nil && !bytes.Equal(s.looks, after) {
		w.breaks(s, how, data, "passes, and looks otherwise")
	}
}

// draw returns the first pages of a file as poppler draws them, small.
func draw(ctx context.Context, data []byte) []byte {
	cmd := exec.CommandContext(ctx, "pdftoppm", "-r", "30", "-l", "3", "-gray", "-")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		return []byte(err.Error())
	}
	return out
}

func validate(ctx context.Context, data []byte, opts signer.Options) (r *signer.Report, panicked string, err error) {
	defer func() {
		if p := recover(); p != nil {
			panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
	}()
	r, err = signer.Validate(ctx, bytes.NewReader(data), opts)
	return r, "", err
}

func (w *worker) breaks(s *seed, how string, data []byte, why string) {
	w.broken++
	fmt.Fprintf(w.out, "seed %d: %s, %s: %s\n", w.seed-1, s.name, how, why)
	if w.keep == "" {
		return
	}
	name := fmt.Sprintf("%d-%s-%s", w.seed-1, how, strings.TrimSuffix(s.name, ".pdf")+".pdf")
	if err := os.WriteFile(filepath.Join(w.keep, name), data, 0o600); err != nil {
		fmt.Fprintln(w.out, err)
	}
}

// used is the time of the processor that this process has had.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
