package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange/notation"
	"lienthong/journal"
)

const (
	methodUpdate      = "IssueUpdate"
	methodReplacement = "IssueReplacement"
	methodForward     = "ForwardDocument"
)

// A ChangeRequest asks to send a later version of a document: an update, or a replacement,
// which may take the place of other documents too.
type ChangeRequest struct {
	Agency    string             // the sender, id or code
	Document  envelope.ID        // any version of it
	Metadata  *envelope.Metadata // nil: as before
	Files     []OutgoingFile     // all of the new version; none: as before
	Add       []OutgoingRecipient
	Remove    []string // ids or codes; they get a recall
	Replaces  []envelope.ID
	Reason    string
	Urgency   envelope.Urgency // as before if 0
	ExpiresAt int64            // microseconds; 0: in seven days
	Staff     envelope.Staff
	// Along is an annex that goes along where the files are as before, in the place of one of
	// its kind and name: such as the message as which the change came.
	Along     *OutgoingFile `json:",omitempty"`
	RequestID string
}

// Update sends the next version of a document to all that have it: with other metadata or
// files, or to other receivers. Who is added gets the document, who is removed a recall.
func (s *Service) Update(ctx context.Context, actor journal.Actor, req ChangeRequest) (*Document, error) {
	if len(req.Replaces) > 0 {
		return nil, &Error{Code: Invalid, Reason: "INVALID_CHANGE", Text: "nothing was sent", Fields: []Field{{"replaces", "UNKNOWN", "is of a replacement"}}}
	}
	return s.changeDocument(ctx, actor, methodUpdate, envelope.KindUpdate, req)
}

// Replace sends a document that takes the place of one that was sent before, and perhaps
// of more: for each receiver, of those that it has. The old ones are superseded, linked,
// and never deleted.
func (s *Service) Replace(ctx context.Context, actor journal.Actor, req ChangeRequest) (*Document, error) {
	return s.changeDocument(ctx, actor, methodReplacement, envelope.KindReplacement, req)
}

func (s *Service) changeDocument(ctx context.Context, actor journal.Actor, method string, kind envelope.Kind, req ChangeRequest) (*Document, error) {
	from, err := s.agencyHere(req.Agency)
	if err != nil {
		return nil, err
	}
	return s.once(ctx, actor, method, req.RequestID, from.ID, req.fingerprint(), func(request *Request) (id envelope.ID, err error) {
		err = s.decide(ctx, func() error {
			if err := s.takesNew(ctx, &from); err != nil {
				return err
			}
			c, err := s.changing(ctx, from, kind, req)
			if err != nil {
				return err
			}
			c.draft = s.draft(actor)
			if id, err = c.submit(ctx, request); err != nil {
				return err
			}
			promised, err := s.admitSent(ctx, c.change.Letter, kind, c.to)
			if err != nil {
				return err
			}
			c.change.Begins = true
			_, err = s.commit(ctx, c.change)
			promised.end(err == nil)
			return err
		})
		return id, err
	})
}

// A changing is one attempt to send a later version.
type changing struct {
	*draft
	service *Service
	from    envelope.Agency
	kind    envelope.Kind
	thread  *ownThread
	others  []*ownThread // whose place a replacement takes too
	send    SendRequest
	detail  envelope.ChangeDetail
	to      []envelope.Recipient
	files   []envelope.ContentFile
	wrote   []BlobRow
	removed []*receiver
}

// changing looks at everything before anything is written, and names all that is wrong.
func (s *Service) changing(ctx context.Context, from envelope.Agency, kind envelope.Kind, req ChangeRequest) (*changing, error) {
	t, err := s.threadOf(ctx, from.ID, req.Document)
	if err != nil {
		return nil, err
	}
	c := &changing{service: s, from: from, kind: kind, thread: t, files: t.content.Files,
		send:   SendRequest{Metadata: t.content.Metadata, Urgency: req.Urgency, ExpiresAt: req.ExpiresAt, Staff: req.Staff},
		detail: envelope.ChangeDetail{Reason: req.Reason, ContentChanged: req.Metadata != nil || len(req.Files) > 0}}
	if c.send.Urgency == 0 {
		c.send.Urgency = t.newest.Urgency
	}
	if req.Metadata != nil {
		c.send.Metadata = *req.Metadata
	}
	bad := append(reasonProblems(req.Reason), s.checkWords(&from, &c.send)...)
	if len(req.Files) > 0 {
		var problems []Field
		if c.files, c.wrote, problems, err = s.outgoing(ctx, from, req.Files); err != nil {
			return nil, err
		}
		bad = append(bad, problems...)
	} else if err := c.along(ctx, req.Along); err != nil {
		return nil, err
	}
	problems, err := c.replace(ctx, req.Replaces)
	if err != nil {
		return nil, err
	}
	bad = append(bad, problems...)
	if problems, err = c.receivers(ctx, s, req); err != nil {
		return nil, err
	}
	bad = append(bad, problems...)
	if problems, err = c.numbered(ctx, s); err != nil {
		return nil, err
	}
	if bad = append(bad, problems...); len(bad) > 0 {
		return nil, &Error{Code: Invalid, Reason: "INVALID_CHANGE", Text: "nothing was sent, to any recipient", Fields: bad}
	}
	return c, c.possible()
}

