package wire

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"lienthong/exchange"
)

// Domain is the domain of the reasons in ErrorInfo.
const Domain = "lienthong"

// The reasons of answers that come from the transport and not from the domain.
const (
	ReasonNoCertificate      = "NO_CERTIFICATE"
	ReasonUnknownCertificate = "UNKNOWN_CERTIFICATE"
	ReasonExpiredCertificate = "EXPIRED_CERTIFICATE"
	ReasonBadAuthorization   = "BAD_AUTHORIZATION"
	ReasonDisabled           = exchange.ReasonDisabled
	ReasonForbidden          = "FORBIDDEN"
	ReasonTooManyCalls       = "TOO_MANY_CALLS"
	ReasonMissingField       = "MISSING_FIELD"
	ReasonInternal           = "INTERNAL"
)

var codeOf = map[exchange.Code]codes.Code{
	exchange.Invalid:      codes.InvalidArgument,
	exchange.NotFound:     codes.NotFound,
	exchange.Exists:       codes.AlreadyExists,
	exchange.Precondition: codes.FailedPrecondition,
	exchange.Denied:       codes.PermissionDenied,
	exchange.Exhausted:    codes.ResourceExhausted,
	exchange.Unavailable:  codes.Unavailable,
}

// ErrorToStatus is the one switch from errors to answers: an [exchange.Error] with
// its reason and its fields, what a peer did wrong on its link, a status as it is, and the
// ends of contexts. For all else it is nil: that is internal, for the log, and nothing of it
// may leave.
func ErrorToStatus(err error) *status.Status {
	var known *exchange.Error
	var fault *exchange.LinkError
	switch {
	case errors.As(err, &known):
		return domainStatus(known)
	case errors.As(err, &fault):
		return NewStatus(codes.InvalidArgument, string(fault.Fault), fault.Text)
	case errors.Is(err, ErrMissing):
		return NewStatus(codes.InvalidArgument, ReasonMissingField, err.Error())
	case errors.Is(err, exchange.ErrNotFound):
		return NewStatus(codes.NotFound, "NOT_FOUND", "not found")
	case errors.Is(err, exchange.ErrFull):
		return NewStatus(codes.ResourceExhausted, exchange.ReasonSpace, "this node has no space left")
	case errors.Is(err, exchange.ErrAway):
		return NewStatus(codes.Unavailable, exchange.ReasonAway, "this node cannot reach its store now: ask again")
	case errors.Is(err, context.Canceled):
		return status.New(codes.Canceled, "the caller went away")
	case errors.Is(err, context.DeadlineExceeded):
		return status.New(codes.DeadlineExceeded, "the caller's deadline passed")
	}
	if s, ok := status.FromError(err); ok {
		return s
	}
	return nil
}

func domainStatus(e *exchange.Error) *status.Status {
	code, ok := codeOf[e.Code]
	if !ok {
		code = codes.Unknown
	}
	text := e.Text
	if text == "" {
		text = e.Reason
	}
	s := NewStatus(code, e.Reason, text)
	if e.RetryAfter > 0 {
		if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(e.RetryAfter) * time.Second)}); err == nil {
			s = detailed
		}
	}
	if len(e.Fields) == 0 {
		return s
	}
	bad := &errdetails.BadRequest{}
	for _, f := range e.Fields {
		bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: f.Path, Description: f.Text, Reason: f.Reason})
	}
	if detailed, err := s.WithDetails(bad); err == nil {
		return detailed
	}
	return s
}

// NewStatus is an answer with a stable reason.
func NewStatus(code codes.Code, reason, text string) *status.Status {
	s := status.New(code, text)
	if detailed, err := s.WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: Domain}); err == nil {
		return detailed
	}
	return s
}

// ErrorFromStatus turns the answer of a node back into the error that it was: an
// *[exchange.Error]. What is no status stays as it is.
func ErrorFromStatus(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	out := &exchange.Error{Text: s.Message(), Reason: s.Code().String()}
	switch s.Code() {
	case codes.Canceled:
		out.Cause = context.Canceled
	case codes.DeadlineExceeded:
		out.Cause = context.DeadlineExceeded
	}
	for code, c := range codeOf {
		if c == s.Code() {
			out.Code = code
		}
	}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			out.Reason = d.GetReason()
		case *errdetails.RetryInfo:
			out.RetryAfter = uint32(min(max(d.GetRetryDelay().GetSeconds(), 0), 1<<31))
		case *errdetails.BadRequest:
			for _, f := range d.GetFieldViolations() {
				out.Fields = append(out.Fields, exchange.Field{Path: f.GetField(), Reason: f.GetReason(), Text: f.GetDescription()})
			}
		}
	}
	return out
}
