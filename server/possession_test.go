package server_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A burgled node is the province's, which two agencies share: one has a letter and a
// file, and a clerk of the other knows every name, digest and id of them.
type burgled struct {
	t                *testing.T
	n                *testnode.Network
	owner, thief     *client.Client
	delivery, letter string // ids
	upload           string
	digest           envelope.Digest // of the letter's file
	uploaded         envelope.Digest
}

func burgle(t *testing.T) *burgled {
	t.Helper()
	n, ctx := testnode.New(t), context.Background()
	node := n.Node("province")
	b := &burgled{t: t, n: n,
		owner: node.User(t, "owner", clerkOf(testnode.Province), exchange.Grant{Role: exchange.RoleSigner, Agency: testnode.Province}),
		thief: node.User(t, "thief", clerkOf(testnode.Department), exchange.Grant{Role: exchange.RoleSigner, Agency: testnode.Department})}
	file := n.Letter(t, 500)
	b.digest = envelope.Sum(file)
	watching, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	stream, err := b.owner.Deliveries.WatchDeliveries(watching, &lienthongv1.WatchDeliveriesRequest{Agency: testnode.Province})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Node("ward").User(t, "clerk", clerkOf(testnode.Ward)).Documents.SendDocument(ctx, n.Send("7", file, testnode.Province)); err != nil {
		t.Fatal(err)
	}
	came, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Split(came.GetDelivery().GetName(), "/")
	b.delivery = name[len(name)-1]
	own := []byte("%PDF-1.7 riêng")
	b.uploaded = envelope.Sum(own)
	sent, err := b.owner.Documents.SendDocument(ctx, func() *lienthongv1.SendDocumentRequest {
		m := n.Send("8", n.Letter(t, 600), testnode.Ward)
		m.Agency = testnode.Province
		return m
	}())
	if err != nil {
		t.Fatal(err)
	}
	name = strings.Split(sent.GetDocument().GetName(), "/")
	b.letter = name[len(name)-1]
	started, err := b.owner.Files.StartUpload(ctx, &lienthongv1.StartUploadRequest{Agency: testnode.Province, Name: "x", Size: 5})
	if err != nil {
		t.Fatal(err)
	}
	b.upload = started.GetUpload()
	if _, err := b.owner.Upload(ctx, testnode.Province, "riêng.pdf", "application/pdf", bytes.NewReader(own), int64(len(own)), nil); err != nil {
		t.Fatal(err)
	}
	return b
}

const noID = "0192f3c4-7b3a-7000-8000-000000000000"

