package signer

// The words for the values of a report, in both languages.

func (p *textPrinter) verdict(v Verdict) string {
	switch v {
	case VerdictValid:
		return p.say("VALID", "HỢP LỆ")
	case VerdictInvalid:
		return p.say("INVALID", "KHÔNG HỢP LỆ")
	case VerdictIndeterminate:
		return p.say("UNDETERMINED", "KHÔNG XÁC ĐỊNH")
	case VerdictUnsigned:
		return p.say("NOT SIGNED", "KHÔNG CÓ CHỮ KÝ")
	case VerdictIntact:
		return p.say("INTACT (trust not checked)", "TOÀN VẸN (chưa kiểm tra độ tin cậy)")
	case VerdictAltered:
		return p.say("ALTERED", "ĐÃ BỊ THAY ĐỔI")
	}
	return string(v)
}

func (p *textPrinter) indication(i Indication) string {
	switch i {
	case TotalPassed:
		return p.say("valid", "hợp lệ")
	case TotalFailed:
		return p.say("invalid", "không hợp lệ")
	}
	return p.say("undetermined", "không xác định")
}

func (p *textPrinter) integrity(s *Signature) string {
	switch {
	case s.Integrity == IntegrityAltered:
		return p.say("altered after signing", "đã bị thay đổi sau khi ký")
	case s.Integrity == IntegrityUnknown:
		return p.say("cannot be determined", "không xác định được")
	case s.Changes == ChangesContent:
		return p.say("signed bytes intact, but the content was changed by a later revision",
			"phần đã ký còn nguyên vẹn, nhưng nội dung bị thay đổi bởi lần cập nhật sau")
	}
	return p.say("intact", "toàn vẹn")
}

func (p *textPrinter) status(s *Signature) string {
	within := ""
	at := s.BestTime
	if at.IsZero() {
		at = s.ClaimedTime
	}
	switch {
	case s.NotBefore.IsZero() || at.IsZero():
	case at.Before(s.NotBefore):
		within = p.say("not yet valid; ", "chưa có hiệu lực; ")
	case at.After(s.NotAfter):
		within = p.say("expired; ", "đã hết hạn; ")
	case s.TimeSource == TimeClaimed && p.at.After(s.NotAfter):
		// Nothing proves the time at which it was still valid.
		within = p.say("within its period by the stated time, expired since; ", "còn hiệu lực theo thời điểm tự khai, nay đã hết hạn; ")
	default:
		within = p.say("within its period; ", "còn hiệu lực; ")
	}
	return within + p.revocation(s.Revocation.Status)
}

func (p *textPrinter) revocation(status string) string {
	switch status {
	case "good":
		return p.say("not revoked", "không bị thu hồi")
	case "revoked":
		return p.say("revoked", "đã bị thu hồi")
	case "on_hold":
		return p.say("suspended", "bị tạm dừng")
	case "stale":
		return p.say("status out of date: cannot be determined", "trạng thái đã cũ: không xác định được")
	case "unknown":
		return p.say("status cannot be determined", "không xác định được trạng thái")
	}
	return p.say("status not checked", "chưa kiểm tra trạng thái")
}

func (p *textPrinter) role(role string) string {
	switch role {
	case RolePersonal:
		return p.say(" (authorised person)", " (người có thẩm quyền)")
	case RoleAgency:
		return p.say(" (seal of the agency)", " (chữ ký số của cơ quan)")
	}
	return ""
}

func (p *textPrinter) changes(c Changes) string {
	switch c {
	case ChangesNone:
		return p.say("nothing", "không có")
	case ChangesLTV:
		return p.say("validation data or time-stamps only", "chỉ có dữ liệu xác thực hoặc dấu thời gian")
	case ChangesSignature:
		return p.say("a further signature", "thêm chữ ký khác")
	case ChangesForm:
		return p.say("form fields filled in", "điền trường biểu mẫu")
	case ChangesAnnotation:
		return p.say("annotations", "thêm chú thích")
	case ChangesContent:
		return p.say("the content was changed", "nội dung bị thay đổi")
	}
	return ""
}
