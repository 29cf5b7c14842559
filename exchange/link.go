package exchange

import (
	"context"
	"io"

	"lienthong/envelope"
)

// A Frame is one message on the link between two nodes: [Hello], [Offer],
// [Accepted], [Refused], [Statements], [Stored], [Heartbeat], [GoAway], [NeedFiles],
// [DirectoryNews], [Head], [Cosigned], [Credit] or [Room].
type Frame interface{ frame() }

// Hello opens a link; both sides send it first.
type Hello struct {
	Node        string
	Incarnation envelope.ID
	ProtocolMin uint32
	ProtocolMax uint32
	Features    []string
	Epochs      []Epoch
	Clock       int64 // microseconds
	Restored    int64 // of a store out of a backup, the time of the last that it knows; else 0
}

// An Epoch is how new a node's directory of a zone is.
type Epoch struct {
	Zone  string // empty: the list of zones
	Epoch uint64
	State envelope.Digest // zero in offers
}

// Offer hands over an envelope for some of its recipients.
type Offer struct {
	Envelope   envelope.Sealed
	Content    []byte
	Recipients []string // agency ids for which the receiver of the offer is to answer
	Chain      []envelope.Sealed
	Epochs     []Epoch
	Files      []OfferedFile
	Returned   bool // to its origin, which goes on from a backup: see [givingBack]
}

// An OfferedFile is a file of an offered envelope. Data is empty where it is to be fetched.
type OfferedFile struct {
	Digest   envelope.Digest
	Size     uint64
	LeafRoot envelope.Digest
	Data     []byte
}

// Accepted means that its sender answers for these recipients from now on.
type Accepted struct {
	Letter  LetterKey
	Custody []envelope.Receipt
}

// Refused means that nothing was taken over for these recipients.
type Refused struct {
	Letter     LetterKey
	Recipients []string
	Reason     string
	Text       string
	Permanent  bool
	RetryAfter uint32 // seconds
	Failed     []envelope.Receipt
}

// Statements carries statements on their way to the origin's home.
type Statements struct{ Statements []envelope.Receipt }

// Stored acknowledges statements, once they are durable.
type Stored struct{ Digests []envelope.Digest }

// Heartbeat shows that the peer lives, and its clock (microseconds).
type Heartbeat struct{ Clock int64 }

// GoAway ends a link in an orderly way.
type GoAway struct {
	Reason     string
	RetryAfter uint32 // seconds
}

// NeedFiles tells the side that dialled which files to put.
type NeedFiles struct {
	Letter LetterKey
	Files  []envelope.Digest
}

func (Hello) frame()      {}
func (Offer) frame()      {}
func (Accepted) frame()   {}
func (Refused) frame()    {}
func (Statements) frame() {}
func (Stored) frame()     {}
func (Heartbeat) frame()  {}
func (GoAway) frame()     {}
func (NeedFiles) frame()  {}

func (DirectoryNews) frame() {}

// A Conn carries frames. One goroutine sends and one receives; after an error
// neither is called again. Both fail soon after the context of the stream ends.
type Conn interface {
	Send(Frame) error
	Recv() (Frame, error)
}

// A Courier is a link that this node dialled, with the transfers of larger files
// beside it, on a connection of their own.
type Courier interface {
	Conn
	// Put sends a file of an envelope that was offered, from the byte that the peer holds.
	// It returns when the peer has the whole file and its digest is right.
	Put(ctx context.Context, file FileKey, src io.ReaderAt, size int64) error
	// Get fetches a file of an envelope that the peer offered, from an offset.
	Get(ctx context.Context, file FileKey, offset int64) (io.ReadCloser, error)
	Close() error
}

// A Dialer reaches peers. Addresses of the node are tried in order.
type Dialer interface {
	Dial(ctx context.Context, peer envelope.Node) (Courier, error)
}

// A FileKey names a file of an offered envelope: nothing else is ever served.
type FileKey struct {
	Letter    LetterKey
	Recipient string // agency id: one of those offered
	Digest    envelope.Digest
}

// Limits of a link.
const (
	MaxInline      = 256 << 10 // bytes of a file that rides in the offer
	MaxInlineTotal = 2 << 20   // bytes of all of them
	Window         = 64        // offers that are not answered
	HopLimit       = 8         // custody statements in a chain
	ProtocolMin    = 1
	ProtocolMax    = 1
)
