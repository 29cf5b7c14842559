package exchange

import "lienthong/envelope"

// A State is where a delivery stands in transport, seen from one node.
type State uint8

const (
	StateQueued    State = 1 // waits for the next hop
	StateOffered   State = 2 // the next hop may have it, and has not answered
	StateRelayed   State = 3 // the next hop answers for it
	StateDelivered State = 4 // the recipient's home node has it
	StateHeld      State = 5 // waits here; Reason says for what
	StateFailed    State = 6 // nobody answers for it any more
	StateInDoubt   State = 7 // offered and unacknowledged at the deadline
	StateStopped   State = 8
	StateDropped   State = 9
	StateDead      State = 10 // the next hop does not take it: waits here for an operator
)

var stateNames = [...]string{StateQueued: "queued", StateOffered: "offered", StateRelayed: "relayed", StateDelivered: "delivered",
	StateHeld: "held", StateFailed: "failed", StateInDoubt: "in_doubt", StateStopped: "stopped", StateDropped: "dropped", StateDead: "dead"}

// String is a stable lower-case word.
func (s State) String() string {
	if int(s) < len(stateNames) && stateNames[s] != "" {
		return stateNames[s]
	}
	return "unknown"
}

// A Delivery is one envelope on its way to one recipient, as this node sees it.
// A node has one row for each (origin, envelope, recipient), and so does every
// other node on the way.
type Delivery struct {
	ID           envelope.ID // at this node
	Key          DeliveryKey
	Digest       envelope.Digest // of the envelope
	OriginAgency string          // agency id
	Role         envelope.RecipientRole
	State        State
	Reason       string // stable, upper case: why held or failed
	Home         bool   // the recipient is at home here
	From         string // peer that it came from; empty if it was submitted here
	Peer         string // next hop; empty at home and while held without a route
	Urgency      envelope.Urgency
	Created      int64 // when this node took it
	Updated      int64
	ExpiresAt    int64
	HeldUntil    int64           // while held: when to look again
	Arrived      int64           // at the recipient's home, by its clock; 0 while not known
	AnswerBy     int64           // at the recipient's home: the end of the day by which an answer is wanted; 0 for none
	Tip          envelope.Digest // [Path] under which this node answers for it
	Custodian    string          // last node known to answer for it
	Verdict      string          // at the recipient's home; empty while not known
	Status       uint32          // newest business status; 0 if none
	StatusSeq    uint64          // its sequence
	VerdictSeq   uint64          // sequence of the Validated statement that gave Verdict
	Size         int64           // its share of the bytes of content and files, with those taken together
	Attempts     int             // offers of this tenure that were refused, or could not be made
	Revision     uint64          // counts changes; 0 for a new row
	Changed      uint64          // read only: journal index of its last change

	Kind     envelope.Kind
	Thread   envelope.ID // with OriginAgency: whose versions are counted together
	Version  uint32
	Follows  uint32 // at origin and home: the version that the recipient must have before; 0 for none
	Offered  bool   // a peer was offered it under this tenure, and may have it whatever it answers
	Copy     Copy   // at origin and home
	TakeBack TakeBack
}

// open reports that this node still has to hand the delivery on.
func (s State) open() bool {
	return s == StateQueued || s == StateOffered || s == StateInDoubt
}

// answerable reports that the next hop may still answer an offer: one that an operator
// holds back may have been offered before.
func (s State) answerable() bool { return s.open() || s == StateHeld || s == StateDead }

// apply changes a delivery by what a verified statement says, and reports whether
// it did; done: the outbox row has done its work. home is the issuer, if it speaks
// for the recipient by the directory.
//
//	statement   by              while                         makes
//	custody     the next hop    queued, offered, in doubt,    relayed
//	                            held, dead; under this tenure
//	custody     any             relayed                       (custodian)
//	custody,    the next hop    delivered, under this tenure  (it has answered after all)
//	failed
//	delivered   home            any                           delivered
//	failed      the next hop    queued, offered, in doubt,    failed
//	                            held, dead; under this tenure
//	stopped     the next hop    queued, offered, in doubt,    stopped
//	                            held, dead; under this tenure
//	failed, stopped, dropped    relayed                       failed, stopped, dropped
//	validated   home            any                           (verdict of the highest sequence)
//	status      home            any, the next in sequence     (status)
//	consent     home            a recall without an answer    (take-back agreed or refused)
//	remark      home            delivered                     (reason)
//
// All else is kept as history and changes nothing; a status that comes early waits
// there for the one before it. A Delivered outranks whatever this node believed
// before it. One that comes from beyond the next hop before the next hop's own answer, which
// was lost, leaves the outbox row: the letter is offered again for that answer, without
// which nobody could follow the custody to the Delivered.
func (d *Delivery) apply(st *envelope.Statement, home string) (changed, done bool) {
	answer := d.State.answerable() && d.Peer != "" && st.Issuer == d.Peer && st.Previous == d.Tip
	switch {
	case st.Kind == envelope.Custody && answer:
		d.State, d.Custodian, d.Reason, d.HeldUntil = StateRelayed, st.Issuer, "", 0
		return true, true
	case st.Kind == envelope.Custody && d.State == StateRelayed && d.Custodian != st.Issuer:
		d.Custodian = st.Issuer
		return true, false
	case (st.Kind == envelope.Custody || st.Kind == envelope.Failed) && d.State == StateDelivered && st.Issuer == d.Peer && st.Previous == d.Tip:
		return false, true
	case st.Kind == envelope.Delivered && st.Issuer == home && d.State != StateDelivered:
		done = !d.State.open() || st.Issuer == d.Peer
		d.State, d.Custodian, d.Reason, d.HeldUntil, d.Arrived = StateDelivered, st.Issuer, "", 0, st.Time
		return true, done
	case st.Kind == envelope.Failed && (answer || d.State == StateRelayed):
		d.State, d.Reason, d.HeldUntil = StateFailed, st.Failed.Reason, 0
		return true, true
	case st.Kind == envelope.Stopped && (answer || d.State == StateRelayed):
		d.State, d.Reason, d.HeldUntil = StateStopped, ReasonRecalled, 0
		return true, true
	case st.Kind == envelope.Dropped && d.State == StateRelayed:
		d.State, d.Reason = StateDropped, ReasonDropped
		return true, true
	case st.Kind == envelope.Validated && st.Issuer == home && st.Sequence > d.VerdictSeq:
		d.Verdict, d.VerdictSeq = st.Validated.Verdict, st.Sequence
		return true, false
	case st.Kind == envelope.Status && st.Issuer == home && follows(st.Sequence, d.StatusSeq):
		d.Status, d.StatusSeq = st.Status.Code, st.Sequence
		return true, false
	case st.Kind == envelope.Consent && st.Issuer == home:
		return d.answer(st), false
	case st.Kind == envelope.Remark && st.Issuer == home && d.State == StateDelivered:
		d.noted(st.Remark.Reason)
		return true, false
	}
	return false, false
}

// answer takes the receiver's answer to a take-back, the first one for good.
func (d *Delivery) answer(st *envelope.Statement) bool {
	if d.Kind != envelope.KindRecall || st.Status == nil || d.TakeBack == TakeBackAgreed || d.TakeBack == TakeBackRefused {
		return false
	}
	switch st.Status.Code {
	case StatusAgreed:
		d.TakeBack = TakeBackAgreed
	case StatusDeclined:
		d.TakeBack = TakeBackRefused
	default:
		return false
	}
	return true
}
