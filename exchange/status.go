package exchange

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

// Business statuses (mã trạng thái) of QCVN 102:2016, as the receiver reports them.
const (
	StatusArrived  = 1 // đã đến
	StatusRefused  = 2 // từ chối tiếp nhận
	StatusAccepted = 3 // đã tiếp nhận
	StatusAssigned = 4 // phân công
	StatusHandling = 5 // đang xử lý
	StatusDone     = 6 // hoàn thành

	StatusTakeBack = 13 // lấy lại, the sender's: [Service.Recall]
	StatusAgreed   = 15 // đồng ý
	StatusDeclined = 16 // từ chối lấy lại
)

// statusSteps lists the statuses that may follow each; 0 is none yet. Steps are
// checked here, at the receiver's home, and never when a statement arrives at the
// sender: order is by sequence, not by arrival.
var statusSteps = map[uint32][]uint32{
	0:              {StatusArrived, StatusRefused, StatusAccepted},
	StatusArrived:  {StatusRefused, StatusAccepted},
	StatusAccepted: {StatusAssigned, StatusHandling, StatusDone},
	StatusAssigned: {StatusAssigned, StatusHandling, StatusDone},
	StatusHandling: {StatusAssigned, StatusHandling, StatusDone},
}

// checkStatus says why a status may not be reported now.
func checkStatus(d *Delivery, code uint32, reason string, override bool) error {
	if err := checkCopy(d, code); err != nil {
		return err
	}
	legal := false
	for _, next := range statusSteps[d.Status] {
		legal = legal || next == code
	}
	switch {
	case !legal:
		return fail(Precondition, "STATUS_STEP", "status %02d cannot follow %02d, only %s can", code, d.Status, codes(statusSteps[d.Status]))
	case code == StatusRefused && reason == "":
		return &Error{Code: Invalid, Reason: "REASON_REQUIRED", Text: "status 02 (từ chối) needs a reason", Fields: []Field{{"reason", "REQUIRED", "is required"}}}
	case code != StatusAccepted || d.Verdict == string(signer.VerdictValid):
		return nil
	case !override && d.Verdict == "":
		return fail(Precondition, "VERDICT_PENDING", "status 03 needs a verdict, and the signatures are still being checked (đang kiểm tra): wait, or override with a reason")
	case !override:
		return fail(Precondition, "VERDICT_NOT_VALID", "status 03 needs a valid letter, and this one is %s: refuse it (02), or override with a reason", d.Verdict)
	case reason == "":
		return &Error{Code: Invalid, Reason: "REASON_REQUIRED", Text: "accepting against the verdict needs a reason", Fields: []Field{{"reason", "REQUIRED", "is required"}}}
	}
	return nil
}

// checkCopy says why a copy takes no status: it is frozen, or another has taken its place.
// Handling that had begun stays as it was reported.
func checkCopy(d *Delivery, code uint32) error {
	switch {
	case code == StatusTakeBack:
		return fail(Precondition, "STATUS_OF_SENDER", "status 13 (lấy lại) is the sender's: it recalls the document, as a take-back")
	case d.Copy == CopyRecalled:
		return fail(Precondition, ReasonRecalled, "the document was recalled by its sender (đã thu hồi): it takes no status any more")
	case d.Copy == CopyUpdated:
		return fail(Precondition, "SUPERSEDED", "a later version of the document is here: report on that one")
	case d.Copy == CopyReplaced:
		return fail(Precondition, "REPLACED", "another document has taken the place of this one: report on that one")
	case d.Copy == CopyWaiting:
		return fail(Precondition, ReasonIncomplete, "version %d waits for version %d, which has not come: it cannot be handled yet", d.Version, d.Follows)
	case d.Kind == envelope.KindRecall && code != StatusArrived:
		return fail(Precondition, "IS_RECALL", "a recall is seen (01), and not handled")
	}
	return nil
}

func codes(list []uint32) string {
	if len(list) == 0 {
		return "nothing"
	}
	out := ""
	for i, c := range list {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprintf("%02d", c)
	}
	return out
}

