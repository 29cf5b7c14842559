// Package tracing tells an OpenTelemetry collector what a node does, in spans: calls,
// commits, signatures, and what becomes of letters.
//
// The trace of a letter has the letter's id: an envelope id and a trace id are both 16
// bytes. So the spans of one letter are one trace over all nodes that trace to the same
// collector, and nothing of it travels between nodes, where a stranger could forge it.
// Spans hold names of methods and steps, and outcomes; no subject, name or secret.
package tracing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A Tracer sends spans to a collector. It is the [exchange.Tracer] of a node. Spans wait in
// memory, a bounded number of them, and are dropped where the collector does not take them:
// no letter waits for it.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

var _ exchange.Tracer = (*Tracer)(nil)

// New makes the tracer of a node. The endpoint is a URL, such as http://127.0.0.1:4317 for
// OTLP over gRPC without TLS, or https:// with it. That nobody answers there is no error.
func New(ctx context.Context, node, endpoint string, log *slog.Logger) (*Tracer, error) {
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("tracing: endpoint %q: want a URL such as http://127.0.0.1:4317 or https://collector:4317", endpoint)
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(endpoint), otlptracegrpc.WithTimeout(10*time.Second))
	if err != nil {
		return nil, fmt.Errorf("tracing: %s: %w", endpoint, err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are not taken", "error", err) }))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithIDGenerator(ids{}), sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "lienthong"), attribute.String("service.instance.id", node))))
	return &Tracer{provider: provider, tracer: provider.Tracer("lienthong")}, nil
}

// Close sends what waits, for at most the time of ctx.
func (t *Tracer) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Span implements [exchange.Tracer].
func (t *Tracer) Span(ctx context.Context, name string, letter envelope.ID) (context.Context, func(error)) {
	var options []trace.SpanStartOption
	if around := trace.SpanContextFromContext(ctx); !letter.IsZero() && around.TraceID() != trace.TraceID(letter) {
		if around.IsValid() {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: around}))
		}
		ctx = ofLetter(ctx, name, letter)
	}
	ctx, span := t.tracer.Start(ctx, name, options...)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, exchange.OutcomeOf(err)) // a word of few: its text may quote what no collector should have
		}
		span.End()
	}
}

type letterKey struct{}

// ofLetter is a context whose next span is one of the letter: its first, or one within it.
func ofLetter(ctx context.Context, name string, letter envelope.ID) context.Context {
	if name == exchange.SpanSend {
		return context.WithValue(trace.ContextWithSpanContext(ctx, trace.SpanContext{}), letterKey{}, letter)
	}
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID(letter), SpanID: firstOf(letter), TraceFlags: trace.FlagsSampled, Remote: true}))
}

// firstOf is the id of a letter's first span, which every node can work out.
func firstOf(letter envelope.ID) trace.SpanID {
	sum := sha256.Sum256(append([]byte("lienthong first span "), letter[:]...))
	return trace.SpanID(sum[:8])
}

// ids gives the first span of a letter the ids that follow from the letter's, and all
// others random ones.
type ids struct{}

func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if letter, ok := ctx.Value(letterKey{}).(envelope.ID); ok {
		return trace.TraceID(letter), firstOf(letter)
	}
	var id trace.TraceID
	_, _ = rand.Read(id[:]) // never fails
	return id, newSpanID()
}

func (ids) NewSpanID(context.Context, trace.TraceID) trace.SpanID { return newSpanID() }

func newSpanID() (id trace.SpanID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
