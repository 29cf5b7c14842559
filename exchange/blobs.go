package exchange

import (
	"context"
	"io"

	"lienthong/envelope"
)

// Blobs keeps files by SHA-256. What a method has returned for is durable:
// written, synced, renamed, folder synced.
type Blobs interface {
	Partials
	// Put stores bytes under their digest; bytes that are there already cost nothing.
	Put(ctx context.Context, data []byte) (envelope.Digest, error)
	// Held is the number of bytes of a partial file that are durable; 0 if there is none.
	Held(ctx context.Context, key string) (int64, error)
	// Append adds bytes to a partial file from an offset, which must be what is held, and
	// returns what is held after. Bytes may be durable although r failed: ask Held.
	// ErrFull; ErrConflict if offset is not what is held.
	Append(ctx context.Context, key string, offset int64, r io.Reader) (int64, error)
	// Finish turns a partial file into a blob. If its SHA-256 or size differ from what is
	// wanted, the partial file is removed and the error wraps ErrConflict.
	Finish(ctx context.Context, key string, want envelope.Digest, size int64) error
	// Discard removes a partial file, if there is one.
	Discard(ctx context.Context, key string) error
	// Open opens a blob for reading. ErrNotFound.
	Open(ctx context.Context, digest envelope.Digest) (Blob, error)
	// Room writes and removes a small file where files are kept, and says how many bytes
	// more they may have there. ErrFull.
	Room(ctx context.Context) (uint64, error)
	// Left is Room, but may take what was written shortly before for the proof that files
	// can be. ErrFull.
	Left(ctx context.Context) (uint64, error)
}

// A Blob is an open file.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}
