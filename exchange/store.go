package exchange

import (
	"context"
	"errors"

	"lienthong/envelope"
	"lienthong/journal"
)

// What a Store answers when it cannot. All may come wrapped.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrStale: a delivery changed after it was read. Read again and decide again.
	ErrStale = errors.New("changed meanwhile")
	// ErrConflict: a letter with this id is here with another digest, or a request
	// id was used with other content, or an epoch is not higher.
	ErrConflict = errors.New("conflicts with what is stored")
	// ErrMissing: a file that the change uses is not here any more (see [MissingError]).
	ErrMissing = errors.New("file is missing")
	// ErrFenced: a newer link to the peer, perhaps of another process, has its queue.
	ErrFenced = errors.New("a newer link took over")
	// ErrFull: there is no space for it.
	ErrFull = errors.New("no space left")
	// ErrAway: the store cannot be reached now. What was to be written is not there; or, where
	// the connection broke during a commit, it may be: whoever asks again has to bear both.
	ErrAway = errors.New("the store cannot be reached now")
)

// A MissingError names the blobs that a change uses and that have no live row.
type MissingError struct{ Digests []envelope.Digest }

func (e *MissingError) Error() string { return "store: file is missing: " + e.Digests[0].String() }
func (e *MissingError) Unwrap() error { return ErrMissing }

