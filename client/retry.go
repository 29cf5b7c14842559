package client

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lienthong/exchange"
)

// Retryable reports whether the same call may succeed later: the node could not be
// reached, or said that it is busy.
func Retryable(err error) bool {
	if errors.Is(err, ErrUnreachable) {
		return true
	}
	var e *exchange.Error
	if errors.As(err, &e) {
		return e.Code == exchange.Unavailable
	}
	return status.Code(err) == codes.Unavailable
}
