package signer

// The questions whether the signed bytes are unchanged, and when they were signed,
// by their index.
const (
	whole = 1
	when  = 3
)

// whySteps are asked of every signature in this order; what fails early is not
// made good by what comes later.
var whySteps = []whyStep{
	{
		en: "Is it one signature, of a known form, and does it cover what it must?", vi: "Chữ ký có đúng định dạng và bao phủ đúng phần tài liệu phải ký không?",
		names: []string{
			ruleDictionary.name, ruleDuplicate.name, ruleSubFilter.name, ruleByteRange.name, ruleHole.name, ruleEncoding.name, rulePadding.name,
			ruleVanished.name, ruleReplaced.name, ruleForm.name, ruleOrphan.name, ruleCMS.name, ruleContentType.name,
			"signer-count", "content-present", "content-missing", "no-signed-attributes", "attribute-count",
		},
		answer:  func(p *textPrinter, s *Signature) string { return p.coverage(s.Coverage) },
		reached: func(s *Signature) bool { return s.Coverage != CoverageBroken },
	},
	{
		en: "Are the signed bytes still those that were signed?", vi: "Phần đã ký có còn nguyên vẹn như khi ký không?",
		names:   []string{ruleSignature.name, "message-digest", "algorithm-mismatch", "algorithm-unknown", "no-certificate", "signing-certificate", "no-signing-certificate", "unreadable-certificate"},
		answer:  func(p *textPrinter, s *Signature) string { return p.integrity(s) },
		reached: func(s *Signature) bool { return s.Integrity != IntegrityUnknown },
	},
	{
		en: "What was added to the file after signing, and was that permitted?", vi: "Sau khi ký, tệp được bổ sung gì và có được phép không?",
		names: []string{ruleLater.name, ruleDocMDP.name, ruleFieldMDP.name, ruleCertified.name},
		answer: func(p *textPrinter, s *Signature) string {
			return p.say("added: ", "bổ sung: ") + p.changes(s.Changes)
		},
		reached: func(s *Signature) bool { return s.Coverage != CoverageBroken },
	},
	{
		en: "When was it signed, and what proves that?", vi: "Ký lúc nào, và có gì chứng minh thời điểm đó?",
		names:   []string{ruleSignedTime.name, ruleContentTime.name, ruleClaimedTime.name, "signing-time-present"},
		answer:  func(p *textPrinter, s *Signature) string { return p.signingTime(s) },
		reached: func(s *Signature) bool { return !s.BestTime.IsZero() || !s.ClaimedTime.IsZero() },
	},
	{
		en: "Whose certificate is it, and does a trusted CA vouch for it?", vi: "Chứng thư số của ai, và có được CA tin cậy bảo đảm không?",
		names: []string{
			rulePath.name, "no-chain", "expired", "not-yet-valid", "wrong-usage", "not-ca", "bad-signature", "path-length", "name-constraints",
			"unknown-extension", "explicit-policy", "too-many-candidates",
		},
		answer: func(p *textPrinter, s *Signature) string {
			return s.Signer.CommonName + p.say(", certified by ", ", do ") + s.Signer.Issuer + p.say("", " cấp") + "; " + p.period(s)
		},
	},
	{
		en: "Was the certificate revoked when it signed?", vi: "Khi ký, chứng thư số có bị thu hồi không?",
		names:   []string{ruleRevocation.name, ruleRevokedCA.name},
		answer:  func(p *textPrinter, s *Signature) string { return p.revocation(s.Revocation.Status) },
		reached: func(s *Signature) bool { return s.Revocation.Status == "good" },
	},
	{
		en: "Are the algorithms strong enough?", vi: "Thuật toán có đạt yêu cầu không?",
		names:   []string{ruleDigestAlg.name, "algorithm-weak", "weak-algorithm", "algorithm-not-permitted"},
		reached: func(s *Signature) bool { return s.Indication == TotalPassed },
	},
	{
		en: "Does the signer speak for the agency from which the file claims to come?", vi: "Người ký có thuộc cơ quan được nêu là nơi ban hành không?",
		names:   []string{ruleBinding.name},
		answer:  func(p *textPrinter, s *Signature) string { return s.Agency + p.role(s.Role) },
		reached: func(s *Signature) bool { return s.Binding == BindingBound },
	},
}

