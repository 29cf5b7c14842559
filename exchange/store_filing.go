package exchange

import (
	"context"

	"lienthong/envelope"
)

// FilingStore is what a [Store] finds in the registers of agencies.
type FilingStore interface {
	// FindFilings lists filings of an agency that hold every term, the newest (highest N)
	// first, with an N below before (0: from the newest).
	FindFilings(ctx context.Context, agency string, terms []Term, before uint64, limit int) ([]Filing, error)
	// BlankFilings lists filings without words: those of letters that an older version took.
	BlankFilings(ctx context.Context, limit int) ([]Filing, error)
	// FillFilings gives blank ones their words, deadline and times; others stay. It takes
	// no entries.
	FillFilings(ctx context.Context, filings []Filing) error
}

// A Way is the register in which a document stands.
type Way uint8

const (
	WayOut Way = 1 // sổ văn bản đi: what the agency has sent from here
	WayIn  Way = 2 // sổ văn bản đến: what has come to it here
)

// A Filing is one document in the registers of one agency. It is made in the transaction
// that takes the document, and goes with its letter. Its status is that of the delivery:
// the store keeps it up to date, in the change that puts the delivery.
type Filing struct {
	N        uint64 // read only: goes up in the order in which they were filed
	Agency   string // id; whose register it is
	Way      Way
	ID       envelope.ID // of the envelope (out), of the delivery (in)
	Letter   LetterKey
	At       int64  // when it was sent (out), came (in)
	By       int64  // first moment that is too late: to be sent (out), to be acknowledged (in); 0: none
	AnswerBy int64  // of the delivery; in alone
	Dossier  string // code of a dossier (mã hồ sơ); empty for none
	Words    string // what it is found by, single spaces between; see [Term]

	// Write only: what it does within its dossier, see [Handover].
	WantedBy   int64             // hands over: the first moment at which the result is late; 0: it does not
	Answers    []envelope.Digest // gives back the result of these envelopes
	AnsweredAt int64             // when that was

	// Of what came, read only but for FillFilings.
	Status       uint32
	Acknowledged int64 // when the first status was reported; 0: not yet
	Finished     int64 // when it was refused or done; 0: not yet
	Entered      int64 // when it got its Number, and goes up with it; of what was sent: At
	Year         int   // of the register
	Number       uint64
}

// A Term is found in a filing that has any of the words; a prefix, in one that has a
// word which begins so.
type Term struct {
	Any    []string
	Prefix bool
}

// StatusWord is the word by which a filing is found that has a status; what was sent has
// those of all its recipients.
const StatusWord = termMark + "z"
