package server_test

import (
	"bytes"
	"context"
	"testing"

	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// Suspended by its user and resumed by an administrator; who is neither sees no key.
func TestSuspendOverTheWire(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward")
	ctx := context.Background()
	signerOf := exchange.Grant{Role: exchange.RoleSigner, Agency: testnode.Ward}
	leader, other := ward.User(t, "leader", signerOf, exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward}), ward.User(t, "other", signerOf)
	admin := ward.User(t, "admin", exchange.Grant{Role: exchange.RoleAdmin})
	draft := testnode.Draft(1000)
	file, err := leader.Upload(ctx, testnode.Ward, "draft.pdf", "application/pdf", bytes.NewReader(draft), int64(len(draft)), nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := &lienthongv1.SignFileRequest{Agency: testnode.Ward, Sha256: file.GetSha256(), Key: "personal"}
	suspend := &lienthongv1.SuspendKeyRequest{Agency: testnode.Ward, Key: "personal", Reason: "nghi lộ mã PIN"}
	if _, err := other.Signing.SuspendKey(ctx, suspend); reasonOf(err) != signer.RefusedKey {
		t.Errorf("by another: %v", err)
	}
	if _, err := leader.Signing.SuspendKey(ctx, suspend); err != nil {
		t.Fatal(err)
	}
	if _, err := leader.Signing.SignFile(ctx, sign); reasonOf(err) != signer.RefusedSuspended {
		t.Errorf("suspended: %v", err)
	}
	list, err := admin.Signing.ListKeys(ctx, &lienthongv1.ListKeysRequest{Agency: testnode.Ward})
	if err != nil || len(list.GetKeys()) != 2 || list.GetKeys()[0].GetUse() != lienthongv1.KeyUse_KEY_USE_SUSPENDED || list.GetKeys()[1].GetUse() != lienthongv1.KeyUse_KEY_USE_UNATTENDED {
		t.Errorf("keys for the administrator: %v, %v", list, err)
	}
	if list, err := other.Signing.ListKeys(ctx, &lienthongv1.ListKeysRequest{Agency: testnode.Ward}); err != nil || len(list.GetKeys()) != 0 {
		t.Errorf("keys for another: %v, %v", list, err)
	}
	if _, err := admin.Signing.ResumeKey(ctx, &lienthongv1.ResumeKeyRequest{Agency: testnode.Ward, Key: "personal"}); err != nil {
		t.Fatal(err)
	}
	made, err := leader.Signing.SignFile(ctx, sign)
	if err != nil || len(made.GetEvidence()) != 3 {
		t.Errorf("resumed: %v, %v", made, err)
	}
	for _, secret := range [][]byte{nil, make([]byte, 2000)} {
		if _, err := leader.Signing.ActivateKey(ctx, &lienthongv1.ActivateKeyRequest{Agency: testnode.Ward, Key: "personal", Secret: secret}); reasonOf(err) != "BAD_FIELD" {
			t.Errorf("a secret of %d bytes: %v", len(secret), err)
		}
	}
	if _, err := leader.Signing.ActivateKey(ctx, &lienthongv1.ActivateKeyRequest{Agency: testnode.Ward, Key: "personal", Secret: []byte("1")}); reasonOf(err) != signer.RefusedUnattended {
		t.Errorf("a key that is open: %v", err)
	}
}
