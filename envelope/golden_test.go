package envelope

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// update writes golden files that are not there yet. One that is there is never
// written again: what was signed once must verify for ever.
var update = flag.Bool("update", false, "write golden files that are missing")

const goldenTime = 1795255200000000

func goldenID(b byte) ID { return ID(bytes.Repeat([]byte{b}, 16)) }

func goldenRoute() *Route {
	return &Route{ID: goldenID(1), Kind: KindDocument, Schema: 1, OriginNode: "ba-hang.node", Incarnation: goldenID(2),
		OriginAgency: AgencyRef{"a-17", "H55.26.11"}, Recipients: []Recipient{{AgencyRef{"a-3", "H55.26"}, RecipientTo}, {AgencyRef{"a-1", "H55"}, RecipientCopy}},
		Urgency: UrgencyFlash, Created: goldenTime, NotBefore: goldenTime + 1, ExpiresAt: goldenTime + 604800000000, Thread: goldenID(1), Version: 1,
		Relations:   []Relation{{RelationRepliesTo, AgencyRef{"a-3", "H55.26"}, "H55.26,2026,7/CV-UBND", Sum([]byte("earlier"))}},
		ContentSize: 512, ContentDigest: Sum([]byte("content")), FilesSize: 70123}
}

func goldenContent() *Content {
	return &Content{Salt: [32]byte{9, 8, 7}, Metadata: Metadata{DocumentID: "H55.26.11,2026,15/BC-UBND", Number: "15", Symbol: "BC-UBND",
		Subject: "Về việc báo cáo công tác văn thư, lưu trữ", TypeCode: "BC", TypeName: "Báo cáo", IssuedDate: "2026-11-20", Place: "Ba Hàng",
		Signer: SignerInfo{"TM.", "CHỦ TỊCH", "Trần Văn Đĩnh"}, DueDate: "2026-12-01", ToPlaces: []string{"Như trên", "Lưu: VT"}, PageAmount: 3,
		DossierCode: "HS-1", Summary: "Tóm tắt"}, Staff: Staff{"cb-17", "Nguyễn Thị Ngọc Bích", "Văn phòng"},
		Files: []ContentFile{{FileMain, "báo cáo.pdf", "application/pdf", 70000, Sum([]byte("pdf")), Sum([]byte("leaves"))},
			{FileAnnex, "phụ lục.xlsx", "application/vnd.ms-excel", 123, Sum([]byte("xls")), Sum([]byte("leaf"))}}}
}

// goldenThread are contents of a recall without files, and of a replacement.
func goldenThread() map[string]*Content {
	recall, change := goldenContent(), goldenContent()
	recall.Files, recall.Recall = nil, &RecallDetail{TakeBack, "Gửi nhầm bản dự thảo"}
	change.Change = &ChangeDetail{Reason: "Sửa thời hạn", ContentChanged: true, Added: []string{"a-4"}, Removed: []string{"a-5", "a-6"},
		Replaced: []Replaced{{Sum([]byte("old")), []string{"a-3", "a-7"}}}}
	return map[string]*Content{"recall": recall, "change": change}
}

func goldenStatement(kind StatementKind) *Statement {
	st := &Statement{Kind: kind, Envelope: Sum([]byte("envelope")), OriginNode: "ba-hang.node", EnvelopeID: goldenID(1), Recipient: "a-3",
		Issuer: "pho-yen.node", Incarnation: goldenID(3), Sequence: 2, Time: goldenTime, Previous: Sum([]byte("previous"))}
	switch kind {
	case Validated:
		st.Validated = &ValidatedDetail{"valid", []FileVerdict{{Sum([]byte("pdf")), "valid", Sum([]byte("report"))}, {Sum([]byte("xls")), "unsigned", Digest{}}}}
	case Failed:
		st.Failed = &FailedDetail{"NO_ROUTE", "không có đường"}
	case Status:
		st.Status = &StatusDetail{2, "Không thuộc thẩm quyền", Staff{"cb-3", "Lê Văn Ưởng", "Một cửa"}, nil}
	case Remark:
		st.Remark = &RemarkDetail{"INCOMPLETE", "chờ bản 2"}
	}
	return st
}

