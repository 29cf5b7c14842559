package signer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// A growth is a file and the revisions appended to it so far, which are only in
// memory.
type growth struct {
	base pdf.Source
	tail []byte
	hash *inputHash // of all of it
}

func (g *growth) Size() int64 { return g.base.Size() + int64(len(g.tail)) }

func (g *growth) ReadAt(p []byte, off int64) (int, error) {
	n, size := 0, g.base.Size()
	if off < 0 {
		return 0, fmt.Errorf("augment: read at byte %d", off)
	}
	if off < size {
		want := int(min(int64(len(p)), size-off))
		var err error
		if n, err = g.base.ReadAt(p[:want], off); n < want {
			return n, err
		}
	}
	if n == len(p) {
		return n, nil
	}
	if at := off + int64(n) - size; at < int64(len(g.tail)) {
		n += copy(p[n:], g.tail[at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (g *growth) append(a *pdf.Appended) {
	g.tail = append(g.tail, a.Data...)
	g.hash.file.Write(a.Data)
	g.hash.covered.Write(a.Data)
}

// An augmenter brings one file to a level.
type augmenter struct {
	ctx      context.Context
	file     *growth
	held     *holding
	opts     AugmentOptions
	collect  *collector
	appended int
	tokens   []*tsp.Token
	until    time.Time
	warnings []string
}

func newAugmenter(ctx context.Context, g *growth, held *holding, opts AugmentOptions) *augmenter {
	a := &augmenter{ctx: ctx, file: g, held: held, opts: opts}
	a.collect = newCollector(ctx, held, opts, func(format string, args ...any) {
		a.warnings = append(a.warnings, fmt.Sprintf(format, args...))
	})
	return a
}

// run appends a time-stamp for signatures that have none, the evidence, and the
// time-stamp on the evidence, as far as the level asks.
func (a *augmenter) run() error {
	whole := a.opts.Level != LevelBT
	a.collect.prove(whole)
	if a.collect.unproved() {
		if err := a.stamp(); err != nil {
			return err
		}
		a.collect.prove(whole)
	}
	if !whole {
		a.settleUntil()
		return a.collect.complete()
	}
	a.collect.signers()
	if err := a.collect.complete(); err != nil {
		return err
	}
	if err := a.store(); err != nil {
		return err
	}
	if a.opts.Level == LevelBLTA {
		if err := a.stamp(); err != nil {
			return err
		}
	}
	a.settleUntil()
	return nil
}

// settleUntil finds how long the newest document time-stamp holds by itself, and
// warns where that is no longer than what it protects.
func (a *augmenter) settleUntil() {
	n := len(a.held.stamps)
	if n == 0 {
		return
	}
	a.until = a.collect.holdsUntil(a.held.stamps[n-1])
	if n == 1 || len(a.tokens) == 0 || a.opts.Level != LevelBLTA {
		return
	}
	if before := a.collect.holdsUntil(a.held.stamps[n-2]); a.until.Before(before) {
		a.warnings = append(a.warnings, fmt.Sprintf("the new time-stamp can be relied on until %s, the one that it covers until %s: it adds nothing",
			show(a.until), show(before)))
	}
}

// mayAppend refuses a file that is certified against every change.
func (a *augmenter) mayAppend() error {
	if a.held.closedBy == "" {
		return nil
	}
	if !a.opts.Force {
		return fmt.Errorf("%w: %q certifies it and allows no changes (P 1): Adobe's viewers count a time-stamp or evidence as one", ErrCertified, a.held.closedBy)
	}
	if a.appended == 0 {
		a.warnings = append(a.warnings, fmt.Sprintf("%q certifies the file and allows no changes (P 1): Adobe's viewers will call it changed", a.held.closedBy))
	}
	return nil
}

// checkResult looks at the whole as a stranger would: every signature must stand
// as it stood, and what was appended must be seen as evidence and no more.
func (a *augmenter) checkResult() error {
	if a.appended == 0 {
		return nil
	}
	held, err := inspect(a.ctx, a.file, a.opts)
	if err != nil {
		return fmt.Errorf("augment: check the result: %w", err)
	}
	if len(held.signatures) != len(a.held.signatures) || len(held.stamps) != len(a.held.stamps) {
		return fmt.Errorf("augment: check the result: %d signatures and %d time-stamps, want %d and %d",
			len(held.signatures), len(held.stamps), len(a.held.signatures), len(a.held.stamps))
	}
	for i, s := range held.signatures {
		if was := a.held.signatures[i]; s.field != was.field || !bytes.Equal(s.contents, was.contents) {
			return fmt.Errorf("augment: check the result: signature %q is not as it was", was.field)
		}
	}
	return nil
}