// along adds what goes along with files that are as before.
func (c *changing) along(ctx context.Context, file *OutgoingFile) error {
	added, err := c.service.alongside(ctx, c.from, file)
	if err != nil || len(added) == 0 {
		return err
	}
	c.files = slices.DeleteFunc(slices.Clone(c.files), func(f envelope.ContentFile) bool {
		return f.Role == envelope.FileAnnex && f.MediaType == added[0].MediaType && f.Name == added[0].Name
	})
	c.files = append(c.files, added...)
	return nil
}

// replace reads the other documents whose place a replacement takes.
func (c *changing) replace(ctx context.Context, documents []envelope.ID) (bad []Field, err error) {
	seen := map[envelope.ID]bool{c.thread.route.Thread: true}
	for i, id := range documents {
		other, err := c.service.threadOf(ctx, c.from.ID, id)
		if own := (*Error)(nil); errors.As(err, &own) {
			bad = append(bad, Field{fmt.Sprintf("replaces[%d]", i), own.Reason, own.Text})
			continue
		}
		if err != nil {
			return nil, err
		}
		if !seen[other.route.Thread] {
			seen[other.route.Thread] = true
			c.others = append(c.others, other)
		}
	}
	return bad, nil
}

// numbered takes the number of a version that bears another than the one before: it must
// have been reserved where numbers come from this node, as that of any letter.
func (c *changing) numbered(ctx context.Context, s *Service) (bad []Field, err error) {
	if c.sameNumber() {
		return nil, nil
	}
	c.send.number, bad, err = s.numberFor(ctx, c.from.ID, &c.send.Metadata)
	return bad, err
}

// sameNumber reports whether number, symbol and year are those of the version before.
func (c *changing) sameNumber() bool {
	m, before := &c.send.Metadata, &c.thread.content.Metadata
	return notation.Key(m.Number, m.Symbol, m.IssuedDate) == notation.Key(before.Number, before.Symbol, before.IssuedDate) && m.TypeCode == before.TypeCode
}

// receivers finds who gets the new version: those that have an earlier one, without those
// that are removed, and those that are added. Of a group that is added, those that have the
// document are passed over.
func (c *changing) receivers(ctx context.Context, s *Service, req ChangeRequest) (bad []Field, err error) {
	removed := make(map[string]bool)
	for i, name := range req.Remove {
		r := c.thread.named(name)
		if r == nil || len(r.open()) == 0 {
			bad = append(bad, Field{fmt.Sprintf("remove[%d]", i), "NOT_A_RECIPIENT", fmt.Sprintf("%.80q does not have the document", name)})
			continue
		}
		if !removed[r.as.Agency.ID] {
			removed[r.as.Agency.ID] = true
			c.removed = append(c.removed, r)
			c.detail.Removed = append(c.detail.Removed, r.as.Agency.ID)
		}
	}
	has := make(map[string]bool)
	for n, t := range append([]*ownThread{c.thread}, c.others...) {
		for _, r := range t.receivers {
			id := r.as.Agency.ID
			if len(r.open()) == 0 || removed[id] || has[id] {
				continue
			}
			has[id] = true
			c.to = append(c.to, r.as)
			if n > 0 {
				c.detail.Added = append(c.detail.Added, id)
			}
		}
	}
	if len(req.Add) == 0 {
		return bad, nil
	}
	added, problems, err := s.recipients(ctx, c.from.ID, req.Add)
	if err != nil {
		return nil, err
	}
	for _, p := range problems {
		bad = append(bad, Field{"add" + p.Path[len("recipients"):], p.Reason, p.Text})
	}
	grouped := slices.ContainsFunc(req.Add, func(r OutgoingRecipient) bool { _, is := asGroup(r.Agency); return is })
	for _, r := range added {
		if grouped && has[r.Agency.ID] {
			continue
		}
		if has[r.Agency.ID] || removed[r.Agency.ID] {
			bad = append(bad, Field{"add", "DUPLICATE", fmt.Sprintf("%s has the document, or is removed too", r.Agency.Code)})
			continue
		}
		c.to = append(c.to, r)
		c.detail.Added = append(c.detail.Added, r.Agency.ID)
	}
	return bad, nil
}

