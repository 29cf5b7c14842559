package server

import (
	"fmt"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lienthong/internal/wire"
)

const (
	// DefaultCalls is how many calls one caller may have in progress: a document-management
	// system with a watch for each of its agencies needs some hundred.
	DefaultCalls = 1000
	// maxUnary ends calls of callers that gave no deadline: the slowest are those that read
	// a whole journal. Streams last as long as they move.
	maxUnary = time.Hour
	// loggedRefusals is how many refusals of one kind and minute are logged as such; further
	// ones are for level debug, so that a flood does not fill the log.
	loggedRefusals = 100
)

// inProgress counts the calls in progress of each caller, over all its connections.
type inProgress struct {
	mu    sync.Mutex
	calls map[string]int
}

// enter reports whether a caller may have one more.
func (p *inProgress) enter(name string, most int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls == nil {
		p.calls = make(map[string]int)
	}
	if p.calls[name] >= most {
		return false
	}
	p.calls[name]++
	return true
}

func (p *inProgress) leave(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[name]--; p.calls[name] == 0 {
		delete(p.calls, name)
	}
}

// enter counts a call that is let in among those of its caller.
func (c *call) enter() error {
	name := c.caller.name()
	if !c.s.inside.enter(name, c.s.opts.MaxCalls) {
		return wire.NewStatus(codes.ResourceExhausted, wire.ReasonTooManyCalls,
			fmt.Sprintf("%q has %d calls in progress, at most so many are taken: end some first", name, c.s.opts.MaxCalls)).Err()
	}
	c.inside = name
	return nil
}

func (c *call) leave() {
	if c.inside != "" {
		c.s.inside.leave(c.inside)
		c.inside = ""
	}
}

// refused counts a call that was refused to its caller, and tells how many of its kind
// there were in this minute; 0 for what is no refusal. Of a stranger nothing is kept but
// that it was one: what it calls itself is its own invention.
func (c *call) refused(s *status.Status) int64 {
	reason := ""
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			reason = info.GetReason()
		}
	}
	switch {
	case s.Code() == codes.Unauthenticated, s.Code() == codes.PermissionDenied:
	case reason == wire.ReasonTooManyCalls:
	default:
		return 0
	}
	c.s.opts.Refused(reason)
	return c.s.svc.Refused(c.caller.name(), c.method, reason)
}
