package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// longVN are values as long as they come: names of agencies, reasons, ids of users.
const (
	longName   = "Ủy ban nhân dân thị trấn Nông trường Phong Hải, huyện Bảo Thắng, tỉnh Lào Cai – bộ phận tiếp nhận và trả kết quả"
	longReason = "Nghi ngờ mã PIN bị lộ trong khi bàn giao thiết bị; chờ cơ quan cấp chứng thư xác nhận việc thu hồi và cấp lại"
	longUser   = "van-thu.bo-phan-mot-cua.ubnd-thi-tran-nong-truong-phong-hai"
	someID     = "0192f3c4-7b3a-7000-8000-000000000000"
	someMicro  = 1795682406000000
)

// nodeTables are all tables for whoever runs a node, with one row of long values each, and
// what must stand there whole.
func nodeTables(a *app) map[string]struct {
	t     *table
	whole []string
} {
	out := map[string]struct {
		t     *table
		whole []string
	}{}
	add := func(name string, t *table, row func(), whole ...string) {
		row()
		out[name] = struct {
			t     *table
			whole []string
		}{t, whole}
	}
	grants := []*lienthongv1.RoleGrant{}
	for range 9 {
		grants = append(grants, &lienthongv1.RoleGrant{Role: lienthongv1.Role_ROLE_CLERK, Agency: "H55.13.05"})
	}
	queue := a.queueTable()
	add("queue", queue, func() {
		queue.addQueueEntry(&lienthongv1.QueueEntry{Id: someID, State: lienthongv1.DeliveryState_DELIVERY_STATE_DEAD, OriginCode: "H55.13.05.SO.001", RecipientCode: "000.00.14.H20",
			Peer: "nut-lien-thong-tinh-lao-cai", Custodian: "nut-lien-thong-huyen-bao-thang", Reason: "QUOTA_AGENCY", Attempts: 17, Created: someMicro, LateAt: someMicro, DueAt: someMicro + 1e12})
	}, someID, "QUOTA_AGENCY", "nut-lien-thong-huyen-bao-thang", "17")
	keys := a.keyTable()
	add("keys", keys, func() {
		keys.addKey(&lienthongv1.SigningKey{Id: "certificate:" + strings.Repeat("ab", 32), Algorithm: "RSA-3072", Holder: longName, Use: lienthongv1.KeyUse_KEY_USE_SUSPENDED, Reason: longReason})
	}, "certificate:"+strings.Repeat("ab", 32), "RSA-3072")
	users := a.userTable()
	add("users", users, func() { users.addUser(longUser, longName, true, grantTexts(grants)) }, longUser)
	tokens := a.tokenTable()
	add("tokens", tokens, func() {
		tokens.addToken(&lienthongv1.Token{Id: someID, User: longUser, Label: longName, Grants: grants, Methods: []string{"DocumentService/SendDocument", "DeliveryService/*"}, ExpiresAt: someMicro, LastUsed: someMicro})
	}, someID, "DocumentService/SendDocument")
	refused := a.refusedTable()
	add("refused", refused, func() {
		refused.addRefusal(&lienthongv1.Refusal{Minute: someMicro, Caller: longUser, Reason: "UNKNOWN_CERTIFICATE", Count: 120000, Method: "/lienthong.v1.DeliveryService/AcknowledgeDelivery"})
	}, "2026-11-26")
	entries := a.journalTable()
	add("journal", entries, func() {
		entries.addEntry(&lienthongv1.JournalEntry{Index: 12345678, Time: someMicro, Actor: longUser, Action: "directory.certificate_ended", Outcome: "refused", Object: strings.Repeat("ab", 32)})
	}, "12345678", strings.Repeat("ab", 32))
	peers := a.peerTable()
	add("peers", peers, func() {
		peers.addPeer(&lienthongv1.Peer{Node: "nut-lien-thong-huyen-bao-thang-tinh-lao-cai", Name: longName, Waiting: 1234567, Dialled: true})
	}, "nut-lien-thong-huyen-bao-thang-tinh-lao-cai")
	asked := a.invitationTable()
	add("invitations", asked, func() {
		asked.addInvitation(&lienthongv1.Invitation{Id: someID, Node: "nut-lien-thong-huyen-bao-thang", Label: longName, State: lienthongv1.InvitationState_INVITATION_STATE_OPEN, ExpiresAt: someMicro,
			Request: []byte{1}, Addresses: []string{"lien-thong.bao-thang.lao-cai.example:7443", "10.20.30.40:7443", "lien-thong-du-phong.lao-cai.example:7443"}})
	}, someID, "lien-thong-du-phong.lao-cai.example:7443")
	agencies := a.agencyTable()
	add("agencies", agencies, func() {
		agencies.addAgency(&lienthongv1.Agency{Id: "a", Codes: []*lienthongv1.AgencyCode{{Code: "H55.13.05.0123456789.0123456789"}}, Name: longName, HomeNode: "nut-lien-thong-huyen-bao-thang", Ended: someMicro})
	}, "H55.13.05.0123456789.0123456789")
	zones := a.zoneTable()
	add("zones", zones, func() {
		zones.addZone(&lienthongv1.ZoneInfo{Zone: "vung-lien-thong-cac-huyen-mien-nui-phia-bac-tinh-lao-cai", Epoch: 123456, Agencies: 123456, Nodes: 12345, Issued: someMicro})
	}, "vung-lien-thong-cac-huyen-mien-nui-phia-bac-tinh-lao-cai", "123456")
	jobs := a.jobTable()
	add("jobs", jobs, func() {
		jobs.addJob(&lienthongv1.LevelJob{CreatedAt: someMicro, Base: bytes.Repeat([]byte{0xab}, 32), State: lienthongv1.LevelJobState_LEVEL_JOB_STATE_GIVEN_UP, Reason: "TSA_FAILED", Detail: longReason})
	}, strings.Repeat("ab", 32), "TSA_FAILED")
	holds := a.holdTable()
	add("holds", holds, func() {
		holds.addHold(&lienthongv1.LegalHold{Id: someID, Kind: lienthongv1.HoldKind_HOLD_KIND_LETTER, EnvelopeId: someID, OriginNode: "nut-lien-thong-huyen-bao-thang", PlacedAt: someMicro, PlacedBy: longUser,
			Reason: longReason, ReleasedAt: someMicro, ReleasedBy: longUser, ReleaseReason: longReason})
	}, someID, "nut-lien-thong-huyen-bao-thang")
	return out
}

