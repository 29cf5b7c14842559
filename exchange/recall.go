package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lienthong/envelope"
	"lienthong/journal"
)

const (
	methodRecall    = "RecallDocument"
	maxRecallReason = 2000 // bytes
)

// recallMargin is how long a recall outlives what it is aimed at, in microseconds: no
// target can come after its tombstone is gone.
const recallMargin = 24 * 3600 * 1_000_000

// A RecallRequest asks to have a document back, in all its versions.
type RecallRequest struct {
	Agency     string      // the sender, id or code
	Document   envelope.ID // any version of it
	Recipients []string    // ids or codes; none: all that have it, or may get it
	Mode       envelope.RecallMode
	Reason     string
	Staff      envelope.Staff
	Along      *OutgoingFile `json:",omitempty"` // an annex that goes to the receivers with it, such as the message as which it came
	RequestID  string
}

// Recall asks for a document back (thu hồi), or asks its receivers whether they give it
// back (lấy lại). What has not left this node yet is stopped, without a word to anybody; a
// recall follows the rest. It returns the recall, or the document itself where there was
// nobody to send one to. It is all or nothing for recipients that are named; where none are,
// those that there is nothing to ask of are passed over.
func (s *Service) Recall(ctx context.Context, actor journal.Actor, req RecallRequest) (*Document, error) {
	from, err := s.agencyHere(req.Agency)
	if err != nil {
		return nil, err
	}
	if err := checkRecall(&req); err != nil {
		return nil, err
	}
	content := req
	content.RequestID = ""
	return s.once(ctx, actor, methodRecall, req.RequestID, from.ID, fingerprint(content), func(request *Request) (envelope.ID, error) {
		id := req.Document
		err := s.decide(ctx, func() error {
			t, err := s.threadOf(ctx, from.ID, req.Document)
			if err != nil {
				return err
			}
			d := s.draft(actor)
			d.change.Request = request
			asked, err := t.askedBack(ctx, &req)
			if err != nil {
				return err
			}
			recall, err := d.recall(ctx, s, from, t, asked, &req)
			if err != nil {
				return err
			}
			if id = req.Document; recall != nil {
				id = recall.letter.Key.ID
				d.change.Letter = recall.letter
			}
			if request != nil {
				request.Answer = id.String()
			}
			d.entry(from.ID, "document.recall", t.newest.Digest.String(), fmt.Sprintf("document=%s recipients=%d mode=%d", req.Document, len(asked), req.Mode))
			if err := d.foldDeliveries(ctx); err != nil {
				return err
			}
			_, err = s.commit(ctx, d.change)
			return err
		})
		return id, err
	})
}

// once does an act for a request id, unless it was done; either way it returns the
// document that came of it.
func (s *Service) once(ctx context.Context, actor journal.Actor, method, id, agency string, content envelope.Digest, act func(*Request) (envelope.ID, error)) (*Document, error) {
	made, err := s.onceOnly(ctx, actor, method, id, agency, content, act)
	if errors.Is(err, ErrConflict) && id != "" {
		// The same request came twice at once, and the other one won.
		made, err = s.onceOnly(ctx, actor, method, id, agency, content, act)
	}
	if err != nil {
		return nil, storeError(err)
	}
	return s.Document(ctx, agency, made)
}

func (s *Service) onceOnly(ctx context.Context, actor journal.Actor, method, id, agency string, content envelope.Digest, act func(*Request) (envelope.ID, error)) (envelope.ID, error) {
	request, done, err := s.request(ctx, actor, method, id, agency, content)
	switch {
	case err != nil:
		return envelope.ID{}, err
	case done != "":
		return envelope.ParseID(done)
	}
	return act(request)
}

