package main

import (
	"errors"
	"io/fs"

	"lienthong/certs/keys"
	"lienthong/client"
	"lienthong/exchange"
	"lienthong/internal/wire"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// vietnamese gives a failure what it means for a clerk, and what to do, in Vietnamese,
// where both are known only to who met it.
func vietnamese(err error, meaning string, hints ...string) error {
	var f *failure
	if !errors.As(err, &f) {
		return err
	}
	said := *f
	said.vi, said.viHints = meaning, hints
	return &said
}

// meanings are what errors mean for a clerk who reads no English, the closest first.
var meanings = []struct {
	is error
	vi string
}{
	{keys.ErrWrongPassword, "mật khẩu hoặc mã PIN của khóa ký không đúng"},
	{keys.ErrTokenGone, "thiết bị chứa khóa ký đã bị rút ra"},
	{keys.ErrNoToken, "không tìm thấy thiết bị chứa khóa ký"},
	{keys.ErrNoKey, "không tìm thấy khóa ký"},
	{pdf.ErrNotPDF, "tệp này không phải là tệp PDF"},
	{pdf.ErrTruncated, "tệp PDF bị cắt mất phần cuối"},
	{pdf.ErrRepair, "tệp PDF bị hỏng và không khôi phục được"},
	{pdf.ErrXRef, "tệp PDF bị hỏng"},
	{signer.ErrNotAllowed, "người tạo tệp không cho phép ký số tệp này"},
	{signer.ErrEncrypted, "tệp được bảo vệ bằng mật khẩu nên không ký số được"},
	{pdf.ErrEncrypted, "tệp được bảo vệ bằng mật khẩu nên không đọc được"},
	{signer.ErrCertified, "tệp đã được chứng thực hoặc khóa, không cho ký thêm"},
	{signer.ErrCertificate, "chứng thư chữ ký số không được dùng cho chữ ký này"},
	{signer.ErrNoPlace, "không có chỗ cho chữ ký hiển thị"},
	{client.ErrUnreachable, "không kết nối được với nút liên thông"},
	{fs.ErrNotExist, "không tìm thấy tệp hoặc thư mục"},
	{fs.ErrPermission, "không có quyền đọc hoặc ghi tệp này"},
}

// reasonMeanings are what a node's refusals mean.
var reasonMeanings = map[string]string{
	wire.ReasonNoCertificate:        "chưa nêu chứng thư của người dùng nên nút không biết ai đang hỏi",
	wire.ReasonUnknownCertificate:   "nút không biết chứng thư này của người dùng",
	wire.ReasonExpiredCertificate:   "chứng thư của người dùng đã hết hạn hoặc chưa có hiệu lực",
	wire.ReasonForbidden:            "người dùng chưa được cấp quyền làm việc này",
	wire.ReasonTooManyCalls:         "gọi quá nhiều lần trong thời gian ngắn",
	exchange.ReasonDisabled:         "người dùng đã bị khóa",
	exchange.ReasonUnknownToken:     "nút không biết mã truy cập này",
	exchange.ReasonExpiredToken:     "mã truy cập đã hết hạn",
	exchange.ReasonRevokedToken:     "mã truy cập đã bị thu hồi",
	exchange.ReasonUnknownRecipient: "không có nơi nhận này trong danh bạ",
	exchange.ReasonRecipientClosed:  "nơi nhận đã giải thể hoặc sáp nhập",
	exchange.ReasonTooLarge:         "văn bản hoặc tệp lớn hơn mức cho phép",
	exchange.ReasonSecret:           "văn bản mật không được gửi qua trục liên thông",
	exchange.ReasonSpace:            "nút đã hết chỗ chứa",
	exchange.ReasonAway:             "kho dữ liệu của nút tạm thời không truy cập được",
	exchange.ReasonRetiring:         "nút sắp ngừng hoạt động nên không nhận văn bản mới",
}

// meaning is what an error means for a clerk; "" where nobody has said it, and the
// English text stands alone.
func meaning(err error) string {
	var e *exchange.Error
	if errors.As(err, &e) {
		if vi := reasonMeanings[e.Reason]; vi != "" {
			return vi
		}
		if e.Code == exchange.Unavailable {
			return "không kết nối được với nút liên thông, hoặc nút đang bận"
		}
	}
	for _, m := range meanings {
		if errors.Is(err, m.is) {
			return m.vi
		}
	}
	return ""
}

// inVietnamese puts what a failure means before what is technical about it.
func (f *failure) inVietnamese() (lines, hints []string) {
	lines, hints = plainText(f.err), f.hints
	vi := f.vi
	if vi == "" {
		vi = meaning(f.err)
	}
	if vi != "" {
		lines[0] = vi + "; chi tiết kỹ thuật: " + lines[0]
	}
	if len(f.viHints) > 0 {
		hints = f.viHints
	}
	return lines, hints
}
