package exchange

import (
	"context"

	"lienthong/envelope"
)

// A DirectoryRow is a file of the directory as it was taken.
//
// A store keeps one list of zones, one snapshot of each zone, and deltas. A row is refused
// with ErrConflict where one of its zone is as new: a list by lists, a snapshot by
// snapshots, a delta by snapshots and deltas. A list or a snapshot replaces the one
// before; a snapshot lets deltas go that are [KeptDeltas] epochs older.
type DirectoryRow struct {
	Kind   DirectoryKind
	Zone   string // empty for the list of zones
	Epoch  uint64
	From   uint64          // of a delta: the epoch to which it applies
	Sealed envelope.Sealed // not in DirectoryRows
}

// DirectoryStore is the part of a [Store] that keeps the signed files of which the
// directory is made.
type DirectoryStore interface {
	// DirectoryRows lists what is there without its bytes: the list of zones, then
	// snapshots by zone, then deltas by zone and epoch.
	DirectoryRows(ctx context.Context) ([]DirectoryRow, error)
	// DirectoryFile gives one file. ErrNotFound.
	DirectoryFile(ctx context.Context, kind DirectoryKind, zone string, epoch uint64) (envelope.Sealed, error)
}
