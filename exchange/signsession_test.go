package exchange_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/signer"
)

func readSample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// certified is a key, or what is known of one.
type certified interface {
	Certificate() *x509.Certificate
	Chain() []*x509.Certificate
}

// prepareFor prepares files for a key.
func (n *testNode) prepareFor(t *testing.T, key certified, files ...envelope.Digest) []exchange.PreparedSignature {
	t.Helper()
	list, _, err := n.service.PrepareSignature(context.Background(), clerk, exchange.PrepareRequest{Agency: "so", Files: files, Certificate: key.Certificate(), Chain: key.Chain()})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func signatureBy(t *testing.T, key crypto.Signer, digest []byte) []byte {
	t.Helper()
	value, err := key.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// actions lists the journal's entries about signing, with their outcomes.
func (n *testNode) actions(t *testing.T) string {
	t.Helper()
	leaves, err := n.store.Leaves(context.Background(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range leaves {
		e, err := journal.ParseLeaf(l.Data)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Action, "sign.") || e.Action == "file.signed" {
			out = append(out, e.Action+":"+e.Outcome)
		}
	}
	return strings.Join(out, " ")
}

// door gives a node that was started again what it had for signing, but for keys.
func door(n *testNode, was *signer.Service) {
	n.signing.Journal, n.signing.Trust, n.signing.Evidence, n.signing.Now, n.signing.Bind = n.core, was.Trust, was.Evidence, was.Now, was.Bind
	n.signing.TSA, n.signing.PatientTSA = was.TSA, was.PatientTSA
}

// Prepared, the node restarted, a wrong value refused, the right one taken, and
// the same again for who lost the answer.
func TestSignatureByAKeyElsewhere(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	ctx := context.Background()
	key := n.signing.Keys[0].Key
	was := n.signing
	list := n.prepareFor(t, key, n.upload("so", readSample(t, "01-ward-report.pdf")), n.upload("so", readSample(t, "04-official-letter.pdf")))
	if len(list) != 2 {
		t.Fatalf("%d sessions, want 2", len(list))
	}

	n.stop()
	n = w.start("node", n.dir)
	door(n, was) // without keys: the key is elsewhere

	for _, p := range list {
		req := exchange.CompleteRequest{Agency: "H55.so", Session: p.Session.ID, Signature: signatureBy(t, key, p.Prepared.RangeDigest)}
		_, err := n.service.CompleteSignature(ctx, clerk, req)
		wantError(t, err, exchange.Precondition, signer.RefusedSignature)
		req.Signature = signatureBy(t, key, p.Prepared.Digest)
		_, err = n.service.CompleteSignature(ctx, journal.Actor{Principal: "another"}, req)
		wantError(t, err, exchange.NotFound, "NOT_FOUND")
		made, err := n.service.CompleteSignature(ctx, clerk, req)
		if err != nil {
			t.Fatal(err)
		}
		again, err := n.service.CompleteSignature(ctx, clerk, req)
		if err != nil || again.File.Digest != made.File.Digest || again.Field != made.Field || again.Level != made.Level {
			t.Errorf("a repeat gives %+v, %v; want %+v", again, err, made)
		}
		req.Signature = signatureBy(t, key, p.Prepared.Digest) // ECDSA: another value
		_, err = n.service.CompleteSignature(ctx, clerk, req)
		wantError(t, err, exchange.Precondition, "SESSION_COMPLETE")
		wantError(t, n.service.CancelSignature(ctx, clerk, "so", p.Session.ID), exchange.Precondition, "SESSION_COMPLETE")
		report, err := n.service.Validate(ctx, clerk, "so", made.File.Digest, "H55.so", "")
		if err != nil || report.Verdict != signer.VerdictValid {
			t.Errorf("report %+v, %v; want valid", report, err)
		}
	}
	const each = "sign.done:FAILED sign.done:ok file.signed:ok"
	if got, want := n.actions(t), "sign.intent:ok sign.intent:ok "+each+" "+each; got != want {
		t.Errorf("journal %q, want %q", got, want)
	}
}

// Of many completions at once one wins, and the others are told.
func TestOneCompletionWins(t *testing.T) {
	t.Parallel()
	_, n := signingWorld(t)
	key := n.signing.Keys[0].Key
	p := n.prepareFor(t, key, n.upload("so", readSample(t, "01-ward-report.pdf")))[0]
	var wg sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		value := signatureBy(t, key, p.Prepared.Digest)
		wg.Go(func() {
			_, results[i] = n.service.CompleteSignature(context.Background(), clerk, exchange.CompleteRequest{Agency: "so", Session: p.Session.ID, Signature: value})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		var own *exchange.Error
		switch {
		case err == nil:
			won++
		case !errors.As(err, &own) || own.Reason != "SESSION_COMPLETE":
			t.Errorf("error %v, want SESSION_COMPLETE", err)
		}
	}
	if won != 1 || strings.Count(n.actions(t), "file.signed") != 1 {
		t.Errorf("%d winners, journal %q; want one", won, n.actions(t))
	}
}

// A session that was cancelled, or whose time has passed, takes no signature; the
// journal has the end of each intent.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	ctx := context.Background()
	key := n.signing.Keys[0].Key
	file := n.upload("so", readSample(t, "01-ward-report.pdf"))
	list := n.prepareFor(t, key, file, file)
	complete := func(p exchange.PreparedSignature) error {
		_, err := n.service.CompleteSignature(ctx, clerk, exchange.CompleteRequest{Agency: "so", Session: p.Session.ID, Signature: signatureBy(t, key, p.Prepared.Digest)})
		return err
	}
	wantError(t, n.service.CancelSignature(ctx, journal.Actor{Principal: "another"}, "so", list[0].Session.ID), exchange.NotFound, "NOT_FOUND")
	wantError(t, n.service.CancelSignature(ctx, clerk, "phong", list[0].Session.ID), exchange.NotFound, "NOT_FOUND")
	for range 2 {
		if err := n.service.CancelSignature(ctx, clerk, "so", list[0].Session.ID); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, complete(list[0]), exchange.Precondition, "SESSION_CANCELLED")
	w.advance(signer.PreparedLife + time.Second)
	wantError(t, complete(list[1]), exchange.Precondition, signer.RefusedExpired)
	if err := n.core.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	wantError(t, complete(list[1]), exchange.Precondition, signer.RefusedExpired)
	stored, err := n.store.Session(ctx, list[1].Session.ID)
	if err != nil || stored.State != exchange.SessionExpired || stored.Prepared != nil {
		t.Errorf("stored %+v, %v; want expired, without its preparation", stored, err)
	}
	if got, want := n.actions(t), "sign.intent:ok sign.intent:ok sign.cancelled:ok sign.expired:ok"; got != want {
		t.Errorf("journal %q, want %q", got, want)
	}
}

// The duties before a key is used hold for a certificate whose key is elsewhere.
func TestPrepareSignatureRefuses(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	person, seal := n.signing.Keys[0].Key.Certificate(), n.signing.Keys[1].Key.Certificate()
	stranger := w.pki.Issue(testpki.Person("Người lạ", "UBND so"), testpki.P256()).Certificate
	letter := n.upload("so", readSample(t, "04-official-letter.pdf"))
	for _, tt := range []struct {
		name   string
		actor  journal.Actor
		agency string
		cert   *x509.Certificate
		file   envelope.Digest
		level  signer.Level
		code   exchange.Code
		reason string
	}{
		{name: "the agency first", cert: seal, code: exchange.Precondition, reason: signer.RefusedOrder},
		{name: "not in the directory", cert: stranger, code: exchange.Precondition, reason: signer.RefusedBinding},
		{name: "another agency's", agency: "phong", cert: person, code: exchange.NotFound, reason: "NOT_FOUND"},
		{name: "no certificate", code: exchange.Invalid, reason: "BAD_FIELD"},
		{name: "no such file", cert: person, file: envelope.Sum([]byte("x")), code: exchange.NotFound, reason: "NOT_FOUND"},
		{name: "encrypted", cert: person, file: n.upload("so", locked(t)), code: exchange.Precondition, reason: signer.RefusedFile},
		{name: "no PDF", cert: person, file: n.upload("so", readSample(t, "12-not-a-pdf.pdf")), code: exchange.Invalid, reason: signer.RefusedUnreadable},
		{name: "no authority of time", cert: person, level: signer.LevelBT, code: exchange.Precondition, reason: signer.RefusedTSA},
	} {
		if tt.agency == "" {
			tt.agency = "so"
		}
		if tt.file == (envelope.Digest{}) {
			tt.file = letter
		}
		_, _, err := n.service.PrepareSignature(context.Background(), clerk, exchange.PrepareRequest{Agency: tt.agency, Files: []envelope.Digest{tt.file},
			Certificate: tt.cert, Chain: n.signing.Keys[0].Key.Chain(), Options: signer.SignOptions{Level: tt.level}})
		t.Log(tt.name)
		wantError(t, err, tt.code, tt.reason)
	}
	if got := n.actions(t); got != "" {
		t.Errorf("refusals left %q in the journal", got)
	}
}
