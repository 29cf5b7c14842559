package main

import (
	"context"
	"fmt"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// goOn does to some letters, just after they were promised, what their senders may do: one
// or two updates, or a recall. They follow their letter along the same ways and through the
// same faults, and may overtake it.
func (r *round) goOn(ctx context.Context, c *clerk, m *letter) {
	switch c.random.IntN(10) {
	case 0:
		r.recall(ctx, c, m)
	case 1:
		if next := r.update(ctx, c, m); next != nil {
			r.update(ctx, c, next)
		}
	case 2:
		r.update(ctx, c, m)
	}
}

// update issues the next version of a letter to all its recipients. Nil if it was not taken.
func (r *round) update(ctx context.Context, c *clerk, m *letter) *letter {
	next := &letter{number: m.number, version: m.version + 1, agency: m.agency, to: m.to, main: m.main}
	err := c.insist(ctx, func(ctx context.Context, to *client.Client) error {
		metadata := &lienthongv1.DocumentMetadata{Number: m.number, Symbol: "BC-UBND", Subject: fmt.Sprintf("Thử nghiệm %s, lần %d", m.number, next.version), IssuedDate: "2026-01-05"}
		answer, err := to.Documents.IssueUpdate(ctx, &lienthongv1.IssueUpdateRequest{Name: m.name, Metadata: metadata, Reason: "sửa trích yếu",
			RequestId: fmt.Sprintf("update-%s-%d", m.number, next.version)})
		if err == nil {
			next.name, next.digest = answer.GetDocument().GetName(), answer.GetDocument().GetEnvelopeDigest()
		}
		return err
	})
	if err != nil {
		r.ledger.complain("update %d of letter %s was not taken: %v", next.version, m.number, err)
		return nil
	}
	r.ledger.end(m, updated)
	r.ledger.promised(next)
	return next
}

// recall asks a letter back, at once (thu hồi).
func (r *round) recall(ctx context.Context, c *clerk, m *letter) {
	err := c.insist(ctx, func(ctx context.Context, to *client.Client) error {
		_, err := to.Documents.RecallDocument(ctx, &lienthongv1.RecallDocumentRequest{Name: m.name, Mode: lienthongv1.RecallMode_RECALL_MODE_RECALL,
			Reason: "ban hành nhầm", RequestId: "recall-" + m.number})
		return err
	})
	if err != nil {
		r.ledger.complain("recall of letter %s was not taken: %v", m.number, err)
		return
	}
	r.ledger.end(m, recalled)
}

// settled reports whether a recipient of a letter is where it is to come to, as its sender
// sees it: delivered, judged and answered; or in its place a later version; or recalled,
// which is stopped on the way or frozen at the receiver.
func (m *letter) settled(s *lienthongv1.DeliverySummary) bool {
	delivered := s.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED
	switch m.ended {
	case updated:
		return delivered && s.GetCopy() == lienthongv1.CopyState_COPY_STATE_UPDATED
	case recalled:
		return s.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_STOPPED || delivered && s.GetCopy() == lienthongv1.CopyState_COPY_STATE_RECALLED
	}
	return delivered && s.GetVerdict() != "" && s.GetStatus() == last(m.number) && s.GetCopy() == lienthongv1.CopyState_COPY_STATE_UNSPECIFIED
}

// copyWanted is what a receiver's copy of a letter is to be in the end.
func (m *letter) copyWanted() lienthongv1.CopyState {
	return map[ended]lienthongv1.CopyState{stands: lienthongv1.CopyState_COPY_STATE_UNSPECIFIED, updated: lienthongv1.CopyState_COPY_STATE_UPDATED,
		recalled: lienthongv1.CopyState_COPY_STATE_RECALLED}[m.ended]
}
