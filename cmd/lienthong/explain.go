package main

import (
	"context"
	"errors"
	"io/fs"

	"lienthong/certs/keys"
	"lienthong/client"
	"lienthong/exchange"
	"lienthong/internal/wire"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// explain gives an error its exit status and says what to do about it. What
// comes without a status was met while reading what the user named: status 2.
func (a *app) explain(err error) *failure {
	f := &failure{code: exitUsage, err: err}
	// The outermost failure knows the status, the innermost what to do.
	var known *failure
	outermost := true
	for at := err; errors.As(at, &known); at = known.err {
		if outermost {
			f.code, outermost = known.code, false
		}
		if len(known.hints) > 0 {
			f.hints = append([]string(nil), known.hints...)
		}
		if known.vi != "" {
			f.vi, f.viHints = known.vi, known.viHints
		}
	}
	if len(f.hints) > 0 {
		return f
	}
	if code, hints := a.explainStatus(err); code != 0 {
		f.code, f.hints = code, hints
		return f
	}
	switch {
	case errors.Is(err, keys.ErrWrongPassword):
		f.hints = a.hint("the file that --password-file names must hold the password of the key, on its first line",
			"tệp của --password-file phải chứa mật khẩu của khóa, ở dòng đầu")
	case errors.Is(err, pdf.ErrEncrypted), errors.Is(err, signer.ErrEncrypted):
		f.hints = a.hint("sign the file before it is encrypted, or save it without a password first",
			"ký trước khi đặt mật khẩu, hoặc lưu tệp không có mật khẩu rồi ký")
	case errors.Is(err, signer.ErrConformity):
		f.hints = a.hint("sign it invisibly, or all the same: --force",
			"ký không hiển thị, hoặc vẫn ký: --force")
	case errors.Is(err, signer.ErrNotAllowed):
		f.hints = a.hint("who made the file can allow it, or gives the file without encryption",
			"người tạo tệp có thể cho phép, hoặc gửi tệp không mã hóa")
	case errors.Is(err, pdf.ErrRepair):
		f.hints = a.hint("get the file again from where it was made, or print it to a new PDF file and read that before signing",
			"hãy lấy lại tệp từ nơi tạo ra, hoặc in thành tệp PDF mới và đọc lại trước khi ký")
	case errors.Is(err, pdf.ErrXRef):
		f.hints = a.hint("the file is damaged: get it again from where it was made, or sign it with --repair and look at the result",
			"tệp bị hỏng: hãy lấy lại từ nơi tạo ra, hoặc ký với --repair rồi xem lại kết quả")
	case errors.Is(err, pdf.ErrTruncated):
		f.hints = a.hint("the end of the file is missing: get it again from where it was made",
			"tệp bị cắt mất phần cuối: hãy lấy lại từ nơi tạo ra")
	case errors.Is(err, pdf.ErrNotPDF):
		f.hints = a.hint("only PDF files are signed: save or scan the document as PDF first",
			"chỉ ký được tệp PDF: hãy lưu hoặc quét văn bản thành PDF trước")
	case errors.Is(err, keys.ErrUnknownScheme):
		f.hints = a.hint("for a PKCS #12 file: --key pkcs12:FILE --password-file FILE",
			"với tệp PKCS #12: --key pkcs12:TỆP --password-file TỆP")
	case errors.Is(err, client.ErrUnreachable):
		f.hints = a.hint("look whether the node runs, and at its address and the network", "kiểm tra địa chỉ của nút và kết nối mạng, rồi thử lại; nếu vẫn không được, báo quản trị viên của nút")
	case errors.Is(err, fs.ErrPermission):
		f.hints = a.hint("use a file and a folder of your own, or ask who owns them", "dùng tệp và thư mục của mình, hoặc hỏi người quản lý tệp")
	case errors.Is(err, fs.ErrNotExist):
		f.hints = a.hint("look at the name and the folder", "kiểm tra lại tên tệp và thư mục")
	case errors.Is(err, context.Canceled):
		f.code = exitUndecided
	case errors.Is(err, context.DeadlineExceeded):
		f.code = exitUndecided
	}
	return f
}

func (a *app) hint(en, vi string) []string { return []string{a.t(en, vi)} }

// explainStatus says what to do about what a node answered; 0 if it was no node.
func (a *app) explainStatus(err error) (int, []string) {
	var e *exchange.Error
	if !errors.As(err, &e) {
		return 0, nil
	}
	switch e.Reason {
	case wire.ReasonNoCertificate:
		return exitNo, a.hint("name the certificate: --cert FILE, or --as FILE", "nêu chứng thư: --cert TỆP, hoặc --as TỆP")
	case exchange.ReasonUnknownToken, exchange.ReasonExpiredToken, exchange.ReasonRevokedToken:
		return exitNo, a.hint("an administrator makes another: lienthong token create", "quản trị viên cấp mã khác: lienthong token create")
	case exchange.ReasonDisabled:
		return exitNo, a.hint("an administrator can let the user in again: lienthong user enable NAME", "quản trị viên có thể mở lại: lienthong user enable TÊN")
	case wire.ReasonUnknownCertificate:
		return exitNo, a.hint("an administrator adds it: lienthong user add NAME --cert FILE --grant clerk:AGENCY",
			"quản trị viên thêm: lienthong user add TÊN --cert TỆP --grant clerk:CƠ_QUAN")
	case wire.ReasonExpiredCertificate:
		return exitNo, a.hint("ask for a new client certificate", "xin cấp chứng thư mới")
	case wire.ReasonForbidden:
		return exitNo, a.hint("an administrator grants roles: lienthong user grant NAME --add ROLE:AGENCY",
			"quản trị viên cấp vai trò: lienthong user grant TÊN --add VAI_TRÒ:CƠ_QUAN")
	case exchange.ReasonSeriesUnsure:
		return exitNo, a.hint("letters come in meanwhile, and are accepted once the last number is said: lienthong number start (of what comes: --in) --last N",
			"sau khi khôi phục, nút không biết số cuối đã cấp: xem sổ giấy và phần mềm quản lý văn bản, rồi nêu số cuối: lienthong number start --last N (số đến: thêm --in); văn bản vẫn đến bình thường, chỉ chờ số khi tiếp nhận")
	case "UNKNOWN_AGENCY", exchange.ReasonUnknownRecipient, exchange.ReasonRecipientClosed:
		return exitNo, a.hint("look it up: lienthong agency list", "tra cứu: lienthong agency list")
	}
	switch e.Code {
	case exchange.Unavailable:
		return exitUndecided, a.hint("try again in a moment", "thử lại sau giây lát")
	case 0:
		return exitUndecided, nil
	}
	return exitNo, nil
}

// plainText is what is printed about an error: that of a node without the words of
// this program's own layers, each bad field on a line of its own.
func plainText(err error) []string {
	var e *exchange.Error
	if !errors.As(err, &e) {
		return []string{err.Error()}
	}
	lines := []string{e.Text}
	for _, f := range e.Fields {
		lines = append(lines, f.Path+": "+f.Text)
	}
	return lines
}
