package exchange

import (
	"context"

	"lienthong/envelope"
)

// A HoldStore is the part of a [Store] that knows what must not be erased.
type HoldStore interface {
	// LegalHold finds a hold by its id. ErrNotFound.
	LegalHold(ctx context.Context, id envelope.ID) (LegalHold, error)
	// LegalHolds lists holds, newest (highest id) first, after the cursor (zero: from the
	// newest); active ones alone, or all.
	LegalHolds(ctx context.Context, active bool, after envelope.ID, limit int) ([]LegalHold, error)
	// HeldBy lists the active holds that keep a letter, in no order.
	HeldBy(ctx context.Context, key LetterKey) ([]LegalHold, error)
}

// HoldKind is what a hold keeps.
type HoldKind int

// Kinds of holds. They are in the store and on the wire.
const (
	HoldLetter HoldKind = 1 // Letter
	HoldThread HoldKind = 2 // all letters of Thread of Agency
	HoldAgency HoldKind = 3 // all letters from or to Agency
)

// A LegalHold keeps letters from being erased, until it is released.
type LegalHold struct {
	ID       envelope.ID
	Kind     HoldKind
	Letter   LetterKey
	Thread   envelope.ID
	Agency   string // of a letter or thread: the origin agency
	Reason   string
	By       string // who placed it: a principal
	Placed   int64  // microseconds
	Released int64  // 0: it holds

	ReleasedBy    string
	ReleaseReason string
	Revision      uint64
}
