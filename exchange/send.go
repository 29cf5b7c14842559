package exchange

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// Vietnam is the zone in which dates of documents count.
var Vietnam = time.FixedZone("+07", 7*3600)

const (
	defaultLife    = 7 * 24 * time.Hour
	maxInlineSend  = 2 << 20 // bytes of files that come inside one request
	methodSend     = "SendDocument"
	methodStatus   = "ReportStatus"
	methodUpload   = "StartUpload"
	methodSign     = "SignFile"
	methodAugment  = "AugmentFile"
	maxNameLength  = 200 // characters of a file's name
	maxMediaLength = 100
)

// Send takes a document for all its recipients, or for none. When it returns, the
// document is durable and this node answers for it.
func (s *Service) Send(ctx context.Context, actor journal.Actor, req SendRequest) (*Document, error) {
	asked := req
	from, request, before, err := s.sender(ctx, actor, &req)
	if err != nil || before != nil {
		return before, err
	}
	req.commit = request.commitment()
	to, leftOut, bad, err := s.checkSend(ctx, from, &req)
	if err != nil {
		return nil, err
	}
	if len(bad) == 0 {
		if err := s.laterFiles(ctx, from, &req); err != nil {
			return nil, err
		}
	}
	var problems []Field
	if req.number, problems, err = s.numberFor(ctx, from.ID, &req.Metadata); err != nil {
		return nil, err
	}
	bad = append(bad, problems...)
	if err := s.roomToSend(ctx, from, &req, to); err != nil {
		return nil, err
	}
	files, wrote, problems, err := s.outgoing(ctx, from, req.Files)
	if err != nil {
		return nil, err
	}
	if bad = append(bad, problems...); len(bad) > 0 {
		return nil, badDocument(bad)
	}
	// The files are durable and the transaction is not open. If we die here they are
	// orphans, which go a day later; the caller has no answer and asks again.
	doc, err := s.submit(ctx, actor, from, &req, to, files, wrote, request)
	if errors.Is(err, ErrConflict) && request != nil {
		// The same request came twice at once, and the other one won.
		return s.Send(ctx, actor, asked)
	}
	if errors.Is(err, ErrStale) && req.number != nil {
		return s.Send(ctx, actor, asked) // another letter took the number at the same time
	}
	if err != nil {
		return nil, storeError(err)
	}
	doc.LeftOut = leftOut
	return doc, s.remark(ctx, doc, from.ID)
}

// sender is the agency that sends, and the request that it makes; before is what it sent
// by that request already. Without it, the agency sends new documents from here.
func (s *Service) sender(ctx context.Context, actor journal.Actor, req *SendRequest) (from envelope.Agency, request *Request, before *Document, err error) {
	if from, err = s.agencyHere(req.Agency); err != nil {
		return from, nil, nil, err
	}
	request, done, err := s.request(ctx, actor, methodSend, req.RequestID, from.ID, req.fingerprint())
	if err != nil {
		return from, nil, nil, err
	}
	if done == "" {
		return from, request, nil, s.takesNew(ctx, &from)
	}
	id, err := envelope.ParseID(done)
	if err != nil {
		return from, nil, nil, err
	}
	before, err = s.sentBefore(ctx, from.ID, id, req)
	return from, request, before, err
}

// partly says of recipients that cannot be reached whether they are left out, as the caller
// has asked for, or are why the document is not taken.
func partly(req *SendRequest, to []envelope.Recipient, problems []Field) (leftOut, bad []Field) {
	if req.Partial && len(to) > 0 {
		return problems, nil
	}
	return nil, problems
}

// sentBefore is the answer to a request that comes once more: with whom of its recipients
// the document has left out, for the reason that there is now.
func (s *Service) sentBefore(ctx context.Context, agency string, id envelope.ID, req *SendRequest) (*Document, error) {
	doc, err := s.Document(ctx, agency, id)
	if err != nil || !req.Partial {
		return doc, err
	}
	_, problems, err := s.recipients(ctx, agency, req.Recipients)
	doc.LeftOut = problems
	return doc, err
}

