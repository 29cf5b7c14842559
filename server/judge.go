package server

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lienthong/internal/wire"
)

const (
	// DefaultJudge is for how long a stream goes on by one judgement of its caller. What is
	// promised of calls (a user who is disabled, a token that is revoked or has expired, a
	// role that is taken) so holds for streams, which may never end: within this time, and
	// for the news of a watch before each group of them.
	DefaultJudge = 30 * time.Second
	// judgeLimit is for how long a client's stream goes on while its caller cannot be judged,
	// since the store does not answer.
	judgeLimit = time.Minute
)

// callOf is the call in progress that a handler serves; the interceptor has let it in.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// holdTo holds the rest of a call to an agency that its request does not name and whose
// things it touches. The caller must have one of the method's roles for it, now and at
// every later judgement.
func (c *call) holdTo(agency string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agency, c.named = agency, true
	return c.s.permitFor(c.caller, c.s.rules[c.method], agency, true)
}

// judge judges the caller anew, by what the node knows now: the error is that which a new
// call would get.
func (c *call) judge() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.judgeNow()
}

// judgeInTime is judge for a stream that moves: it costs nothing while the last judgement
// is young. A store that does not answer is no judgement. Links outlive it, as they outlive
// all else that a store does while it is away.
func (c *call) judgeInTime() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	age := c.s.now().Sub(c.judged).Abs() // a clock that is set back makes no judgement last
	if c.open || age < c.s.opts.Judge {
		return nil
	}
	err := c.judgeNow()
	if err != nil && !refusal(err) && (c.caller.node != "" || age < judgeLimit) {
		return nil
	}
	return err
}

func (c *call) judgeNow() error {
	r := c.s.rules[c.method]
	who, err := c.s.identify(c.ctx)
	if err != nil {
		return err
	}
	if who.name() != c.caller.name() {
		return unauthenticated(wire.ReasonUnknownCertificate, fmt.Sprintf("the certificate of %q is another's now: call again", c.caller.name()))
	}
	if err := who.checkToken(r, c.method); err != nil {
		return err
	}
	if err := c.s.permitFor(who, r, c.agency, c.named); err != nil {
		return err
	}
	c.judged = c.s.now()
	return nil
}

// refusal reports whether an error is a judgement about the caller, and not a failure to
// come to one.
func refusal(err error) bool {
	code := status.Code(err)
	return code == codes.Unauthenticated || code == codes.PermissionDenied
}
