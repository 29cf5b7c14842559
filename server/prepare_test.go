package server_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// The law's order over gRPC: fields at the places that were asked for, and number and
// date in them with the seal.
func TestPrepareAndRegister(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward")
	grants := []exchange.Grant{{Role: exchange.RoleSigner, Agency: testnode.Ward}, {Role: exchange.RoleClerk, Agency: testnode.Ward}}
	leader, clerk := ward.User(t, "leader", grants...), ward.User(t, "clerk", grants...)
	ctx := context.Background()
	draft, err := os.ReadFile(filepath.Join("..", "testdata", "drafts", "01-blanks.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := clerk.Upload(ctx, testnode.Ward, "draft.pdf", "application/pdf", bytes.NewReader(draft), int64(len(draft)), nil)
	if err != nil {
		t.Fatal(err)
	}
	req := &lienthongv1.PrepareFileRequest{Agency: testnode.Ward, Sha256: file.GetSha256(), Without: []lienthongv1.PreparedField{9}}
	if _, err := clerk.Signing.PrepareFile(ctx, req); reasonOf(err) != "BAD_FIELD" {
		t.Errorf("a field that is none: %v", err)
	}
	req.Without = []lienthongv1.PreparedField{lienthongv1.PreparedField_PREPARED_FIELD_DATE}
	req.Seal = &lienthongv1.Placement{Page: -1, X: 300, Y: 340, Width: 102, Height: 102}
	made, err := clerk.Signing.PrepareFile(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if f := made.GetFields(); len(f) != 2 || f[0].GetName() != signer.FieldNumber || f[1].GetPlacement().GetWidth() != 102 || f[1].GetPlacement().GetPage() != 1 {
		t.Errorf("fields %v", f)
	}
	personal, err := leader.Signing.SignFile(ctx, &lienthongv1.SignFileRequest{Agency: testnode.Ward, Sha256: made.GetFile().GetSha256(), Key: "personal"})
	if err != nil {
		t.Fatal(err)
	}
	seal := &lienthongv1.SignFileRequest{Agency: testnode.Ward, Sha256: personal.GetFile().GetSha256(), Key: "seal", Number: "45", Date: "26/11/2026"}
	if _, err := clerk.Signing.SignFile(ctx, seal); reasonOf(err) != "BAD_FIELD" {
		t.Errorf("a date in another form: %v", err)
	}
	seal.Date = "2026-11-26"
	if _, err := clerk.Signing.SignFile(ctx, seal); reasonOf(err) != signer.RefusedFile {
		t.Errorf("a date without a field: %v", err)
	}
	seal.Date = ""
	sealed, err := clerk.Signing.SignFile(ctx, seal)
	if err != nil || sealed.GetField() != signer.FieldSeal {
		t.Fatalf("sealed %v, %v", sealed, err)
	}
	certificate := &lienthongv1.PrepareSignatureRequest{Agency: testnode.Ward, Sha256: [][]byte{file.GetSha256(), made.GetFile().GetSha256()}, Certificate: n.Seal.Certificate.Raw, Number: "45"}
	if _, err := clerk.Signing.PrepareSignature(ctx, certificate); reasonOf(err) != "BAD_FIELD" {
		t.Errorf("one number for two files: %v", err)
	}
}
