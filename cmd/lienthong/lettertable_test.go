package main

import (
	"bytes"
	"strings"
	"testing"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// Inbox and outbox fit a terminal of 80 columns and wider ones, in both languages, and ids
// stay whole; nothing that a sender wrote ends a line.
func TestLettersFitATerminal(t *testing.T) {
	t.Parallel()
	const id = "0192f3c4-7b3a-7000-8000-000000000000"
	letter := &lienthongv1.Document{Name: "agencies/a/documents/" + id, Created: 1795682406000000, OriginAgency: &lienthongv1.AgencyRef{Code: "H55.13.05"},
		Metadata: &lienthongv1.DocumentMetadata{Number: "45", Symbol: "BC-UBND", Subject: "Về việc rà soát,\nđơn giản hóa thủ tục hành chính thuộc phạm vi quản lý của Ủy ban nhân dân phường"},
		Deliveries: []*lienthongv1.DeliverySummary{{RecipientName: "Ủy ban nhân dân thị xã Phổ Yên, tỉnh Thái Nguyên", State: lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED,
			Verdict: "valid", Status: 2, Reason: "Gửi nhầm cơ quan, đề nghị gửi lại cho cơ quan có thẩm quyền giải quyết"}}}
	delivery := &lienthongv1.Delivery{Name: "agencies/a/deliveries/" + id, Document: letter, Verdict: "indeterminate", Status: 5, Reason: strings.Repeat("lý do ", 30)}
	for _, columns := range []string{"80", "100", "200"} {
		for _, lang := range []string{"en", "vi"} {
			var out bytes.Buffer
			a := &app{out: &out, lang: lang, env: func(name string) (string, bool) { return columns, name == "COLUMNS" }}
			in, sent := a.inboxTable(), a.outboxTable()
			in.addDelivery(delivery)
			in.print()
			sent.addDocument(letter)
			sent.print()
			for line := range strings.Lines(out.String()) {
				if w := displayWidth(strings.TrimSuffix(line, "\n")); w > len(columns)*100 || columns == "80" && w > 80 || columns == "100" && w > 100 {
					t.Errorf("%s columns, %s: %d wide: %q", columns, lang, w, line)
				}
			}
			want := []string{id, "45/BC-UBND", "Về việc rà", "2026-11-26 "}
			if lang == "vi" {
				want = append(want, "số, ký hiệu", "không xác định", "05 đang xử lý")
			}
			for _, text := range want {
				if strings.Count(out.String(), text) == 0 {
					t.Errorf("%s columns, %s: no %q in\n%s", columns, lang, text, out.String())
				}
			}
			if n := strings.Count(out.String(), id); n != 2 {
				t.Errorf("%s columns: the id is there %d times, whole, want 2\n%s", columns, n, out.String())
			}
		}
	}
	a := &app{out: &bytes.Buffer{}, env: func(string) (string, bool) { return "", false }}
	if a.inboxTable() != nil || a.outboxTable() != nil {
		t.Error("a table where there is no terminal")
	}
}
