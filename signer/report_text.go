package signer

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Language is a language of the text form of a report.
type Language string

const (
	Vietnamese Language = "vi"
	English    Language = "en"
)

// vietnamTime is what people in Vietnam read on their clocks: UTC+07:00, without
// daylight saving since 1975, so that no time zone database is needed.
var vietnamTime = time.FixedZone("+07:00", 7*60*60)

// WriteText writes the report for people. For each signature it shows the seven
// items that Circular 15/2025/TT-BKHCN wants displayed: issuing CA, signer, unit
// that manages the certificate, time of signing, integrity, validity at that
// time, and the certificate's validity period; and below them every finding
// that did not pass. Times are UTC+07:00.
func (r *Report) WriteText(w io.Writer, lang Language) error {
	p := &textPrinter{lang: lang}
	p.header(r)
	for i := range r.Signatures {
		p.signature(i+1, &r.Signatures[i])
	}
	for i := range r.Timestamps {
		p.timestamp(i+1, &r.Timestamps[i])
	}
	if bad := notPassed(r.Findings); len(bad) > 0 {
		p.line("")
		p.line("  " + p.say("About the file", "Về tệp"))
		p.findings(bad)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

type textPrinter struct {
	lang Language
	at   time.Time // that was judged at
	b    strings.Builder
}

// say chooses one of two texts.
func (p *textPrinter) say(en, vi string) string {
	if p.lang == Vietnamese {
		return vi
	}
	return en
}

func (p *textPrinter) line(s string) {
	p.b.WriteString(s)
	p.b.WriteByte('\n')
}

func (p *textPrinter) item(label, value string) {
	if value == "" {
		value = "—"
	}
	pad := 34 - len([]rune(label))
	p.line("    " + label + strings.Repeat(" ", max(pad, 1)) + clean(value))
}

func (p *textPrinter) header(r *Report) {
	p.at = r.ValidatedAt
	p.line(strings.TrimRight(p.verdict(r.Verdict)+"  "+clean(r.File), " "))
	p.line("  SHA-256 " + r.SHA256)
	p.line("  " + p.say("checked ", "kiểm tra lúc ") + p.time(r.ValidatedAt) + p.say(", policy ", ", chính sách ") + clean(r.Policy.ID))
	if r.Original {
		p.line("  " + p.say("has the value of an original (Decree 30/2020/NĐ-CP, Art. 5)", "có giá trị như bản gốc (Điều 5 Nghị định 30/2020/NĐ-CP)"))
	}
	for _, f := range r.Findings {
		if f.Name == ruleRegistration.name && f.Result == Passed {
			p.line("  " + title(f.Name, p.lang) + ": " + clean(f.Text(p.lang)))
		}
	}
	if r.AcceptedByPolicy {
		p.line("  " + p.say("accepted by this policy without a status of the certificate", "được chính sách này chấp nhận dù chưa xác định được trạng thái chứng thư số"))
	}
}

func (p *textPrinter) signature(n int, s *Signature) {
	p.line("")
	head := fmt.Sprintf("  %s %d: %s — %s", p.say("Signature", "Chữ ký"), n, clean(s.Field), p.indication(s.Indication))
	if s.SubIndication != "" {
		head += " (" + string(s.SubIndication) + ")"
	}
	p.line(head)
	p.guidance(s)
	p.item(p.say("Issuing CA", "Tổ chức cấp chứng thư số"), s.Signer.Issuer)
	p.item(p.say("Signer", "Người ký"), s.Signer.CommonName)
	p.item(p.say("Managing unit", "Đơn vị quản lý chứng thư số"), s.Signer.Organization)
	p.item(p.say("Time of signing", "Thời điểm ký"), p.signingTime(s))
	p.item(p.say("Integrity", "Tính toàn vẹn"), p.integrity(s))
	p.item(p.say("Certificate when signed", "Chứng thư số tại thời điểm ký"), p.status(s))
	p.item(p.say("Certificate valid", "Thời hạn chứng thư số"), p.period(s))
	if s.Agency != "" {
		p.item(p.say("Agency", "Cơ quan"), s.Agency+p.role(s.Role))
	}
	if s.Level != "" {
		p.item(p.say("Level", "Mức"), "PAdES "+string(s.Level))
	}
	p.item(p.say("Added later", "Bổ sung sau khi ký"), p.changes(s.Changes))
	p.findings(notPassed(s.Findings))
}

// guidance says what an answer means and what to do about it, before anything else:
// who reads no further has read that.
func (p *textPrinter) guidance(s *Signature) {
	a, ok := advices[s.SubIndication]
	if !ok || s.Indication == TotalPassed {
		return
	}
	p.item(p.say("Meaning", "Ý nghĩa"), p.say(a.meaning.en, a.meaning.vi))
	p.item(p.say("What to do", "Việc cần làm"), p.say(a.todo.en, a.todo.vi))
}

func (p *textPrinter) timestamp(n int, s *Signature) {
	p.line("")
	kind := p.say("Time-stamp", "Dấu thời gian")
	head := fmt.Sprintf("  %s %d: %s — %s", kind, n, clean(s.Field), p.indication(s.Indication))
	if s.SubIndication != "" {
		head += " (" + string(s.SubIndication) + ")"
	}
	p.line(head)
	p.item(p.say("Authority", "Đơn vị cấp dấu thời gian"), s.Signer.CommonName)
	p.item(p.say("Time", "Thời điểm"), p.time(s.ClaimedTime))
	p.item(p.say("Integrity", "Tính toàn vẹn"), p.integrity(s))
	p.findings(notPassed(s.Findings))
}

func (p *textPrinter) findings(list []Finding) {
	for _, f := range list {
		mark := "!"
		if f.Result == Failed {
			mark = "✗"
		}
		p.line("    " + mark + " " + title(f.Name, p.lang) + " [" + f.Name + "]")
		if f.Detail != "" {
			p.line("      " + clean(f.Text(p.lang)))
		}
	}
}

func (p *textPrinter) time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(vietnamTime).Format("02/01/2006 15:04:05 -07:00")
}

func (p *textPrinter) period(s *Signature) string {
	if s.NotBefore.IsZero() && s.NotAfter.IsZero() {
		return ""
	}
	return p.say("from ", "từ ") + p.time(s.NotBefore) + p.say(" to ", " đến ") + p.time(s.NotAfter)
}

func (p *textPrinter) signingTime(s *Signature) string {
	if s.TimeSource != TimeClaimed {
		return p.time(s.BestTime) + p.say(" (time-stamp)", " (theo dấu thời gian)")
	}
	if s.ClaimedTime.IsZero() {
		return ""
	}
	return p.time(s.ClaimedTime) + p.say(" (stated by the signer, no proof)", " (người ký tự khai, không có bằng chứng)")
}

// clean makes text from a file fit for one line of a terminal: control characters
// could move the cursor and paint another verdict over ours.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x200e && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '·'
		}
		return r
	}, s)
}

func notPassed(list []Finding) []Finding {
	var out []Finding
	for _, f := range list {
		if f.Result != Passed {
			out = append(out, f)
		}
	}
	return out
}