// submit signs the envelope and commits it with everything that it sets off. The document
// is what was written: it is not read again.
func (s *Service) submit(ctx context.Context, actor journal.Actor, from envelope.Agency, req *SendRequest, to []envelope.Recipient,
	files []envelope.ContentFile, wrote []BlobRow, request *Request) (*Document, error) {
	sealed, err := s.seal(from, req, to, files)
	if err != nil {
		return nil, err
	}
	letter := sealed.letter
	d := s.draft(actor)
	d.change.Letter, d.change.Wrote, d.change.Begins = letter, wrote, true
	for _, f := range letter.Files {
		d.change.Uses = append(d.change.Uses, f.Digest)
	}
	if request != nil {
		request.Answer = letter.Key.ID.String()
		d.change.Request = request
	}
	d.entry(from.ID, "document.send", letter.Digest.String(), fmt.Sprintf("letter=%s recipients=%d", letter.Key.ID, len(to)))
	for _, later := range req.later {
		d.entry(from.ID, "document.later_level", later.Digest.String(), fmt.Sprintf("letter=%s base=%s level=%s", letter.Key.ID, later.Base, later.Level))
	}
	d.useNumber(req.number, letter.Key.ID)
	if err := d.submit(ctx, sealed, req.NotBefore); err != nil {
		return nil, err
	}
	if err := d.foldDeliveries(ctx); err != nil {
		return nil, err
	}
	promised, err := s.admitSent(ctx, letter, sealed.route.Kind, to)
	if err != nil {
		return nil, err
	}
	ctx, end := s.span(ctx, SpanSend, letter.Key.ID)
	done, err := s.commit(ctx, d.change)
	end(err)
	promised.end(err == nil)
	if errors.Is(err, ErrStale) {
		if ends := s.takesNew(ctx, &from); ends != nil {
			return nil, ends // that was decided since this was asked
		}
	}
	if err != nil {
		return nil, err
	}
	// Committed: this node answers. If we die here the caller does not know it, and
	// gets the same document again by its request id.
	doc, err := opened(*letter)
	if err == nil {
		doc.Deliveries = d.written(letter.Key, done)
	}
	return doc, err
}

// submit adds the recipients of an envelope that was sealed here.
func (d *draft) submit(ctx context.Context, e *sealedLetter, notBefore int64) error {
	if e.route.Kind != envelope.KindRecall { // which bears nobody's number
		d.fileOut(e.letter, &e.route, e.content)
	}
	var tip envelope.Digest
	for _, r := range e.route.Recipients {
		var err error
		if tip, err = d.submitted(ctx, e, r, notBefore, tip); err != nil {
			return err
		}
	}
	return nil
}

// submitted adds one recipient: its Submitted statement, and where it goes from here.
func (d *draft) submitted(ctx context.Context, e *sealedLetter, r envelope.Recipient, notBefore int64, tip envelope.Digest) (envelope.Digest, error) {
	to, err := d.newDelivery(e.letter, &e.route, r, len(e.route.Recipients))
	if err != nil {
		return tip, err
	}
	to.Follows = e.route.Follows(e.content, r.Agency.ID)
	row, err := d.issue(envelope.Submitted, to, max(e.seq, 1), envelope.Digest{}, "", nil)
	if err != nil {
		return tip, err
	}
	if tip.IsZero() {
		tip = row.Digest
		d.change.Paths = append(d.change.Paths, Path{Tip: tip, Letter: e.letter.Key, Chain: []envelope.Sealed{row.Sealed}})
	}
	to.Tip = tip
	hop, err := d.strike(ctx, &to, &e.route, e.content, d.node.Directory().Route(d.node.cfg.ID, to.Key.Recipient), nil)
	if err != nil {
		return tip, err
	}
	switch {
	case hop.Here && notBefore > d.node.now():
		d.hold(&to, ReasonNotYet, notBefore)
	case hop.Here:
		if _, err := d.issue(envelope.Delivered, to, 1, tip, "", nil); err != nil {
			return tip, err
		}
		d.home(&to, &e.route, e.content)
	default:
		d.onward(&to, hop, notBefore)
	}
	d.put(to)
	return tip, nil
}

// newDelivery is a row for a recipient that this node has none for, one among so many that
// are taken together.
func (d *draft) newDelivery(letter *Letter, route *envelope.Route, r envelope.Recipient, among int) (Delivery, error) {
	id, err := d.node.newID()
	now := d.node.now()
	among = max(among, 1)
	return Delivery{ID: id, Key: DeliveryKey{letter.Key.Origin, letter.Key.ID, r.Agency.ID}, Digest: letter.Digest, OriginAgency: letter.Agency,
		Role: r.Role, From: letter.From, Urgency: letter.Urgency, Created: now, Updated: now, ExpiresAt: letter.Expires,
		Kind: route.Kind, Thread: route.Thread, Version: route.Version, Size: (letter.bytes() + int64(among) - 1) / int64(among)}, err
}

// A sealedLetter is an envelope that was just signed here.
type sealedLetter struct {
	letter  *Letter
	route   envelope.Route
	content *envelope.Content
	seq     uint64 // of its Submitted statements; 0 means 1
}

// A place is where an envelope stands in a thread; the zero one begins its own.
type place struct {
	kind    envelope.Kind
	thread  envelope.ID
	version uint32
	recall  *envelope.RecallDetail
	change  *envelope.ChangeDetail
}

