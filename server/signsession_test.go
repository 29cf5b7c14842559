package server_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lienthong/client"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/internal/testtool"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// Prepared at a node, which is then restarted; OpenSSL signs the digest, as a card
// would, and the node takes it.
func TestSignatureWithOpenSSLOverRestart(t *testing.T) {
	t.Parallel()
	openssl := testtool.Find(t, "openssl")
	n := testnode.New(t)
	ward := n.Node("ward")
	leader := ward.User(t, "leader", exchange.Grant{Role: exchange.RoleSigner, Agency: testnode.Ward}, exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	ctx := context.Background()
	draft := testnode.Draft(1000)
	file, err := leader.Upload(ctx, testnode.Ward, "draft.pdf", "application/pdf", bytes.NewReader(draft), int64(len(draft)), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := leader.Signing.PrepareSignature(ctx, &lienthongv1.PrepareSignatureRequest{Agency: testnode.Ward, Sha256: [][]byte{file.GetSha256()},
		Certificate: n.Personal.Certificate.Raw, Chain: [][]byte{n.Personal.Chain[0].Raw}, Level: lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_T})
	if err != nil {
		t.Fatal(err)
	}
	p := answer.GetSignatures()[0]
	ward.Stop(t)
	ward.Start(t)

	dir := t.TempDir()
	key, digest := filepath.Join(dir, "key.pem"), filepath.Join(dir, "digest")
	der, err := x509.MarshalPKCS8PrivateKey(n.Personal.Signer)
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), digest: p.GetDigest()} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"pkeyutl", "-sign", "-inkey", key, "-in", digest}
	if len(p.GetDigestInfo()) > 0 {
		args = append(args, "-pkeyopt", "digest:sha256")
	}
	value, err := exec.Command(openssl, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	req := &lienthongv1.CompleteSignatureRequest{Agency: testnode.Ward, Session: p.GetSession()}
	if _, err := leader.Signing.CompleteSignature(ctx, req); reasonOf(err) != "BAD_FIELD" {
		t.Errorf("no answer: %v, want BAD_FIELD", err)
	}
	wrong := bytes.Clone(value)
	wrong[len(wrong)-1] ^= 1
	req.Answer = &lienthongv1.CompleteSignatureRequest_Signature{Signature: wrong}
	if _, err := leader.Signing.CompleteSignature(ctx, req); reasonOf(err) != signer.RefusedSignature {
		t.Errorf("wrong value: %v, want %s", err, signer.RefusedSignature)
	}
	req.Answer, req.LaterLevel = &lienthongv1.CompleteSignatureRequest_Signature{Signature: value}, lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_LTA
	made, err := leader.Signing.CompleteSignature(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if made.GetLevel() != lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_T {
		t.Errorf("level %v, want B-T", made.GetLevel())
	}
	if made.GetJob().GetLevel() != lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_LTA || len(made.GetEvidence()) != 3 || made.GetEvidence()[0].GetStatus() != "good" {
		t.Errorf("job %v, evidence %v", made.GetJob(), made.GetEvidence())
	}
	augmented := laterLevel(t, leader, made.GetFile().GetSha256())
	if _, err := leader.Signing.CancelSignature(ctx, &lienthongv1.CancelSignatureRequest{Agency: testnode.Ward, Session: p.GetSession()}); reasonOf(err) != "SESSION_COMPLETE" {
		t.Errorf("cancel after the end: %v, want SESSION_COMPLETE", err)
	}
	report, err := leader.Validation.ValidateFile(ctx, &lienthongv1.ValidateFileRequest{Agency: testnode.Ward, Sha256: made.GetFile().GetSha256()})
	if err != nil || report.GetReport().GetVerdict() != "valid" {
		t.Errorf("verdict %v, %v; want valid", report.GetReport().GetVerdict(), err)
	}
	later, err := leader.Validation.ValidateFile(ctx, &lienthongv1.ValidateFileRequest{Agency: testnode.Ward, Sha256: augmented})
	if err != nil || later.GetReport().GetVerdict() != "valid" {
		t.Errorf("augmented: verdict %v, %v; want valid", later.GetReport().GetVerdict(), err)
	}
}

// laterLevel waits until the node has brought a file to its later level.
func laterLevel(t *testing.T, c *client.Client, file []byte) []byte {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(20 * time.Second); ; {
		answer, err := c.Signing.GetSignedFile(context.Background(), &lienthongv1.GetSignedFileRequest{Agency: testnode.Ward, Sha256: file})
		if err != nil {
			t.Fatal(err)
		}
		if job := answer.GetJobs()[0]; job.GetState() == lienthongv1.LevelJobState_LEVEL_JOB_STATE_DONE {
			if all := answer.GetAugmented(); len(all) == 0 || !bytes.Equal(all[len(all)-1].GetSha256(), job.GetOutput()) {
				t.Errorf("augmented %v, job %v", all, job)
			}
			return job.GetOutput()
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still %v", answer.GetJobs())
		}
	}
}
