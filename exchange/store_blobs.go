package exchange

import (
	"context"

	"lienthong/envelope"
)

// A BlobState is what may be done with the bytes of a blob.
type BlobState uint8

const (
	BlobLive    BlobState = 1 // they are served, and may be named
	BlobDoomed  BlobState = 2 // on their way out: they count as missing
	BlobDamaged BlobState = 3 // they do not hash to their digest: they count as missing until they come anew
)

// String is how people are told a state.
func (s BlobState) String() string {
	return map[BlobState]string{BlobLive: "live", BlobDoomed: "doomed", BlobDamaged: "damaged"}[s]
}

// A BlobKey names one life of a blob. Bytes that come again after their row was doomed
// begin a new one.
type BlobKey struct {
	Digest     envelope.Digest
	Generation uint64
}

// A StoredBlob is the row of a blob, in whatever state.
type StoredBlob struct {
	BlobRow
	Generation uint64
	State      BlobState
}

// Key names this life of the blob.
func (b StoredBlob) Key() BlobKey { return BlobKey{b.Digest, b.Generation} }

// A Doom ends blobs that nothing keeps: no letter, no evidence, no file made from
// another, no job, no signing session that is open or ended in the last 30 days.
// Possession alone, of who uploaded a file and sent it to nobody, keeps nothing, and ends.
type Doom struct {
	Digests []envelope.Digest
	Before  int64 // they were not touched since; else, or if one is kept: ErrStale
}

// A BlobStore is the part of a [Store] that lets files go, and looks after those that
// stay. With the bytes in [Blobs] it keeps this order, whoever dies in the middle:
// a row is doomed, and counts as missing from then on; an hour later its bytes go, and
// then the row. Bytes that are put meanwhile are a new generation, which the fence
// ([Change.Swept]) keeps apart from what the sweeper has decided about.
type BlobStore interface {
	// StoredBlob finds the row of a blob in whatever state. ErrNotFound.
	StoredBlob(ctx context.Context, digest envelope.Digest) (StoredBlob, error)
	// StoredBlobs lists rows in whatever state by digest, after the cursor.
	StoredBlobs(ctx context.Context, after envelope.Digest, limit int) ([]StoredBlob, error)
	// Idle looks at limit rows by digest, after the cursor, and lists those among them that
	// a [Doom] would end. next is the cursor for the rest; zero when there is none.
	Idle(ctx context.Context, before int64, after envelope.Digest, limit int) (idle []envelope.Digest, next envelope.Digest, err error)
	// Doomed lists blobs that were doomed not after a time, the earliest first.
	Doomed(ctx context.Context, upTo int64, limit int) ([]BlobKey, error)
	// Forget removes the rows of doomed blobs whose bytes are gone. One that has begun a
	// new generation is passed over. It takes no entries.
	Forget(ctx context.Context, gone []BlobKey) error
	// Damaged counts the blobs in that state.
	Damaged(ctx context.Context) (int, error)
}
