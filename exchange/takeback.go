package exchange

import (
	"context"
	"errors"

	"lienthong/envelope"
)

// errNoTakeBack is what a receiver is told who answers where nobody asked.
func errNoTakeBack(to *Delivery) error {
	switch to.TakeBack {
	case TakeBackAgreed, TakeBackRefused:
		return fail(Precondition, "TAKE_BACK_ANSWERED", "the take-back of delivery %s was answered already (%s)", to.ID, to.TakeBack)
	case TakeBackMoot:
		return fail(Precondition, "TAKE_BACK_MOOT", "the document was recalled (thu hồi) before the take-back was answered")
	}
	return fail(Precondition, "NO_TAKE_BACK", "nobody asks delivery %s back: 15 and 16 answer a 13 (lấy lại)", to.ID)
}

// takeBackOf finds the open take-back of a letter that came here, or of the recall itself.
func (n *Node) takeBackOf(ctx context.Context, to Delivery) (Delivery, error) {
	if to.TakeBack != TakeBackAsked {
		return to, errNoTakeBack(&to)
	}
	if to.Kind == envelope.KindRecall {
		return to, nil
	}
	aims, err := n.cfg.Store.Aims(ctx, to.Digest, to.Key.Recipient)
	if err != nil {
		return to, err
	}
	for _, aim := range aims {
		if aim.Kind != envelope.RelationRecalls || aim.Mode != envelope.TakeBack {
			continue
		}
		recall, err := n.deliveryByKey(ctx, aim.By)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil || recall.TakeBack == TakeBackAsked {
			return recall, err
		}
	}
	return to, errNoTakeBack(&to)
}

// answerTakeBack signs the receiver's answer (15 or 16), once, and sends it to the origin.
func (d *draft) answerTakeBack(ctx context.Context, to Delivery, req *StatusRequest) error {
	if req.Code == StatusDeclined && req.Reason == "" {
		return &Error{Code: Invalid, Reason: "REASON_REQUIRED", Text: "status 16 (từ chối lấy lại) needs a reason", Fields: []Field{{"reason", "REQUIRED", "is required"}}}
	}
	recall, err := d.node.takeBackOf(ctx, to)
	if err != nil {
		return err
	}
	recall.TakeBack = TakeBackRefused
	if req.Code == StatusAgreed {
		recall.TakeBack = TakeBackAgreed
	}
	recall.Updated = d.node.now()
	d.put(recall)
	stored, err := d.node.cfg.Store.Statements(ctx, recall.Digest, recall.Key.Recipient)
	if err != nil {
		return err
	}
	next, _ := d.node.own(stored, envelope.Consent)
	_, err = d.issue(envelope.Consent, recall, next, recall.Tip, recall.From, func(st *envelope.Statement) {
		st.Status = &envelope.StatusDetail{Code: req.Code, Reason: req.Reason, Staff: req.Staff, Message: req.Message}
	})
	if err != nil {
		return err
	}
	return d.foldDeliveries(ctx)
}
