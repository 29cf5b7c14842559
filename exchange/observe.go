package exchange

import (
	"context"
	"errors"
	"time"

	"lienthong/signer"
)

// An Observer is told what a node has done, for whoever counts it. Its methods are
// called from many goroutines and while people wait: they must not wait themselves, and
// must keep nothing of a change.
type Observer interface {
	// Committed: a change was written, or not. It took as long as its caller waited.
	Committed(change *Change, took time.Duration, err error)
	// Signed: a call of [Service.SignFile] has ended, with "ok", or the reason of its error.
	Signed(outcome string, took time.Duration)
	// Judged: a file was validated, with its verdict, or "unreadable".
	Judged(verdict string, took time.Duration)
}

// nobody observes a node that was given no Observer.
type nobody struct{}

func (nobody) Committed(*Change, time.Duration, error) {}
func (nobody) Signed(string, time.Duration)            {}
func (nobody) Judged(string, time.Duration)            {}

// observe fills in who is told, and tells of every file that is validated.
func (c *Config) observe() {
	if c.Observe == nil {
		c.Observe = nobody{}
	}
	c.Validate, c.ValidateApart = c.observed(c.Validate), c.observed(c.ValidateApart)
}

// observed tells of every file that a validator judges.
func (c *Config) observed(validate ValidateFunc) ValidateFunc {
	if validate == nil {
		return nil
	}
	told, now := c.Observe, c.Now
	return func(ctx context.Context, file Blob, at time.Time, policy string, claim *signer.Claim) (report *signer.Report, err error) {
		began, verdict := now(), "unreadable" // also where the reader panics
		defer func() { told.Judged(verdict, now().Sub(began)) }()
		if report, err = validate(ctx, file, at, policy, claim); err == nil {
			verdict = string(report.Verdict)
		}
		return report, err
	}
}

// OutcomeOf is "ok", or what an error of a [Service] is called: one of few words.
func OutcomeOf(err error) string {
	var own *Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &own):
		return own.Reason
	case errors.Is(err, context.Canceled):
		return "CANCELLED"
	case errors.Is(err, context.DeadlineExceeded):
		return "DEADLINE"
	}
	return "INTERNAL"
}
