package main

import (
	"encoding/hex"
	"fmt"
	"path"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// What whoever runs a node lists is a table on a terminal, as letters are: it fits, and what
// commands take stands whole. --wide prints it as it is piped.

func (a *app) queueTable() *table {
	return a.fitting(a.t("state", "tình trạng"), a.t("for", "đã"), a.t("from", "nơi gửi"), a.t("to", "nơi nhận"), a.t("next node", "nút tiếp theo"))
}

func (t *table) addQueueEntry(e *lienthongv1.QueueEntry) {
	t.add(t.a.stateText(e.GetState()), t.a.ageOf(e), first(e.GetOriginCode(), e.GetOriginAgency()), first(e.GetRecipientCode(), e.GetRecipient()), orDash(e.GetPeer()))
	t.note(e.GetId(), e.GetReason())
	t.split(t.a.queueText(e))
}

func (a *app) keyTable() *table {
	return a.fitting(a.t("key", "khóa"), a.t("kind", "loại"), a.t("algorithm", "thuật toán"), a.t("holder", "chủ khóa"))
}

func (t *table) addKey(k *lienthongv1.SigningKey) {
	t.whole = 1
	t.add(k.GetId(), t.a.roleText(k.GetRole()), k.GetAlgorithm(), k.GetHolder())
	t.split(t.a.keyUse(k))
}

func (a *app) refusedTable() *table {
	return a.fitting(a.t("minute", "lúc"), a.t("caller", "người gọi"), a.t("reason", "lý do"), a.t("calls", "số lần"), a.t("method", "lệnh gọi"))
}

func (t *table) addRefusal(r *lienthongv1.Refusal) {
	t.add(minute(r.GetMinute()), t.a.callerText(r), r.GetReason(), fmt.Sprint(r.GetCount()), path.Base(r.GetMethod()))
}

func (a *app) journalTable() *table {
	return a.fitting(a.t("entry", "mục"), a.t("time", "lúc"), a.t("who", "ai"), a.t("what", "việc"), a.t("outcome", "kết quả"))
}

func (t *table) addEntry(e *lienthongv1.JournalEntry) {
	t.whole = 1
	t.add(fmt.Sprint(e.GetIndex()), minute(e.GetTime()), e.GetActor(), e.GetAction(), e.GetOutcome())
	t.note(e.GetObject())
}

func (a *app) userTable() *table {
	return a.fitting(a.t("user", "người dùng"), a.t("name", "họ tên"), a.t("state", "tình trạng"))
}

func (t *table) addUser(id, name string, disabled bool, grants []string) {
	t.whole = 1
	state := t.a.t("let in", "được vào")
	if disabled {
		state = t.a.t("disabled", "đã khóa")
	}
	t.add(id, name, state)
	t.words(grants...)
}

func (a *app) tokenTable() *table {
	return a.fitting(a.t("user", "người dùng"), a.t("label", "tên"), a.t("good for", "hiệu lực"), a.t("last use", "lần dùng cuối"))
}

func (t *table) addToken(k *lienthongv1.Token) {
	state, used := t.a.tokenTexts(k)
	t.add(k.GetUser(), k.GetLabel(), state, used)
	t.note(k.GetId())
	t.words(append(grantTexts(k.GetGrants()), k.GetMethods()...)...)
}

func (a *app) peerTable() *table {
	return a.fitting(a.t("node", "nút"), a.t("link", "kết nối"), a.t("who dials", "bên gọi"), a.t("waiting", "đang chờ"), a.t("name", "tên"))
}

func (t *table) addPeer(p *lienthongv1.Peer) {
	t.whole = 1
	who, link := t.a.peerTexts(p)
	t.add(p.GetNode(), link, who, fmt.Sprint(p.GetWaiting()), p.GetName())
}

func (a *app) invitationTable() *table {
	return a.fitting(a.t("node", "nút"), a.t("state", "tình trạng"), a.t("name", "tên"))
}

func (t *table) addInvitation(v *lienthongv1.Invitation) {
	t.whole = 1
	t.add(v.GetNode(), t.a.invitationText(v), v.GetLabel())
	t.note(v.GetId())
	if len(v.GetRequest()) > 0 {
		t.words(append([]string{t.a.t("key", "khóa"), requestKey(v.GetRequest())}, v.GetAddresses()...)...)
	}
}

func (a *app) agencyTable() *table {
	return a.fitting(a.t("code", "mã định danh"), a.t("node", "nút"), a.t("name", "tên cơ quan"))
}

func (t *table) addAgency(m *lienthongv1.Agency) {
	t.whole = 1
	agency := envelope.AgencyFromProto(m)
	t.add(exchange.CodeAt(agency, t.a.now()), agency.HomeNode, agency.Name)
	if agency.Ended != 0 {
		t.note(fmt.Sprintf(t.a.t("ended %s", "kết thúc %s"), vnMicro(agency.Ended)))
	}
}

func (a *app) zoneTable() *table {
	return a.fitting(a.t("zone", "vùng"), a.t("epoch", "phiên bản"), a.t("agencies", "cơ quan"), a.t("nodes", "nút"), a.t("issued", "ban hành"))
}

func (t *table) addZone(z *lienthongv1.ZoneInfo) {
	t.whole = 1
	if z.GetEpoch() == 0 {
		t.add(z.GetZone(), "–", "–", "–", t.a.t("not here yet", "chưa có ở đây"))
		return
	}
	t.add(z.GetZone(), fmt.Sprint(z.GetEpoch()), fmt.Sprint(z.GetAgencies()), fmt.Sprint(z.GetNodes()), minute(z.GetIssued()))
}

func (a *app) jobTable() *table {
	return a.fitting(a.t("asked", "yêu cầu lúc"), a.t("level", "mức"), a.t("attempts", "số lần"))
}

func (t *table) addJob(j *lienthongv1.LevelJob) {
	t.add(minute(j.GetCreatedAt()), levelName(j.GetLevel()), fmt.Sprint(j.GetAttempts()))
	t.note(hex.EncodeToString(j.GetBase()))
	t.split(t.a.jobText(j))
}

func (a *app) holdTable() *table {
	return a.fitting(a.t("since", "từ lúc"), a.t("by", "người ra lệnh"), a.t("state", "tình trạng"), a.t("reason", "lý do"))
}

func (t *table) addHold(h *lienthongv1.LegalHold) {
	state := t.a.t("held", "đang lưu giữ")
	if h.GetReleasedAt() > 0 {
		state = t.a.t("released ", "kết thúc ") + minute(h.GetReleasedAt())
	}
	t.add(minute(h.GetPlacedAt()), h.GetPlacedBy(), state, h.GetReason())
	t.note(h.GetId())
	t.split(t.a.heldText(h))
	if h.GetReleasedAt() > 0 {
		t.split(h.GetReleasedBy() + ": " + h.GetReleaseReason())
	}
}
