package envelope

// A RecallMode is how a document is asked back.
type RecallMode int32

const (
	RecallNow RecallMode = 1 // thu hồi: the receiver's copy is frozen at once
	TakeBack  RecallMode = 2 // lấy lại (13): the receiver's clerk agrees (15) or refuses (16)
)

// A RecallDetail says how and why documents are asked back. Which ones stands in
// the route: its relations of kind [RelationRecalls], one for each envelope.
type RecallDetail struct {
	Mode   RecallMode
	Reason string
}

// A ChangeDetail says what an update or a replacement changes. Metadata and files
// beside it are the whole of the new version, never a difference.
type ChangeDetail struct {
	Reason         string
	ContentChanged bool     // false: metadata and files are those of the version before
	Added          []string // ids of recipients that had no version before this one: they wait for none
	Removed        []string // ids of agencies that were recipients until now: they get a recall
	Replaced       []Replaced
}

// A Replaced is a document that a replacement takes the place of.
type Replaced struct {
	Envelope   Digest
	Recipients []string // ids of the recipients of the replacement that had it
}

// Follows is the version that a recipient must have before this one: 0 for the first
// that it gets.
func (r *Route) Follows(c *Content, recipient string) uint32 {
	if r.Version <= 1 || c.Change == nil {
		return 0
	}
	for _, added := range c.Change.Added {
		if added == recipient {
			return 0
		}
	}
	return r.Version - 1
}

// Targets are the digests that a route points to by a kind of relation.
func (r *Route) Targets(kind RelationKind) []Digest {
	var out []Digest
	for _, rel := range r.Relations {
		if rel.Kind == kind {
			out = append(out, rel.Digest)
		}
	}
	return out
}
