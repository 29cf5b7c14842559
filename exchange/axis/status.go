package axis

import (
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
)

// report does what a status message says: it reports what the receiver of a document says,
// or, for 13, asks for the document of its sender.
func (m *incoming) report(message *edxml.Message, anyway bool) error {
	s := message.Status()
	if err := m.sender(s.From.OrganID); err != nil {
		return err
	}
	detail, found := s.Detail()
	if err := m.problems(found, anyway); err != nil {
		return err
	}
	ref := exchange.DocumentRef{Origin: s.ResponseFor.OrganID, DocumentID: s.ResponseFor.DocumentID}
	if at := strings.IndexAny(s.ResponseFor.Code, "/-"); at > 0 {
		ref.Number, ref.Symbol = s.ResponseFor.Code[:at], s.ResponseFor.Code[at+1:]
	}
	if date, err := edxml.ParseDate(s.ResponseFor.PromulgationDate); err == nil {
		ref.Issued = date
	}
	if detail.Code == exchange.StatusTakeBack {
		return m.takeBack(s, ref, detail)
	}
	if err := m.who.May("DeliveryService/ReportStatus", m.from.ID); err != nil {
		return err
	}
	delivery, err := m.svc.FindReceived(m.ctx, m.from.ID, ref, detail.Code == exchange.StatusAgreed || detail.Code == exchange.StatusDeclined)
	if err != nil {
		return err
	}
	m.out.Delivery = delivery.ID
	if detail.Code == exchange.StatusArrived && delivery.Status != 0 {
		return nil // that it has arrived is known
	}
	req := exchange.StatusRequest{Agency: m.from.ID, Delivery: delivery.ID, Code: detail.Code, Reason: detail.Reason, Staff: detail.Staff,
		RequestID: edxml.RequestID(m.digest)}
	if text := message.Bytes(); len(text) <= envelope.MaxStatusMessage {
		req.Message = text
	}
	_, err = m.svc.ReportStatus(m.ctx, m.who.Actor(detail.Staff), req)
	return err
}

// takeBack asks one receiver for a document back (lấy lại).
func (m *incoming) takeBack(s *edxml.Status, ref exchange.DocumentRef, detail envelope.StatusDetail) error {
	if err := m.who.May("DocumentService/RecallDocument", m.from.ID); err != nil {
		return err
	}
	ref.Origin = m.from.ID
	id, err := m.svc.FindSent(m.ctx, m.from.ID, ref)
	if err != nil {
		return err
	}
	along, err := m.along()
	if err != nil {
		return err
	}
	m.out.Document, err = m.svc.Recall(m.ctx, m.who.Actor(detail.Staff), exchange.RecallRequest{Agency: m.from.ID, Document: id, Recipients: []string{s.ResponseFor.OrganID},
		Mode: envelope.TakeBack, Reason: detail.Reason, Staff: detail.Staff, Along: along, RequestID: edxml.RequestID(m.digest)})
	return err
}