// A Store keeps all rows of a node. Writes take the journal entries that record
// them and append these in the same transaction; they return when that is
// durable, from one group commit for all that was waiting. A write that fails
// leaves nothing, and does not undo its neighbours in the batch. Reads see every
// write that has returned.
//
// Times are microseconds UTC. Every row belongs to an agency and stores its id.
// All methods may be called from many goroutines. Errors that are not listed at a
// method are the store's own (disk, context) and say nothing about the data.
type Store interface {
	// Incarnation is the id of this store, made when it was made and again at a restore.
	Incarnation(ctx context.Context) (envelope.ID, error)

	// Commit applies one change, all of it or nothing, in the order of [Change]'s
	// fields, and appends its entries to the journal. It is refused without entries.
	// Errors: ErrStale, ErrConflict, ErrMissing (as *MissingError), ErrFenced, ErrFull, ErrAway.
	Commit(ctx context.Context, change Change) (Committed, error)

	// Letter finds an envelope that this node has, or had. ErrNotFound.
	Letter(ctx context.Context, key LetterKey) (Letter, error)
	// Path finds the path under which this node holds, or held, a letter. ErrNotFound.
	Path(ctx context.Context, tip envelope.Digest) (Path, error)
	// Deliveries lists the deliveries of one letter that this node has rows for,
	// ordered by recipient. None is no error.
	Deliveries(ctx context.Context, key LetterKey) ([]Delivery, error)
	// DeliveryByID finds a delivery by its id at this node. ErrNotFound.
	DeliveryByID(ctx context.Context, id envelope.ID) (Delivery, error)
	// Documents lists letters that were submitted here by an agency, newest (highest
	// envelope id) first, after the cursor (zero: from the newest).
	Documents(ctx context.Context, agency string, after envelope.ID, limit int) ([]Letter, error)
	// Inbox lists deliveries to an agency at home here (Home is true), newest (highest
	// delivery id) first, after the cursor (zero: from the newest).
	Inbox(ctx context.Context, agency string, after envelope.ID, limit int) ([]Delivery, error)
	RegisterStore
	ThreadStore
	FilingStore
	SeriesStore
	TallyStore
	TransportStore
	HandoverStore
	RetirementStore
	ClaimStore
	RetentionStore
	// Changes lists deliveries of an agency (its inbox as recipient with Home, and as
	// OriginAgency of letters submitted here, From empty) whose Changed is after the cursor,
	// ordered by Changed, then ID. Rows with one Changed are never cut apart: limit may be
	// exceeded by the rest of the last one's group.
	Changes(ctx context.Context, agency string, after uint64, limit int) ([]Delivery, error)
	// Statements lists the statements about one envelope and recipient, in the order in
	// which they were stored here. None is no error.
	Statements(ctx context.Context, digest envelope.Digest, recipient string) ([]StatementRow, error)
	// Report gives the JSON of a validation report by its SHA-256. ErrNotFound.
	Report(ctx context.Context, digest envelope.Digest) ([]byte, error)
	// Request finds what a request id was answered with. ErrNotFound.
	Request(ctx context.Context, principal, method, id string) (Request, error)

	// DueOutbox lists rows for a peer that are not claimed and due, by class (highest first),
	// then Seq, at most limit rows.
	DueOutbox(ctx context.Context, peer string, now int64, limit int) ([]OutboxRow, error)
	LinkStore
	ClockStore
	RestoreStore
	QueueStore
	SpaceStore
	CheckpointStore
	// OutboxPeers lists peers that have rows, with the number of rows of each.
	OutboxPeers(ctx context.Context) (map[string]int, error)
	// StatementsTo lists statements that wait to be sent to a peer, with Seq above after,
	// ordered by Seq. Rows stay until StatementsSent.
	StatementsTo(ctx context.Context, peer string, after uint64, limit int) ([]StatementOut, error)
	// StatementsSent removes waiting statements that the peer has stored. Digests that
	// do not wait for the peer are passed over. It takes no entries.
	StatementsSent(ctx context.Context, peer string, digests []envelope.Digest) error

	// Expiring lists deliveries in state queued, offered or held whose ExpiresAt is not after now.
	Expiring(ctx context.Context, now int64, limit int) ([]Delivery, error)
	// HeldDue lists held deliveries whose HeldUntil is not after now.
	HeldDue(ctx context.Context, now int64, limit int) ([]Delivery, error)
	// ClaimJobs leases validation jobs that are due and not leased (or whose lease has
	// ended), oldest first, until a time; it counts Attempts up. It takes no entries.
	ClaimJobs(ctx context.Context, now, until int64, limit int) ([]Job, error)

	// StartUpload makes an upload row. ErrConflict if the id exists. It takes no entries.
	StartUpload(ctx context.Context, upload Upload) error
	// Upload finds an upload. ErrNotFound.
	Upload(ctx context.Context, id envelope.ID) (Upload, error)
	// File finds a file in the possession of a holder (an agency, or a peer as
	// [PeerHolder]). The row must have a live blob. ErrNotFound.
	File(ctx context.Context, holder string, digest envelope.Digest) (File, error)
	// Blob finds the live row of a blob, whoever holds it. ErrNotFound.
	Blob(ctx context.Context, digest envelope.Digest) (BlobRow, error)
	BlobStore

	// Session finds a signing session. ErrNotFound.
	Session(ctx context.Context, id envelope.ID) (SigningSession, error)
	// ExpiredSessions lists open signing sessions whose Expires is before now, the oldest
	// first, without Prepared.
	ExpiredSessions(ctx context.Context, now int64, limit int) ([]SigningSession, error)
	SigningStore
	WatchStore

	// Principal finds a principal by the SHA-256 of a SubjectPublicKeyInfo. ErrNotFound.
	Principal(ctx context.Context, key envelope.Digest) (Principal, error)
	// Principals lists all principals by id.
	Principals(ctx context.Context) ([]Principal, error)
	IdentityStore
	InvitationStore
	GroupStore
	DirectoryStore

	// TreeSize is the number of journal leaves that are durable.
	TreeSize(ctx context.Context) (uint64, error)
	// Leaves gives the leaves from an index on, at most limit.
	Leaves(ctx context.Context, from uint64, limit int) ([]Leaf, error)
	// Hashes reads stored hashes of the tree by storage index (journal.HashReader).
	Hashes(ctx context.Context, indexes []int64) ([]journal.Hash, error)
	// StoredHashes is Hashes, read anew and past every cache: what is stored now.
	StoredHashes(ctx context.Context, indexes []int64) ([]journal.Hash, error)

	// Close waits for writes in flight and closes.
	Close() error
}

