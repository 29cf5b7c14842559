package main

import (
	"strings"
	"time"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// deadlineText is what is to be done next with a delivery, and by when; empty if nothing
// is.
func (a *app) deadlineText(d *lienthongv1.Deadlines, status uint32) string {
	switch {
	case d.GetOverdue() == lienthongv1.Overdue_OVERDUE_ACKNOWLEDGE:
		return a.t("LATE: was to be acknowledged by ", "QUÁ HẠN xác nhận: ") + a.byText(d, d.GetAcknowledgeBy())
	case d.GetOverdue() == lienthongv1.Overdue_OVERDUE_ANSWER:
		return a.t("LATE: was to be answered by ", "QUÁ HẠN trả lời: ") + a.byText(d, d.GetAnswerBy())
	case status == 0 && d.GetAcknowledgeBy() != 0:
		return a.t("acknowledge by ", "hạn xác nhận: ") + a.byText(d, d.GetAcknowledgeBy())
	}
	return ""
}

// byText is a deadline; the first moment that is too late is shown as the last one that
// is not.
func (a *app) byText(d *lienthongv1.Deadlines, micro int64) string {
	text := time.UnixMicro(micro).Add(-time.Second).In(hanoi).Format("2006-01-02 15:04")
	if d.GetCalendarUnknown() {
		text += a.t(" (holidays not known)", " (chưa có lịch nghỉ)")
	}
	return text
}

// warningWords are what warnings say to a clerk, by their reason.
var warningWords = map[string]string{
	"ODD_NUMBER": "số văn bản khác thường", "LEADING_ZERO": "số văn bản viết chưa đúng thể thức", "OTHER_YEAR": "năm trong số, ký hiệu khác năm ban hành",
	"TYPE_UNNAMED": "ký hiệu có tên loại nhưng chưa ghi loại văn bản", "UNKNOWN_TYPE": "chữ viết tắt tên loại không có trong Phụ lục III",
	"TYPE_MISSING": "ký hiệu không có chữ viết tắt tên loại", "OTHER_TYPE": "tên loại và ký hiệu không khớp", "UNKNOWN_COMPETENCE": "quyền hạn ký khác thường",
	"TOO_LONG": "dài hơn chỗ ghi trong sổ", "SENT_LATE": "gửi quá hạn", "DUPLICATE_NUMBER": "trùng số, ký hiệu với văn bản trước",
	"DUPLICATE_DOCUMENT": "trùng mã định danh với văn bản trước",
}

// printWarnings says what is odd about a letter.
func (a *app) printWarnings(d *lienthongv1.Document) {
	for _, text := range a.warningTexts(d) {
		a.printf("%s%s\n", strings.Repeat(" ", 21), text)
	}
}

func (a *app) warningTexts(d *lienthongv1.Document) (out []string) {
	for _, w := range d.GetWarnings() {
		text := strings.TrimPrefix(w.GetField(), "metadata.") + " " + w.GetText()
		if words, ok := warningWords[w.GetReason()]; ok {
			text = a.t(text, words+" ("+text+")")
		}
		out = append(out, a.t("note:", "lưu ý:")+" "+text)
	}
	return out
}