// What belongs to another agency is answered as what does not exist: who knows its
// name, id or digest learns not even that it is there.
func TestOthersAreAsUnknown(t *testing.T) {
	t.Parallel()
	b, ctx := burgle(t), context.Background()
	c := b.thief
	for _, tt := range []struct {
		name, real string
		ask        func(id string) error
	}{
		{"GetDelivery", b.delivery, func(id string) error {
			return second(c.Deliveries.GetDelivery(ctx, &lienthongv1.GetDeliveryRequest{Name: "agencies/a-department/deliveries/" + id}))
		}},
		{"AcknowledgeDelivery", b.delivery, func(id string) error {
			return second(c.Deliveries.AcknowledgeDelivery(ctx, &lienthongv1.AcknowledgeDeliveryRequest{Name: "agencies/a-department/deliveries/" + id, Sha256: [][]byte{b.digest[:]}}))
		}},
		{"ReportStatus", b.delivery, func(id string) error {
			return second(c.Deliveries.ReportStatus(ctx, &lienthongv1.ReportStatusRequest{Name: "agencies/a-department/deliveries/" + id, Code: 2, Reason: "x"}))
		}},
		{"GetDocument", b.letter, func(id string) error {
			return second(c.Documents.GetDocument(ctx, &lienthongv1.GetDocumentRequest{Name: "agencies/a-department/documents/" + id}))
		}},
		{"GetUpload", b.upload, func(id string) error {
			return second(c.Files.GetUpload(ctx, &lienthongv1.GetUploadRequest{Upload: id}))
		}},
		{"UploadFile", b.upload, func(id string) error {
			stream, err := c.Files.UploadFile(ctx)
			if err != nil {
				return err
			}
			_ = stream.Send(&lienthongv1.UploadFileRequest{Upload: id, Data: []byte("xxxxx")}) // the answer tells
			return second(stream.CloseAndRecv())
		}},
	} {
		b.alike(tt.name, tt.real, noID, tt.ask)
	}
	unknown := envelope.Sum([]byte("nobody's"))
	for name, ask := range map[string]func(digest []byte) error{
		"GetFile": func(d []byte) error {
			return second(c.Files.GetFile(ctx, &lienthongv1.GetFileRequest{Agency: testnode.Department, Sha256: d}))
		},
		"DownloadFile": func(d []byte) error {
			stream, err := c.Files.DownloadFile(ctx, &lienthongv1.DownloadFileRequest{Agency: testnode.Department, Sha256: d})
			if err != nil {
				return err
			}
			return second(stream.Recv())
		},
		"ValidateFile": func(d []byte) error {
			return second(c.Validation.ValidateFile(ctx, &lienthongv1.ValidateFileRequest{Agency: testnode.Department, Sha256: d}))
		},
		"PrepareFile": func(d []byte) error {
			return second(c.Signing.PrepareFile(ctx, &lienthongv1.PrepareFileRequest{Agency: testnode.Department, Sha256: d}))
		},
		"GetSignedFile": func(d []byte) error {
			return second(c.Signing.GetSignedFile(ctx, &lienthongv1.GetSignedFileRequest{Agency: testnode.Department, Sha256: d}))
		},
		"AugmentFile": func(d []byte) error {
			return second(c.Signing.AugmentFile(ctx, &lienthongv1.AugmentFileRequest{Agency: testnode.Department, Sha256: d, Level: lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_T}))
		},
		"SendDocument": func(d []byte) error {
			m := b.n.Send("9", nil, testnode.Ward)
			m.Agency, m.Files[0].Data, m.Files[0].Sha256 = testnode.Department, nil, d
			return second(c.Documents.SendDocument(ctx, m))
		},
	} {
		for _, real := range []envelope.Digest{b.digest, b.uploaded} {
			b.alike(name, real.String(), unknown.String(), func(hex string) error {
				d := real
				if hex != real.String() {
					d = unknown
				}
				return ask(d[:])
			})
		}
	}
}

// alike asks for what another agency has and for what nobody has, and compares all that
// the caller is told.
func (b *burgled) alike(name, real, unknown string, ask func(id string) error) {
	b.t.Helper()
	told := func(id string) string {
		var e *exchange.Error
		if err := ask(id); !errors.As(err, &e) {
			b.t.Errorf("%s: %v, want a refusal", name, err)
			return ""
		}
		text := e.Reason + "|" + e.Error()
		for _, f := range e.Fields {
			text += "|" + f.Path + " " + f.Reason + " " + f.Text
		}
		return strings.ReplaceAll(text, id, "ID")
	}
	if ofOther, ofNobody := told(real), told(unknown); ofOther != ofNobody {
		b.t.Errorf("%s tells another agency's from nobody's:\n%s\n%s", name, ofOther, ofNobody)
	}
}

// Lists hold what is of the agency that is named, whatever page token they are given.
func TestPageTokensOfOthers(t *testing.T) {
	t.Parallel()
	b, ctx := burgle(t), context.Background()
	// A token is a place in an order, so the highest one of another list reaches all there is.
	highest := "f________________w"
	for _, token := range []string{"", b.token(), highest} {
		deliveries, err := b.thief.Deliveries.ListDeliveries(ctx, &lienthongv1.ListDeliveriesRequest{Agency: testnode.Department, PageToken: token})
		if err == nil && len(deliveries.GetDeliveries()) > 0 {
			t.Errorf("inbox after %q: %v", token, deliveries)
		}
		documents, err := b.thief.Documents.ListDocuments(ctx, &lienthongv1.ListDocumentsRequest{Agency: testnode.Department, PageToken: token})
		if err == nil && len(documents.GetDocuments()) > 0 {
			t.Errorf("outbox after %q: %v", token, documents)
		}
		jobs, err := b.thief.Signing.ListLevelJobs(ctx, &lienthongv1.ListLevelJobsRequest{Agency: testnode.Department, PageToken: token})
		if err == nil && len(jobs.GetJobs()) > 0 {
			t.Errorf("level jobs after %q: %v", token, jobs)
		}
	}
	if list, err := b.owner.Deliveries.ListDeliveries(ctx, &lienthongv1.ListDeliveriesRequest{Agency: testnode.Province}); err != nil || len(list.GetDeliveries()) != 1 {
		t.Errorf("the owner's inbox: %v, %v, want one", list, err)
	}
}

