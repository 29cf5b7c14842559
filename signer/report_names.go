package signer

// A rule is one row of what validation looks at: the stable name of its
// findings, the clause that it rests on, and how people call it.
type rule struct {
	name   string
	clause string
	en, vi string
}

// The checks on the file and on the structure around a signature.
var (
	ruleTrailing    = rule{"trailing-data", "ISO 32000-2 7.5.5", "data after the end of the last revision", "dữ liệu nằm sau phần cuối của tệp"}
	ruleHeader      = rule{"header", "ISO 32000-2 7.5.2", "start of the file", "phần đầu tệp"}
	ruleHidden      = rule{"hidden-objects", "ISO 32000-2 7.5.4", "objects that the file holds but does not list", "đối tượng ẩn trong tệp"}
	ruleForm        = rule{"form-tree", "ISO 32000-2 12.7.3", "form fields", "cây trường biểu mẫu"}
	ruleOrphan      = rule{"orphan-signature", "ISO 32000-2 12.8.1", "signature that belongs to no field", "chữ ký không thuộc trường nào"}
	ruleDictionary  = rule{"signature-dictionary", "ISO 32000-2 12.8.1", "signature dictionary", "từ điển chữ ký"}
	ruleDuplicate   = rule{"duplicate-keys", "ISO 32000-2 7.3.7", "keys given twice", "khóa bị lặp"}
	ruleSubFilter   = rule{"sub-filter", "ISO 32000-2 12.8.3.1", "kind of signature", "loại chữ ký"}
	ruleByteRange   = rule{"byte-range", "ISO 32000-2 12.8.1", "bytes that the signature covers", "phạm vi byte được ký"}
	ruleHole        = rule{"contents-hole", "ISO 32000-2 12.8.1", "place of the signature value", "vị trí giá trị chữ ký"}
	ruleEncoding    = rule{"contents-encoding", "ISO 32000-2 7.3.4.3", "spelling of the signature value", "cách ghi giá trị chữ ký"}
	rulePadding     = rule{"contents-padding", "EN 319 142-1 5.2", "what follows the signature value", "phần đệm sau giá trị chữ ký"}
	ruleVanished    = rule{"signature-vanished", "ISO 32000-2 12.8.1", "signature removed later", "chữ ký đã bị gỡ bỏ"}
	ruleReplaced    = rule{"signature-replaced", "ISO 32000-2 12.8.1", "signature replaced later", "chữ ký đã bị thay thế"}
	ruleCertified   = rule{"certification", "ISO 32000-2 12.8.2.2", "certification", "chữ ký chứng thực tài liệu"}
	ruleCMS         = rule{"cms-format", "RFC 5652 5.1", "form of the signature value", "định dạng giá trị chữ ký"}
	ruleContentType = rule{"content-type", "RFC 5652 11.1", "content type", "kiểu nội dung"}
	ruleSignature   = rule{"signature-value", "RFC 5652 5.4", "signature value and digest", "giá trị chữ ký và giá trị băm"}
	ruleDigestAlg   = rule{"algorithm", "EN 319 102-1 5.2.8", "algorithms", "thuật toán"}
	rulePath        = rule{"certificate-path", "RFC 5280 6.1", "certificate path", "đường dẫn chứng thư số"}
	ruleRevocation  = rule{"revocation", "RFC 5280 6.3", "status of the certificate", "trạng thái chứng thư số"}
	ruleRevokedCA   = rule{"revocation-ca", "RFC 5280 6.3", "status of a CA certificate", "trạng thái chứng thư số của CA"}
	ruleBinding     = rule{"agency-binding", "Decree 30/2020/NĐ-CP Art. 5", "agency of the signer", "cơ quan của người ký"}
	ruleSignedTime  = rule{"signature-timestamp", "EN 319 122-1 5.3", "time-stamp of the signature", "dấu thời gian của chữ ký"}
	ruleContentTime = rule{"content-timestamp", "EN 319 122-1 5.2.8", "time-stamp that the signer signed", "dấu thời gian trước khi ký"}
	ruleDocTime     = rule{"document-timestamp", "EN 319 142-1 5.4.3", "time-stamp of the document", "dấu thời gian của tài liệu"}
	ruleClaimedTime = rule{"claimed-time", "EN 319 142-1 6.3", "time that the signer states", "thời điểm ký do người ký khai"}
	ruleLater       = rule{"later-changes", "ISO 32000-2 12.8.2.2", "what was added after the signature", "nội dung bổ sung sau khi ký"}
	ruleDocMDP      = rule{"doc-mdp", "ISO 32000-2 12.8.2.2", "changes that the certification forbids", "thay đổi bị chữ ký chứng thực cấm"}
	ruleFieldMDP    = rule{"field-mdp", "ISO 32000-2 12.8.2.4", "change of a locked field", "thay đổi trường đã khóa"}
	ruleUnchecked   = rule{"visible-signature-unchecked", "ISO 32000-2 12.5.6.19", "later visible signature, not compared with the text below it", "chữ ký hiển thị thêm sau, chưa đối chiếu với chữ bên dưới"}
	ruleRegistered  = rule{"registration-text", "Decree 30/2020/NĐ-CP Appendix I", "text that another tool put on a signed page", "chữ do phần mềm khác ghi lên trang đã ký"}
	ruleDynamic     = rule{"dynamic-content", "ISO 32000-2 12.6", "what can change what the file shows", "thành phần động có thể làm đổi nội dung hiển thị"}
	ruleEmbedded    = rule{"embedded-files", "ISO 32000-2 7.11.4", "files inside the file", "tệp đính kèm bên trong tệp"}
	ruleMetadata    = rule{"metadata-changed", "ISO 32000-2 14.3", "description of the document changed later", "thông tin mô tả tài liệu bị đổi sau khi ký"}
	ruleUsages      = rule{"policy-usages", "RFC 5280 4.2.1.3", "uses that the policy asks of a signer's certificate", "mục đích sử dụng mà chính sách đòi hỏi"}
	ruleRules       = rule{"signature-policy", "EN 319 102-1 5.2.4", "rules that the signer names", "chính sách ký mà người ký nêu"}
	ruleRepaired    = rule{"repaired", "ISO 32000-2 7.5.4", "damaged file, read as far as it could be", "tệp bị hỏng, chỉ đọc được phần khôi phục"}
	ruleUnreached   = rule{"unreferenced-objects", "ISO 32000-2 7.5.6", "objects added that nothing refers to", "đối tượng thêm vào mà không nơi nào dùng"}
)

