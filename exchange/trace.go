package exchange

import (
	"context"

	"lienthong/envelope"
)

// A Tracer is told what a node does while it does it, in spans: stretches of work that
// lie within one another. It must not wait, and is told no names, subjects or secrets.
type Tracer interface {
	// Span begins a span within that of ctx; end is called once, when the work is done.
	// Where it is about a letter (not zero), it belongs to the trace of that letter,
	// which all nodes know by its id without telling one another.
	Span(ctx context.Context, name string, letter envelope.ID) (_ context.Context, end func(error))
}

// The spans of a letter.
const (
	SpanSend     = "letter.send" // the first of all, where it is submitted
	SpanOffer    = "letter.offer"
	SpanAccept   = "letter.accept"
	SpanValidate = "letter.validate"
)

// Spans of no letter.
const (
	spanSign   = "sign"
	spanCommit = "commit"
)

// untraced tells nobody.
type untraced struct{}

func (untraced) Span(ctx context.Context, _ string, _ envelope.ID) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (n *Node) span(ctx context.Context, name string, letter envelope.ID) (context.Context, func(error)) {
	return n.cfg.Trace.Span(ctx, name, letter)
}
