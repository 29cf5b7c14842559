package exchange_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/signer"
)

// signingWorld is one node with two agencies, of which "so" has a chairman and a seal.
func signingWorld(t *testing.T) (*world, *testNode) { return signingWorldOver(t, nil) }

// signingWorldOver is signingWorld with another store, where one is named.
func signingWorldOver(t *testing.T, stores map[string]string) (*world, *testNode) {
	w := newWorldOver(t, stores, map[string]string{"node": ""}, agencySpec{"so", "node"}, agencySpec{"phong", "node"})
	n := w.node("node")
	chairman := w.pki.Issue(testpki.Person("Trần Văn Đĩnh", "UBND so"), testpki.P256())
	seal := w.pki.Issue(testpki.Agency("UBND so"), testpki.P256())
	d := w.directory
	d.Epoch = 2
	d.Agencies = append([]envelope.Agency(nil), d.Agencies...)
	d.Agencies[0].Certificates = []envelope.AgencyCertificate{{Certificate: chairman.Certificate.Raw, Role: envelope.RolePersonal, Holder: "Trần Văn Đĩnh"},
		{Certificate: seal.Certificate.Raw, Role: envelope.RoleAgency, Holder: "UBND so"}}
	n.imports(d)
	*n.signing = signer.Service{Suspended: n.core.KeySuspended, Turn: n.core.KeyTurn, Journal: n.core, Trust: w.pki.Trust(), Evidence: w.pki.Evidence(), Now: w.clock, Bind: n.core.Directory().Bind, Keys: []signer.KeyEntry{
		{ID: "chairman", Key: chairman.Key(), Agency: "so", AgencyCode: "H55.so", Role: signer.RolePersonal, Holder: "Trần Văn Đĩnh", Principals: []string{"van-thu"}},
		{ID: "seal", Key: seal.Key(), Agency: "so", AgencyCode: "H55.so", Role: signer.RoleAgency, Holder: "UBND so", Principals: []string{"van-thu"}}}}
	return w, n
}

// Signed by the chairman, sealed by the agency, sent, found valid and original at
// home by the sender's certificates, and accepted without an override.
func TestSignedLetterIsAccepted(t *testing.T) {
	t.Parallel()
	_, n := signingWorld(t)
	ctx := context.Background()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "samples", "01-ward-report.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	file := n.upload("so", data)
	for i, key := range []string{"chairman", "seal"} {
		req := exchange.SignRequest{Agency: "H55.so", File: file, Key: key, RequestID: key}
		result, err := n.service.SignFile(ctx, clerk, req)
		if err != nil {
			t.Fatal(err)
		}
		again, err := n.service.SignFile(ctx, clerk, req)
		if err != nil || again.File.Digest != result.File.Digest || again.Field != result.Field {
			t.Errorf("step %d: a repeat of the request made %+v, %v; want %+v", i, again, err, result)
		}
		file = result.File.Digest
	}
	report, err := n.service.Validate(ctx, clerk, "so", file, "H55.so", "")
	if err != nil || report.Verdict != signer.VerdictValid || !report.Original {
		t.Fatalf("report %+v, %v; want valid and original", report, err)
	}
	doc := n.send(exchange.SendRequest{Agency: "so", Metadata: metadata(), Files: []exchange.OutgoingFile{{Role: envelope.FileMain, Digest: file}}, Recipients: []exchange.OutgoingRecipient{{Agency: "phong"}}})
	n.eventually("a verdict", func() bool {
		d, _ := n.delivery(doc.Letter.Key, "phong")
		return d.Verdict == "valid"
	})
	d, _ := n.delivery(doc.Letter.Key, "phong")
	if _, err := n.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "phong", Delivery: d.ID, Code: exchange.StatusAccepted}); err != nil {
		t.Error(err)
	}
	view, err := n.service.Delivery(ctx, "phong", d.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range view.History {
		if e.Statement.Kind != envelope.Validated {
			continue
		}
		stored, err := n.store.Report(ctx, e.Statement.Validated.Files[0].Report)
		if err != nil || !bytes.Contains(stored, []byte(`"verdict":"valid"`)) {
			t.Errorf("the report that the statement names is %.80s, %v", stored, err)
		}
	}
}

