package exchange

import (
	"context"
)

// A WatchStore is the part of a [Store] that tells whoever operates the node how it
// is doing. It writes nothing.
type WatchStore interface {
	// Backlog counts what waits at a time. Its cost grows with what waits, and not with
	// what is stored.
	Backlog(ctx context.Context, now int64) (Backlog, error)
	// Written counts what this process has committed since it opened the store.
	Written() Written
}

// A Backlog is what a node has still to do.
type Backlog struct {
	Deliveries  []Waiting // that have not come to an end, by state, then by peer
	Statements  []Waiting // that a peer has not stored yet, by peer; Oldest is 0
	Validations Waiting   // jobs that are due and that nobody works on
	LevelJobs   Waiting   // those that wait, due or not
}

// Waiting counts rows of one kind.
type Waiting struct {
	State  State  // of deliveries: queued, offered, held or in doubt
	Peer   string // for which they wait; empty where it is none
	Rows   int
	Oldest int64 // when the oldest was made, or was due; 0 if there is none
}

// Written is how much has been committed. Operations over Batches is how many shared
// one sync.
type Written struct {
	Batches    uint64 // commits of the database
	Operations uint64 // that were in them and succeeded
}