func goldenDirectory() *Directory {
	return &Directory{Zone: "thai-nguyen", Epoch: 7, Issued: goldenTime,
		Agencies: []Agency{{"a-17", []AgencyCode{{"H55.26.11", 1, 0}, {"000.11.26.H55", 1, 2}}, "UBND phường Ba Hàng", "a-3", "ba-hang.node",
			[]AgencyCertificate{{[]byte{0x30, 0}, RoleAgency, "UBND phường Ba Hàng", 5, 6, 0}}, 0, "", nil}, {ID: "a-9", Name: "Cũ", HomeNode: "ba-hang.node", Ended: 9, Successor: "a-17"}},
		Nodes: []Node{{"ba-hang.node", "Ba Hàng", "pho-yen.node", []string{"ba-hang.example:7443"}, []NodeCertificate{{[]byte{0x30, 0}, 1, 2, 0}}, 0, []string{"dai-tu.node"}}}}
}

// The bytes that are signed, pinned: one changed byte fails.
func TestGoldenBytes(t *testing.T) {
	t.Parallel()
	content, err := goldenContent().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	signer := newSigner(t)
	payloads := map[string][]byte{"content": content}
	add := func(name string, s Sealed, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		payloads[name] = s.Payload
	}
	s, err := SealRoute(goldenRoute(), signer)
	add("route", s, err)
	for kind, name := range statementNames {
		s, err := SealStatement(goldenStatement(kind), signer)
		add("statement-"+name, s, err)
	}
	answer := goldenStatement(Consent)
	answer.Status = &StatusDetail{16, "Đang giải quyết", Staff{"cb-3", "Lê Văn Ưởng", "Một cửa"}, nil}
	s, err = SealStatement(answer, signer)
	add("statement-consent-answer", s, err)
	answered, err := ParseStatement(s)
	check(t, "answer to a take-back", err, answer, &answered)
	for name, c := range goldenThread() {
		data, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		payloads["content-"+name] = data
		back, err := ParseContent(data)
		check(t, name, err, c, &back)
	}
	s, err = SealCheckpoint(&Checkpoint{"pho-yen.node", goldenID(3), 1 << 40, Sum([]byte("root")), goldenTime}, signer)
	add("checkpoint", s, err)
	s, err = SealDirectory(goldenDirectory(), signer)
	add("directory", s, err)
	moved := goldenDirectory()
	moved.Agencies[0].FormerHomes = []FormerHome{{"pho-yen.node", goldenTime}}
	s, err = SealDirectory(moved, signer)
	add("directory-former-homes", s, err)
	back, err := ParseDirectory(s)
	check(t, "directory with former homes", err, moved, &back)
	for name, got := range payloads {
		path := filepath.Join("testdata", name+".golden")
		want, err := os.ReadFile(path)
		if os.IsNotExist(err) && *update {
			if err := os.WriteFile(path, []byte(wrap(hex.EncodeToString(got))), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(strings.Fields(string(want)), ""); text != hex.EncodeToString(got) {
			t.Errorf("%s: signed bytes changed:\n got %x\nwant %s", name, got, text)
		}
	}
}

func wrap(s string) string {
	var b strings.Builder
	for len(s) > 96 {
		b.WriteString(s[:96] + "\n")
		s = s[96:]
	}
	return b.String() + s + "\n"
}

// The pre-authentication encoding, pinned by the example of the DSSE specification.
func TestDigest(t *testing.T) {
	t.Parallel()
	s := Sealed{Type: "http://example.com/HelloWorld", Payload: []byte("hello world")}
	if got, want := s.Digest(), Sum([]byte("DSSEv1 29 http://example.com/HelloWorld 11 hello world")); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestReadBack(t *testing.T) {
	t.Parallel()
	signer := newSigner(t)
	s, err := SealRoute(goldenRoute(), signer)
	if err != nil {
		t.Fatal(err)
	}
	route, err := ParseRoute(s)
	check(t, "route", err, goldenRoute(), &route)
	data, err := goldenContent().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	content, err := ParseContent(data)
	check(t, "content", err, goldenContent(), &content)
	for kind := range statementNames {
		s, err := SealStatement(goldenStatement(kind), signer)
		if err != nil {
			t.Fatal(err)
		}
		st, err := ParseStatement(s)
		check(t, kind.String(), err, goldenStatement(kind), &st)
	}
	s, err = SealDirectory(goldenDirectory(), signer)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := ParseDirectory(s)
	check(t, "directory", err, goldenDirectory(), &dir)
	again, err := ParseSealed(s.Marshal())
	check(t, "sealed", err, s, again)
	proof := &Proof{3, []byte("leaf"), []Digest{Sum([]byte("a")), Sum([]byte("b"))}, s}
	back, err := ParseProof(proof.Marshal())
	check(t, "proof", err, proof, back)
}

func check(t *testing.T, what string, err error, want, got any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Directory{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func newSigner(t testing.TB) Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Signer{Key: key, Certificate: selfSigned(t, key)}
}

func selfSigned(t testing.TB, key crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