// token is where the owner's list of documents would go on.
func (b *burgled) token() string {
	list, err := b.owner.Documents.ListDocuments(context.Background(), &lienthongv1.ListDocumentsRequest{Agency: testnode.Province, PageSize: 1})
	if err != nil || list.GetNextPageToken() == "" {
		b.t.Fatalf("%v, %v: want a page token", list, err)
	}
	return list.GetNextPageToken()
}

// A request id is its caller's: with another's, one gets neither the answer that was
// given to it nor a word that it was used.
func TestRequestIDOfAnother(t *testing.T) {
	t.Parallel()
	b, ctx := burgle(t), context.Background()
	second := b.n.Node("province").User(t, "second", clerkOf(testnode.Province))
	m := b.n.Send("10", b.n.Letter(t, 700), testnode.Ward)
	m.Agency, m.RequestId = testnode.Province, "r-1"
	first, err := b.owner.Documents.SendDocument(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.owner.Documents.SendDocument(ctx, m)
	if err != nil || again.GetDocument().GetName() != first.GetDocument().GetName() {
		t.Errorf("the same caller got %v, %v, want the same document", again.GetDocument().GetName(), err)
	}
	m.Metadata.Number = "11"
	other, err := second.Documents.SendDocument(ctx, m)
	if err != nil || other.GetDocument().GetName() == first.GetDocument().GetName() {
		t.Errorf("another caller got %v, %v, want a document of its own", other.GetDocument().GetName(), err)
	}
}

// A peer gets files of letters that are offered to it, and puts files that it was asked
// for: a digest that it knows opens nothing, and it cannot say to have put what it has not.
func TestPeerFetchesByDigest(t *testing.T) {
	t.Parallel()
	b := burgle(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	// The district carried the letter, and is home to nobody in it.
	c := b.n.Node("province").Connect(t, b.n.Node("district").Leaf())
	relay := lienthongv1.NewRelayServiceClient(c.Conn())
	id, err := envelope.ParseID(b.letter)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]envelope.Digest{"the letter's file": b.digest, "an upload": b.uploaded} {
		stream, err := relay.Get(ctx, &lienthongv1.GetRequest{OriginNode: "province", EnvelopeId: id[:], Recipient: testnode.Province, Sha256: d[:]})
		if err == nil {
			_, err = stream.Recv()
		}
		if reasonOf(err) != "NOT_OFFERED" {
			t.Errorf("get %s: %v, want NOT_OFFERED", name, err)
		}
		put, err := relay.Put(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_ = put.Send(&lienthongv1.PutRequest{Header: &lienthongv1.PutHeader{OriginNode: "district", EnvelopeId: id[:], Recipient: testnode.Province, Sha256: d[:]}}) // the answer tells
		if _, err := put.Recv(); reasonOf(err) != "NOT_OFFERED" {
			t.Errorf("put %s: %v, want NOT_OFFERED", name, err)
		}
	}
	// Nor as a client of the file service.
	stream, err := c.Files.DownloadFile(ctx, &lienthongv1.DownloadFileRequest{Agency: testnode.Province, Sha256: b.digest[:]})
	if err == nil {
		_, err = stream.Recv()
	}
	if codeOf(err) != codes.PermissionDenied {
		t.Errorf("download by a node: %v (%v), want PermissionDenied", err, status.Code(err))
	}
}