// A Change is all that one act writes. Lists may be empty; entries may not.
type Change struct {
	// Link, unless its epoch is zero, is the link over which the act was decided. It must
	// still be the newest one to its peer, or nothing is written: ErrFenced.
	Link Link
	// Request is stored for its principal, method and id. If one is there already:
	// ErrConflict.
	Request *Request
	// Letter is stored unless it is here with this digest; with another one: ErrConflict.
	// Its files become references that keep their blobs. One that was erased is whole again.
	Letter *Letter
	// Also are further letters, as Letter.
	Also []*Letter
	// Aimed is how many Aims at Letter were seen when this was decided. If it is another
	// number now: ErrStale.
	Aimed int
	// Aims are stored unless they are here. ErrStale: see [Aim].
	Aims []Aim
	// Forget ends tombstones: an aim goes if nothing is known of its target, and else stays for
	// good, with Expires 0. One that is not here is passed over.
	Forget []Aim
	// Threads must be as they were when this was decided. Else ErrStale.
	Threads []ThreadSeen
	// Paths are stored unless they are here.
	Paths []Path
	// Wrote names blobs whose bytes this act has made durable, or compared with those that
	// are: rows are made live, or touched; a doomed one begins a new generation. Touched is a
	// time before that; if a sweep began after it (Swept): ErrMissing, put the bytes again.
	Wrote []BlobRow
	// Uses names blobs that must have a live row, which is touched; else ErrMissing.
	Uses []envelope.Digest
	// Doom ends blobs that nothing keeps.
	Doom *Doom
	// Damage names blobs whose bytes do not hash to their digest. One that is not live is passed over.
	Damage []envelope.Digest
	// Swept is a fence: bytes put before this time may be swept from now on, unless they have
	// a live row. 0: none.
	Swept int64
	// Erase lets files of letters go. ErrStale: see [Erasure].
	Erase []Erasure
	// Passings say from when the days of letters that pass through count; those of erased
	// letters stay.
	Passings []Passing
	// Agings say from when the years of letters count, and of what class they are.
	Agings []Aging
	// Holds, like Sessions: a revision of 0 inserts; another must be the stored one, of a hold
	// that is not released, and then only what its release says changes. Else ErrStale, also
	// where a new one is to keep a letter or thread that has no text any more.
	Holds []LegalHold
	// Whole names letters that must have their files; else ErrStale.
	Whole []LetterKey
	// Files gives possession; a row that is there is replaced.
	Files []File
	// Deliveries are put. Revision is the one that was read: 0 inserts and the row must
	// not be there, by ID nor by (Key); otherwise the stored row must have this revision.
	// Else ErrStale. The store writes Revision+1, and Changed = index of the change's last entry.
	Deliveries []Delivery
	// Filings are put by id and way, unless they are here; their letters must be.
	Filings []Filing
	// Series raise their last number. If it is not the one that was read: ErrStale.
	Series []SeriesStep
	// Numbers are put like Sessions, by id; a new one must be nobody's. Else ErrStale.
	Numbers []Number
	// Entered gives what came its number in the register; if it has one: ErrStale.
	Entered []Entered
	// Unqueue removes the outbox rows of these deliveries (to whatever peer).
	Unqueue []DeliveryKey
	// Queue adds outbox rows; there is at most one for each delivery, a second replaces it.
	// Seq is given by the store, ascending.
	Queue []OutboxRow
	// Claim marks outbox rows as claimed: DueOutbox passes over them until TakeLink or Defer.
	// A row that is gone is passed over.
	Claim []DeliveryKey
	// Defer unclaims outbox rows and makes them due at a time. A row that is gone is passed over.
	Defer []Deferral
	// Statements are stored unless one is there by the same key; a stored one stays as it is,
	// but for a proof that it lacked. JournalIndex = first index of this change + Entry.
	Statements []StatementRow
	// Jobs adds validation jobs, one for each delivery: one that is there is replaced and due anew.
	Jobs []Job
	// Finished removes the jobs of these deliveries.
	Finished []DeliveryKey
	// Reports stores JSON by SHA-256, unless it is here.
	Reports []ReportRow
	// Uploads replaces upload rows by id (when one is complete).
	Uploads []Upload
	// Sessions are put. Revision is the one that was read: 0 inserts, and the id must be
	// new; otherwise the stored row must have this revision. Else ErrStale. The store writes
	// Revision+1. A session that ended is kept for 30 days after its Expires.
	Sessions []SigningSession
	// LevelJobs, like Sessions: a revision of 0 inserts, another must be the stored one.
	// Else ErrStale. The blob of Base must be live for a new one (ErrMissing). A put ends the
	// lease of a claimed job: it is due at DueAt.
	LevelJobs []LevelJob
	// Augmented are put by agency and digest; both blobs must be live (ErrMissing).
	// Others of the same base and agency need no renewal any more: their RenewAt becomes 0.
	Augmented []Augmentation
	// Evidence is put by agency, file and position, unless it is here; its blobs must be
	// live (ErrMissing).
	Evidence []EvidenceRow
	// KeyStates are put like Sessions, by key. Else ErrStale.
	KeyStates []KeyState
	// Principals, like Sessions, with all their keys and grants: a revision of 0 inserts, and
	// the id must be new; another must be the stored one. Else ErrStale. A key that another
	// principal has: ErrConflict.
	Principals []Principal
	// Unchanged are principals that must be stored as the act saw them, since it was decided
	// by what they are. Else ErrStale.
	Unchanged []PrincipalAt
	// Tokens are stored by id. Of one that is there only Revoked changes, and that once.
	// Its principal must be there. A hash that another token has: ErrConflict.
	Tokens []Token
	// Invitations, like Sessions: a revision of 0 inserts, and id and hash must be new; another
	// must be the stored one, and then Hash, Node, Created and Expires stay. Else ErrStale.
	Invitations []Invitation
	// Groups, like Sessions, by agency and key: a revision of 0 inserts, another must be the
	// stored one. Else ErrStale. One without members is removed.
	Groups []Group
	// Directory adds a file of the directory; see [DirectoryStore]. ErrConflict if one that
	// is as new is there.
	Directory *DirectoryRow
	// Peers are put by peer.
	Peers []PeerRow
	// Held, unless nil, is the newest head of a node's store as this was decided. If it is
	// another now: ErrStale.
	Held *HeadSeen
	// Checkpoints are put by node, incarnation, size, root and refusal. One that is there gets the
	// cosignature and the time-stamp that it lacked, and is otherwise as it was.
	Checkpoints []CheckpointRow
	// Retirement, like Sessions: a revision of 0 inserts, and there must be none; of the stored
	// one Done alone changes, or it goes, with Unretire. Else ErrStale.
	Retirement *Retirement
	Unretire   bool
	// Begins says that an agency begins something: a node that is to end refuses it with ErrStale.
	Begins bool
	// Entries are appended to the journal, in this order, at consecutive indexes.
	Entries []journal.Entry
}