// possible says why the document cannot be changed now.
func (c *changing) possible() error {
	switch {
	case len(c.to) == 0:
		return fail(Precondition, "NO_RECIPIENT", "nobody has the document any more, or will get it: send a new one")
	case c.kind == envelope.KindUpdate && !c.detail.ContentChanged && len(c.detail.Added)+len(c.removed) == 0:
		return fail(Precondition, "NOTHING_CHANGED", "an update changes metadata, files or recipients, and this one changes none")
	case c.kind == envelope.KindReplacement && !c.detail.ContentChanged:
		return fail(Precondition, "NOTHING_CHANGED", "a replacement has metadata or files of its own")
	case c.thread.version >= maxVersions:
		return fail(Precondition, "TOO_MANY_VERSIONS", "the document has %d versions, and no more can be counted: send a new one", c.thread.version)
	}
	for _, t := range append([]*ownThread{c.thread}, c.others...) {
		for _, r := range t.receivers {
			if r.pending() {
				return fail(Precondition, "TAKE_BACK_PENDING", "%s was asked for the document back, and has not answered", r.as.Agency.Code)
			}
		}
	}
	return nil
}

// maxVersions bounds a thread, so that a recall can name all versions.
const maxVersions = 500

// submit signs the new version, and a recall for those that are removed, into one change.
func (c *changing) submit(ctx context.Context, request *Request) (envelope.ID, error) {
	t := c.thread
	c.relate(envelope.RelationUpdates, t)
	for _, other := range append([]*ownThread{t}, c.others...) {
		if c.kind == envelope.KindReplacement {
			c.relate(envelope.RelationReplaces, other)
			c.replaced(other)
			c.change.Threads = append(c.change.Threads, other.seen)
		}
	}
	c.send.commit = request.commitment()
	c.send.place = place{kind: c.kind, thread: t.route.Thread, version: t.version + 1, change: &c.detail}
	if c.send.Metadata.DocumentID == "" && c.sameNumber() {
		c.send.Metadata.DocumentID = t.content.Metadata.DocumentID // else it is made of the new number
	}
	sealed, err := c.service.seal(c.from, &c.send, c.to, c.files)
	if err != nil {
		return envelope.ID{}, err
	}
	c.change.Letter, c.change.Wrote = sealed.letter, c.wrote
	for _, f := range sealed.letter.Files {
		c.change.Uses = append(c.change.Uses, f.Digest)
	}
	c.useNumber(c.send.number, sealed.letter.Key.ID)
	c.entry(c.from.ID, "document.change", sealed.letter.Digest.String(), fmt.Sprintf("letter=%s thread=%s version=%d recipients=%d added=%d removed=%d",
		sealed.letter.Key.ID, t.route.Thread, t.version+1, len(c.to), len(c.detail.Added), len(c.removed)))
	if request != nil {
		request.Answer = sealed.letter.Key.ID.String()
		c.change.Request = request
	}
	recall, err := c.recall(ctx, c.service, c.from, t, c.removed, &RecallRequest{Mode: envelope.RecallNow, Reason: c.detail.Reason, Staff: c.send.Staff})
	if err != nil {
		return envelope.ID{}, err
	}
	if recall != nil {
		c.change.Also = append(c.change.Also, recall.letter)
	}
	if err := c.draft.submit(ctx, sealed, 0); err != nil {
		return envelope.ID{}, err
	}
	return sealed.letter.Key.ID, c.foldDeliveries(ctx)
}

// relate points to the newest version of a thread.
func (c *changing) relate(kind envelope.RelationKind, t *ownThread) {
	c.send.Relations = append(c.send.Relations, envelope.Relation{Kind: kind, Origin: t.route.OriginAgency, Document: t.content.Metadata.DocumentID, Digest: t.newest.Digest})
}

// replaced lists, of a thread, the newest version that each receiver has.
func (c *changing) replaced(t *ownThread) {
	for _, r := range t.receivers {
		open := r.open()
		gets := slices.ContainsFunc(c.to, func(to envelope.Recipient) bool { return to.Agency.ID == r.as.Agency.ID })
		if len(open) == 0 || !gets {
			continue
		}
		digest := open[len(open)-1].Digest
		i := slices.IndexFunc(c.detail.Replaced, func(x envelope.Replaced) bool { return x.Envelope == digest })
		if i < 0 {
			c.detail.Replaced = append(c.detail.Replaced, envelope.Replaced{Envelope: digest})
			i = len(c.detail.Replaced) - 1
		}
		c.detail.Replaced[i].Recipients = append(c.detail.Replaced[i].Recipients, r.as.Agency.ID)
	}
}

// fingerprint is the digest of what the request asks for, without its id; nothing where it
// has none, since nobody compares it then.
func (req ChangeRequest) fingerprint() envelope.Digest {
	if req.RequestID == "" {
		return envelope.Digest{}
	}
	req.RequestID = ""
	req.Files = withoutData(req.Files)
	return fingerprint(req)
}
