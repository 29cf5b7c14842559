package exchange

import "context"

// RetirementStore is what a [Store] knows of the end of its node.
type RetirementStore interface {
	// Retirement finds what was decided about the node's end. ErrNotFound: nothing was.
	Retirement(ctx context.Context) (Retirement, error)
	// Remains counts what a node that is to end has still to do. Its cost grows with that,
	// and not with what is stored; only a node that is to end is asked.
	Remains(ctx context.Context) (Remains, error)
}

// A Retirement says that a node is to end.
type Retirement struct {
	Since    int64  // when that was decided
	By       string // principal
	Reason   string
	Done     int64 // when nothing was left to do; 0: something is
	Revision uint64
}

// Remains is what a node has still to do, in rows.
type Remains struct {
	Waiting    int            // deliveries that wait here for their next hop, or for an operator
	Relayed    int            // deliveries that others have, and whose end has not been told here
	Statements int            // that a neighbour has not stored yet
	Jobs       int            // letters to be validated
	LevelJobs  int            // files that wait for a later level
	Unread     map[string]int // agency id: letters at home here that it has not acknowledged; nil: none
}