func checkRecall(req *RecallRequest) error {
	var bad []Field
	if req.Mode != envelope.RecallNow && req.Mode != envelope.TakeBack {
		bad = append(bad, Field{"mode", "UNKNOWN", fmt.Sprintf("is %d, want 1 (thu hồi) or 2 (lấy lại)", req.Mode)})
	}
	if bad = append(bad, reasonProblems(req.Reason)...); len(bad) > 0 {
		return &Error{Code: Invalid, Reason: "INVALID_RECALL", Text: "nothing was recalled", Fields: bad}
	}
	return nil
}

// reasonProblems says what is wrong with a reason that the other side will read.
func reasonProblems(reason string) []Field {
	switch {
	case reason == "":
		return []Field{{"reason", "REQUIRED", "is required: the receivers read it"}}
	case len(reason) > maxRecallReason || !plainText(reason):
		return []Field{{"reason", "TOO_LONG", fmt.Sprintf("has %d bytes, at most %d of plain text", len(reason), maxRecallReason)}}
	}
	return nil
}

// recall stops what was never offered, and adds a recall of the rest to the change; nil
// where there is no rest.
func (d *draft) recall(ctx context.Context, s *Service, from envelope.Agency, t *ownThread, asked []*receiver, req *RecallRequest) (*sealedLetter, error) {
	why := &envelope.StatusDetail{Reason: req.Reason, Staff: req.Staff}
	if req.Mode == envelope.TakeBack {
		why.Code = StatusTakeBack
	}
	send := SendRequest{Metadata: t.content.Metadata, Staff: req.Staff, Urgency: t.newest.Urgency}
	send.ExpiresAt = d.node.now() + defaultLife.Microseconds()
	var to []envelope.Recipient
	for _, r := range asked {
		left := false
		for i := range r.letters {
			row := &r.letters[i]
			switch {
			case row.State.ended():
				continue
			case s.stoppable(row):
				if err := d.stop(ctx, row, why); err != nil {
					return nil, err
				}
				continue
			}
			left = true
			send.ExpiresAt = max(send.ExpiresAt, row.ExpiresAt+recallMargin)
			send.Urgency = max(send.Urgency, row.Urgency)
			rel := envelope.Relation{Kind: envelope.RelationRecalls, Origin: envelope.AgencyRef{ID: from.ID, Code: CodeAt(from, d.node.cfg.Now())},
				Document: t.content.Metadata.DocumentID, Digest: row.Digest}
			if !slices.Contains(send.Relations, rel) {
				send.Relations = append(send.Relations, rel)
			}
		}
		if left {
			to = append(to, r.as)
		}
	}
	d.change.Threads = append(d.change.Threads, t.seen)
	if len(to) == 0 {
		return nil, nil
	}
	send.place = place{kind: envelope.KindRecall, thread: t.route.Thread, version: t.version, recall: &envelope.RecallDetail{Mode: req.Mode, Reason: req.Reason}}
	files, err := s.alongside(ctx, from, req.Along)
	if err != nil {
		return nil, err
	}
	recall, err := s.seal(from, &send, to, files)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		d.change.Uses = append(d.change.Uses, f.SHA256)
	}
	return recall, d.submit(ctx, recall, 0)
}

// alongside finds an annex that goes along with what has no files of its own.
func (s *Service) alongside(ctx context.Context, from envelope.Agency, file *OutgoingFile) ([]envelope.ContentFile, error) {
	if file == nil {
		return nil, nil
	}
	named := OutgoingFile{Role: envelope.FileAnnex, Name: file.Name, MediaType: file.MediaType, Digest: file.Digest}
	found, _, problem, err := s.outgoingFile(ctx, from, "along", named)
	if err != nil {
		return nil, err
	}
	if problem != nil {
		return nil, &Error{Code: Invalid, Reason: "INVALID_DOCUMENT", Text: "nothing was sent", Fields: []Field{*problem}}
	}
	return []envelope.ContentFile{*found}, nil
}

// ended reports that nobody will deliver it any more, by what this node knows.
func (s State) ended() bool {
	return s == StateFailed || s == StateStopped || s == StateDropped
}
