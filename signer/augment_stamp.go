package signer

import (
	"errors"
	"fmt"
	"strconv"

	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// stamp appends a revision with a document time-stamp over all of the file (EN
// 319 142-1, 5.4.3; ISO 32000-2, 12.8.5).
func (a *augmenter) stamp() error {
	if err := a.mayAppend(); err != nil {
		return err
	}
	if a.opts.TSA == nil {
		return errors.Join(append([]error{errors.New("augment: a signature has no time-stamp that can be relied on, and no time-stamping authority is given")}, a.collect.doubts...)...)
	}
	p, err := newStampPlan(a.file, a.opts)
	if err != nil {
		return err
	}
	hole := tokenRoom
	for range 3 {
		p.update.Set(p.sig, documentTimeStamp(hole))
		appended, err := p.update.Build()
		if err != nil {
			return fmt.Errorf("augment: %w", err)
		}
		token, err := a.ask(a.file.hash.of(appended))
		if err != nil {
			return err
		}
		if len(token.Raw) > hole {
			hole = len(token.Raw) + 512 // the next one may differ a little
			continue
		}
		if err := appended.Fill(token.Raw); err != nil {
			return fmt.Errorf("augment: %w", err)
		}
		a.file.append(appended)
		a.appended++
		a.tokens = append(a.tokens, token)
		a.held.addStamp(p.field.name, len(p.file.Revisions())+1, token, appended)
		return nil
	}
	return fmt.Errorf("augment: the time-stamp tokens keep growing, the last was larger than %d bytes", hole-512)
}

// newStampPlan makes every change that a document time-stamp needs but its
// dictionary's: an invisible field on the first page.
func newStampPlan(in pdf.Source, opts AugmentOptions) (*plan, error) {
	p, err := openPlan(in, SignOptions{At: opts.At, Limits: opts.Limits})
	if err != nil {
		return nil, err
	}
	fields, err := p.view.Fields()
	if err != nil {
		return nil, fmt.Errorf("augment: read the form: %w", err)
	}
	taken := make(map[string]bool, len(fields))
	for i := range fields {
		taken[fields[i].FullName] = true
	}
	for i := 1; p.opts.Field == ""; i++ {
		if free := "DocTimeStamp" + strconv.Itoa(i); !taken[free] {
			p.opts.Field = free
		}
	}
	p.sig = p.update.Reserve()
	for _, step := range []func() error{
		func() error { return p.newField(taken) },
		p.writeField,
		func() error { return p.writeExtensions(nil) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p.update.SetID(revisionID(p.file, opts.At, []byte("time-stamp")))
	return p, nil
}

// documentTimeStamp has the entries that EN 319 142-1, 5.4.3 lists and no other:
// the token says the time and by whom.
func documentTimeStamp(hole int) *pdf.Dict {
	return pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("DocTimeStamp")},
		pdf.Entry{Key: "Filter", Value: pdf.Name("Adobe.PPKLite")},
		pdf.Entry{Key: "SubFilter", Value: subFilterTimestamp},
		pdf.Entry{Key: "ByteRange", Value: pdf.ByteRangeHole{}},
		pdf.Entry{Key: "Contents", Value: pdf.ContentsHole(hole)},
	)
}

// ask gets a token that can be relied on from the first authority that gives one.
func (a *augmenter) ask(digest []byte) (*tsp.Token, error) {
	token, err := stampBy(a.ctx, a.opts.TSA, a.opts.Hash, digest, a.collect.believe)
	if err != nil {
		return nil, fmt.Errorf("augment: no time-stamp, so no level %s: %w", a.opts.Level, err)
	}
	return token, nil
}
