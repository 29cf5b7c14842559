package envelope

import "strconv"

// A StatementKind is what a statement says.
type StatementKind int32

const (
	Submitted StatementKind = 1 // the origin node took the document from its agency, and answers for it
	Custody   StatementKind = 2 // the issuer answers for envelope and recipient from now on
	Delivered StatementKind = 3 // the recipient's home node holds it for the recipient
	Validated StatementKind = 4
	Failed    StatementKind = 5 // nobody answers for it any more
	Stopped   StatementKind = 6
	Dropped   StatementKind = 7
	Status    StatementKind = 8  // the receiver's business answer
	Consent   StatementKind = 9  // the receiver's answer to a take-back, about the recall's envelope
	Remark    StatementKind = 10 // something that the recipient's home has noted
)

var statementNames = map[StatementKind]string{Submitted: "submitted", Custody: "custody", Delivered: "delivered",
	Validated: "validated", Failed: "failed", Stopped: "stopped", Dropped: "dropped", Status: "status", Consent: "consent", Remark: "remark"}

// String is a stable lower-case word, used in journal actions.
func (k StatementKind) String() string {
	if name, ok := statementNames[k]; ok {
		return name
	}
	return "kind-" + strconv.Itoa(int(k))
}

// A Statement is a small signed fact about one envelope and one recipient.
type Statement struct {
	Kind        StatementKind
	Envelope    Digest // of the sealed route
	OriginNode  string
	EnvelopeID  ID
	Recipient   string // agency id
	Issuer      string // node id
	Incarnation ID     // of the issuer's store
	Sequence    uint64 // from 1, for each (envelope, recipient, issuer, kind)
	Time        int64  // microseconds, the issuer's clock
	// Previous is the digest of the custody statement under which the issuer received
	// the envelope; zero at the origin. It says which tenure this one follows, so
	// that a late answer to an earlier one cannot settle a later one.
	Previous  Digest
	Validated *ValidatedDetail
	Failed    *FailedDetail
	Status    *StatusDetail // of a Status, of a Consent, and of a Stopped of the origin
	Remark    *RemarkDetail
}

// A StatementKey is what a statement is stored once by.
type StatementKey struct {
	Envelope  Digest
	Recipient string
	Issuer    string
	Kind      StatementKind
	Sequence  uint64
}

// Key is the statement's key.
func (s *Statement) Key() StatementKey {
	return StatementKey{Envelope: s.Envelope, Recipient: s.Recipient, Issuer: s.Issuer, Kind: s.Kind, Sequence: s.Sequence}
}

// ValidatedDetail is the outcome of validation at the recipient's home.
type ValidatedDetail struct {
	Verdict string // valid, invalid, indeterminate or unsigned
	Files   []FileVerdict
}

// A FileVerdict is the verdict of one file.
type FileVerdict struct {
	SHA256  Digest
	Verdict string
	Report  Digest // of the report's JSON as stored; zero for a file that is no PDF, and where a statement has no space for it
}

// FailedDetail says why nobody answers any more.
type FailedDetail struct {
	Reason string // stable, upper case
	Text   string
}

// RemarkDetail is what was noted.
type RemarkDetail struct {
	Reason string // stable, upper case, such as INCOMPLETE
	Text   string
}

// MaxStatusMessage is the largest message, in bytes, that goes along with a status.
const MaxStatusMessage = 16 << 10

// StatusDetail is a business status (mã trạng thái) of QCVN 102:2016.
type StatusDetail struct {
	Code   uint32 // 1 đã đến, 2 từ chối, 3 đã tiếp nhận, …, 6 hoàn thành; 13 lấy lại, 15 đồng ý, 16 từ chối
	Reason string
	Staff  Staff
	// Message is the edXML message as which the agency's program reported it, byte for byte;
	// at most [MaxStatusMessage] bytes, or none. It is believed no further than Code and Reason.
	Message []byte
}

// A Checkpoint is the head of a node's journal.
type Checkpoint struct {
	Node        string
	Incarnation ID
	TreeSize    uint64
	RootHash    Digest
	Time        int64 // microseconds
}

// A Receipt is a statement with its place in its issuer's journal. Proof is nil
// where it was not sent along.
type Receipt struct {
	Statement Sealed
	Proof     *Proof
}

// A Proof shows that a leaf is in the journal under a checkpoint.
type Proof struct {
	Index      uint64
	Leaf       []byte
	Path       []Digest // RFC 6962, from the leaf up
	Checkpoint Sealed
}
