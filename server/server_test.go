package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"google.golang.org/grpc"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/internal/testpki"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/server"
)

func reasonOf(err error) string {
	var e *exchange.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// Health is open to all: a load balancer has no certificate.
func TestHealthWithoutCertificate(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := n.Node("ward").Connect(t, nil)
	answer, err := healthpb.NewHealthClient(c.Conn()).Check(context.Background(), &healthpb.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v, want SERVING", answer.GetStatus(), err)
	}
}

// Health says what the server is told of the node, to who asks and to who watches, and
// after a stop that it does not serve.
func TestHealthFollowsReadiness(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward")
	s, err := server.New(server.Options{Service: ward.Service, Relay: ward.Relay, Certificate: testnode.TLS(ward.Leaf()), Now: n.Now})
	if err != nil {
		t.Fatal(err)
	}
	l, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, time.Second) }()
	c := healthpb.NewHealthClient(ward.ConnectAt(t, l.Addr().String(), nil).Conn())
	watch, err := c.Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	seen := func(want healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		if m, err := watch.Recv(); err != nil || m.GetStatus() != want {
			t.Errorf("watch: %v, %v, want %v", m.GetStatus(), err, want)
		}
		if m, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil || m.GetStatus() != want {
			t.Errorf("check: %v, %v, want %v", m.GetStatus(), err, want)
		}
	}
	seen(healthpb.HealthCheckResponse_SERVING)
	s.SetServing(false)
	seen(healthpb.HealthCheckResponse_NOT_SERVING)
	s.SetServing(true)
	seen(healthpb.HealthCheckResponse_SERVING)
	stop()
	if m, err := watch.Recv(); err == nil && m.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("after the stop: %v", m.GetStatus())
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Reflection tells the services to those whom the node knows, and nobody else.
func TestReflection(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	list := func(c *client.Client) (string, error) {
		stream, err := reflectionpb.NewServerReflectionClient(c.Conn()).ServerReflectionInfo(context.Background())
		if err != nil {
			return "", err
		}
		_ = stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}) // the answer tells
		answer, err := stream.Recv()
		return answer.String(), err
	}
	got, err := list(n.Node("ward").User(t, "reader"))
	if err != nil || !strings.Contains(got, "lienthong.v1.DocumentService") {
		t.Errorf("reflection: %q, %v, want the services", got, err)
	}
	if _, err := list(n.Node("ward").Connect(t, nil)); codeOf(err) != codes.Unauthenticated {
		t.Errorf("reflection without certificate: %v, want Unauthenticated", err)
	}
}

// The first answers that a new client sees say what to do.
func TestAnswersToUnknownClients(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward")
	for _, tt := range []struct {
		name, reason, text string
		c                  *client.Client
	}{
		{"none", "NO_CERTIFICATE", "no client certificate", ward.Connect(t, nil)},
		{"unknown", "UNKNOWN_CERTIFICATE", "is not known here", ward.Connect(t, n.PKI.Issue(testpki.Client("stranger", "")))},
		{"expired", "EXPIRED_CERTIFICATE", "is valid from", ward.Connect(t, n.PKI.Issue(testpki.Client("late", ""), testpki.Expired()))},
	} {
		_, err := tt.c.Directory.ListAgencies(context.Background(), &lienthongv1.ListAgenciesRequest{})
		if reasonOf(err) != tt.reason || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v (%s), want %s with %q", tt.name, err, reasonOf(err), tt.reason, tt.text)
		}
	}
}

