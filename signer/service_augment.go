package signer

import (
	"context"
	"errors"
	"fmt"
)

// RefusedEvidence: certificates or revocation data for the level cannot be had now.
const RefusedEvidence = "EVIDENCE_MISSING"

// Augment brings a file to a level, makes the result durable through the sink, and
// checks it there. No key is used. patient asks the authorities that have time.
//
// A Refusal with [RefusedTimeStamp] or [RefusedEvidence] may go well later, and one with
// [RefusedTSA] when the node has an authority; one with [RefusedFile] will not.
func (s *Service) Augment(ctx context.Context, in Source, level Level, patient bool, sink Sink) (*Augmented, error) {
	tsa := s.TSA
	if patient && s.PatientTSA != nil {
		tsa = s.PatientTSA
	}
	if tsa == nil {
		return nil, refusal(RefusedTSA, "level %s needs a time-stamping authority, and this node has none", level)
	}
	w := &watched{Writer: sink}
	opts := AugmentOptions{Level: level, TSA: w.stampers(tsa), Trust: s.Trust, Evidence: s.Evidence, At: s.Now()}
	done, err := Augment(ctx, in, opts, w)
	if err == nil {
		return done, s.checkAugmented(ctx, done, sink)
	}
	for _, hopeless := range []error{ErrUnsigned, ErrBroken, ErrCertified, ErrEncrypted} {
		if errors.Is(err, hopeless) {
			return nil, refusal(RefusedFile, "%v", err)
		}
	}
	switch {
	case ctx.Err() != nil, w.writing != nil:
		return nil, err
	case errors.Is(err, ErrEvidence):
		return nil, refusal(RefusedEvidence, "%v", err)
	case w.stamping != nil:
		return nil, refusal(RefusedTimeStamp, "no time-stamping authority answered as it should: %v", w.stamping)
	}
	return nil, err
}

// checkAugmented judges what was written before it leaves.
func (s *Service) checkAugmented(ctx context.Context, done *Augmented, sink Sink) error {
	out, err := sink.Reopen(ctx, &Signed{Digest: done.Digest, Size: done.Size})
	if err != nil {
		return fmt.Errorf("augment: keep the result: %w", err)
	}
	at := s.Now()
	for _, token := range done.TimeStamps {
		if token.Time.After(at) { // an authority's clock may be ahead of ours
			at = token.Time
		}
	}
	report, err := Validate(ctx, out, Options{At: at, Trust: s.Trust, Evidence: s.Evidence})
	if err != nil {
		return fmt.Errorf("augment: check the result: %w", err)
	}
	if report.Verdict == VerdictInvalid || report.Verdict == VerdictUnsigned {
		return fmt.Errorf("augment: check the result: it is %s: the file is not handed out", report.Verdict)
	}
	return nil
}
