package exchange

import (
	"context"

	"lienthong/envelope"
)

// CheckpointStore is the part of a [Store] that keeps heads of journals: this node's own,
// with what its parent and time-stamping authorities say of them, and those of its
// children that it was shown.
type CheckpointStore interface {
	// NewestCheckpoint finds the one of the highest size of a node's store, among those
	// that were not refused. ErrNotFound.
	NewestCheckpoint(ctx context.Context, node string, incarnation envelope.ID) (CheckpointRow, error)
	// CheckpointOver finds the first, by size, of a node's store that covers so many leaves,
	// among those that were not refused and bear a cosignature or a time-stamp. ErrNotFound.
	CheckpointOver(ctx context.Context, node string, incarnation envelope.ID, size uint64) (CheckpointRow, error)
	// Checkpoints lists those of a node, of all its stores, and the refused ones among them,
	// in the order in which they were put, after the cursor.
	Checkpoints(ctx context.Context, node string, after uint64, limit int) ([]CheckpointRow, error)
}

// A CheckpointRow is the head of a journal, kept by node, incarnation, size, root and refusal.
type CheckpointRow struct {
	N           uint64 // read only: order in which they were put
	Node        string
	Incarnation envelope.ID
	Size        uint64
	Root        envelope.Digest
	Sealed      envelope.Sealed
	Cosignature envelope.Sealed // by the node's parent; no payload where there is none
	Stamp       []byte          // RFC 3161 token over SHA-256 of Sealed as marshalled; empty where there is none
	Stamped     int64           // time of the token
	Refused     string          // why it was not cosigned: it contradicts another; empty if it was
	Seen        int64           // when it was put first
}

// A HeadSeen says which head [CheckpointStore.NewestCheckpoint] gave; of size 0: none.
type HeadSeen struct {
	Node        string
	Incarnation envelope.ID
	Size        uint64
	Root        envelope.Digest
}
