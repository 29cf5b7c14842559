package signer

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"time"

	"lienthong/certs"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// AugmentOptions say how far [Augment] goes. Level and At are required; TSA from
// LevelBT on where a time-stamp has to be added, Trust and Evidence above LevelBT.
type AugmentOptions struct {
	Level    Level           // LevelBT, LevelBLT or LevelBLTA
	TSA      tsp.Stamper     // several with fail-over: [TSAs]
	Hash     crypto.Hash     // of the time-stamps; SHA-256 if zero
	Trust    *certs.Trust    // anchors; where there are none, LevelBT takes any sound time-stamp
	Evidence *certs.Evidence // what is known, and from where more may be fetched
	Policy   *Policy         // its purposes and algorithms; the default if nil
	At       time.Time       // now

	// VRI writes, beside the lists of all evidence, which of it belongs to which
	// signature, as some old viewers want (ISO 32000-2, 12.8.4.4).
	VRI bool
	// Force appends also to a file that is certified against every change (P 1).
	// ISO 32000-2 allows evidence and time-stamps there; Adobe's viewers do not.
	Force bool
	// Incomplete embeds what evidence can be had and warns of the rest, where
	// otherwise the file would be refused.
	Incomplete bool

	Limits pdf.Limits // of reading the input; zero fields mean the default
}

// Augmented says what [Augment] wrote.
type Augmented struct {
	Digest     [32]byte // SHA-256 of the whole output
	Size       int64    // of the whole output, bytes
	Level      Level
	Revisions  int          // that were appended; 0 where the file had all of it
	TimeStamps []*tsp.Token // that were added, oldest first
	// Until is when the first certificate in the path of the newest document
	// time-stamp expires: renew before. Zero where there is none.
	Until    time.Time
	Warnings []string
}

// Errors of [Augment], and of [Sign] above LevelBT, that a caller may want to tell
// apart. For a file that is certified against every change it is [ErrCertified].
var (
	ErrUnsigned = errors.New("augment: the file has no signature")
	ErrBroken   = errors.New("augment: the file has a broken signature")
	ErrEvidence = errors.New("augment: the evidence for long-term validation cannot be had")
)

// Augment writes to out the bytes of src, untouched, and the revisions that bring
// its signatures to a higher level of PAdES (EN 319 142-1, 6):
//
//   - LevelBT: one document time-stamp, if any signature has no time-stamp yet.
//   - LevelBLT: that, then the certificates and the revocation data of every
//     signature and time-stamp in a document security store.
//   - LevelBLTA: that, then one more document time-stamp. A file that has an
//     archive time-stamp gets the evidence for it and a new one, which is how
//     it is renewed before its authority's certificate expires.
//
// No byte of a signature changes, its /Contents included, so that nothing that
// was there loses its validity. The signatures must be sound. Evidence is embedded
// only after it was found to be authentic and to settle the status at the time
// that the time-stamps prove; otherwise the error is [ErrEvidence].
//
// As with [Sign], nothing is written to out before all of it is known.
func Augment(ctx context.Context, src pdf.Source, opts AugmentOptions, out io.Writer) (*Augmented, error) {
	opts, err := opts.check()
	if err != nil {
		return nil, err
	}
	held, err := inspect(ctx, src, opts)
	if err != nil {
		return nil, err
	}
	if len(held.signatures) == 0 {
		return nil, ErrUnsigned
	}
	base, err := hashInput(ctx, src, opts.Hash)
	if err != nil {
		return nil, err
	}
	a := newAugmenter(ctx, &growth{base: src, hash: base}, held, opts)
	if err := a.run(); err != nil {
		return nil, err
	}
	if err := a.checkResult(); err != nil {
		return nil, err
	}
	if err := copyInput(ctx, src, out); err != nil {
		return nil, err
	}
	if _, err := out.Write(a.file.tail); err != nil {
		return nil, fmt.Errorf("augment: write the output: %w", err)
	}
	done := &Augmented{Size: a.file.Size(), Level: opts.Level, Revisions: a.appended, TimeStamps: a.tokens, Until: a.until, Warnings: a.warnings}
	base.file.Sum(done.Digest[:0])
	return done, nil
}

func (o AugmentOptions) check() (AugmentOptions, error) {
	if o.Hash == 0 {
		o.Hash = crypto.SHA256
	}
	if o.Policy == nil {
		o.Policy = DefaultPolicy()
	}
	switch {
	case o.At.IsZero():
		return o, errors.New("augment: no current time")
	case o.Level != LevelBT && o.Level != LevelBLT && o.Level != LevelBLTA:
		return o, fmt.Errorf("augment: level %q, want %s, %s or %s", o.Level, LevelBT, LevelBLT, LevelBLTA)
	case o.Hash != crypto.SHA256 && o.Hash != crypto.SHA384 && o.Hash != crypto.SHA512:
		return o, fmt.Errorf("augment: hash %s, want SHA-256, SHA-384 or SHA-512", o.Hash)
	case o.Level != LevelBT && o.Trust == nil:
		return o, fmt.Errorf("augment: level %s needs anchors to judge the evidence by, and none are given", o.Level)
	case o.Level == LevelBLTA && o.TSA == nil:
		return o, fmt.Errorf("augment: level %s needs a time-stamping authority, and none is given", o.Level)
	}
	if o.Evidence == nil {
		o.Evidence = certs.NewEvidence()
	}
	return o, nil
}