// ReportStatus reports a business status; illegal steps are refused.
func (s *Service) ReportStatus(ctx context.Context, actor journal.Actor, req StatusRequest) (*DeliveryView, error) {
	agency, err := s.agencyOf(req.Agency)
	if err != nil {
		return nil, err
	}
	if len(req.Reason) > 2000 || !plainText(req.Reason) {
		return nil, &Error{Code: Invalid, Reason: "INVALID_STATUS", Text: "the status was not taken", Fields: []Field{{"reason", "TOO_LONG", "has more than 2,000 bytes, or is not plain text"}}}
	}
	if len(req.Message) > envelope.MaxStatusMessage {
		return nil, &Error{Code: Invalid, Reason: "INVALID_STATUS", Text: "the status was not taken",
			Fields: []Field{{"message", ReasonTooLarge, fmt.Sprintf("has %d bytes, at most %d", len(req.Message), envelope.MaxStatusMessage)}}}
	}
	content := req
	content.RequestID = ""
	request, done, err := s.request(ctx, actor, methodStatus, req.RequestID, agency.ID, fingerprint(content))
	if err != nil {
		return nil, err
	}
	if done == "" {
		if err = s.autoReason(ctx, agency.ID, &req); err == nil {
			err = s.setStatus(ctx, actor, agency.ID, req, request)
		}
	}
	if err != nil {
		return nil, storeError(err)
	}
	return s.Delivery(ctx, agency.ID, req.Delivery)
}

// setStatus signs the status and sends it towards the origin.
func (s *Service) setStatus(ctx context.Context, actor journal.Actor, agency string, req StatusRequest, request *Request) error {
	if req.Code == StatusAccepted {
		defer s.numbering.lock(agency)()
	}
	return s.decide(ctx, func() error {
		to, err := s.visible(ctx, agency, req.Delivery)
		if err != nil {
			return err
		}
		if !to.Home || to.Key.Recipient != agency {
			return fail(Precondition, "NOT_RECIPIENT", "only the receiver reports the status of delivery %s", req.Delivery)
		}
		d := s.draft(actor)
		d.change.Request = request
		if request != nil {
			request.Answer = req.Delivery.String()
		}
		if req.Code == StatusAgreed || req.Code == StatusDeclined {
			if err := d.answerTakeBack(ctx, to, &req); err != nil {
				return err
			}
			_, err = s.commit(ctx, d.change)
			return err
		}
		if err := checkStatus(&to, req.Code, req.Reason, req.OverrideVerdict); err != nil {
			return err
		}
		if req.Code == StatusAccepted && to.Verdict != string(signer.VerdictValid) {
			d.entry(agency, "status.override", to.Digest.String(), about(to.Key)+" verdict="+first(to.Verdict, "none"))
		}
		if req.Code == StatusAccepted {
			if err := d.register(ctx, &to); err != nil {
				return err
			}
		}
		to.StatusSeq = s.sequenceAfter(to.StatusSeq)
		_, err = d.issue(envelope.Status, to, to.StatusSeq, to.Tip, to.From, func(st *envelope.Statement) {
			st.Status = &envelope.StatusDetail{Code: req.Code, Reason: req.Reason, Staff: req.Staff, Message: req.Message}
		})
		if err != nil {
			return err
		}
		to.Status, to.Updated = req.Code, s.now()
		d.put(to)
		if to.Kind == envelope.KindRecall {
			if err := d.foldDeliveries(ctx); err != nil {
				return err
			}
		}
		_, err = s.commit(ctx, d.change)
		return err
	})
}

// Acknowledge says that the agency's document management has stored all files; it
// makes status 01. Repeats change nothing.
func (s *Service) Acknowledge(ctx context.Context, actor journal.Actor, agency string, id envelope.ID, files []envelope.Digest, staff envelope.Staff) (*DeliveryView, error) {
	view, err := s.Delivery(ctx, agency, id)
	if err != nil {
		return nil, err
	}
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	got := make(map[envelope.Digest]bool, len(files))
	for _, f := range files {
		got[f] = true
	}
	for i, f := range view.Document.Content.Files {
		if !got[f.SHA256] {
			return nil, &Error{Code: Invalid, Reason: "FILES_MISSING", Text: "the delivery was not acknowledged: all its files must have been stored",
				Fields: []Field{{"sha256", "REQUIRED", fmt.Sprintf("lacks %s (file %d, %q)", f.SHA256, i, f.Name)}}}
		}
	}
	if view.Delivery.Status != 0 {
		return view, nil
	}
	req := StatusRequest{Agency: a.ID, Delivery: id, Code: StatusArrived, Staff: staff}
	if err := s.setStatus(ctx, actor, a.ID, req, nil); err != nil {
		// Another one acknowledged at the same time: then it is done.
		if now, viewErr := s.Delivery(ctx, agency, id); viewErr == nil && now.Delivery.Status != 0 {
			return now, nil
		}
		return nil, storeError(err)
	}
	return s.Delivery(ctx, agency, id)
}
