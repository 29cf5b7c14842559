package exchange

import (
	"context"
	"time"

	"lienthong/exchange/calendar"
)

// TallyStore is what a [Store] counts.
type TallyStore interface {
	// TallyFilings counts what came to an agency, or was sent by it, from a day on and before
	// another, by status and whether it handed a dossier over to the agency ([Handover]; copies
	// that were superseded are none). What is not done by now is late if its time is over: a
	// dossier is done when its result was given back, any other letter when its status is 06.
	// What was recalled or superseded before it was acknowledged is not late to be.
	// What it costs grows with the days, not with the documents.
	TallyFilings(ctx context.Context, agency string, way Way, from, until Day, now int64) ([]Tally, error)
	// TallySent counts deliveries of documents that an agency sent from here on those days, by
	// state and status. A recall, or a take-back, is no document.
	TallySent(ctx context.Context, agency string, from, until Day) ([]SentTally, error)
}

// A Day is one of Vietnam's, in days since 1970.
type Day int64

// DayOf is the day of a time.
func DayOf(t time.Time) Day {
	y, m, d := t.In(calendar.Zone).Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 3600))
}

// A Tally counts filings of one kind. Of what was sent there is no status, and OnTime and
// Late are about sending; else about the acknowledgement.
type Tally struct {
	Dossier bool
	Status  uint32

	Documents      uint64
	OnTime, Late   uint64 // the rest can still be in time, or has no time
	Acknowledged   uint64
	AcknowledgeSum int64  // microseconds from arrival to the first status
	Due            uint64 // have a day by which an answer is wanted, and were not refused, recalled or superseded
	DueOnTime      uint64 // and were done by then
	DueLate        uint64 // were not, and it is over
	Finished       uint64 // refused or done
	FinishSum      int64  // microseconds from arrival
}

// A SentTally counts deliveries in one state and status.
type SentTally struct {
	State      State
	Status     uint32
	Deliveries uint64
	Arrived    uint64
	ArriveSum  int64 // microseconds from sending to arrival
}
