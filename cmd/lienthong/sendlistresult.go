package main

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"lienthong/exchange"
	"lienthong/exchange/notation"
)

// A listLine is what came of one letter for one recipient. Its names are those of --json.
type listLine struct {
	Line      int    `json:"line"`
	Number    string `json:"number"`
	Date      string `json:"date"`
	Subject   string `json:"subject"`
	Result    string `json:"result"` // sent, sent_before, left_out, failed, not_tried, checked
	Recipient string `json:"recipient,omitempty"`
	Name      string `json:"recipient_name,omitempty"`
	State     string `json:"state,omitempty"`
	Details   string `json:"details,omitempty"`
	Document  string `json:"document,omitempty"`
}

// results are the lines of a letter.
func (r *listRun) results(l *listed) (out []listLine) {
	one := listLine{Line: l.line, Number: notation.Join(l.f.number, l.f.symbol), Date: l.f.date, Subject: l.f.subject, Document: l.id()}
	add := func(result, code, name, state, details string) {
		one.Result, one.Recipient, one.Name, one.State, one.Details = result, code, name, state, details
		out = append(out, one)
	}
	if l.document == nil {
		r.unsent(l, add)
		return out
	}
	result := "sent"
	if l.before {
		result = "sent_before"
	}
	for _, s := range l.document.GetDeliveries() {
		add(result, s.GetRecipient().GetAgency().GetCode(), s.GetRecipientName(), r.a.stateText(s.GetState()), "")
	}
	for _, left := range l.leftOut {
		add("left_out", left.GetAgency(), "", r.a.t(left.GetReason(), recipientWords[left.GetReason()]), left.GetText())
	}
	return out
}

// id is that of the document, by which commands take it; empty if it was not sent.
func (l *listed) id() string {
	if l.document == nil {
		return ""
	}
	return path.Base(l.document.GetName())
}

// unsent are the lines of a letter that was not sent: those of the recipients for whom it was
// refused, or one.
func (r *listRun) unsent(l *listed, add func(result, code, name, state, details string)) {
	var refused *exchange.Error
	switch {
	case l.err == nil && r.stopped != nil:
		add("not_tried", "", "", "", "")
		return
	case l.err == nil:
		add("checked", "", "", "", "")
		return
	case !errors.As(l.err, &refused) || len(refused.Fields) == 0:
		add("failed", "", "", "", strings.Join(plainText(l.err), "; "))
		return
	}
	for _, f := range refused.Fields {
		column, value := l.column(f)
		if _, ok := f.Index("recipients"); ok {
			add("failed", strings.TrimSuffix(value, ": "), "", "", r.a.faultText(f.Reason, f.Text))
			continue
		}
		add("failed", "", "", "", column+": "+value+r.a.faultText(f.Reason, f.Text))
	}
}

func (r *listRun) resultText(result string) string {
	words := map[string][2]string{"sent": {"sent", "đã gửi"}, "sent_before": {"sent already", "đã gửi từ trước"}, "left_out": {"not to this one", "không gửi tới"},
		"failed": {"NOT SENT", "CHƯA GỬI ĐƯỢC"}, "not_tried": {"not tried", "chưa gửi"}, "checked": {"nothing wrong", "không có lỗi"}}[result]
	return r.a.t(words[0], words[1])
}

// report prints what came of each letter and recipient, and writes it where --csv says. The
// status is 1 if a letter was not sent.
func (r *listRun) report(f sendFlags) error {
	a := r.a
	t := a.table(a.t("line", "dòng"), a.t("number", "số, ký hiệu"), a.t("recipient", "nơi nhận"), a.t("result", "kết quả"), a.t("details", "chi tiết"))
	rows := [][]string{{a.t("line", "dòng"), a.t("number", "số, ký hiệu"), a.t("date", "ngày"), a.t("subject", "trích yếu"), a.t("recipient", "mã nơi nhận"), a.t("name", "tên nơi nhận"),
		a.t("result", "kết quả"), a.t("state", "trạng thái"), a.t("details", "chi tiết"), a.t("document", "văn bản")}}
	for _, l := range r.letters {
		for _, line := range r.results(l) {
			if a.json {
				if err := a.printJSON(line); err != nil {
					return err
				}
			}
			rows = append(rows, []string{fmt.Sprint(line.Line), line.Number, line.Date, line.Subject, line.Recipient, line.Name, r.resultText(line.Result), line.State, line.Details, line.Document})
			t.add(fmt.Sprint(line.Line), line.Number, strings.TrimSpace(line.Recipient+" "+line.Name), r.resultText(line.Result), strings.TrimSpace(line.State+" "+line.Details))
		}
		t.note(l.id())
		t.note(a.warningTexts(l.document)...)
	}
	if !a.json {
		t.print()
	}
	if f.csv != "" {
		if err := a.writeCSV(f.csv, rows); err != nil {
			return err
		}
	}
	return r.conclude(f)
}

// conclude counts the letters.
func (r *listRun) conclude(f sendFlags) error {
	a := r.a
	sent, before, failed, left := 0, 0, 0, 0
	for _, l := range r.letters {
		switch {
		case l.before:
			before++
		case l.document != nil:
			sent++
		case l.err != nil:
			failed++
		default:
			left++
		}
	}
	if !a.json {
		if f.dryRun {
			a.printf(a.t("%d letters would be sent, %d were sent already: nothing was sent now\n", "%d văn bản sẽ được gửi, %d đã gửi từ trước: lần này chưa gửi gì\n"), left, before)
		} else {
			a.printf(a.t("%d letters sent, %d sent already, %d not sent\n", "đã gửi %d văn bản, %d đã gửi từ trước, %d chưa gửi được\n"), sent, before, failed+left)
		}
		if f.csv != "" {
			a.printf(a.t("results in %s\n", "kết quả ghi vào %s\n"), f.csv)
		}
	}
	again := a.t("the same command sends what was not sent, and nothing twice", "chạy lại lệnh này để gửi tiếp: không văn bản nào bị gửi hai lần")
	switch {
	case r.stopped != nil:
		return fail(a.explain(r.stopped).code, r.stopped, again)
	case failed > 0:
		return fail(exitNo, fmt.Errorf(a.t("%d of %d letters were not sent", "%d trong %d văn bản chưa gửi được"), failed, len(r.letters)), again)
	}
	return nil
}
