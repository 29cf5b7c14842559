package signer

import "lienthong/certs"

// cause is what it means that a check failed by a fault which only a layer below can
// describe.
type cause struct{ code, vi string }

// passedCheck stands for every check that passed: what it found needs no cause.
const passedCheck = "passed"

// causes are by the names of the checks.
var causes = map[string]cause{
	passedCheck:                  {"found", "{cause}"},
	ruleRepaired.name:            {"repaired.how", "tệp bị hỏng, chỉ xét được phần khôi phục; chi tiết kỹ thuật: {cause}"},
	ruleByteRange.name:           {"byte-range.wrong", "chữ ký không bao phủ đúng phần tài liệu phải ký; chi tiết kỹ thuật: {cause}"},
	ruleRules.name:               {"signature-policy.unreadable", "không đọc được chính sách ký mà người ký nêu; chi tiết kỹ thuật: {cause}"},
	ruleDigestAlg.name:           {"algorithm.refused", "thuật toán hoặc độ dài khóa không được chính sách chấp nhận; chi tiết kỹ thuật: {cause}"},
	ruleSignedTime.name:          {"signature-timestamp.broken", "dấu thời gian của chữ ký không hợp lệ; chi tiết kỹ thuật: {cause}"},
	ruleContentTime.name:         {"content-timestamp.broken", "dấu thời gian trước khi ký không hợp lệ; chi tiết kỹ thuật: {cause}"},
	ruleDocTime.name:             {"document-timestamp.broken", "dấu thời gian của tài liệu không hợp lệ; chi tiết kỹ thuật: {cause}"},
	ruleCMS.name:                 {"cms-format.unreadable", "giá trị chữ ký bị hỏng, không đọc được; chi tiết kỹ thuật: {cause}"},
	string(certs.ExplicitPolicy): {"explicit-policy.lacking", "đường dẫn không có chính sách chứng thư mà CA đòi hỏi; chi tiết kỹ thuật: {cause}"},
}

// vocabulary are the words of single values: of roles, of where an answer came from,
// of statuses, and of what a certificate is for.
var vocabulary = map[string]string{
	RolePersonal: "người có thẩm quyền", RoleAgency: "chữ ký số của cơ quan",
	"file": "tệp được cung cấp", "cache": "bản lưu", "network": "mạng", "dss": "kho dữ liệu xác thực trong tệp", "signature": "kèm trong chữ ký",
	"good": "không bị thu hồi", "revoked": "đã bị thu hồi", "on_hold": "đang bị tạm dừng", "unknown": "không xác định", "stale": "đã cũ",
	"crl": "danh sách thu hồi", "ocsp": "trả lời OCSP",
	"official signing": "ký số chuyên dùng công vụ", "public signing": "ký số công cộng", "time-stamping": "cấp dấu thời gian",
	"OCSP signing": "ký trả lời OCSP", "CRL signing": "ký danh sách thu hồi",
	"(none)": "(không có)",
}
