package exchange

import (
	"context"

	"lienthong/envelope"
)

// SeriesStore is what a [Store] knows of numbers, and of registers in their order.
type SeriesStore interface {
	// SeriesOf lists the series of an agency in one register and year, by name.
	SeriesOf(ctx context.Context, agency string, way Way, year int) ([]Series, error)
	// Number finds a number that was given out by hand. ErrNotFound.
	Number(ctx context.Context, series Series, number uint64) (Number, error)
	// Numbers lists those of a series that were given out by hand, above a number, ascending.
	Numbers(ctx context.Context, series Series, after uint64, limit int) ([]Number, error)
	// Register lists what was entered in a register from a time on and before another, by
	// Entered, then ID, after the mark.
	Register(ctx context.Context, agency string, way Way, from, until int64, after Mark, limit int) ([]Filing, error)
}

// A Series of numbers runs from 1 on 1 January (Decree 30/2020, Art. 15 and 22).
type Series struct {
	Agency string
	Way    Way // WayOut: of what the agency issues; WayIn: số đến
	Year   int
	Name   string // abbreviation of a type; empty: of all that have no series of their own
	Last   uint64 // the newest number; 0: none yet
	LastAt int64  // when it was given
}

// A SeriesStep raises the last number of a series: the stored one must be From. A series
// that is not there is made, where From is 0.
type SeriesStep struct {
	Series
	From uint64
}

// NumberState is what became of a number that was given out.
type NumberState uint8

const (
	NumberReserved NumberState = 1
	NumberUsed     NumberState = 2 // a letter of this node has it
	NumberVoid     NumberState = 3 // no document has it, and none will
)

// A Number was given out by hand, for a document to be.
type Number struct {
	ID       envelope.ID
	Agency   string
	Way      Way
	Year     int
	Series   string
	Number   uint64
	State    NumberState
	Paper    bool   // for a document on paper
	Note     string // what it is for
	By       string // staff member, or principal
	Reserved int64
	Changed  int64
	Letter   envelope.ID // for which it was used
	Reason   string      // why it is void
	Revision uint64
}

// Entered is an entry in the register of what comes: the delivery with this id gets its number, if it
// has none.
type Entered struct {
	ID     envelope.ID
	Year   int
	Number uint64
	At     int64
}
