package exchange

import "context"

// SpaceStore is the part of a [Store] that adds up what letters hold here for whom, and
// that offers again at once what was refused for it.
type SpaceStore interface {
	// Holdings adds up deliveries that are queued, offered, held, in doubt or dead, and those
	// to agencies at home here that were taken after a time and that have no status yet. It
	// costs what it counts, and not what is stored.
	Holdings(ctx context.Context, after int64) ([]Holding, error)
	// Loose lists files that peers have given since a time, and that are of no letter. It costs
	// what peers have given, and is asked once a process.
	Loose(ctx context.Context, since int64) ([]File, error)
	// WakeRefused makes due what waits for a peer until a time that is not after far, and
	// whose last refusal was for one of these reasons; the first to be due first, at most limit.
	// It tells how many there were, and takes no entries.
	WakeRefused(ctx context.Context, peer string, reasons []string, far int64, limit int) (int, error)
}

// A Holding is what deliveries of one origin agency hold that came one way and go one way.
type Holding struct {
	From    string // peer; empty: submitted here
	Peer    string // next hop; empty: at home here, or no way is known
	Agency  string // origin agency
	Home    bool
	Letters int64 // one for each recipient
	Bytes   int64 // of [Delivery.Size]
}
