package main

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// The words of states, verdicts and statuses. Those of statuses are the ones of
// QCVN 102:2016, so that a clerk meets the same word in every program.

var stateWords = map[lienthongv1.DeliveryState][2]string{
	lienthongv1.DeliveryState_DELIVERY_STATE_QUEUED:    {"queued", "chờ gửi"},
	lienthongv1.DeliveryState_DELIVERY_STATE_OFFERED:   {"offered", "đang chuyển"},
	lienthongv1.DeliveryState_DELIVERY_STATE_RELAYED:   {"relayed", "đã chuyển tiếp"},
	lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED: {"delivered", "đã giao"},
	lienthongv1.DeliveryState_DELIVERY_STATE_HELD:      {"held", "tạm giữ"},
	lienthongv1.DeliveryState_DELIVERY_STATE_FAILED:    {"failed", "không giao được"},
	lienthongv1.DeliveryState_DELIVERY_STATE_IN_DOUBT:  {"in doubt", "chưa rõ"},
	lienthongv1.DeliveryState_DELIVERY_STATE_STOPPED:   {"stopped", "đã dừng"},
	lienthongv1.DeliveryState_DELIVERY_STATE_DROPPED:   {"dropped", "đã bỏ"},
	lienthongv1.DeliveryState_DELIVERY_STATE_DEAD:      {"dead", "chờ xử lý"},
}

func (a *app) stateText(s lienthongv1.DeliveryState) string {
	w, ok := stateWords[s]
	if !ok {
		return s.String()
	}
	return a.t(w[0], w[1])
}

func (a *app) verdictText(v string) string {
	switch v {
	case "":
		return a.t("checking", "đang kiểm tra")
	case "valid":
		return a.t("valid", "hợp lệ")
	case "invalid":
		return a.t("INVALID", "KHÔNG HỢP LỆ")
	case "indeterminate":
		return a.t("undecided", "không xác định")
	case "unsigned":
		return a.t("not signed", "chưa ký số")
	}
	return v
}

var statusWords = map[uint32][2]string{
	1: {"01 arrived", "01 đã đến"}, 2: {"02 refused", "02 từ chối"}, 3: {"03 accepted", "03 đã tiếp nhận"},
	4: {"04 assigned", "04 phân công"}, 5: {"05 in work", "05 đang xử lý"}, 6: {"06 done", "06 hoàn thành"},
	13: {"13 take back", "13 lấy lại"}, 15: {"15 agreed", "15 đồng ý"}, 16: {"16 declined", "16 từ chối lấy lại"},
}

func (a *app) statusText(code uint32) string {
	if code == 0 {
		return "–"
	}
	w, ok := statusWords[code]
	if !ok {
		return fmt.Sprintf("%02d", code)
	}
	return a.t(w[0], w[1])
}

// roleText is whose signature a key or a certificate makes.
func (a *app) roleText(r lienthongv1.CertificateRole) string {
	if r == lienthongv1.CertificateRole_CERTIFICATE_ROLE_PERSONAL {
		return a.t("personal", "cá nhân")
	}
	return a.t("agency", "cơ quan")
}

var statementWords = map[lienthongv1.StatementKind][2]string{
	lienthongv1.StatementKind_STATEMENT_KIND_SUBMITTED: {"taken from the sender", "nhận từ nơi gửi"},
	lienthongv1.StatementKind_STATEMENT_KIND_CUSTODY:   {"answers for it", "nhận chuyển tiếp"},
	lienthongv1.StatementKind_STATEMENT_KIND_DELIVERED: {"delivered", "đã giao"},
	lienthongv1.StatementKind_STATEMENT_KIND_VALIDATED: {"checked", "đã kiểm tra chữ ký"},
	lienthongv1.StatementKind_STATEMENT_KIND_FAILED:    {"failed", "không giao được"},
	lienthongv1.StatementKind_STATEMENT_KIND_STOPPED:   {"stopped", "đã dừng"},
	lienthongv1.StatementKind_STATEMENT_KIND_DROPPED:   {"dropped", "đã bỏ"},
	lienthongv1.StatementKind_STATEMENT_KIND_STATUS:    {"status", "trạng thái"},
	lienthongv1.StatementKind_STATEMENT_KIND_CONSENT:   {"consent", "chấp thuận"},
	lienthongv1.StatementKind_STATEMENT_KIND_REMARK:    {"noted", "ghi nhận"},
}

// eventText is one statement in words.
func (a *app) eventText(e *lienthongv1.HistoryEvent) string {
	w := statementWords[e.GetKind()]
	text := a.t(w[0], w[1])
	switch e.GetKind() {
	case lienthongv1.StatementKind_STATEMENT_KIND_STATUS, lienthongv1.StatementKind_STATEMENT_KIND_CONSENT:
		text = a.statusText(e.GetStatus())
		if e.GetDetail() != "" {
			text += ": " + e.GetDetail()
		}
	case lienthongv1.StatementKind_STATEMENT_KIND_VALIDATED:
		text += ": " + a.verdictText(e.GetDetail())
	case lienthongv1.StatementKind_STATEMENT_KIND_FAILED, lienthongv1.StatementKind_STATEMENT_KIND_DROPPED:
		text += ": " + e.GetDetail()
	}
	return text
}

// vnMicro is a time of the API for people.
func vnMicro(micro int64) string {
	if micro == 0 {
		return "–"
	}
	return time.UnixMicro(micro).In(hanoi).Format("2006-01-02 15:04:05")
}

// printProto prints a message as one line of JSON, with the field names of the .proto.
func (a *app) printProto(m proto.Message) error {
	data, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return err
	}
	a.printf("%s\n", data)
	return nil
}
