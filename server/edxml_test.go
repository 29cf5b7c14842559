package server_test

import (
	"bytes"
	"strings"
	"testing"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// axisMessage is a letter of the ward to the district, with a Signature that means nothing.
func axisMessage(t *testing.T, number string, file []byte, wrap bool) []byte {
	t.Helper()
	d := &edxml.Document{From: edxml.Organisation{OrganID: testnode.Code[testnode.Ward], Address: "Số 1"}, To: []edxml.Organisation{{OrganID: testnode.Code[testnode.District]}},
		DocumentID: "H55.13.05,2026/11/20," + number, CodeNumber: number, CodeNotation: "BC-UBND", Place: "Ba Hàng", PromulgationDate: "2026/11/20",
		Type: "2", TypeDetail: "0", TypeName: "Báo cáo", Subject: "Báo cáo số " + number, Position: "Chủ tịch", FullName: "Đỗ Nghĩa Sĩ", Priority: "1",
		SteeringType: "0", ManifestVersion: "1.0", Traces: []edxml.Trace{{OrganID: testnode.Code[testnode.Ward], Timestamp: "2026/11/20 08:00:00"}},
		Business: edxml.Business{Type: edxml.OperationNew, Reason: "Văn bản mới", Paper: "0"}}
	a := edxml.Attachment{ContentID: "cid:1", Name: number + ".pdf", ContentType: "application/pdf"}
	if err := a.Pack([]edxml.File{{Name: a.Name, Data: file}}, wrap); err != nil {
		t.Fatal(err)
	}
	d.Attachments, d.Manifest = []edxml.Attachment{a}, []edxml.Entry{{ContentID: a.ContentID, ContentType: a.ContentType, Name: a.Name}}
	m, err := d.Message()
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Replace(m.Bytes(), []byte("</edXML:MessageHeader>"), []byte("</edXML:MessageHeader><Signature>x</Signature>"), 1)
	if !bytes.Contains(out, []byte("<Signature>")) {
		t.Fatalf("the message has no header: %.2000s", out)
	}
	return out
}

func exportMessage(t *testing.T, c *client.Client, request *lienthongv1.ExportMessageRequest) ([]byte, *lienthongv1.MessageInfo) {
	t.Helper()
	var out bytes.Buffer
	info, err := c.ExportMessage(t.Context(), request, &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), info
}

// delivery is the one letter in the inbox of the district.
func delivery(t *testing.T, c *client.Client) string {
	t.Helper()
	stream, err := c.Deliveries.WatchDeliveries(t.Context(), &lienthongv1.WatchDeliveriesRequest{Agency: testnode.District})
	if err != nil {
		t.Fatal(err)
	}
	m, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return m.GetDelivery().GetName()
}

// A message goes in at one node and out at another with every byte, from any offset; so
// does a status on its way back.
func TestEdXMLMessages(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward").User(t, "ward-clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	district := n.Node("district").User(t, "district-clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.District})
	sent := axisMessage(t, "21", n.Letter(t, 600_000), false)
	first, err := ward.ImportMessage(t.Context(), testnode.Ward, sent, false)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ward.EdXML.ImportMessage(t.Context(), &lienthongv1.ImportMessageRequest{Agency: testnode.Code[testnode.Ward], Data: sent})
	if err != nil || again.GetDocument().GetName() != first.GetDocument().GetName() || first.GetDocument().GetName() == "" {
		t.Fatalf("one message was sent as %q and as %q, %v", first.GetDocument().GetName(), again.GetDocument().GetName(), err)
	}
	name := delivery(t, district)
	for who, c := range map[string]*client.Client{name: district, first.GetDocument().GetName(): ward} {
		got, info := exportMessage(t, c, &lienthongv1.ExportMessageRequest{Name: who})
		if !bytes.Equal(got, sent) || !info.GetKept() || info.GetStatus() || info.GetSize() != uint64(len(sent)) {
			t.Errorf("%s: %d bytes came (%v), want the %d that were sent", who, len(got), info, len(sent))
		}
	}
	stream, err := district.EdXML.ExportMessage(t.Context(), &lienthongv1.ExportMessageRequest{Name: name, Offset: uint64(len(sent) - 10)})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := stream.Recv(); err != nil || !bytes.Equal(m.GetData(), sent[len(sent)-10:]) {
		t.Errorf("the last ten bytes came as %q, %v", m.GetData(), err)
	}

	s := &edxml.Status{From: edxml.Organisation{OrganID: testnode.Code[testnode.District], Address: "Số 18"}, Code: "01", Timestamp: "2026/11/21 09:00:00",
		ResponseFor: edxml.Reference{OrganID: testnode.Code[testnode.Ward], Code: "21/BC-UBND", PromulgationDate: "2026/11/20"}}
	m, err := s.Message()
	if err != nil {
		t.Fatal(err)
	}
	status, err := district.ImportMessage(t.Context(), testnode.District, m.Bytes(), false)
	if err != nil || status.GetDelivery() != name || status.GetDocument() != nil {
		t.Fatalf("the status was reported on %q, %v, want %q", status.GetDelivery(), err, name)
	}
	if got, info := exportMessage(t, district, &lienthongv1.ExportMessageRequest{Name: name, Status: 1}); !bytes.Equal(got, m.Bytes()) || !info.GetKept() || !info.GetStatus() {
		t.Errorf("the status came as %.200q (%v)", got, info)
	}
}

// A letter that came over gRPC is made a message, the same each time.
func TestEdXMLOfLetter(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward").User(t, "ward-clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	letter := n.Letter(t, 1000)
	sent, err := ward.Documents.SendDocument(t.Context(), n.Send("22", letter, testnode.District))
	if err != nil {
		t.Fatal(err)
	}
	got, info := exportMessage(t, ward, &lienthongv1.ExportMessageRequest{Name: sent.GetDocument().GetName(), Wrap: true})
	m, err := edxml.Parse(got, edxml.DefaultLimits())
	if err != nil || info.GetKept() {
		t.Fatalf("%v (%v)", err, info)
	}
	files, err := m.Document().Attachments[0].Files(edxml.DefaultLimits())
	if err != nil || len(files) != 1 || !bytes.Equal(files[0].Data, letter) || files[0].Entry == "" {
		t.Errorf("%d files, %v, want the letter in a wrapper", len(files), err)
	}
	if again, _ := exportMessage(t, ward, &lienthongv1.ExportMessageRequest{Name: sent.GetDocument().GetName()}); bytes.Equal(again, got) {
		t.Error("--wrap changes nothing")
	}
}

func TestEdXMLRefusals(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward").User(t, "ward-clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	good := axisMessage(t, "23", n.Letter(t, 1000), true)
	bad := axisMessage(t, "", n.Letter(t, 1000), true)
	other := bytes.ReplaceAll(good, []byte(">H55.13.05<"), []byte(">H55.14<"))
	if bytes.Equal(good, other) {
		t.Fatal("the message names no sender")
	}
	for _, tt := range []struct {
		name    string
		request *lienthongv1.ImportMessageRequest
		reason  string
	}{
		{"nothing", &lienthongv1.ImportMessageRequest{}, "BAD_FIELD"},
		{"a digest of nothing", &lienthongv1.ImportMessageRequest{Sha256: make([]byte, 32)}, "NOT_FOUND"},
		{"another digest", &lienthongv1.ImportMessageRequest{Data: good, Sha256: make([]byte, 32)}, "BAD_FIELD"},
		{"too large for a request", &lienthongv1.ImportMessageRequest{Data: make([]byte, 2<<20+1)}, "BAD_FIELD"},
		{"no message", &lienthongv1.ImportMessageRequest{Data: []byte("%PDF-1.7")}, edxml.ReasonSyntax},
		{"a document type", &lienthongv1.ImportMessageRequest{Data: bytes.Replace(good, []byte("<edXML "), []byte("<!DOCTYPE edXML><edXML "), 1)}, edxml.ReasonDTD},
		{"of another agency", &lienthongv1.ImportMessageRequest{Data: other}, "NOT_THE_SENDER"},
		{"without a number", &lienthongv1.ImportMessageRequest{Data: bad}, "EDXML"},
	} {
		tt.request.Agency = testnode.Ward
		if _, err := ward.EdXML.ImportMessage(t.Context(), tt.request); reasonOf(err) != tt.reason {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.reason)
		}
	}
	absent := envelope.ID{1}.String()
	for name, reason := range map[string]string{"agencies/a-ward/files/" + absent: "BAD_NAME", "agencies/a-ward/deliveries/x": "BAD_NAME",
		"agencies/a-ward/documents/" + absent: "NOT_FOUND", "agencies/a-ward/deliveries/" + absent: "NOT_FOUND"} {
		if _, err := ward.ExportMessage(t.Context(), &lienthongv1.ExportMessageRequest{Name: name}, &strings.Builder{}); reasonOf(err) != reason {
			t.Errorf("%s: %v, want %s", name, err, reason)
		}
	}
}
