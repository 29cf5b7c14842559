package edxml

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// messages reads those of testdata, which make.py wrote.
func messages(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	paths, err := filepath.Glob("testdata/*.edxml")
	if err != nil || len(paths) < 13 {
		t.Fatalf("found %d messages in testdata, want 13 (%v)", len(paths), err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(path)] = data
	}
	return out
}

func parse(t testing.TB, data []byte) *Message {
	t.Helper()
	m, err := Parse(data, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for name, data := range messages(t) {
		c, err := CheckMessage(data, DefaultLimits())
		if err != nil || !c.Whole() {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
		if err := sameAsStandard(parse(t, data).tree, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRealMessages reads the public samples of the axis, which are kept beside the
// checkout, or where LIENTHONG_EDXML says.
func TestRealMessages(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("LIENTHONG_EDXML")
	if dir == "" {
		dir = "../../../shared/edxml"
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.edxml"))
	if err != nil || len(paths) == 0 {
		t.Skipf("no real messages in %s: set LIENTHONG_EDXML", dir)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := CheckMessage(data, DefaultLimits())
		if err != nil || !c.Whole() {
			t.Errorf("%s: %+v, %v", path, c, err)
			continue
		}
		m := parse(t, data)
		if err := sameAsStandard(m.tree, data); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		// Written from the fields, it is what the sender wrote but for white space.
		rebuilt, _, err := m.rebuild()
		if err != nil {
			t.Fatal(err)
		}
		squeeze := strings.NewReplacer(" />", "/>", "\n", "", "\t", "", " ", "")
		if got, want := squeeze.Replace(string(rebuilt.Bytes())), squeeze.Replace(string(data)); got != want {
			t.Errorf("%s: written from its fields it differs (-want +got):\n%.2000s", path, cmp.Diff(want, got))
		}
		if d := m.Document(); d != nil && (len(c.Files) != 1 || c.Files[0].Size != 388347 || !c.Signed) {
			t.Errorf("%s: files %+v, signed %v", path, c.Files, c.Signed)
		}
	}
}

// TestSpellings gives the same message in four spellings of the namespace, and with
// its elements in the order of another sender.
func TestSpellings(t *testing.T) {
	t.Parallel()
	all := messages(t)
	one := parse(t, all["status_01.edxml"]).Status()
	for _, name := range []string{"status_02.edxml", "status_03.edxml", "status_04.edxml", "status_13.edxml"} {
		got := parse(t, all[name]).Status()
		got.Code, got.Description = one.Code, one.Description
		if diff := cmp.Diff(one, got); diff != "" {
			t.Errorf("%s (-status_01 +this):\n%s", name, diff)
		}
	}
	want := &Status{
		From: Organisation{OrganID: "H14", InCharge: "UBND tỉnh Hai & cấp trên", Name: "UBND tỉnh Hai", Address: "Số 1, Phố Mẫu",
			Email: "vanthu@example.vn", Telephone: "0240000000", Website: "www.example.vn"},
		ResponseFor: Reference{OrganID: "H01.02", Code: "10/UBND-VX", DocumentID: "H01.02,2026/03/01,10/UBND-VX", PromulgationDate: "2026/03/01"},
		Staff:       Staff{Department: "Văn thư", Name: "Lê Văn C", Email: "vanthu@example.vn"},
		Code:        "01", Description: "Đã đến", Timestamp: "2026/03/06 09:10:11",
	}
	if diff := cmp.Diff(want, one); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func TestDocumentFields(t *testing.T) {
	t.Parallel()
	d := parse(t, messages(t)["document_2_update.edxml"]).Document()
	want := Business{
		DocumentID: "H01.02,2026/03/01,10/UBND-VX", Type: OperationUpdate, Reason: "Sửa phụ lục", Paper: "0",
		DocumentInfo: "1", DocumentReceiver: "1", Receivers: []Receiver{{"H14", "0"}},
		Staff: Staff{Department: "Văn thư", Name: "Lê Văn C", StaffID: "st-7", Mobile: "0900000000"},
	}
	if diff := cmp.Diff(want, d.Business); diff != "" {
		t.Errorf("business (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Như trên", "Lưu: VT, P&TH"}, d.ToPlaces); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	const header = "edXMLEnvelope/edXMLHeader/MessageHeader"
	extra := []Extra{
		{Path: header, XML: `<taskInfo xmlns="urn:x" xmlns:x="urn:x" x:id="9">Mã việc <b>12</b></taskInfo>`},
		{Path: header, XML: `<ResponseForTask><TaskCode>T-1</TaskCode></ResponseForTask>`},
	}
	if diff := cmp.Diff(extra, d.Extra); diff != "" {
		t.Errorf("extra (-want +got):\n%s", diff)
	}
}

func TestExtraThatIsEdited(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		extra Extra
		ok    bool
	}{
		{"element", Extra{Path: "edXMLEnvelope/edXMLHeader", XML: "<a/>"}, true},
		{"attribute", Extra{Path: "edXMLEnvelope", Attribute: "x:a", Value: `"<`, Namespace: "urn:x"}, true},
		{"element that was empty so far", Extra{Path: "edXMLEnvelope/edXMLHeader/MessageHeader/Description", Attribute: "a"}, true},
		{"way out of the element", Extra{Path: "edXMLEnvelope/edXMLHeader", XML: "</x><x>"}, false},
		{"not closed", Extra{Path: "edXMLEnvelope/edXMLHeader", XML: "<a>"}, false},
		{"a DTD", Extra{Path: "edXMLEnvelope/edXMLHeader", XML: "<!DOCTYPE a>"}, false},
		{"attribute with a way out", Extra{Path: "edXMLEnvelope", Attribute: `a="1" b`}, false},
		{"no such place", Extra{Path: "edXMLEnvelope/Nowhere", XML: "<a/>"}, false},
	} {
		s := &Status{Code: "01", Extra: []Extra{tt.extra}}
		m, err := s.Message()
		if tt.ok && (err != nil || len(m.Status().Extra) != 1) || !tt.ok && !errors.Is(err, &Error{Reason: ReasonExtra}) {
			t.Errorf("%s: error %v, want none: %v", tt.name, err, tt.ok)
		}
	}
}

func TestTextThatXMLCannotCarry(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a\x00", "\xff", "\x1b[31m", "\ufffe"} {
		s := &Status{Code: "01", Description: bad}
		if _, err := s.Message(); !errors.Is(err, &Error{Reason: ReasonEncoding}) {
			t.Errorf("%q: %v, want a refusal", bad, err)
		}
	}
}

func TestSignatureIsNeverJudged(t *testing.T) {
	t.Parallel()
	data := strings.Replace(string(messages(t)["document_0_new.edxml"]), "</edXML:edXMLHeader>",
		"<Signature><SignatureValue>AAAA</SignatureValue></Signature></edXML:edXMLHeader>", 1)
	m := parse(t, []byte(data))
	f, err := m.Unpack("2026-12-31", DefaultLimits())
	if err != nil || !m.Signed() || f.Signature != "not checked" || len(f.Document.Extra) != 1 {
		t.Errorf("signed %v, folder says %q, extra %+v, %v", m.Signed(), f.Signature, f.Document.Extra, err)
	}
}

func TestReadFails(t *testing.T) {
	t.Parallel()
	if _, err := Read(failing{}, DefaultLimits()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, fs.ErrClosed }