// Committed says where a change stands in the journal.
type Committed struct {
	First uint64 // index of the change's first entry
	Size  uint64 // leaves in the tree when this was durable: at least First + number of entries
}

// Names of rows and columns that have no better place.

// A LetterKey names an envelope anywhere.
type LetterKey struct {
	Origin string // node id
	ID     envelope.ID
}

// A DeliveryKey names one recipient of an envelope anywhere.
type DeliveryKey struct {
	Origin    string
	ID        envelope.ID
	Recipient string // agency id
}

// Letter is the key of the delivery's letter.
func (k DeliveryKey) Letter() LetterKey { return LetterKey{k.Origin, k.ID} }

// A Letter is an envelope as this node keeps it: the bytes that were signed.
type Letter struct {
	Key      LetterKey
	Digest   envelope.Digest
	Agency   string // id of the origin agency
	Sealed   envelope.Sealed
	Content  []byte // as hashed in the route
	Files    []LetterFile
	From     string // peer; empty if it was submitted here
	Received int64
	Urgency  envelope.Urgency
	Expires  int64
	Staff    string          // id of the staff member, at the origin
	Register envelope.Digest // of number, symbol and year; zero if the content does not say
	Document envelope.Digest // of the document's id; zero if there is none
	Passing  int64           // see [Passing]
	Erased   int64           // read only: when its files went, whose digests stay; 0: they are here
	Class    string          // type of its document, see [Aging]; empty: nobody has looked
	Aging    int64           // see [Aging]
	Cleared  int64           // read only: when its text went, Content and Staff; 0: it is here
}

