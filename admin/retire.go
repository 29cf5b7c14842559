package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lienthong/exchange"
)

func (s *source) askRetirement(ctx context.Context) error {
	r, err := s.Store.Retirement(ctx)
	value := 0.0
	switch {
	case errors.Is(err, exchange.ErrNotFound):
	case err != nil:
		return err
	case r.Done != 0:
		value = 2
	default:
		value = 1
	}
	s.gauge(nodeRetires, value)
	return nil
}

// retirement tells of a node that is to end: it is ready, for what it has still to hand on.
func (r *Ready) retirement(ctx context.Context, b *strings.Builder) {
	end, err := r.Store.Retirement(ctx)
	switch {
	case err != nil: // there is none, or the store has said so above
	case end.Done != 0:
		fmt.Fprintf(b, "retiring: nothing was left to do at %s: lienthong retire --status\n", time.UnixMicro(end.Done).UTC().Format(time.RFC3339))
	default:
		fmt.Fprintf(b, "retiring: since %s, nothing new is taken from agencies here: lienthong retire --status\n", time.UnixMicro(end.Since).UTC().Format(time.RFC3339))
	}
}