func TestSignFileRefuses(t *testing.T) {
	t.Parallel()
	_, n := signingWorld(t)
	ctx := context.Background()
	read := func(name string) envelope.Digest {
		data, err := os.ReadFile(filepath.Join("..", "testdata", "samples", name))
		if err != nil {
			t.Fatal(err)
		}
		return n.upload("so", data)
	}
	plain := read("04-official-letter.pdf")
	sign := func(actor journal.Actor, agency, key string, file envelope.Digest) error {
		_, err := n.service.SignFile(ctx, actor, exchange.SignRequest{Agency: agency, File: file, Key: key})
		return err
	}
	wantError(t, sign(clerk, "so", "seal", plain), exchange.Precondition, signer.RefusedOrder)
	wantError(t, sign(clerk, "phong", "seal", plain), exchange.NotFound, "NOT_FOUND")
	wantError(t, sign(clerk, "so", "nothing", plain), exchange.NotFound, signer.RefusedKey)
	wantError(t, sign(journal.Actor{Principal: "another"}, "so", "seal", plain), exchange.NotFound, signer.RefusedKey)
	wantError(t, sign(clerk, "so", "chairman", n.upload("so", locked(t))), exchange.Precondition, "NOT_SIGNABLE")
	for _, name := range []string{"11-truncated.pdf", "12-not-a-pdf.pdf"} {
		wantError(t, sign(clerk, "so", "chairman", read(name)), exchange.Invalid, "UNREADABLE")
	}
	keys, err := n.service.SigningKeys(ctx, "another", "so")
	if err != nil || len(keys) != 0 {
		t.Errorf("another principal is shown %d keys, %v", len(keys), err)
	}
}

// A full disk while the signed file is written: an error, and the next one works.
func TestSignFileOnAFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{}, agencySpec{"so", "node"})
	w.keys["node"] = w.key("node")
	w.directory.Nodes = []envelope.Node{{ID: "node", Certificates: []envelope.NodeCertificate{{Certificate: w.keys["node"].Certificate.Raw}}}}
	chairman := w.pki.Issue(testpki.Person("Trần Văn Đĩnh", "UBND so"), testpki.P256())
	w.directory.Agencies[0].Certificates = []envelope.AgencyCertificate{{Certificate: chairman.Certificate.Raw, Role: envelope.RolePersonal}}
	full := &fullDisk{}
	w.blobs = func(b exchange.Blobs) exchange.Blobs { full.Blobs = b; return full }
	n := w.start("node", t.TempDir())
	*n.signing = signer.Service{Suspended: n.core.KeySuspended, Turn: n.core.KeyTurn, Journal: n.core, Trust: w.pki.Trust(), Evidence: w.pki.Evidence(), Now: w.clock, Bind: n.core.Directory().Bind, Keys: []signer.KeyEntry{
		{ID: "chairman", Key: chairman.Key(), Agency: "so", AgencyCode: "H55.so", Role: signer.RolePersonal, Principals: []string{"van-thu"}}}}
	data, err := os.ReadFile(filepath.Join("..", "testdata", "samples", "04-official-letter.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	req := exchange.SignRequest{Agency: "so", File: n.upload("so", data), Key: "chairman"}
	full.full = true
	_, err = n.service.SignFile(context.Background(), clerk, req)
	wantError(t, err, exchange.Exhausted, exchange.ReasonSpace)
	full.full = false
	if _, err := n.service.SignFile(context.Background(), clerk, req); err != nil {
		t.Error(err)
	}
}

// A fullDisk takes no partial files while it is full.
type fullDisk struct {
	exchange.Blobs
	full bool
}

func (f *fullDisk) Append(ctx context.Context, key string, offset int64, r io.Reader) (int64, error) {
	if f.full {
		return 0, exchange.ErrFull
	}
	return f.Blobs.Append(ctx, key, offset, r)
}

// locked is a sample that no longer opens without a password: its check of the
// user password is spoilt.
func locked(t *testing.T) []byte {
	t.Helper()
	data := readSample(t, "10-encrypted.pdf")
	at := bytes.Index(data, []byte("/U <"))
	if at < 0 {
		t.Fatal("the sample has no /U")
	}
	data = bytes.Clone(data)
	data[at+4] ^= 1
	return data
}
