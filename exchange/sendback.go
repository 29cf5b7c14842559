package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"lienthong/envelope"
	"lienthong/signer"
)

// maxReasonText is how many characters the reason of a refusal has that is made here:
// what other programs of the network take.
const maxReasonText = 1000

// Refusal is why a letter that came may be refused, made from the report of its
// validation, in Vietnamese: which file, which signature, what is wrong, and what the sender is
// asked for. Empty where the letter is valid, or is still being checked.
func (s *Service) Refusal(ctx context.Context, agency string, id envelope.ID) (string, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return "", err
	}
	d, err := s.visible(ctx, a.ID, id)
	if err != nil {
		return "", err
	}
	return s.refusal(ctx, &d)
}

func (n *Node) refusal(ctx context.Context, d *Delivery) (string, error) {
	if !d.Home || d.Verdict == "" || d.Verdict == string(signer.VerdictValid) {
		return "", nil
	}
	judged, err := n.validated(ctx, d)
	if err != nil || judged == nil {
		return "", err
	}
	letter, err := n.cfg.Store.Letter(ctx, d.Key.Letter())
	if err != nil {
		return "", err
	}
	doc, err := opened(letter)
	if err != nil {
		return "", err
	}
	content := doc.Content
	var out []string
	for i, f := range judged.Files {
		annex := i >= len(content.Files) || content.Files[i].Role != envelope.FileMain
		if f.Verdict == string(signer.VerdictValid) || annex && f.Verdict != string(signer.VerdictInvalid) {
			continue // an annex may be unsigned
		}
		why, err := n.badFile(ctx, judged, f)
		if err != nil {
			return "", err
		}
		name := ""
		if i < len(content.Files) {
			name = content.Files[i].Name
		}
		out = append(out, fmt.Sprintf("Tệp %.80q: %s.", name, why))
	}
	text := strings.Join(out, " ")
	if r := []rune(text); len(r) > maxReasonText {
		text = string(r[:maxReasonText-1]) + "…"
	}
	return text, nil
}

// validated finds the newest outcome of validation that this node has signed.
func (n *Node) validated(ctx context.Context, d *Delivery) (*envelope.ValidatedDetail, error) {
	rows, err := n.cfg.Store.Statements(ctx, d.Digest, d.Key.Recipient)
	if err != nil {
		return nil, err
	}
	_, row := n.own(rows, envelope.Validated)
	if row == nil {
		return nil, nil
	}
	st, err := envelope.ParseStatement(row.Sealed)
	return st.Validated, err
}

func (n *Node) badFile(ctx context.Context, of *envelope.ValidatedDetail, f envelope.FileVerdict) (string, error) {
	if f.Report.IsZero() && shortened(of) {
		return "kết quả kiểm tra chữ ký: " + f.Verdict, nil
	}
	if f.Report.IsZero() {
		return "không đọc được tệp PDF để kiểm tra chữ ký; đề nghị gửi lại tệp", nil
	}
	data, err := n.cfg.Store.Report(ctx, f.Report)
	if errors.Is(err, ErrNotFound) { // it went by the rules of retention
		return "kết quả kiểm tra chữ ký: " + f.Verdict, nil
	}
	if err != nil {
		return "", err
	}
	var report signer.Report
	if err := json.Unmarshal(data, &report); err != nil {
		return "", fmt.Errorf("exchange: report %s: %w", f.Report, err)
	}
	return strings.TrimRight(report.Refusal(signer.Vietnamese), "."), nil
}

// autoReason fills in the reason of a refusal from the report, where it is asked for.
func (s *Service) autoReason(ctx context.Context, agency string, req *StatusRequest) error {
	if !req.AutoReason || req.Reason != "" {
		return nil
	}
	if req.Code != StatusRefused {
		return &Error{Code: Invalid, Reason: "INVALID_STATUS", Text: "the status was not taken", Fields: []Field{{"auto_reason", "NOT_REFUSED", fmt.Sprintf("is for status 02 alone, not for %02d", req.Code)}}}
	}
	var err error
	if req.Reason, err = s.Refusal(ctx, agency, req.Delivery); err != nil {
		return err
	}
	if req.Reason == "" {
		return fail(Precondition, "NO_REASON", "validation found nothing for which to refuse delivery %s, or is not done: give a reason", req.Delivery)
	}
	return nil
}
