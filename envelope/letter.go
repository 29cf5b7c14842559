package envelope

// A Kind is what an envelope asks of its recipients. Values that are not named
// here are forwarded as they are; only the recipient's home node must know them.
type Kind int32

const (
	KindDocument    Kind = 1
	KindUpdate      Kind = 2
	KindReplacement Kind = 3
	KindRecall      Kind = 4
)

// An Urgency is the độ khẩn of Decree 30/2020; higher goes first.
type Urgency int32

const (
	UrgencyNormal     Urgency = 1 // thường
	UrgencyUrgent     Urgency = 2 // khẩn
	UrgencyVeryUrgent Urgency = 3 // thượng khẩn
	UrgencyFlash      Urgency = 4 // hỏa tốc
)

// A RecipientRole says in what capacity an agency receives.
type RecipientRole int32

const (
	RecipientTo   RecipientRole = 1 // để thực hiện (kính gửi)
	RecipientCopy RecipientRole = 2 // để biết
)

// A RelationKind is how an envelope relates to an earlier document.
type RelationKind int32

const (
	RelationRepliesTo RelationKind = 1
	RelationUpdates   RelationKind = 2
	RelationReplaces  RelationKind = 3
	RelationRecalls   RelationKind = 4
	RelationForwards  RelationKind = 5
)

// A FileRole is the place of a file in a document.
type FileRole int32

const (
	FileMain  FileRole = 1 // văn bản chính
	FileAnnex FileRole = 2 // phụ lục, tệp đính kèm
)

// An AgencyRef names an agency: the opaque id that never changes, and the code
// (mã định danh) that it had when this was written.
type AgencyRef struct {
	ID   string
	Code string
}

// A Recipient is one agency that an envelope is for.
type Recipient struct {
	Agency AgencyRef
	Role   RecipientRole
}

// A Relation points to an earlier document.
type Relation struct {
	Kind     RelationKind
	Origin   AgencyRef
	Document string // the document's id of the exchange rules, as its sender wrote it
	Digest   Digest // of the earlier envelope; zero if it is not known
}

// A Route is the signed part of an envelope, which every node reads. Times are
// microseconds since 1970-01-01T00:00:00Z.
type Route struct {
	ID            ID
	Kind          Kind
	Schema        uint32 // of the content; 1 now
	OriginNode    string
	Incarnation   ID // of the origin's store
	OriginAgency  AgencyRef
	Recipients    []Recipient // at least one, no agency twice
	Urgency       Urgency
	Created       int64
	NotBefore     int64 // 0: at once
	ExpiresAt     int64
	Thread        ID // id of the thread's first envelope
	Version       uint32
	Relations     []Relation
	ContentSize   uint64
	ContentDigest Digest // of the content's bytes
	FilesSize     uint64 // sum over the files, in bytes
}

// Recipient finds a recipient by agency id.
func (r *Route) Recipient(agency string) (Recipient, bool) {
	for _, to := range r.Recipients {
		if to.Agency.ID == agency {
			return to, true
		}
	}
	return Recipient{}, false
}

// A Content is what only sender and receiver need.
type Content struct {
	Salt     [32]byte // random, so that the digest in the route says nothing of the rest
	Metadata Metadata
	Staff    Staff
	Files    []ContentFile
	Recall   *RecallDetail // of a recall, which may have no files
	Change   *ChangeDetail // of an update or a replacement
	Request  []byte        // see Content in envelope.proto; empty where there was no request id
}

// A ContentFile is one file of a document.
type ContentFile struct {
	Role      FileRole
	Name      string // as the sender gave it; never used as a path
	MediaType string
	Size      uint64
	SHA256    Digest
	LeafRoot  Digest // of [LeafRoot]
}

// Metadata is the registration data of a document (Decree 30/2020, Appendix VI;
// QCVN 102:2016). [Metadata.Problems] checks its limits.
type Metadata struct {
	DocumentID  string // mã định danh văn bản
	Number      string // số
	Symbol      string // ký hiệu
	Subject     string // trích yếu
	TypeCode    string // abbreviation of the type; empty for a công văn
	TypeName    string // tên loại
	IssuedDate  string // yyyy-mm-dd, Vietnam time
	Place       string // nơi ban hành
	Signer      SignerInfo
	DueDate     string   // hạn trả lời, yyyy-mm-dd, or empty
	ToPlaces    []string // nơi nhận, as printed
	Secrecy     string   // độ mật; only empty is carried
	PageAmount  uint32   // số trang
	DossierCode string
	Summary     string
}

// SignerInfo is the person who signed (người ký).
type SignerInfo struct {
	Competence string // quyền hạn ký: TM., KT., TL., TUQ., Q.
	Position   string
	FullName   string
}

// Staff is the person for whom a document-management system acts.
type Staff struct {
	ID         string
	Name       string
	Department string
}