func (p *textPrinter) coverage(c Coverage) string {
	switch c {
	case CoverageWhole:
		return p.say("it covers the whole file", "chữ ký bao phủ toàn bộ tệp")
	case CoverageRevision:
		return p.say("it covers the file as it was when signed; more was added later", "chữ ký bao phủ tệp tại thời điểm ký; sau đó tệp được bổ sung")
	}
	return p.say("it does not cover what it must", "chữ ký không bao phủ đúng phần phải ký")
}

// advice is what an answer means for people, and what they can do about it.
type advice struct{ meaning, todo words }

type words struct{ en, vi string }

var (
	askSender = words{"do not use the file; ask the sender, by another way, for the file as it was signed", "không sử dụng tệp; liên hệ nơi gửi qua kênh khác để nhận lại đúng tệp đã ký"}
	askAgain  = words{"ask the signer to sign again with a valid certificate", "đề nghị người ký ký lại bằng chứng thư số còn hiệu lực"}
	getStatus = words{"check again with fresh revocation lists (--crl) or with the network", "kiểm tra lại với danh sách thu hồi mới (--crl) hoặc khi có kết nối mạng"}
	needProof = words{"look for a copy with a time-stamp from before that date; without one, ask for a new signature", "tìm bản có dấu thời gian trước thời điểm đó; nếu không có, đề nghị ký lại"}
)

var advices = map[SubIndication]advice{
	FormatFailure:            {words{"the file is not in the form in which it was signed: it was changed afterwards, or made to deceive", "tệp không còn ở dạng khi ký: đã bị thay đổi sau khi ký hoặc bị làm giả"}, askSender},
	HashFailure:              {words{"the signed bytes were changed", "phần đã ký bị thay đổi"}, askSender},
	SigCryptoFailure:         {words{"the signature value was not made with the key of this certificate", "giá trị chữ ký không được tạo bằng khóa của chứng thư số này"}, askSender},
	Revoked:                  {words{"it was signed after the certificate had been revoked", "ký sau khi chứng thư số đã bị thu hồi"}, askAgain},
	Expired:                  {words{"it was signed after the certificate had expired", "ký sau khi chứng thư số đã hết hạn"}, askAgain},
	NotYetValid:              {words{"it was signed before the certificate was valid", "ký trước khi chứng thư số có hiệu lực"}, askAgain},
	SigConstraintsFailure:    {words{"the directory does not know this certificate as one of the claimed agency", "danh bạ không ghi nhận chứng thư số này thuộc cơ quan được nêu"}, words{"check the agency's code, bring the directory up to date, or ask the agency", "kiểm tra mã cơ quan, cập nhật danh bạ hoặc hỏi lại cơ quan ban hành"}},
	ChainConstraintsFailure:  {words{"a certificate on the way to the CA was not made for this use", "một chứng thư số trong đường dẫn không đúng mục đích sử dụng"}, askAgain},
	CertificateChainGeneral:  {words{"nobody could say whether the certificate was revoked", "không xác định được chứng thư số có bị thu hồi hay không"}, getStatus},
	CryptoConstraintsFailure: {words{"an algorithm or key is too weak to prove anything", "thuật toán hoặc độ dài khóa không đạt, không có giá trị chứng minh"}, words{"ask for a signature with a stronger algorithm", "đề nghị ký lại bằng thuật toán đạt yêu cầu"}},
	CryptoConstraintsFailureNoPOE: {words{"an algorithm has become too weak, and nothing proves that the signature is older than that", "thuật toán nay không còn đạt, và không có gì chứng minh chữ ký có từ trước đó"},
		needProof},
	SignaturePolicyNotAvailable: {words{"the signature names rules that are not known here", "chữ ký dẫn chiếu chính sách ký không có ở đây"}, words{"ask the sender for these rules", "hỏi nơi gửi về chính sách ký"}},
	NoSigningCertificateFound:   {words{"the file does not hold the certificate of the signer", "tệp không chứa chứng thư số của người ký"}, askSender},
	NoCertificateChainFound:     {words{"no CA that is trusted here vouches for the certificate: anyone can make such a one", "không có CA tin cậy nào bảo đảm chứng thư số: ai cũng có thể tự tạo"}, words{"if you know the CA by another way, give it with --trust; otherwise do not rely on the name of the signer", "nếu biết rõ CA qua kênh khác, nạp bằng --trust; nếu không, đừng tin tên người ký"}},
	RevokedNoPOE:                {words{"the certificate is revoked, and nothing proves that the signature is older than that", "chứng thư số đã bị thu hồi, và không có gì chứng minh chữ ký có từ trước đó"}, needProof},
	RevokedCANoPOE:              {words{"the CA is revoked, and nothing proves that the signature is older than that", "CA đã bị thu hồi, và không có gì chứng minh chữ ký có từ trước đó"}, needProof},
	OutOfBoundsNoPOE:            {words{"the certificate is not valid now, and nothing proves that the signature was made while it was", "chứng thư số hiện không còn hiệu lực, và không có gì chứng minh chữ ký được tạo khi còn hiệu lực"}, needProof},
	OutOfBoundsNotRevoked:       {words{"the certificate is not valid now; it was not revoked, but nothing proves when it signed", "chứng thư số hiện hết hiệu lực, không bị thu hồi, nhưng không có gì chứng minh thời điểm ký"}, needProof},
	TimestampOrderFailure:       {words{"the times in the file contradict one another", "các mốc thời gian trong tệp mâu thuẫn nhau"}, askSender},
	TryLater:                    {words{"the answer about the certificate is too old, or the certificate is suspended", "thông tin trạng thái đã cũ hoặc chứng thư số đang tạm dừng"}, getStatus},
	Generic:                     {words{"this kind of signature is not known here", "loại chữ ký này không được hỗ trợ"}, words{"check it with the program of those who sign so", "kiểm tra bằng phần mềm của nơi tạo chữ ký"}},
}