// A user who is disabled is let in no more, from the next call on.
func TestDisabledUser(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward")
	c := ward.User(t, "leaver", exchange.Grant{Role: exchange.RoleReader, Agency: testnode.Ward})
	ctx := context.Background()
	list := func() error {
		_, err := c.Deliveries.ListDeliveries(ctx, &lienthongv1.ListDeliveriesRequest{Agency: testnode.Ward})
		return err
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	ward.Disable(t, "leaver")
	if err := list(); codeOf(err) != codes.Unauthenticated {
		t.Errorf("disabled user: %v, want Unauthenticated", err)
	}
}

// A request names its agency, by a name that can be read.
func TestRequestsThatNameNoAgency(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := n.Node("ward").User(t, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	ctx := context.Background()
	for _, tt := range []struct{ name, reason string }{
		{"", "MISSING_FIELD"},
		{"agencies/a-ward", "MISSING_FIELD"},
		{"agencies/A-WARD-2/documents/0192f3c4-7b3a-7000-8000-000000000000", "UNKNOWN_AGENCY"},
		{"agencies/a-ward/deliveries/0192f3c4-7b3a-7000-8000-000000000000", "BAD_NAME"},
		{"agencies/a-ward/documents/1", "BAD_NAME"},
		{"agencies/a-ward/documents/0192f3c4-7b3a-7000-8000-000000000000", "NOT_FOUND"},
	} {
		_, err := c.Documents.GetDocument(ctx, &lienthongv1.GetDocumentRequest{Name: tt.name})
		if reasonOf(err) != tt.reason {
			t.Errorf("name %q: %v (%s), want %s", tt.name, err, reasonOf(err), tt.reason)
		}
	}
}

// A request that is too large is refused with what to do, and a client's limit is
// not that of the frames between nodes.
func TestMessageLimit(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := n.Node("ward").User(t, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	for _, tt := range []struct {
		size   int
		reason string
	}{{server.DefaultLimit + 1, "TOO_LARGE"}, {9 << 20, "ResourceExhausted"}} {
		_, err := c.Documents.SendDocument(context.Background(), n.Send("1", make([]byte, tt.size), testnode.District))
		if reasonOf(err) != tt.reason {
			t.Errorf("request of %d bytes: %v (%s), want %s", tt.size, err, reasonOf(err), tt.reason)
		}
	}
}

// The caller's request id comes back, and one is made where there was none or none
// that fits into a log.
func TestRequestID(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := n.Node("ward").User(t, "reader")
	for _, tt := range []struct {
		given string
		kept  bool
	}{{"clerk-7", true}, {"", false}, {"two words", false}, {strings.Repeat("x", 65), false}} {
		ctx := context.Background()
		if tt.given != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "x-request-id", tt.given)
		}
		var header metadata.MD
		if _, err := c.Journal.GetCheckpoint(ctx, &lienthongv1.GetCheckpointRequest{}, grpc.Header(&header)); err != nil {
			t.Fatal(err)
		}
		got := header.Get("x-request-id")
		if len(got) != 1 || got[0] == "" || (got[0] == tt.given) != tt.kept {
			t.Errorf("request id %q: came back as %q, want kept %t", tt.given, got, tt.kept)
		}
	}
}

// Every bad field and recipient is named at once.
func TestSendNamesAllThatIsWrong(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := n.Node("ward").User(t, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	m := n.Send("1", n.Letter(t, 500), testnode.District, "H00.UNKNOWN", testnode.Nowhere)
	m.Metadata.Subject = ""
	m.Metadata.Secrecy = "MẬT"
	_, err := c.Documents.SendDocument(context.Background(), m)
	var e *exchange.Error
	if !errors.As(err, &e) || e.Code != exchange.Invalid {
		t.Fatalf("send: %v, want an invalid argument", err)
	}
	got := make(map[string]bool)
	for _, f := range e.Fields {
		got[f.Path] = true
	}
	for _, want := range []string{"metadata.subject", "metadata.secrecy", "recipients[1].agency", "recipients[2].agency"} {
		if !got[want] {
			t.Errorf("fields %v, want %s among them", e.Fields, want)
		}
	}
	outbox, err := c.Documents.ListDocuments(context.Background(), &lienthongv1.ListDocumentsRequest{Agency: testnode.Ward})
	if err != nil || len(outbox.GetDocuments()) != 0 {
		t.Errorf("outbox: %d documents, %v, want none", len(outbox.GetDocuments()), err)
	}
}

// A digest opens nothing: another agency's file is not found, by whatever door.
func TestFilesOfOthers(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ctx := context.Background()
	node := n.Node("province")
	owner := node.User(t, "owner", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Province})
	thief := node.User(t, "thief", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Department})
	file := n.Letter(t, 500)
	up, err := owner.Upload(ctx, testnode.Province, "x.pdf", "application/pdf", bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := envelope.DigestFromBytes(up.GetSha256())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := thief.Download(ctx, testnode.Department, digest, io.Discard, nil); reasonOf(err) != "NOT_FOUND" {
		t.Errorf("download for an agency that has it not: %v, want NOT_FOUND", err)
	}
	if _, err := thief.Download(ctx, testnode.Province, digest, io.Discard, nil); codeOf(err) != codes.PermissionDenied {
		t.Errorf("download for another agency: %v, want PermissionDenied", err)
	}
	if _, err := thief.Validation.ValidateFile(ctx, &lienthongv1.ValidateFileRequest{Agency: testnode.Department, Sha256: digest[:]}); reasonOf(err) != "NOT_FOUND" {
		t.Errorf("validate: %v, want NOT_FOUND", err)
	}
	m := n.Send("1", nil, testnode.Ward)
	m.Agency, m.Files[0].Data, m.Files[0].Sha256 = testnode.Department, nil, digest[:]
	if _, err := thief.Documents.SendDocument(ctx, m); err == nil {
		t.Error("a file of another agency was sent")
	}
}

// An address that is taken is named.
func TestListenErrorNamesAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = server.Listen(l.Addr().String())
	var e *server.ListenError
	if !errors.As(err, &e) || e.Address != l.Addr().String() {
		t.Errorf("listen twice: %v, want a ListenError with the address", err)
	}
}

// Stopping ends watches and links at once, and does not wait for the grace period.
func TestStopEndsWatches(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := n.Node("ward").User(t, "reader", exchange.Grant{Role: exchange.RoleReader, Agency: testnode.Ward})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	stream, err := c.Deliveries.WatchDeliveries(ctx, &lienthongv1.WatchDeliveriesRequest{Agency: testnode.Ward})
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); n.Node("ward").Stop(t) }()
	if _, err := stream.Recv(); err == nil || ctx.Err() != nil {
		t.Errorf("watch of a node that stops: %v, want an error soon", err)
	}
	<-stopped
}

// A server that is stopped before it began to serve has ended in order.
func TestStopBeforeItServes(t *testing.T) {
	t.Parallel()
	n := testnode.New(t).Node("ward")
	for range 20 {
		n.Stop(t)
		n.Start(t) // an error of the one before shows in its Stop
	}
}
