package exchange

import (
	"context"

	"lienthong/envelope"
)

// RegisterStore is what a [Store] finds by the numbers and dates of documents.
type RegisterStore interface {
	// SameNumber lists letters of an issuer with a Register that the viewer has submitted
	// here, or received here at home, and that came here not after upTo: oldest first.
	SameNumber(ctx context.Context, viewer, issuer string, register envelope.Digest, upTo int64, limit int) ([]LetterMark, error)
	// SameDocument lists letters with a Document, of whatever issuer, otherwise as SameNumber.
	SameDocument(ctx context.Context, viewer string, document envelope.Digest, upTo int64, limit int) ([]LetterMark, error)
	// Unacknowledged lists documents that came to an agency at home here and have no status,
	// of one urgency, and Arrived before a time, by Arrived, then ID, after the mark. A recall
	// is no document: nobody is late who has not acknowledged it.
	Unacknowledged(ctx context.Context, agency string, urgency envelope.Urgency, before int64, after Mark, limit int) ([]Delivery, error)
	// Unfetched lists the first of what came to an agency at home here and has no status, of
	// one urgency, recalls included, by Arrived, then ID.
	Unfetched(ctx context.Context, agency string, urgency envelope.Urgency, limit int) ([]Delivery, error)
	// Unanswered lists deliveries to an agency at home here whose AnswerBy is set and not
	// after upTo, and that are neither refused nor done (status 0, 1, 3, 4 or 5), by AnswerBy,
	// then ID, after the mark.
	Unanswered(ctx context.Context, agency string, upTo int64, after Mark, limit int) ([]Delivery, error)
}

// A LetterMark names a letter and says when it came here.
type LetterMark struct {
	Key      LetterKey
	Received int64
}

// A Mark is a place in a list that is ordered by a time, then by id.
type Mark struct {
	At int64
	ID envelope.ID
}
