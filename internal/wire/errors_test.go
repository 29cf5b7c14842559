package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
)

// An answer of the domain comes out at the other end as it went in.
func TestErrorsRoundTrip(t *testing.T) {
	t.Parallel()
	for code := exchange.Invalid; code <= exchange.Unavailable; code++ {
		sent := &exchange.Error{Code: code, Reason: "SOME_REASON", Text: "văn bản này không gửi được", RetryAfter: 60, Fields: []exchange.Field{
			{Path: "recipients[2].agency", Reason: "UNKNOWN_RECIPIENT", Text: "is not known"}, {Path: "metadata.subject", Reason: "REQUIRED", Text: "is required"}}}
		s := wire.ErrorToStatus(fmt.Errorf("wrapped: %w", sent))
		if s == nil {
			t.Fatalf("code %d became internal", code)
		}
		var got *exchange.Error
		if err := wire.ErrorFromStatus(s.Err()); !errors.As(err, &got) {
			t.Fatalf("code %d came back as %T", code, err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Errorf("code %d (-sent +came):\n%s", code, diff)
		}
	}
}

// What nobody expected is not answered: it is for the log alone.
func TestErrorToStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		code codes.Code // OK: internal
	}{
		{"unexpected", errors.New("sqlite: disk I/O error at /var/lib/node.db"), codes.OK},
		{"not found", fmt.Errorf("x: %w", exchange.ErrNotFound), codes.NotFound},
		{"full", fmt.Errorf("x: %w", exchange.ErrFull), codes.ResourceExhausted},
		{"a peer's fault", fmt.Errorf("x: %w", &exchange.LinkError{Peer: "ward", Fault: exchange.FaultNotReading, Text: "it does not read"}), codes.InvalidArgument},
		{"store away", fmt.Errorf("x: %w", exchange.ErrAway), codes.Unavailable},
		{"caller gone", context.Canceled, codes.Canceled},
		{"deadline", context.DeadlineExceeded, codes.DeadlineExceeded},
		{"a status", status.Error(codes.Unauthenticated, "x"), codes.Unauthenticated},
	} {
		s := wire.ErrorToStatus(tt.err)
		switch {
		case tt.code == codes.OK && s != nil:
			t.Errorf("%s: answered with %v, want internal", tt.name, s)
		case tt.code != codes.OK && (s == nil || s.Code() != tt.code):
			t.Errorf("%s: %v, want %v", tt.name, s, tt.code)
		}
	}
	if err := wire.ErrorFromStatus(io.EOF); !errors.Is(err, io.EOF) {
		t.Errorf("end of a stream became %v", err)
	}
	if err := wire.ErrorFromStatus(status.Error(codes.DeadlineExceeded, "late")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a deadline became %v", err)
	}
}

// A page token is given back as it was, and nothing else is taken for one.
func TestPageTokens(t *testing.T) {
	t.Parallel()
	got, err := wire.PageCursor(wire.PageToken(id))
	if err != nil || got != id {
		t.Errorf("cursor %v, %v, want %v", got, err, id)
	}
	if got, err := wire.PageCursor(""); err != nil || got != (envelope.ID{}) {
		t.Errorf("empty token: %v, %v, want the newest", got, err)
	}
	for _, token := range []string{"x", "AAAA", "agencies/a/documents/1", wire.PageToken(id) + "A"} {
		if _, err := wire.PageCursor(token); err == nil {
			t.Errorf("token %q was taken", token)
		}
	}
}
