package exchange

import (
	"context"

	"lienthong/envelope"
)

// HandoverStore is what a [Store] knows of dossiers that are handed from agency to agency.
type HandoverStore interface {
	// Handovers lists those of an agency (id), the newest first, after a mark of At and ID
	// (zero: from the newest). Copies that a later version or a replacement has taken the
	// place of are left out.
	Handovers(ctx context.Context, agency string, want HandoverQuery, after Mark, limit int) ([]Handover, error)
}

// A HandoverQuery says which; what is empty does not matter.
type HandoverQuery struct {
	Code string
	Way  Way
	Late int64 // those that are late at this time, or were when the result was given back
}

// A Handover is a letter of a dossier that asks for a result by a day, to one recipient, as
// one of the two agencies sees it.
type Handover struct {
	ID       envelope.ID // of the delivery
	Way      Way         // WayOut: the agency handed it over
	Agency   string      // id; whose list it is in
	Other    string      // id
	Code     string
	Letter   LetterKey
	At       int64       // when it was sent (out), came (in)
	Due      int64       // the first moment at which the result is late
	Answered int64       // when the result was given back; 0: it was not
	Result   envelope.ID // of its delivery

	// Of the delivery as it is now.
	State  State
	Status uint32
	Copy   Copy
}
