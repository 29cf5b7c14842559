package gateway

import (
	"errors"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
)

// target finds the document that a message acts on: the one that Bussiness names, or the
// message's own.
func (m *outgoing) target() (envelope.ID, error) {
	own := exchange.DocumentRef{Origin: m.from.ID, DocumentID: m.letter.Metadata.DocumentID, Number: m.letter.Metadata.Number,
		Symbol: m.letter.Metadata.Symbol, Issued: m.letter.Metadata.IssuedDate}
	if named := m.document.Business.DocumentID; named != "" {
		id, err := m.svc.FindSent(m.ctx, m.from.ID, exchange.DocumentRef{Origin: m.from.ID, DocumentID: named})
		if !unknown(err) {
			return id, err
		}
	}
	return m.svc.FindSent(m.ctx, m.from.ID, own)
}

func unknown(err error) bool {
	var own *exchange.Error
	return errors.As(err, &own) && own.Code == exchange.NotFound
}

func (m *outgoing) recall() (*exchange.Document, error) {
	if err := m.may("DocumentService/RecallDocument", m.from.ID, exchange.RoleClerk); err != nil {
		return nil, err
	}
	id, err := m.target()
	if err != nil {
		return nil, err
	}
	req := exchange.RecallRequest{Agency: m.from.ID, Document: id, Mode: envelope.RecallNow, Reason: m.letter.Reason, Staff: m.letter.Staff,
		RequestID: edxml.RequestID(m.digest)}
	for _, r := range m.letter.Recipients {
		req.Recipients = append(req.Recipients, r.Agency.Code)
	}
	return m.svc.Recall(m.ctx, m.actor(m.letter.Staff), req)
}

func (m *outgoing) update() (*exchange.Document, error) {
	if err := m.may("DocumentService/IssueUpdate", m.from.ID, exchange.RoleClerk); err != nil {
		return nil, err
	}
	id, err := m.target()
	if err != nil {
		return nil, err
	}
	req, err := m.change(id, m.document.Business.DocumentInfo != "0")
	if err != nil {
		return nil, err
	}
	return m.svc.Update(m.ctx, m.actor(m.letter.Staff), req)
}

// replace takes the place of the documents that the message lists: the first of them has
// the thread that goes on.
func (m *outgoing) replace() (*exchange.Document, error) {
	if err := m.may("DocumentService/IssueReplacement", m.from.ID, exchange.RoleClerk); err != nil {
		return nil, err
	}
	var old []envelope.ID
	for _, r := range m.document.Business.Replacements {
		id, err := m.svc.FindSent(m.ctx, m.from.ID, exchange.DocumentRef{Origin: m.from.ID, DocumentID: r.DocumentID})
		if err != nil {
			return nil, err
		}
		old = append(old, id)
	}
	if len(old) == 0 {
		return nil, missing("ReplacementInfoList", "the documents that are replaced")
	}
	req, err := m.change(old[0], true)
	if err != nil {
		return nil, err
	}
	req.Replaces = old[1:]
	return m.svc.Replace(m.ctx, m.actor(m.letter.Staff), req)
}

// change asks for the next version. Who is named and does not have the document is added.
// Who is in the list of changed receivers, has it, and is not named in To, is removed: which
// of the values of ReceiverType means that, the standard does not say.
func (m *outgoing) change(id envelope.ID, content bool) (exchange.ChangeRequest, error) {
	req := exchange.ChangeRequest{Agency: m.from.ID, Document: id, Reason: m.letter.Reason, Urgency: m.letter.Urgency, Staff: m.letter.Staff,
		RequestID: edxml.RequestID(m.digest)}
	if content {
		files, err := m.files()
		if err != nil {
			return req, err
		}
		metadata := m.letter.Metadata
		req.Metadata, req.Files = &metadata, files
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
	for _, r := range m.document.Business.Receivers {
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

// sendStatus reports what a status message says: of the receiver, or, for 13, of the sender.
func (c *call) sendStatus(from envelope.Agency, s *edxml.Status, digest envelope.Digest) error {
	if err := c.sameSender(from, s.From.OrganID); err != nil {
		return err
	}
	detail, problems := s.Detail()
	if len(problems) > 0 {
		return broken(problems)
	}
	ref := exchange.DocumentRef{Origin: s.ResponseFor.OrganID, DocumentID: s.ResponseFor.DocumentID}
	if at := strings.IndexAny(s.ResponseFor.Code, "/-"); at > 0 {
		ref.Number, ref.Symbol = s.ResponseFor.Code[:at], s.ResponseFor.Code[at+1:]
	}
	if date, err := edxml.ParseDate(s.ResponseFor.PromulgationDate); err == nil {
		ref.Issued = date
	}
	if detail.Code == exchange.StatusTakeBack {
		return c.takeBack(from, s, ref, detail, digest)
	}
	if err := c.may("DeliveryService/ReportStatus", from.ID, exchange.RoleClerk); err != nil {
		return err
	}
	delivery, err := c.svc.FindReceived(c.ctx, from.ID, ref, detail.Code == exchange.StatusAgreed || detail.Code == exchange.StatusDeclined)
	if err != nil {
		return err
	}
	if detail.Code == exchange.StatusArrived && delivery.Status != 0 {
		return c.ok(answer{DocID: delivery.ID.String()}) // that it has arrived is known
	}
	if _, err := c.svc.ReportStatus(c.ctx, c.actor(detail.Staff), exchange.StatusRequest{Agency: from.ID, Delivery: delivery.ID, Code: detail.Code,
		Reason: detail.Reason, Staff: detail.Staff, RequestID: edxml.RequestID(digest)}); err != nil {
		return err
	}
	return c.ok(answer{DocID: delivery.ID.String()})
}

// takeBack asks one receiver for a document back (lấy lại).
func (c *call) takeBack(from envelope.Agency, s *edxml.Status, ref exchange.DocumentRef, detail envelope.StatusDetail, digest envelope.Digest) error {
	if err := c.may("DocumentService/RecallDocument", from.ID, exchange.RoleClerk); err != nil {
		return err
	}
	ref.Origin = from.ID
	id, err := c.svc.FindSent(c.ctx, from.ID, ref)
	if err != nil {
		return err
	}
	sent, err := c.svc.Recall(c.ctx, c.actor(detail.Staff), exchange.RecallRequest{Agency: from.ID, Document: id, Recipients: []string{s.ResponseFor.OrganID},
		Mode: envelope.TakeBack, Reason: detail.Reason, Staff: detail.Staff, RequestID: edxml.RequestID(digest)})
	if err != nil {
		return err
	}
	return c.ok(answer{DocID: sent.Route.ID.String()})
}
