package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"lienthong/client"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/server"
)

// A loss is one way in which somebody who was let in may not come in any more.
type loss struct {
	name, reason string
	code         codes.Code
	certificate  bool // it concerns the certificate of the user, and the token is not used
	lose         func(t *testing.T, n *testnode.Network, at *testnode.Node, token exchange.Token)
}

var losses = []loss{
	{"token revoked", "REVOKED_TOKEN", codes.Unauthenticated, false, func(t *testing.T, _ *testnode.Network, at *testnode.Node, token exchange.Token) {
		at.Revoke(t, token)
	}},
	{"token expired", "EXPIRED_TOKEN", codes.Unauthenticated, false, func(_ *testing.T, n *testnode.Network, _ *testnode.Node, _ exchange.Token) {
		n.Advance(2 * time.Hour)
	}},
	{"role taken, by token", "FORBIDDEN", codes.PermissionDenied, false, takeRoles},
	{"role taken", "FORBIDDEN", codes.PermissionDenied, true, takeRoles},
	{"user disabled", "DISABLED", codes.Unauthenticated, true, func(t *testing.T, _ *testnode.Network, at *testnode.Node, _ exchange.Token) {
		at.Disable(t, "leaver")
	}},
	{"certificate taken from the user", "UNKNOWN_CERTIFICATE", codes.Unauthenticated, true, func(t *testing.T, _ *testnode.Network, at *testnode.Node, _ exchange.Token) {
		change(t, at, func(p *exchange.Principal) { p.Keys = nil })
	}},
}

func takeRoles(t *testing.T, _ *testnode.Network, at *testnode.Node, _ exchange.Token) {
	change(t, at, func(p *exchange.Principal) { p.Grants = []exchange.Grant{clerkOf(testnode.Department)} })
}

func change(t *testing.T, at *testnode.Node, f func(*exchange.Principal)) {
	t.Helper()
	if _, err := at.Service.ChangePrincipal(context.Background(), journal.System, "leaver", false, func(p *exchange.Principal) error { f(p); return nil }); err != nil {
		t.Fatal(err)
	}
}

// leaver is a user of the province who is about to lose what lets them in.
func (l *loss) leaver(t *testing.T, at *testnode.Node) (*client.Client, exchange.Token) {
	c := at.User(t, "leaver", clerkOf(testnode.Province), clerkOf(testnode.Department))
	token, secret := at.Token(t, "leaver", time.Hour, clerkOf(testnode.Province), clerkOf(testnode.Department))
	if !l.certificate {
		c = at.ConnectToken(t, secret)
	}
	return c, token
}

func (l *loss) check(t *testing.T, err error) {
	t.Helper()
	if codeOf(err) != l.code || reasonOf(err) != l.reason {
		t.Errorf("%s: the stream ended with %v (%v), want %v (%s)", l.name, err, reasonOf(err), l.code, l.reason)
	}
}

func watch(t *testing.T, c *client.Client) lienthongv1.DeliveryService_WatchDeliveriesClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	stream, err := c.Deliveries.WatchDeliveries(ctx, &lienthongv1.WatchDeliveriesRequest{Agency: testnode.Province})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Header(); err != nil { // it is let in
		t.Fatal(err)
	}
	return stream
}

// Whoever lost what let them in sees no letter that comes after, also on a watch that was
// open before; a watch of somebody else goes on.
func TestWatchEndsBeforeTheNextLetter(t *testing.T) {
	t.Parallel()
	for _, l := range losses {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			n := testnode.New(t)
			province := n.Node("province")
			sender := province.User(t, "sender", clerkOf(testnode.Department))
			stays := watch(t, province.User(t, "stays", clerkOf(testnode.Province)))
			c, token := l.leaver(t, province)
			leaves := watch(t, c)
			send := func(number string) {
				m := n.Send(number, testnode.Draft(300), testnode.Province)
				m.Agency = testnode.Department
				if _, err := sender.Documents.SendDocument(context.Background(), m); err != nil {
					t.Fatal(err)
				}
			}
			send("1")
			for _, w := range []lienthongv1.DeliveryService_WatchDeliveriesClient{stays, leaves} {
				if got, err := w.Recv(); err != nil || number(got) != "1" {
					t.Fatalf("the letter before: %v, %v", number(got), err)
				}
			}
			l.lose(t, n, province, token)
			send("2")
			for got := ""; got != "2"; {
				m, err := stays.Recv()
				if err != nil {
					t.Fatalf("who stays: %v", err)
				}
				got = number(m)
			}
			for {
				m, err := leaves.Recv()
				if err != nil {
					l.check(t, err)
					return
				}
				if number(m) == "2" {
					t.Fatalf("%s, and yet the next letter was shown", l.name)
				}
			}
		})
	}
}

func number(m *lienthongv1.WatchDeliveriesResponse) string {
	return m.GetDelivery().GetDocument().GetMetadata().GetNumber()
}

// A watch to which nothing comes ends as well, soon.
func TestIdleWatchEnds(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	province := n.Node("province")
	province.Stop(t)
	province.Judge = 20 * time.Millisecond
	province.Start(t)
	l := &losses[3]
	c, token := l.leaver(t, province)
	stream := watch(t, c)
	l.lose(t, n, province, token)
	_, err := stream.Recv()
	l.check(t, err)
}

// A long download ends on its way.
func TestDownloadEnds(t *testing.T) {
	t.Parallel()
	for _, l := range losses {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			n := testnode.New(t)
			province := n.Node("province")
			c, token := l.leaver(t, province)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			data := make([]byte, 8<<20) // much more than fits between a server and a client that does not read
			rand.Read(data)
			file, err := c.Upload(ctx, testnode.Province, "to.bin", "application/octet-stream", bytes.NewReader(data), int64(len(data)), nil)
			if err != nil {
				t.Fatal(err)
			}
			stream, err := c.Files.DownloadFile(ctx, &lienthongv1.DownloadFileRequest{Agency: testnode.Province, Sha256: file.GetSha256()})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Recv(); err != nil {
				t.Fatal(err)
			}
			l.lose(t, n, province, token)
			n.Advance(server.DefaultJudge)
			for {
				if _, err = stream.Recv(); err != nil {
					break
				}
			}
			if errors.Is(err, io.EOF) {
				t.Fatalf("%s, and yet the whole file was given", l.name)
			}
			l.check(t, err)
		})
	}
}