// names of findings that other packages make, by their codes.
var foreignNames = map[string]rule{
	"signer-count":            {en: "number of signers in the signature value", vi: "số người ký trong giá trị chữ ký"},
	"content-present":         {en: "content inside the signature value", vi: "nội dung nằm trong giá trị chữ ký"},
	"content-missing":         {en: "content missing in the time-stamp", vi: "dấu thời gian thiếu nội dung"},
	"content-type":            {en: "content type", vi: "kiểu nội dung"},
	"no-signed-attributes":    {en: "signed attributes missing", vi: "thiếu thuộc tính được ký"},
	"attribute-count":         {en: "attributes given twice", vi: "thuộc tính bị lặp"},
	"message-digest":          {en: "digest of the document", vi: "giá trị băm của tài liệu"},
	"signing-certificate":     {en: "certificate named by the signer", vi: "chứng thư số mà người ký nêu"},
	"no-signing-certificate":  {en: "signer does not name the certificate", vi: "chữ ký không nêu chứng thư số"},
	"no-certificate":          {en: "certificate of the signer missing", vi: "thiếu chứng thư số của người ký"},
	"algorithm-mismatch":      {en: "algorithms that do not agree", vi: "các thuật toán không khớp"},
	"algorithm-unknown":       {en: "unknown algorithm", vi: "thuật toán không nhận biết được"},
	"algorithm-weak":          {en: "weak algorithm", vi: "thuật toán không đạt"},
	"signing-time-present":    {en: "signing time given twice", vi: "thời điểm ký ghi hai nơi"},
	"unreadable-certificate":  {en: "unreadable certificate", vi: "chứng thư số không đọc được"},
	"no-chain":                {en: "no path to a trusted CA", vi: "không có đường dẫn tới CA tin cậy"},
	"expired":                 {en: "certificate expired", vi: "chứng thư số hết hạn"},
	"not-yet-valid":           {en: "certificate not yet valid", vi: "chứng thư số chưa có hiệu lực"},
	"wrong-usage":             {en: "certificate not made for this use", vi: "chứng thư số sai mục đích sử dụng"},
	"not-ca":                  {en: "issuer is not a CA", vi: "bên cấp không phải là CA"},
	"weak-algorithm":          {en: "weak algorithm", vi: "thuật toán không đạt"},
	"bad-signature":           {en: "certificate not signed by its issuer", vi: "chứng thư số không do CA nêu tên ký"},
	"path-length":             {en: "too many CAs in the path", vi: "đường dẫn có quá nhiều CA"},
	"name-constraints":        {en: "name outside what the CA may certify", vi: "tên ngoài phạm vi của CA"},
	"unknown-extension":       {en: "critical extension not understood", vi: "phần mở rộng bắt buộc không nhận biết được"},
	"explicit-policy":         {en: "certificate policy demanded", vi: "CA đòi hỏi chính sách chứng thư"},
	"too-many-candidates":     {en: "too many possible paths", vi: "quá nhiều đường dẫn có thể"},
	"algorithm-not-permitted": {en: "algorithm not permitted", vi: "thuật toán không đạt"},
	FindingKept:               {en: "asked and kept before the key was used here", vi: "đã kiểm tra và lưu trước khi ký tại nút này"},
}

var ownNames = func() map[string]rule {
	m := make(map[string]rule)
	for _, r := range []rule{
		ruleTrailing, ruleHeader, ruleUsages, ruleRepaired, ruleHidden, ruleForm, ruleOrphan, ruleDictionary,
		ruleDuplicate, ruleSubFilter, ruleByteRange, ruleHole, ruleEncoding, rulePadding, ruleVanished, ruleReplaced,
		ruleCertified, ruleCMS, ruleSignature, ruleDigestAlg, rulePath, ruleRevocation, ruleRevokedCA, ruleBinding,
		ruleSignedTime, ruleContentTime, ruleDocTime, ruleClaimedTime, ruleLater, ruleDocMDP, ruleFieldMDP, ruleUnchecked, ruleMetadata,
		ruleUnreached, ruleRules, ruleRegistered, ruleDynamic, ruleEmbedded,
		ruleRegistration, ruleFilled, ruleShown, ruleCrashed,
	} {
		m[r.name] = r
	}
	return m
}()

// title is how people call a finding, in the given language.
func title(name string, lang Language) string {
	r, ok := ownNames[name]
	if !ok {
		r, ok = foreignNames[name]
	}
	switch {
	case !ok:
		return name
	case lang == Vietnamese:
		return r.vi
	}
	return r.en
}