// A LetterFile is a file of a letter, in the order of its content.
type LetterFile struct {
	Digest   envelope.Digest
	Size     uint64
	LeafRoot envelope.Digest
}

// A Path is one tenure of a letter at this node: how it came here, and the
// statement by which this node answered for it. All recipients that were taken
// over together share one.
type Path struct {
	Tip    envelope.Digest // of the last statement of Chain
	Letter LetterKey
	From   string            // peer; empty at the origin
	Chain  []envelope.Sealed // statements so far, origin first, this node's own last; the peer's where it goes no further from here
}

// A StatementRow is a statement as this node keeps it.
type StatementRow struct {
	Key          envelope.StatementKey
	Digest       envelope.Digest // of Sealed
	Agency       string          // id of the recipient agency
	Delivery     DeliveryKey
	Sealed       envelope.Sealed
	Proof        []byte // envelope.Proof as received from another node, marshalled; empty for our own
	Received     int64
	Entry        int    // in a Change: offset into Entries of the one that names this statement
	JournalIndex uint64 // read only: where the journal here names it
	SendTo       string // in a Change: peer for which the statement waits; empty for none
}

// A StatementOut is a statement that waits for a peer.
type StatementOut struct {
	Seq uint64
	StatementRow
}

// An OutboxRow is one recipient of a letter that waits for, or was offered to, a peer.
type OutboxRow struct {
	Key     DeliveryKey
	Peer    string
	Agency  string // id of the origin agency
	Class   int    // envelope.Urgency
	Tip     envelope.Digest
	DueAt   int64
	Seq     uint64 // read only
	Claimed bool   // read only
}

// A Deferral makes an outbox row due again.
type Deferral struct {
	Key   DeliveryKey
	DueAt int64
}

// A Job asks for the validation of a delivered letter.
type Job struct {
	Key      DeliveryKey
	Agency   string // id of the recipient agency
	DueAt    int64
	Attempts int // how often it was claimed, and may have ended a process
}

// A ReportRow is a validation report.
type ReportRow struct {
	Digest envelope.Digest // SHA-256 of JSON
	File   envelope.Digest // of which file, with which it goes
	Agency string
	JSON   []byte
}

// A Request remembers the answer to a request id, for 30 days.
type Request struct {
	Principal string
	Method    string
	ID        string
	Agency    string
	Content   envelope.Digest // of the request's content
	Answer    string          // id of what was made
	Time      int64
}

// An Upload is a file on its way in. Bytes are in Blobs under [Upload.Partial].
type Upload struct {
	ID        envelope.ID
	Agency    string
	Principal string
	Name      string
	MediaType string
	Size      uint64 // announced; 0 if not known
	Started   int64
	Done      bool
	Digest    envelope.Digest // once done
}

// UploadPrefix begins the keys of uploads in Blobs.
const UploadPrefix = "upload-"

// Partial is the key of the upload's bytes in Blobs.
func (u Upload) Partial() string { return UploadPrefix + u.ID.String() }

// A File is a file in someone's possession.
type File struct {
	Holder    string // agency id, or [PeerHolder]
	Digest    envelope.Digest
	Size      uint64
	LeafRoot  envelope.Digest
	Name      string
	MediaType string
	Since     int64
}

// PeerHolder is the holder name of a peer node: agencies never have a colon.
func PeerHolder(node string) string { return "node:" + node }

// A BlobRow is a stored file, whoever may have it.
type BlobRow struct {
	Digest   envelope.Digest
	Size     uint64
	LeafRoot envelope.Digest
	Touched  int64
}

// A Leaf is one journal entry as hashed.
type Leaf struct {
	Index uint64
	Data  []byte
}
