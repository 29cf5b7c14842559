package exchange

import (
	"context"

	"lienthong/envelope"
)

// RetentionStore is the part of a [Store] that finds what has been kept long enough.
type RetentionStore interface {
	// PassedThrough lists letters that only pass through here and whose Passing is not
	// after a time, the earliest first.
	PassedThrough(ctx context.Context, upTo int64, limit int) ([]Letter, error)
	// Classless lists letters that have their text and of which nobody has said the Class.
	Classless(ctx context.Context, limit int) ([]Letter, error)
	// Classes lists the classes of letters that have their text, ordered.
	Classes(ctx context.Context) ([]string, error)
	// Aged lists letters of a class that have their text and whose Aging is not after a
	// time, ordered by Aging, then id, from behind a place (zero: from the first).
	Aged(ctx context.Context, class string, upTo int64, after AgedPlace, limit int) ([]Letter, error)
	HoldStore
}

// An AgedPlace is a place in what [RetentionStore.Aged] lists.
type AgedPlace struct {
	Aging int64
	ID    envelope.ID
}

// An Erasure lets the files of a letter go, and keeps their digests: its references to
// blobs end, so that the sweeper takes what nothing else keeps. ErrStale if that was done
// already, if a delivery of it has not come to an end, or a row of it waits for a peer or for
// validation, or if a [LegalHold] keeps it.
type Erasure struct {
	Letter LetterKey
	// Text lets the content go, too, and all that was read from it or made of its files:
	// filings, reports, later levels and evidence, unless another letter has the file. ErrStale
	// also if a level of one of them is in the making. Route, digests, statements, paths and
	// deliveries stay.
	Text bool
}

// A Passing says from when the days of a letter that passes through may be counted: not
// before that have its deliveries ended. 0: it does not only pass through.
type Passing struct {
	Letter LetterKey
	From   int64
}

// An Aging says the class of a letter, and from when its years may be counted. What is
// cleared stays as it is.
type Aging struct {
	Letter LetterKey
	Class  string
	From   int64
}
