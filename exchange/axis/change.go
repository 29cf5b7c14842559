package axis

import (
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
)

// target finds the document that a message acts on: the one that Bussiness names, or the
// message's own.
func (m *incoming) target() (envelope.ID, error) {
	own := exchange.DocumentRef{Origin: m.from.ID, DocumentID: m.letter.Metadata.DocumentID, Number: m.letter.Metadata.Number,
		Symbol: m.letter.Metadata.Symbol, Issued: m.letter.Metadata.IssuedDate}
	if named := m.about.Business.DocumentID; named != "" {
		id, err := m.svc.FindSent(m.ctx, m.from.ID, exchange.DocumentRef{Origin: m.from.ID, DocumentID: named})
		if !unknown(err) {
			return id, err
		}
	}
	return m.svc.FindSent(m.ctx, m.from.ID, own)
}

func (m *incoming) recall() (*exchange.Document, error) {
	if err := m.who.May("DocumentService/RecallDocument", m.from.ID); err != nil {
		return nil, err
	}
	id, err := m.target()
	if err != nil {
		return nil, err
	}
	along, err := m.along()
	if err != nil {
		return nil, err
	}
	req := exchange.RecallRequest{Agency: m.from.ID, Document: id, Mode: envelope.RecallNow, Reason: m.letter.Reason, Staff: m.letter.Staff,
		Along: along, RequestID: edxml.RequestID(m.digest)}
	for _, r := range m.letter.Recipients {
		req.Recipients = append(req.Recipients, r.Agency.Code)
	}
	return m.svc.Recall(m.ctx, m.who.Actor(m.letter.Staff), req)
}

// alongRecall is the largest message, in bytes, that goes along with a recall: a recall
// acts as soon as it comes, and must not wait for a large file on a slow line.
const alongRecall = 1 << 20

// along is the message itself as a file of a recall, or nil for one that is too large.
func (m *incoming) along() (*exchange.OutgoingFile, error) {
	file, err := m.svc.File(m.ctx, m.from.ID, m.digest)
	if err != nil || file.Size > alongRecall {
		return nil, err
	}
	kept := edxml.KeptFile(m.digest)
	return &kept, nil
}

func (m *incoming) update() (*exchange.Document, error) {
	if err := m.who.May("DocumentService/IssueUpdate", m.from.ID); err != nil {
		return nil, err
	}
	id, err := m.target()
	if err != nil {
		return nil, err
	}
	req, err := m.change(id, m.about.Business.DocumentInfo != "0")
	if err != nil {
		return nil, err
	}
	return m.svc.Update(m.ctx, m.who.Actor(m.letter.Staff), req)
}

// replace takes the place of the documents that the message lists: the first of them has
// the thread that goes on.
func (m *incoming) replace() (*exchange.Document, error) {
	if err := m.who.May("DocumentService/IssueReplacement", m.from.ID); err != nil {
		return nil, err
	}
	var old []envelope.ID
	for _, r := range m.about.Business.Replacements {
		id, err := m.svc.FindSent(m.ctx, m.from.ID, exchange.DocumentRef{Origin: m.from.ID, DocumentID: r.DocumentID})
		if err != nil {
			return nil, err
		}
		old = append(old, id)
	}
	if len(old) == 0 {
		return nil, &exchange.Error{Code: exchange.Invalid, Reason: "MISSING_FIELD", Text: "ReplacementInfoList is missing: want the documents that are replaced"}
	}
	req, err := m.change(old[0], true)
	if err != nil {
		return nil, err
	}
	req.Replaces = old[1:]
	return m.svc.Replace(m.ctx, m.who.Actor(m.letter.Staff), req)
}

// change asks for the next version. Who is named and does not have the document is added.
// Who is in the list of changed receivers, has it, and is not named in To, is removed: which
// of the values of ReceiverType means that, the standard does not say.
func (m *incoming) change(id envelope.ID, content bool) (exchange.ChangeRequest, error) {
	req := exchange.ChangeRequest{Agency: m.from.ID, Document: id, Reason: m.letter.Reason, Urgency: m.letter.Urgency, Staff: m.letter.Staff,
		RequestID: edxml.RequestID(m.digest)}
	if content {
		files, err := m.files()
		if err != nil {
			return req, err
		}
		metadata := m.letter.Metadata
		req.Metadata, req.Files = &metadata, files
	} else {
		kept := edxml.KeptFile(m.digest)
		req.Along = &kept
	}
	first, err := m.svc.Document(m.ctx, m.from.ID, id)
	if err != nil {
		return req, err
	}
	has := map[string]bool{}
	for _, r := range first.Route.Recipients {
		has[r.Agency.ID] = true
	}
	named := map[string]bool{}
	for _, r := range m.letter.Recipients {
		a, _ := m.svc.Directory().Agency(r.Agency.Code)
		named[a.ID] = true
		if !has[a.ID] {
			req.Add = append(req.Add, exchange.OutgoingRecipient{Agency: r.Agency.Code, Role: r.Role})
		}
	}
	for _, r := range m.about.Business.Receivers {
		a, _ := m.svc.Directory().Agency(r.OrganID)
		switch {
		case named[a.ID]:
		case has[a.ID]:
			req.Remove = append(req.Remove, r.OrganID)
		default:
			req.Add = append(req.Add, exchange.OutgoingRecipient{Agency: r.OrganID})
		}
	}
	return req, nil
}