// Tables for whoever runs a node fit 80 columns with the longest values, in both languages,
// and what commands take stands whole; with --wide, and where no terminal is, there are none.
func TestNodeTablesFitATerminal(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "vi"} {
		var out bytes.Buffer
		a := &app{out: &out, lang: lang, now: func() time.Time { return time.UnixMicro(someMicro).Add(400 * time.Hour) }, env: func(name string) (string, bool) { return "80", name == "COLUMNS" }}
		for name, one := range nodeTables(a) {
			out.Reset()
			one.t.end()
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if len(lines) < 2 {
				t.Errorf("%s, %s: %d lines", name, lang, len(lines))
			}
			for _, line := range lines {
				if w := displayWidth(line); w > 80 {
					t.Errorf("%s, %s: %d wide: %q", name, lang, w, line)
				}
			}
			for _, text := range one.whole {
				if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, text) }) {
					t.Errorf("%s, %s: no %q in\n%s", name, lang, text, out.String())
				}
			}
		}
		a.wide = true
		if a.queueTable() != nil || a.inboxTable() != nil || a.keyTable() != nil {
			t.Error("a table in spite of --wide")
		}
	}
}

// Words of a note go on as many lines as they need, and none is lost.
func TestTableWords(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a := &app{out: &out, env: func(name string) (string, bool) { return "20", name == "COLUMNS" }}
	table := a.table("x")
	table.add("1")
	table.words("clerk:H55", "clerk:H55.08", "admin", "một-từ-dài-hơn-cả-dòng-này")
	table.words()
	table.end()
	if want := "x\n1\n  clerk:H55\n  clerk:H55.08 admin\n  một-từ-dài-hơn-cả…\n"; out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}
