package signer

import (
	"context"
	"fmt"

	"lienthong/signer/pdf"
)

// further looks, before a key is used, at what the file holds already, and returns
// what is to be done beyond the signature; nil where that is nothing. What the
// signatures of others lack is added where it can be had, but not required.
func (o SignOptions) further(ctx context.Context, in pdf.Source, file *pdf.File) (*augmenter, error) {
	if o.Level == LevelBB || o.Level == LevelBT && o.Trust == nil {
		return nil, nil
	}
	opts, err := AugmentOptions{Level: o.Level, TSA: o.TSA, Hash: o.Hash, Trust: o.Trust, Evidence: o.Evidence,
		At: o.At, Force: o.Force, Limits: o.Limits}.check()
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	have := &holding{}
	// At LevelBT anchors only judge the authority; a file that is repaired has no
	// signatures, or it would have been refused.
	if o.Level != LevelBT && file.Repair() == nil {
		if have, err = inspect(ctx, in, opts); err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
	}
	for _, list := range [][]*held{have.signatures, have.stamps} {
		for _, h := range list {
			h.required = false
		}
	}
	return newAugmenter(ctx, nil, have, opts), nil
}

// extend appends what the level asks for beyond the signature with its time-stamp.
func (a *augmenter) extend(g *growth, p *plan, sealed *sealed) error {
	if a == nil || a.opts.Level == LevelBT {
		return nil
	}
	a.file = g
	g.hash.covered.Write(g.tail)
	if err := a.held.addSignature(p.field.name, len(p.file.Revisions())+1, sealed); err != nil {
		return err
	}
	err := a.run()
	if err == nil {
		err = a.checkResult()
	}
	if err != nil {
		return fmt.Errorf("sign: level %s: %w", a.opts.Level, err)
	}
	return nil
}

// report fills in what was done beyond the signature.
func (a *augmenter) report(s *Signed) {
	if a == nil {
		return
	}
	s.Revisions += a.appended
	s.Warnings = append(s.Warnings, a.warnings...)
	s.Until = a.until
	if n := len(a.tokens); n > 0 {
		s.Archive = a.tokens[n-1]
	}
}
