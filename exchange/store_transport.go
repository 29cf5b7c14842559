package exchange

import "context"

// TransportStore is what a [Store] tells of what clients' programs fetch.
type TransportStore interface {
	// CountUnfetched counts what came to an agency at home here and has no status, copies that
	// were recalled or superseded and requests to give a document back left out.
	CountUnfetched(ctx context.Context, agency string) (int, error)
	// Answered tells which of the ids of requests of a principal and method are there, in any
	// order.
	Answered(ctx context.Context, principal, method string, ids []string) ([]string, error)
}
