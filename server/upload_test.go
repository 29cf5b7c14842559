package server_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// The access matrix of what names no agency and yet belongs to one: an upload is gone on
// with by its user, with a role for its agency, and by nobody else.
func TestAccessMatrixOfUploads(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	province := n.Node("province")
	ours, others := testnode.Province, testnode.Department
	signer := func(agency string) exchange.Grant { return exchange.Grant{Role: exchange.RoleSigner, Agency: agency} }
	reader := func(agency string) exchange.Grant { return exchange.Grant{Role: exchange.RoleReader, Agency: agency} }
	admin, auditor := exchange.Grant{Role: exchange.RoleAdmin}, exchange.Grant{Role: exchange.RoleAuditor}
	all := []exchange.Grant{clerkOf(ours), clerkOf(others), signer(ours), signer(others), reader(ours), reader(others), admin, auditor}
	owner := province.User(t, "leaver", all...)
	byToken := func(grants ...exchange.Grant) *client.Client {
		_, secret := province.Token(t, "leaver", time.Hour, grants...)
		return province.ConnectToken(t, secret)
	}
	for _, tt := range []struct {
		name string
		c    *client.Client
		want codes.Code
	}{
		{"the user", owner, codes.OK},
		{"token of clerk", byToken(clerkOf(ours)), codes.OK},
		{"token of signer", byToken(signer(ours)), codes.OK},
		{"token of clerk of another agency", byToken(clerkOf(others)), codes.PermissionDenied},
		{"token of signer of another agency", byToken(signer(others)), codes.PermissionDenied},
		{"token of reader, and clerk of another agency", byToken(reader(ours), clerkOf(others)), codes.PermissionDenied},
		{"token of reader", byToken(reader(ours)), codes.PermissionDenied},
		{"token of administrator and auditor", byToken(admin, auditor), codes.PermissionDenied},
	} {
		goOn(t, tt.name, tt.c, begin(t, owner), tt.want)
	}
	colleague := province.User(t, "colleague", clerkOf(ours), admin)
	_, err := colleague.Files.GetUpload(context.Background(), &lienthongv1.GetUploadRequest{Upload: begin(t, owner)})
	if reasonOf(err) != "NOT_FOUND" {
		t.Errorf("GetUpload by another clerk of the agency: %v, want NOT_FOUND", err)
	}
	change(t, province, func(p *exchange.Principal) { p.Grants = []exchange.Grant{clerkOf(ours), clerkOf(others)} })
	id := begin(t, owner)
	change(t, province, func(p *exchange.Principal) { p.Grants = []exchange.Grant{clerkOf(others)} })
	goOn(t, "the user, after the role was taken", owner, id, codes.PermissionDenied)
}

func begin(t *testing.T, c *client.Client) (upload string) {
	t.Helper()
	started, err := c.Files.StartUpload(context.Background(), &lienthongv1.StartUploadRequest{Agency: testnode.Province, Name: "x", Size: 5})
	if err != nil {
		t.Fatal(err)
	}
	return started.GetUpload()
}

// goOn asks for an upload, finishes it, and asks again.
func goOn(t *testing.T, name string, c *client.Client, id string, want codes.Code) {
	t.Helper()
	ctx := context.Background()
	if _, err := c.Files.GetUpload(ctx, &lienthongv1.GetUploadRequest{Upload: id}); codeOf(err) != want {
		t.Errorf("GetUpload by %s: %v, want %v", name, err, want)
	}
	stream, err := c.Files.UploadFile(ctx)
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("xxxxx")
	sum := envelope.Sum(data)
	_ = stream.Send(&lienthongv1.UploadFileRequest{Upload: id, Data: data, End: &lienthongv1.UploadEnd{Size: 5, Sha256: sum[:]}}) // the answer tells
	if _, err := stream.CloseAndRecv(); codeOf(err) != want {
		t.Errorf("UploadFile by %s: %v, want %v", name, err, want)
	}
	if _, err := c.Files.GetUpload(ctx, &lienthongv1.GetUploadRequest{Upload: id}); codeOf(err) != want {
		t.Errorf("GetUpload of what is done by %s: %v, want %v", name, err, want)
	}
}

// Whoever loses the role while bytes come does not finish the file.
func TestUploadEnds(t *testing.T) {
	t.Parallel()
	for i := range losses {
		l := &losses[i]
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			n := testnode.New(t)
			province := n.Node("province")
			c, token := l.leaver(t, province)
			id := begin(t, c)
			stream, err := c.Files.UploadFile(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.Send(&lienthongv1.UploadFileRequest{Upload: id, Data: []byte("xx")}); err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Header(); err != nil { // it is let in
				t.Fatal(err)
			}
			l.lose(t, n, province, token)
			sum := envelope.Sum([]byte("xxxxx"))
			_ = stream.Send(&lienthongv1.UploadFileRequest{Data: []byte("xxx"), End: &lienthongv1.UploadEnd{Size: 5, Sha256: sum[:]}}) // the answer tells
			_, err = stream.CloseAndRecv()
			l.check(t, err)
		})
	}
}
