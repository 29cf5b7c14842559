package exchange

import (
	"context"

	"lienthong/envelope"
)

// RestoreStore is the part of a [Store] by which a node and its neighbours notice that
// one of them goes on from a backup.
type RestoreStore interface {
	// Restored says from what this store was made; the zero Restored if it is no copy out
	// of a backup.
	Restored(ctx context.Context) (Restored, error)
	// Peer finds what is known of a neighbour's store. ErrNotFound.
	Peer(ctx context.Context, peer string) (PeerRow, error)
	// Exchanged lists deliveries that were handed to a peer or came from it, and that it
	// answers for or that changed at since or later, by id, after the cursor. It is asked
	// once when a peer was restored, and may read the whole table.
	Exchanged(ctx context.Context, peer string, since int64, after envelope.ID, limit int) ([]Delivery, error)
}

// A Restored is where a store goes on that was made from a backup.
type Restored struct {
	Generation uint64 // seconds since 1970 at the restore, and above that of the store before
	Leaves     uint64 // of the journal in the backup
	Until      int64  // time of the last of them: what came later is not known here
}

// A PeerRow is what is known of a neighbour's store.
type PeerRow struct {
	Peer        string
	Incarnation envelope.ID
	Since       int64 // when it was first seen
}
