package exchange

import (
	"lienthong/envelope"
	"lienthong/journal"
)

// A Service is what the clients of a node ask: one method a wish. Methods that act
// take an actor. Whether the actor has the role is the door's question (package
// server), whether the agency has the thing is answered here: what belongs to
// another agency is not found.
type Service struct {
	*Node
}

// NewService makes the service of a node.
func NewService(n *Node) *Service { return &Service{Node: n} }

// A SendRequest asks to send a document.
type SendRequest struct {
	Agency     string // sending agency, id or code
	Metadata   envelope.Metadata
	Files      []OutgoingFile
	Recipients []OutgoingRecipient
	Urgency    envelope.Urgency // normal if 0
	NotBefore  int64            // microseconds; 0: now
	ExpiresAt  int64            // microseconds; 0: in seven days
	Relations  []envelope.Relation
	Staff      envelope.Staff
	RequestID  string
	Partial    bool `json:",omitempty"` // to those that can be reached, where not all can

	number *Number        // that was reserved for it
	later  []Augmentation // that go in place of files that were named
	place  place
	commit []byte // see [envelope.Content]
}

// An OutgoingFile names an uploaded file by digest, or carries it in Data.
type OutgoingFile struct {
	Role      envelope.FileRole
	Name      string // that of the upload if empty
	MediaType string
	Digest    envelope.Digest
	Data      []byte
	Exact     bool `json:",omitempty"` // this very file, also where a later level of it is there
}

// An OutgoingRecipient is an agency, by id or code.
type OutgoingRecipient struct {
	Agency string
	Role   envelope.RecipientRole // RecipientTo if 0
}

// A Document is one envelope as this node knows it, with its deliveries.
type Document struct {
	Letter     Letter
	Route      envelope.Route
	Content    envelope.Content
	Deliveries []Delivery  // of those recipients that the asking agency may see
	Deadlines  []Deadlines // of each of Deliveries
	Warnings   []Field     // what is odd about it, to the asking agency
	LeftOut    []Field     // recipients that it was asked for and did not go to: of a SendRequest that is Partial
}

// An Event is one statement about a delivery, with its proof.
type Event struct {
	Statement    envelope.Statement
	JournalIndex uint64 // at this node
	Receipt      envelope.Receipt
	Verified     bool // signature and proof verify against the directory
}

// A DeliveryView is one delivery as its sender or its receiver sees it.
type DeliveryView struct {
	Delivery  Delivery
	Document  Document // Deliveries holds this one only
	Recipient envelope.Recipient
	History   []Event    // only where it was asked for
	Thread    []Delivery // as History: all of the document's thread for this recipient, by version
}

// A StatusRequest reports a business status of the receiver.
type StatusRequest struct {
	Agency          string // receiver, id or code
	Delivery        envelope.ID
	Code            uint32
	Reason          string
	Staff           envelope.Staff
	OverrideVerdict bool
	AutoReason      bool // of a refusal without Reason: make it from the report of validation
	RequestID       string
	Message         []byte `json:",omitempty"` // as which the agency's program reported it, or none
}

// A JournalCheck is what came of hashing the whole journal again.
type JournalCheck struct {
	Size       uint64
	Root       journal.Hash
	Problems   []string
	Unchecked  []string // what this node cannot check, and why
	Checkpoint envelope.Sealed
	Cosigned   uint64 // leaves under the largest head that the parent has cosigned, as verified
	Stamped    int64  // time of the newest time-stamp on a head by an authority that is trusted; 0: none
}

// An UploadRequest begins an upload.
type UploadRequest struct {
	Agency    string // id or code
	Name      string
	MediaType string
	Size      uint64 // 0 if not known
	RequestID string
}
