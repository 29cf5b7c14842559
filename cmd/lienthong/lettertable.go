package main

import (
	"path"
	"strings"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// Letters on a terminal are a table that fits it, with the id of each under its line, whole
// since commands take it, and what else there is to know. What is piped elsewhere is printed
// as ever, each letter as it comes.

const (
	noteIndent = 2   // by how much what stands under a line is set in, columns
	wideEnough = 120 // for the subject of what came to stand in the line
)

// fitting is a table on a terminal, and nil elsewhere, with --wide, and where lines of JSON
// are wanted.
func (a *app) fitting(head ...string) *table {
	if a.json || a.terminalWidth() == 0 {
		return nil
	}
	return a.table(head...)
}

func (a *app) inboxTable() *table {
	head := []string{a.t("came", "đến lúc"), a.t("number", "số, ký hiệu"), a.t("from", "nơi gửi"), a.t("signature", "chữ ký số"), a.t("status", "trạng thái")}
	if a.terminalWidth() >= wideEnough {
		head = append(head, a.t("subject", "trích yếu"))
	}
	return a.fitting(head...)
}

func (a *app) outboxTable() *table {
	return a.fitting(a.t("sent", "gửi lúc"), a.t("number", "số, ký hiệu"), a.t("subject", "trích yếu"))
}

// addDelivery adds a line of the inbox.
func (t *table) addDelivery(d *lienthongv1.Delivery) {
	a, m := t.a, d.GetDocument().GetMetadata()
	cells := []string{minute(d.GetDocument().GetCreated()), documentNumber(m), d.GetDocument().GetOriginAgency().GetCode(), a.verdictText(d.GetVerdict()), a.statusText(d.GetStatus())}
	if len(t.rows[0]) > len(cells) {
		t.add(append(cells, m.GetSubject())...)
	} else {
		t.add(cells...)
		t.note(m.GetSubject())
	}
	t.note(path.Base(d.GetName()), a.kindText(d.GetDocument()), a.copyText(d.GetCopy(), d.GetTakeBack(), d.GetReason()), a.deadlineText(d.GetDeadlines(), d.GetStatus()))
	t.note(a.warningTexts(d.GetDocument())...)
}

// addDocument adds a line of the outbox, and one for each recipient under it.
func (t *table) addDocument(d *lienthongv1.Document) {
	t.add(minute(d.GetCreated()), documentNumber(d.GetMetadata()), d.GetMetadata().GetSubject())
	t.note(path.Base(d.GetName()), t.a.kindText(d))
	t.note(t.a.warningTexts(d)...)
	for _, s := range d.GetDeliveries() {
		t.note(t.a.summaryText(s))
	}
}

// minute is a time in a list, without its seconds.
func minute(micro int64) string {
	text := vnMicro(micro)
	return strings.TrimSuffix(text, text[min(len(text), len("2006-01-02 15:04")):])
}
