package exchange

import (
	"context"

	"lienthong/envelope"
)

// ThreadStore is what a [Store] finds by the threads of documents, and by what is aimed
// at them.
type ThreadStore interface {
	// Thread lists deliveries of a thread of an origin agency that this node has rows for,
	// recalls included: to one recipient, or to all (empty). Ordered by recipient, then
	// version, then ID.
	Thread(ctx context.Context, agency string, thread envelope.ID, recipient string) ([]Delivery, error)
	// Aims lists what is aimed at an envelope, for one recipient or for all (empty), by recipient, then
	// the ids of what is aimed.
	Aims(ctx context.Context, target envelope.Digest, recipient string) ([]Aim, error)
	// ActiveInbox is Inbox without copies that are frozen or superseded, and without recalls
	// that the clerk has seen: Copy below CopyUpdated.
	ActiveInbox(ctx context.Context, agency string, after envelope.ID, limit int) ([]Delivery, error)
	// Incomplete lists deliveries that wait for the version before them (CopyWaiting), have
	// no Reason yet, and Arrived not after a time.
	Incomplete(ctx context.Context, before int64, limit int) ([]Delivery, error)
	// Tombstones lists aims whose Expires is above 0 and not after a time, with what is Known
	// of their targets.
	Tombstones(ctx context.Context, upTo int64, limit int) ([]Aim, error)
}

// An Aim says that a recall or a replacement acts on an envelope, whether that is here or
// not: for one that has not come yet it is a tombstone.
type Aim struct {
	Target envelope.Digest
	By     DeliveryKey           // of the recall or replacement; its recipient is the target's
	Agency string                // origin agency: only its own envelopes are hit
	Kind   envelope.RelationKind // RelationRecalls or RelationReplaces
	Mode   envelope.RecallMode   // of a recall
	// Known, in a Change: statements about the target and recipient were here when this was
	// decided. If that is so no more, or was not so: ErrStale.
	Known bool
	// Expires, of a recall, is when its target is waited for no more; 0: it stays.
	Expires int64
}

// A ThreadSeen says what [ThreadStore.Thread] gave: how many rows, and the sum of their
// revisions.
type ThreadSeen struct {
	Agency    string
	Thread    envelope.ID
	Recipient string // empty: of all
	Rows      int
	Revisions uint64
}

// A Copy is what has become of the receiver's copy, at its home and at its origin.
type Copy uint8

const (
	CopyCurrent  Copy = 0
	CopyWaiting  Copy = 1 // came before the version that it follows
	CopyUpdated  Copy = 2 // an update has taken its place
	CopyReplaced Copy = 3 // a replacement has taken its place
	CopyRecalled Copy = 4 // frozen: recalled, or given back
	CopyNotice   Copy = 5 // a recall that has nothing left to tell the clerk
)

var copyNames = [...]string{"current", "waiting", "updated", "replaced", "recalled", "notice"}

// String is a stable lower-case word.
func (c Copy) String() string {
	if int(c) < len(copyNames) {
		return copyNames[c]
	}
	return "unknown"
}

// A TakeBack is how far asking a document back (13) has come. It is a state of its own,
// apart from handling (01 to 06).
type TakeBack uint8

const (
	TakeBackNone    TakeBack = 0
	TakeBackAsked   TakeBack = 1 // 13 lấy lại
	TakeBackAgreed  TakeBack = 2 // 15 đồng ý
	TakeBackRefused TakeBack = 3 // 16 từ chối
	TakeBackMoot    TakeBack = 4 // a recall came before the answer
)

var takeBackNames = [...]string{"none", "asked", "agreed", "refused", "moot"}

// String is a stable lower-case word.
func (t TakeBack) String() string {
	if int(t) < len(takeBackNames) {
		return takeBackNames[t]
	}
	return "unknown"
}
