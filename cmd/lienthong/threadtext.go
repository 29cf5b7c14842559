package main

import (
	"fmt"
	"strings"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

var copyWords = map[lienthongv1.CopyState][2]string{
	lienthongv1.CopyState_COPY_STATE_WAITING:  {"waits for the version before", "chờ bản trước"},
	lienthongv1.CopyState_COPY_STATE_UPDATED:  {"superseded by an update", "đã có bản cập nhật"},
	lienthongv1.CopyState_COPY_STATE_REPLACED: {"replaced", "đã bị thay thế"},
	lienthongv1.CopyState_COPY_STATE_RECALLED: {"RECALLED, frozen", "ĐÃ THU HỒI, ngừng xử lý"},
}

var takeBackWords = map[lienthongv1.TakeBackState][2]string{
	lienthongv1.TakeBackState_TAKE_BACK_STATE_ASKED:   {"13 take back: waits for 15 or 16", "13 lấy lại: chờ đồng ý (15) hoặc từ chối (16)"},
	lienthongv1.TakeBackState_TAKE_BACK_STATE_AGREED:  {"15 given back", "15 đồng ý lấy lại"},
	lienthongv1.TakeBackState_TAKE_BACK_STATE_REFUSED: {"16 take-back declined", "16 từ chối lấy lại"},
	lienthongv1.TakeBackState_TAKE_BACK_STATE_MOOT:    {"take-back settled by the recall", "lấy lại: đã thu hồi"},
}

var kindWords = map[lienthongv1.EnvelopeKind][2]string{
	lienthongv1.EnvelopeKind_ENVELOPE_KIND_DOCUMENT:    {"letter", "văn bản"},
	lienthongv1.EnvelopeKind_ENVELOPE_KIND_UPDATE:      {"update", "cập nhật"},
	lienthongv1.EnvelopeKind_ENVELOPE_KIND_REPLACEMENT: {"replacement", "thay thế"},
	lienthongv1.EnvelopeKind_ENVELOPE_KIND_RECALL:      {"recall", "thu hồi"},
}

// copyText says what has become of a copy, and of asking for it back; empty for nothing.
func (a *app) copyText(copied lienthongv1.CopyState, back lienthongv1.TakeBackState, reason string) string {
	var parts []string
	if w, ok := copyWords[copied]; ok {
		parts = append(parts, a.t(w[0], w[1]))
	}
	if reason == "INCOMPLETE" {
		parts = append(parts, a.t("INCOMPLETE for more than a day", "CHƯA ĐỦ BẢN quá một ngày"))
	}
	if w, ok := takeBackWords[back]; ok {
		parts = append(parts, a.t(w[0], w[1]))
	}
	return strings.Join(parts, ", ")
}

// kindText names what is not simply a letter: a recall with its mode and reason, an update
// or replacement with its version and reason.
func (a *app) kindText(d *lienthongv1.Document) string {
	w := kindWords[d.GetKind()]
	switch d.GetKind() {
	case lienthongv1.EnvelopeKind_ENVELOPE_KIND_RECALL:
		if d.GetRecall().GetMode() == lienthongv1.RecallMode_RECALL_MODE_TAKE_BACK {
			w = [2]string{"take back", "lấy lại"}
		}
		return strings.ToUpper(a.t(w[0], w[1])) + ": " + d.GetRecall().GetReason()
	case lienthongv1.EnvelopeKind_ENVELOPE_KIND_UPDATE, lienthongv1.EnvelopeKind_ENVELOPE_KIND_REPLACEMENT:
		return fmt.Sprintf(a.t("%s, version %d: %s", "%s, bản %d: %s"), a.t(w[0], w[1]), d.GetVersion(), d.GetChange().GetReason())
	}
	return ""
}

// printThread lists the versions of a letter, and recalls of it, where there are more than one.
func (a *app) printThread(d *lienthongv1.Delivery) {
	if len(d.GetVersions()) < 2 {
		return
	}
	for _, v := range d.GetVersions() {
		w := kindWords[v.GetKind()]
		a.printf(a.t("  version %d  %s  %-12s %s, %s", "  bản %d  %s  %-12s %s, %s"), v.GetVersion(), vnMicro(v.GetCreated()), a.t(w[0], w[1]),
			a.stateText(v.GetState()), a.statusText(v.GetStatus()))
		if text := a.copyText(v.GetCopy(), v.GetTakeBack(), v.GetReason()); text != "" {
			a.printf(", %s", text)
		}
		a.printf("\n      %s\n", v.GetName())
	}
}