var verdictAdvices = map[Verdict]advice{
	VerdictValid:         {words{"every signature holds, and nothing was added that is not permitted", "mọi chữ ký đều hợp lệ và không có bổ sung nào trái phép"}, words{"the file can be used; read what is marked with !", "có thể sử dụng tệp; đọc các mục đánh dấu !"}},
	VerdictInvalid:       {words{"at least one signature does not hold; the file is not what was signed, or was signed wrongly", "có chữ ký không hợp lệ; tệp không đúng như khi ký hoặc ký sai"}, words{"do not act on the file; see what is marked with ✗ above", "không giải quyết theo tệp này; xem các mục đánh dấu ✗ ở trên"}},
	VerdictIndeterminate: {words{"nothing is shown to be wrong, and not all is shown to be right", "chưa phát hiện sai, nhưng cũng chưa đủ căn cứ để xác nhận"}, words{"do not treat it as valid; do what is said at the signature", "chưa coi là hợp lệ; làm theo hướng dẫn ở từng chữ ký"}},
	VerdictUnsigned:      {words{"nobody has signed this file", "chưa có ai ký tệp này"}, words{"treat it as a draft or a copy", "chỉ coi là dự thảo hoặc bản sao"}},
	VerdictIntact:        {words{"what was signed is unchanged; who signed was not asked", "phần đã ký còn nguyên vẹn; chưa xét người ký là ai"}, words{"check again under the default policy, with --trust", "kiểm tra lại theo chính sách mặc định, kèm --trust"}},
	VerdictAltered:       {words{"what was signed was changed, or the signature is broken", "phần đã ký bị thay đổi hoặc chữ ký bị hỏng"}, askSender},
}
