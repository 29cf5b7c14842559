package exchange

import (
	"context"

	"lienthong/envelope"
)

// An IdentityStore is the part of a [Store] that knows who may call, by what, and whose
// calls were refused.
type IdentityStore interface {
	// PrincipalByID finds a principal by its id. ErrNotFound.
	PrincipalByID(ctx context.Context, id string) (Principal, error)
	// TokenByHash finds a token by the SHA-256 of its secret. ErrNotFound.
	TokenByHash(ctx context.Context, hash envelope.Digest) (Token, error)
	// TokenByID finds a token by its id. ErrNotFound.
	TokenByID(ctx context.Context, id envelope.ID) (Token, error)
	// Tokens lists all tokens, newest (highest id) first, after the cursor (zero: from the
	// newest).
	Tokens(ctx context.Context, after envelope.ID, limit int) ([]Token, error)
	// TokenUsed notes that a token was used at a time, unless a later use is noted. One that
	// is gone is passed over. It takes no entries.
	TokenUsed(ctx context.Context, id envelope.ID, at int64) error

	// CountRefusals adds to the counts of rows, and makes those that are not there; then it
	// deletes the oldest so that at most keep are left. It takes no entries.
	CountRefusals(ctx context.Context, rows []Refusal, keep int) error
	// Refusals lists counted refusals, newest first, after a row (zero: from the newest): by
	// Minute, then Principal, Method and Reason, all descending.
	Refusals(ctx context.Context, after Refusal, limit int) ([]Refusal, error)
}

// A Refusal counts calls that were refused: those of one principal, method, reason and
// minute are one row. They are no acts, so they are not in the journal, and a stranger
// cannot fill it.
type Refusal struct {
	Minute    int64  // begins at, microseconds
	Principal string // "" for callers that this node does not know; peer nodes as [PeerHolder]
	Method    string // "/package.Service/Method"
	Reason    string // such as FORBIDDEN
	Count     int64
}
