package signer

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"lienthong/signer/tsp"
)

// TSAs are time-stamping authorities of which the first that answers well is
// taken. [Sign] and [Augment] also go on to the next where the authority of a
// token cannot be relied on by their anchors and evidence.
type TSAs []tsp.Stamper

// Stamp asks one after the other. Its error joins those of all.
func (t TSAs) Stamp(ctx context.Context, hash crypto.Hash, digest []byte) (*tsp.Token, error) {
	return stampBy(ctx, t, hash, digest, nil)
}

// stampBy gets a token that covers the digest, and that believe has no objection
// to. What comes back is checked again: a Stamper need not be a [tsp.Client].
func stampBy(ctx context.Context, by tsp.Stamper, hash crypto.Hash, digest []byte, believe func(*tsp.Token) error) (*tsp.Token, error) {
	list, ok := by.(TSAs)
	if !ok {
		list = TSAs{by}
	}
	var failed []error
	for i, one := range list {
		if err := ctx.Err(); err != nil {
			return nil, errors.Join(append(failed, fmt.Errorf("sign: stopped: %w", err))...)
		}
		token, err := one.Stamp(ctx, hash, digest)
		if err == nil {
			err = token.Verify(digest)
		}
		if err == nil && believe != nil {
			err = believe(token)
		}
		if err == nil {
			return token, nil
		}
		if len(list) > 1 {
			err = fmt.Errorf("authority %d of %d: %w", i+1, len(list), err)
		}
		failed = append(failed, err)
	}
	if len(failed) == 0 {
		return nil, errors.New("sign: the list of time-stamping authorities is empty")
	}
	return nil, errors.Join(failed...)
}
