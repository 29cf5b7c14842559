package exchange

import (
	"context"
	"io"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
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
}

// An OutgoingFile names an uploaded file by digest, or carries it in Data.
type OutgoingFile struct {
	Role      envelope.FileRole
	Name      string // that of the upload if empty
	MediaType string
	Digest    envelope.Digest
	Data      []byte
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
	Deliveries []Delivery // of those recipients that the asking agency may see
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
	History   []Event // only where it was asked for
}

// A Resolution tells how an agency is reached.
type Resolution struct {
	Code      string // as asked
	Agency    envelope.Agency
	Result    string // ok, unknown, ended, no_route
	Successor string // agency id
	NextHop   string // node id; this node's own where the agency is at home here
}

// A StatusRequest reports a business status of the receiver.
type StatusRequest struct {
	Agency          string // receiver, id or code
	Delivery        envelope.ID
	Code            uint32
	Reason          string
	Staff           envelope.Staff
	OverrideVerdict bool
	RequestID       string
}

// A JournalCheck is what came of hashing the whole journal again.
type JournalCheck struct {
	Size       uint64
	Root       journal.Hash
	Problems   []string
	Checkpoint envelope.Sealed
}

// An UploadRequest begins an upload.
type UploadRequest struct {
	Agency    string // id or code
	Name      string
	MediaType string
	Size      uint64 // 0 if not known
	RequestID string
}

func notYet() error { return fail(Unavailable, "NOT_YET", "not yet") }

// Send takes a document for all its recipients, or for none. When it returns, the
// document is durable and this node answers for it.
func (s *Service) Send(ctx context.Context, actor journal.Actor, req SendRequest) (*Document, error) {
	return nil, notYet()
}

// Resolve tells for each id or code whether and how it is reached.
func (s *Service) Resolve(ctx context.Context, codes []string) ([]Resolution, error) {
	return nil, notYet()
}

// Document finds a document of an agency: one that it sent, or one that it received.
func (s *Service) Document(ctx context.Context, agency string, id envelope.ID) (*Document, error) {
	return nil, notYet()
}

// Documents lists what an agency sent, newest first, after the cursor (zero: the newest).
func (s *Service) Documents(ctx context.Context, agency string, after envelope.ID, limit int) ([]Document, error) {
	return nil, notYet()
}

// Delivery shows one delivery to its sender or receiver, with its history.
func (s *Service) Delivery(ctx context.Context, agency string, id envelope.ID) (*DeliveryView, error) {
	return nil, notYet()
}

// Inbox lists what came to an agency, newest first, after the cursor (zero: the newest).
func (s *Service) Inbox(ctx context.Context, agency string, after envelope.ID, limit int) ([]DeliveryView, error) {
	return nil, notYet()
}

// Changes lists deliveries of an agency that changed after a journal index, and the
// cursor to go on from. Where there are none it waits until there are, or ctx ends.
func (s *Service) Changes(ctx context.Context, agency string, after uint64, limit int) ([]DeliveryView, uint64, error) {
	return nil, 0, notYet()
}

// Acknowledge says that the agency's document management has stored all files; it
// makes status 01. Repeats change nothing.
func (s *Service) Acknowledge(ctx context.Context, actor journal.Actor, agency string, id envelope.ID, files []envelope.Digest, staff envelope.Staff) (*DeliveryView, error) {
	return nil, notYet()
}

// ReportStatus reports a business status; illegal steps are refused.
func (s *Service) ReportStatus(ctx context.Context, actor journal.Actor, req StatusRequest) (*DeliveryView, error) {
	return nil, notYet()
}

// StartUpload names an upload.
func (s *Service) StartUpload(ctx context.Context, actor journal.Actor, req UploadRequest) (Upload, error) {
	return Upload{}, notYet()
}

// GetUpload tells how many bytes of an upload are durable; those of others are not found.
func (s *Service) GetUpload(ctx context.Context, actor journal.Actor, id envelope.ID) (Upload, int64, error) {
	return Upload{}, 0, notYet()
}

// WriteUpload adds bytes from an offset, which must be what is held, and returns what is
// held after, also where r failed.
func (s *Service) WriteUpload(ctx context.Context, actor journal.Actor, id envelope.ID, offset int64, r io.Reader) (int64, error) {
	return 0, notYet()
}

// FinishUpload checks size and digest and gives the file to the agency.
func (s *Service) FinishUpload(ctx context.Context, actor journal.Actor, id envelope.ID, size int64, digest envelope.Digest) (File, error) {
	return File{}, notYet()
}

// OpenFile opens a file that the agency uploaded, sent, received or made by signing.
func (s *Service) OpenFile(ctx context.Context, agency string, digest envelope.Digest) (File, Blob, error) {
	return File{}, nil, notYet()
}

// File describes such a file.
func (s *Service) File(ctx context.Context, agency string, digest envelope.Digest) (File, error) {
	return File{}, notYet()
}

// Validate judges a file of the agency, claimed to come from another (id or code;
// empty for none), by a built-in policy (empty for the default).
func (s *Service) Validate(ctx context.Context, actor journal.Actor, agency string, digest envelope.Digest, claimed, policy string) (*signer.Report, error) {
	return nil, notYet()
}

// ImportDirectory takes a signed directory of a higher epoch.
func (s *Service) ImportDirectory(ctx context.Context, actor journal.Actor, sealed envelope.Sealed) (*Directory, error) {
	return nil, notYet()
}

// ExportDirectory gives the directory as it was imported.
func (s *Service) ExportDirectory(ctx context.Context) (envelope.Sealed, error) {
	return envelope.Sealed{}, notYet()
}

// Principal finds who a client certificate is, by the SHA-256 of its SubjectPublicKeyInfo.
func (s *Service) Principal(ctx context.Context, key envelope.Digest) (Principal, error) {
	return Principal{}, notYet()
}

// Principals lists all.
func (s *Service) Principals(ctx context.Context) ([]Principal, error) { return nil, notYet() }

// PutPrincipal adds or changes a principal.
func (s *Service) PutPrincipal(ctx context.Context, actor journal.Actor, p Principal) error {
	return notYet()
}

// Entries lists journal leaves from an index, and the size of the tree.
func (s *Service) Entries(ctx context.Context, from uint64, limit int) ([]Leaf, uint64, error) {
	return nil, 0, notYet()
}

// Checkpoint signs the journal's head, unless that has been done.
func (s *Service) Checkpoint(ctx context.Context) (envelope.Sealed, error) {
	return envelope.Sealed{}, notYet()
}

// VerifyJournal hashes the whole journal again and compares.
func (s *Service) VerifyJournal(ctx context.Context) (*JournalCheck, error) { return nil, notYet() }
