package signer

import (
	"fmt"
	"strings"
)

// Refusal is why the receiver of a file may send it back, for its sender to read: which
// signature, what is wrong with it, and what is asked for (Decision 28/2018/QĐ-TTg, Art. 9).
// Empty where nothing is wrong. It says nothing that is not in the report.
func (r *Report) Refusal(lang Language) string {
	p := &textPrinter{lang: lang}
	var out []string
	for i := range r.Signatures {
		if s := &r.Signatures[i]; s.Indication != TotalPassed {
			out = append(out, p.refuseSignature(i+1, s))
		}
	}
	for _, f := range r.Findings {
		if f.Result == Failed {
			out = append(out, strings.TrimSpace(title(f.Name, lang)+" "+brief(f.Text(lang))))
		}
	}
	switch {
	case r.Verdict == VerdictUnsigned && len(out) == 0:
		out = append(out, p.say("the file is not signed; please send it signed and sealed", "tệp chưa được ký số; đề nghị gửi lại bản đã ký số của người có thẩm quyền và của cơ quan"))
	case r.Verdict != VerdictValid && len(out) == 0:
		a := verdictAdvices[r.Verdict]
		out = append(out, p.say(a.meaning.en, a.meaning.vi))
	}
	return clean(strings.Join(out, "; "))
}

func (p *textPrinter) refuseSignature(n int, s *Signature) string {
	who := s.Signer.CommonName
	if who == "" {
		who = s.Field
	}
	text := fmt.Sprintf(p.say("signature %d (%s): ", "chữ ký %d (%s): "), n, brief(who))
	if a, ok := advices[s.SubIndication]; ok {
		text += p.say(a.meaning.en, a.meaning.vi)
	} else {
		text += p.indication(s.Indication)
	}
	for _, f := range s.Findings {
		if f.Result == Failed {
			text += fmt.Sprintf(" (%s)", title(f.Name, p.lang))
			break
		}
	}
	w, ok := wanted[s.SubIndication]
	if !ok {
		w = sendSigned
	}
	return text + ". " + p.say(w.en, w.vi)
}

// maxBrief bounds what a file says about itself within a refusal, in characters.
const maxBrief = 120

func brief(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > maxBrief {
		return string(r[:maxBrief]) + "…"
	}
	return string(r)
}

// What the sender is asked for; elsewhere [advices] says what the reader of a report does.
var (
	sendSigned = words{"Please send the very file that was signed, unchanged since", "Đề nghị gửi lại đúng tệp đã ký, không chỉnh sửa sau khi ký"}
	signAnew   = words{"Please sign again with a valid certificate, with a time-stamp", "Đề nghị ký lại bằng chứng thư số còn hiệu lực, kèm dấu thời gian"}
	withStatus = words{"Please send it with the certificate's status inside (B-LT), or ask the CA for it", "Đề nghị gửi bản ký kèm thông tin trạng thái chứng thư số (mức B-LT) hoặc liên hệ nơi cấp chứng thư số"}
)

var wanted = map[SubIndication]words{
	Revoked: signAnew, Expired: signAnew, NotYetValid: signAnew, ChainConstraintsFailure: signAnew, RevokedNoPOE: signAnew, RevokedCANoPOE: signAnew,
	OutOfBoundsNoPOE: signAnew, OutOfBoundsNotRevoked: signAnew, CertificateChainGeneral: withStatus, TryLater: withStatus,
	CryptoConstraintsFailure:      {"Please sign again with a stronger algorithm", "Đề nghị ký lại bằng thuật toán đạt yêu cầu"},
	CryptoConstraintsFailureNoPOE: {"Please sign again with a stronger algorithm", "Đề nghị ký lại bằng thuật toán đạt yêu cầu"},
	SigConstraintsFailure: {"Please sign with a certificate that the directory has for your agency, or have this one entered",
		"Đề nghị ký bằng chứng thư số của cơ quan đã có trong danh bạ, hoặc đăng ký chứng thư số này vào danh bạ"},
	NoCertificateChainFound: {"Please sign with a certificate of a trusted CA", "Đề nghị ký bằng chứng thư số do tổ chức chứng thực được tin cậy cấp (chữ ký số chuyên dùng công vụ)"},
}
