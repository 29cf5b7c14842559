package evidence

import (
	"fmt"
	"io"
	"strings"
	"time"

	"lienthong/envelope"
)

// vietnam is the time that people read.
var vietnam = time.FixedZone("+07", 7*3600)

// WriteText writes the report for people, in Vietnamese ("vi") or English.
func (r *Report) WriteText(w io.Writer, lang string) error {
	t := text{lang: lang}
	t.heading(r)
	t.line("\n%s:", t.t("what is proven", "điều được chứng minh"))
	for i := range r.Facts {
		t.fact(r, &r.Facts[i])
	}
	for _, f := range r.Findings {
		if f.Result == Failed {
			t.line("  ✗ %s: %s", f.Name, f.Detail)
		}
	}
	if len(r.NotProven) > 0 || r.Verdict == NoAnswer {
		t.line("\n%s:", t.t("what is not", "điều chưa được chứng minh"))
	}
	for _, f := range r.Findings {
		if f.Result == Undecided {
			t.line("  ? %s: %s", f.Name, t.undecided(f))
		}
	}
	for _, what := range r.NotProven {
		t.line("  – %s", t.notProven(what))
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type text struct {
	b    strings.Builder
	lang string
}

func (t *text) t(en, vi string) string {
	if t.lang == "vi" {
		return vi
	}
	return en
}

func (t *text) line(format string, args ...any) { fmt.Fprintf(&t.b, format+"\n", args...) }

func (t *text) at(at time.Time) string { return at.In(vietnam).Format("02/01/2006 15:04:05 -07:00") }

func (t *text) heading(r *Report) {
	switch r.Verdict {
	case Proven:
		t.line("✓ %s", t.t("the evidence holds", "bằng chứng hợp lệ"))
	case Refuted:
		t.line("✗ %s", t.t("THE EVIDENCE DOES NOT HOLD: do not rely on anything in it", "BẰNG CHỨNG KHÔNG HỢP LỆ: không được dựa vào bất cứ điều gì trong đó"))
	default:
		t.line("? %s", t.t("cannot be decided: nothing in the file contradicts itself, but nobody vouches for the keys", "chưa thể kết luận: tệp không tự mâu thuẫn, nhưng chưa có ai bảo đảm cho các khóa"))
	}
	if m := r.Metadata; m != nil {
		t.line("%s: %s", t.t("letter", "văn bản"), strings.TrimSpace(m.Number+"/"+m.Symbol+" «"+m.Subject+"»"))
	}
	t.line("%s: %s", t.t("sender", "nơi gửi"), r.Sender)
	t.line("%s: %s", t.t("envelope", "mã băm phong bì"), r.Digest)
	for _, f := range r.Files {
		t.line("%s: %s, SHA-256 %s, %s", t.t("file", "tệp"), f.Name, f.Digest, t.presence(f))
	}
	if !r.Exported.IsZero() {
		t.line("%s: %s, %s", t.t("exported by", "nút xuất"), r.Exporter, t.at(r.Exported))
	}
	if r.Stamped != nil {
		t.line("%s: %s", t.t("existed before (time-stamp)", "đã có trước thời điểm (dấu thời gian)"), t.at(*r.Stamped))
	}
}

func (t *text) presence(f FileFact) string {
	switch {
	case f.Here:
		return t.t("in the file, unchanged", "có trong tệp, nguyên vẹn")
	case f.Given:
		return t.t("the file that was given is this one", "đúng là tệp được đưa ra đối chiếu")
	}
	return t.t("not in the file", "không kèm trong tệp")
}

func (t *text) fact(r *Report, f *Fact) {
	mark := "✓"
	if !f.Proven {
		mark = "✗"
		if r.Verdict == NoAnswer {
			mark = "?"
		}
	}
	node, agency := f.NodeName, f.Agency
	if node == "" {
		node = f.Node
	}
	if agency == "" {
		agency = f.Recipient
	}
	line := fmt.Sprintf("  %s %s  %s", mark, t.at(f.Time), t.sentence(r, f, node, agency))
	if f.Journal {
		line += t.t("; in its journal", "; có trong nhật ký của nút")
	}
	t.line("%s", line)
}

func (t *text) sentence(r *Report, f *Fact, node, agency string) string {
	switch f.Statement.Kind {
	case envelope.Submitted:
		return fmt.Sprintf(t.t("%s sent it to %s; node %s took it", "%s gửi đến %s; nút %s nhận chuyển"), r.Sender, agency, node)
	case envelope.Custody:
		return fmt.Sprintf(t.t("node %s took it over for %s", "nút %s đã nhận chuyển tiếp cho %s"), node, agency)
	case envelope.Delivered:
		return fmt.Sprintf(t.t("delivered to %s, at node %s", "đã giao cho %s, tại nút %s"), agency, node)
	case envelope.Validated:
		return fmt.Sprintf(t.t("%s found at arrival: %s (%s)", "%s kiểm tra chữ ký khi đến: %s (%s)"), node, f.Verdict, agency)
	case envelope.Status:
		return fmt.Sprintf(t.t("%s answered: status %02d %s", "%s trả lời: trạng thái %02d %s"), agency, f.Status, f.Reason)
	case envelope.Failed:
		return fmt.Sprintf(t.t("node %s could not deliver it to %s: %s", "nút %s không chuyển được đến %s: %s"), node, agency, f.Reason)
	}
	return fmt.Sprintf("%s: %s, %s", f.Kind, node, agency)
}

func (t *text) undecided(f Finding) string {
	if f.Name == "directory" {
		return t.t(f.Detail, "chưa có chứng thư của cơ quan ký thư mục: hãy nêu bằng --trust, và kiểm tra đó đúng là chứng thư cần tin")
	}
	return f.Detail
}

func (t *text) notProven(what string) string {
	if recipient, is := strings.CutPrefix(what, "not-delivered:"); is {
		return fmt.Sprintf(t.t("that it was delivered to %s: no such statement is in the file", "văn bản đã đến %s: trong tệp không có xác nhận"), recipient)
	}
	words := map[string][2]string{
		"content-left-out":         {"what the letter is about, and which files it has: only the digest of that is here", "nội dung đăng ký và danh sách tệp: chỉ có mã băm"},
		"documents-left-out":       {"that a file which somebody shows is one of the letter, until its digest is compared: --document FILE", "tệp đang có trong tay đúng là tệp của văn bản, khi chưa đối chiếu: --document TỆP"},
		"nothing-said":             {"anything about the way of the letter: no statement is in the file", "đường đi của văn bản: trong tệp không có xác nhận nào"},
		"not-in-journal":           {"that every statement stands in its issuer's journal: some came without that proof", "mọi xác nhận đều có trong nhật ký của nút ký: có xác nhận không kèm bằng chứng đó"},
		"head-seen-by-nobody-else": {"that anybody else has seen the exporter's journal as it is: no head in the file is cosigned or time-stamped", "có bên khác đã thấy nhật ký của nút xuất: chưa có đầu nhật ký nào được ký xác nhận hay đóng dấu thời gian"},
		"no-trusted-time-stamp":    {"times, by anybody but the nodes' own clocks: there is no time-stamp of an authority that you trust", "thời gian, ngoài đồng hồ của chính các nút: không có dấu thời gian của tổ chức mà bạn tin"},
	}
	if w, ok := words[what]; ok {
		return t.t(w[0], w[1])
	}
	return what
}