// seal makes content and route, the only time that they are serialised.
func (s *Service) seal(from envelope.Agency, req *SendRequest, to []envelope.Recipient, files []envelope.ContentFile) (*sealedLetter, error) {
	now := s.cfg.Now()
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	at := req.place
	if at.kind == 0 {
		at = place{kind: envelope.KindDocument, thread: id, version: 1}
	}
	content := &envelope.Content{Request: req.commit, Metadata: req.Metadata, Staff: req.Staff, Files: files, Recall: at.recall, Change: at.change}
	if _, err := io.ReadFull(rand.Reader, content.Salt[:]); err != nil {
		return nil, err
	}
	code := CodeAt(from, now)
	if content.Metadata.DocumentID == "" {
		content.Metadata.DocumentID = fmt.Sprintf("%s,%.4s,%s", code, req.Metadata.IssuedDate, printedNumber(&req.Metadata))
	}
	body, err := content.Marshal()
	if err != nil {
		return nil, err
	}
	route := envelope.Route{ID: id, Kind: at.kind, Schema: 1, OriginNode: s.cfg.ID, Incarnation: s.incarnation,
		OriginAgency: envelope.AgencyRef{ID: from.ID, Code: code}, Recipients: to, Urgency: req.Urgency, Created: now.UnixMicro(),
		NotBefore: req.NotBefore, ExpiresAt: req.ExpiresAt, Thread: at.thread, Version: at.version, Relations: req.Relations,
		ContentSize: uint64(len(body)), ContentDigest: envelope.Sum(body)}
	letter := &Letter{Key: LetterKey{s.cfg.ID, id}, Agency: from.ID, Content: body, Received: route.Created, Urgency: req.Urgency,
		Expires: req.ExpiresAt, Staff: req.Staff.ID, Class: classOf(&content.Metadata), Aging: yearsFrom(route.Created)}
	letter.Register, letter.Document = registerOf(&route, content)
	for _, f := range files {
		route.FilesSize += f.Size
		letter.Files = append(letter.Files, LetterFile{f.SHA256, f.Size, f.LeafRoot})
	}
	if letter.Sealed, err = envelope.SealRoute(&route, s.Signer()); err != nil {
		return nil, err
	}
	letter.Digest = letter.Sealed.Digest()
	return &sealedLetter{letter: letter, route: route, content: content}, nil
}

func badDocument(bad []Field) error {
	return &Error{Code: Invalid, Reason: "INVALID_DOCUMENT", Text: "the document was not taken, for any recipient", Fields: bad}
}

// checkSend checks everything but files, fills in what was left out, and finds those to whom
// the document goes, and those whom it leaves out.
func (s *Service) checkSend(ctx context.Context, from envelope.Agency, req *SendRequest) (to []envelope.Recipient, leftOut, bad []Field, err error) {
	bad = s.checkWords(&from, req)
	to, problems, err := s.recipients(ctx, from.ID, req.Recipients)
	if err != nil {
		return nil, nil, nil, err
	}
	leftOut, unreached := partly(req, to, problems)
	return to, leftOut, append(bad, unreached...), nil
}

// checkWords checks everything but files and recipients, and fills in what was left out.
func (s *Service) checkWords(from *envelope.Agency, req *SendRequest) []Field {
	now := s.cfg.Now()
	cleanRegistration(&req.Metadata)
	bad := registrationProblems(&req.Metadata, today(now))
	if req.Urgency == 0 {
		req.Urgency = envelope.UrgencyNormal
	}
	if req.Urgency < 0 || req.Urgency > envelope.UrgencyFlash {
		bad = append(bad, Field{"urgency", "UNKNOWN", fmt.Sprintf("is %d, want 1 to 4", req.Urgency)})
	}
	req.NotBefore = s.delayed(from, req)
	if req.ExpiresAt == 0 {
		req.ExpiresAt = max(now.UnixMicro(), req.NotBefore) + defaultLife.Microseconds()
	}
	if req.NotBefore < 0 || req.ExpiresAt <= now.UnixMicro() || req.ExpiresAt <= req.NotBefore {
		bad = append(bad, Field{"expires_at", "IN_PAST", fmt.Sprintf("is %s, want after now and after not_before", timeText(req.ExpiresAt))})
	}
	if len(req.Relations) > envelope.MaxRelations {
		bad = append(bad, Field{"relations", "TOO_MANY", fmt.Sprintf("has %d, at most %d", len(req.Relations), envelope.MaxRelations)})
	}
	for i, rel := range req.Relations {
		switch rel.Kind {
		case envelope.RelationUpdates, envelope.RelationReplaces, envelope.RelationRecalls:
			if req.place.kind == 0 {
				bad = append(bad, Field{fmt.Sprintf("relations[%d].kind", i), "NOT_A_DOCUMENT", "is that of an update, a replacement or a recall: these have methods of their own"})
			}
		}
	}
	if len(req.Staff.ID) > envelope.MaxID || len(req.Staff.Name) > 1000 || len(req.Staff.Department) > 1000 {
		bad = append(bad, Field{"staff", "TOO_LONG", "is too long"})
	}
	return bad
}

func timeText(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339) }
