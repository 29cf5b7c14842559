package exchange

import "context"

// RetentionStore is the part of a [Store] that finds what has been kept long enough.
type RetentionStore interface {
	// PassedThrough lists letters that only pass through here and whose Passing is not
	// after a time, the earliest first.
	PassedThrough(ctx context.Context, upTo int64, limit int) ([]Letter, error)
}

// An Erasure lets the files of a letter go, and keeps their digests: its references to
// blobs end, so that the sweeper takes what nothing else keeps. ErrStale if that was done
// already, if a delivery of it has not come to an end, or a row of it waits for a peer or for
// validation.
type Erasure struct {
	Letter LetterKey
}

// A Passing says from when the days of a letter that passes through may be counted: not
// before that have its deliveries ended. 0: it does not only pass through.
type Passing struct {
	Letter LetterKey
	From   int64
}
