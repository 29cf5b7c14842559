package exchange

import (
	"context"

	"lienthong/envelope"
)

// Partials is the part of [Blobs] that mends what is on its way in: a leaf that turns out
// to be wrong is written again, and the others stay.
type Partials interface {
	// ReadPartial fills p with bytes that a partial file holds. ErrConflict if it holds
	// them not.
	ReadPartial(ctx context.Context, key string, p []byte, offset int64) error
	// Mend writes bytes again that a partial file holds, durably. ErrConflict if it holds
	// them not.
	Mend(ctx context.Context, key string, data []byte, offset int64) error
	// Unfinished lists all partial files, in no order, also those that are being written.
	Unfinished(ctx context.Context) ([]PartialFile, error)
	// Complete is Finish, but a partial file that is not what is wanted stays. ErrConflict.
	Complete(ctx context.Context, key string, want envelope.Digest, size int64) error
}

// A PartialFile is a file on its way in, and what it has on disk.
type PartialFile struct {
	Key  string
	Size int64 // bytes, also those that are not durable yet
}
