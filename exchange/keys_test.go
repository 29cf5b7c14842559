package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/signer"
)

const goodPIN = "246810"

// A cardWorld is one whose chairman's key is on a card, which counts how often it is
// asked. The key is its first.
func cardWorld(t *testing.T) (*world, *testNode, *atomic.Int32) { return cardWorldOver(t, nil) }

func cardWorldOver(t *testing.T, stores map[string]string) (*world, *testNode, *atomic.Int32) {
	w, n := signingWorldOver(t, stores)
	asked := &atomic.Int32{}
	key := n.signing.Keys[0].Key
	n.signing.Keys[0].Key, n.signing.Keys[0].Open = nil, func(secret []byte) (keys.Key, error) {
		asked.Add(1)
		if string(secret) != goodPIN {
			return nil, keys.ErrWrongPassword
		}
		return key, nil
	}
	return w, n, asked
}

var chairmanKey = exchange.KeyRequest{Agency: "H55.so", Key: "chairman"}

func (n *testNode) activate(pin string) (signer.KeyStatus, error) {
	return n.service.ActivateKey(context.Background(), clerk, chairmanKey, []byte(pin))
}

func (n *testNode) use(t *testing.T) signer.KeyUse {
	t.Helper()
	list, err := n.service.SigningKeys(context.Background(), clerk.Principal, "so")
	if err != nil || len(list) != 2 {
		t.Fatalf("%d keys, %v", len(list), err)
	}
	return list[0].Use
}

func (n *testNode) signNow(t *testing.T) error {
	t.Helper()
	_, err := n.service.SignFile(context.Background(), clerk, exchange.SignRequest{Agency: "so", File: n.upload("so", readSample(t, "04-official-letter.pdf")), Key: "chairman"})
	return err
}

// A key that a person opens signs for half an hour, or until it is closed.
func TestActivateKey(t *testing.T) {
	t.Parallel()
	w, n, asked := cardWorld(t)
	ctx := context.Background()
	wantError(t, n.signNow(t), exchange.Precondition, signer.RefusedInactive)
	_, err := n.service.ActivateKey(ctx, journal.Actor{Principal: "another"}, chairmanKey, []byte(goodPIN))
	wantError(t, err, exchange.NotFound, signer.RefusedKey)
	_, err = n.service.ActivateKey(ctx, clerk, exchange.KeyRequest{Agency: "so", Key: "seal"}, []byte(goodPIN))
	wantError(t, err, exchange.Precondition, signer.RefusedUnattended)

	secret := []byte(goodPIN)
	status, err := n.service.ActivateKey(ctx, clerk, chairmanKey, secret)
	if err != nil || status.Use != signer.KeyActive || status.By != clerk.Principal {
		t.Fatalf("activated: %+v, %v", status, err)
	}
	if !bytes.Equal(secret, make([]byte, len(goodPIN))) {
		t.Error("the PIN was left in memory")
	}
	if err := n.signNow(t); err != nil || n.use(t) != signer.KeyActive {
		t.Fatalf("active: %v, %s", err, n.use(t))
	}
	w.advance(signer.DefaultKeyLife)
	wantError(t, n.signNow(t), exchange.Precondition, signer.RefusedInactive)
	n.eventually("the journal to say that the time is over", func() bool { return strings.Contains(n.levelActions(t), "key.expired:ok") })

	if _, err := n.activate(goodPIN); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := n.service.DeactivateKey(ctx, clerk, chairmanKey); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, n.signNow(t), exchange.Precondition, signer.RefusedInactive)
	if got, want := n.levelActions(t), "key.activate:ok key.expired:ok key.activate:ok key.deactivate:ok"; got != want || asked.Load() != 2 {
		t.Errorf("journal %q, want %q; the card was asked %d times, want 2", got, want, asked.Load())
	}
}

// Wrong PINs are counted over restarts, and the same one is not tried twice; the
// third suspends the key, and an administrator resumes it.
func TestWrongPINs(t *testing.T) {
	t.Parallel()
	w, n, asked := cardWorld(t)
	ctx := context.Background()
	for _, reason := range []string{signer.RefusedSecret, signer.RefusedSameSecret} {
		_, err := n.activate("1")
		wantError(t, err, exchange.Precondition, reason)
	}
	if asked.Load() != 1 {
		t.Errorf("the card was asked %d times for one wrong PIN", asked.Load())
	}
	was := n.signing
	n.stop()
	n = w.start("node", n.dir)
	door(n, was)
	n.signing.Keys = was.Keys
	asked.Store(0)
	_, err := n.activate("2")
	if e := wantError(t, err, exchange.Precondition, signer.RefusedSecret); strings.Contains(e.Text, "suspended") {
		t.Errorf("after two: %v", e)
	}
	_, err = n.activate("3")
	if e := wantError(t, err, exchange.Precondition, signer.RefusedSecret); !strings.Contains(e.Text, "suspended") {
		t.Errorf("after three: %v", e)
	}
	_, err = n.activate(goodPIN)
	wantError(t, err, exchange.Precondition, signer.RefusedSuspended)
	if n.use(t) != signer.KeySuspended || asked.Load() != 2 {
		t.Errorf("%s, the card was asked %d times", n.use(t), asked.Load())
	}
	wantError(t, n.service.ResumeKey(ctx, clerk, chairmanKey), exchange.Denied, "FORBIDDEN")
	admin := chairmanKey
	admin.Admin = true
	if err := n.service.ResumeKey(ctx, journal.Actor{Principal: "admin"}, admin); err != nil {
		t.Fatal(err)
	}
	if _, err := n.activate(goodPIN); err != nil || n.use(t) != signer.KeyActive {
		t.Errorf("resumed: %v", err)
	}
}

// Suspended, a key stops at once, over restarts, and with it what was prepared.
func TestSuspendKey(t *testing.T) {
	t.Parallel()
	w, n, _ := cardWorld(t)
	ctx := context.Background()
	if _, err := n.activate(goodPIN); err != nil {
		t.Fatal(err)
	}
	open, err := n.service.SigningKeys(ctx, clerk.Principal, "so")
	if err != nil {
		t.Fatal(err)
	}
	key := open[0].Key
	p := n.prepareFor(t, key, n.upload("so", readSample(t, "01-ward-report.pdf")))[0]
	complete := func() error {
		_, err := n.service.CompleteSignature(ctx, clerk, exchange.CompleteRequest{Agency: "so", Session: p.Session.ID, Signature: signatureBy(t, key, p.Prepared.Digest)})
		return err
	}
	other := chairmanKey
	other.Agency = "phong"
	wantError(t, n.service.SuspendKey(ctx, clerk, other), exchange.NotFound, signer.RefusedKey)
	wantError(t, n.service.SuspendKey(ctx, journal.Actor{Principal: "another"}, chairmanKey), exchange.NotFound, signer.RefusedKey)
	why := chairmanKey
	why.Reason = "mất thẻ"
	for range 2 {
		if err := n.service.SuspendKey(ctx, clerk, why); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, n.signNow(t), exchange.Precondition, signer.RefusedSuspended)

	wantError(t, complete(), exchange.Precondition, signer.RefusedSuspended)
	again := exchange.PrepareRequest{Agency: "so", Files: []envelope.Digest{envelope.Sum(readSample(t, "01-ward-report.pdf"))}, Certificate: key.Certificate(), Chain: key.Chain()}
	_, _, err = n.service.PrepareSignature(ctx, clerk, again)
	wantError(t, err, exchange.Precondition, signer.RefusedSuspended)

	was := n.signing
	n.stop()
	n = w.start("node", n.dir)
	door(n, was)
	n.signing.Keys = was.Keys
	wantError(t, n.signNow(t), exchange.Precondition, signer.RefusedSuspended)
	wantError(t, complete(), exchange.Precondition, signer.RefusedSuspended)
	admin := chairmanKey
	admin.Admin = true
	if err := n.service.ResumeKey(ctx, journal.Actor{Principal: "admin"}, admin); err != nil {
		t.Fatal(err)
	}
	wantError(t, n.signNow(t), exchange.Precondition, signer.RefusedInactive)

	// A key that is elsewhere is suspended by its certificate, for its own agency.
	elsewhere := exchange.KeyRequest{Agency: "phong", Key: signer.CertificateName(key.Certificate())}
	wantError(t, n.service.SuspendKey(ctx, clerk, elsewhere), exchange.NotFound, signer.RefusedKey)
	elsewhere.Agency = "so"
	if err := n.service.SuspendKey(ctx, clerk, elsewhere); err != nil {
		t.Fatal(err)
	}
	wantError(t, complete(), exchange.Precondition, signer.RefusedSuspended)
	elsewhere.Admin = true
	if err := n.service.ResumeKey(ctx, journal.Actor{Principal: "admin"}, elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := complete(); err != nil {
		t.Errorf("resumed: %v", err)
	}
}

// A key of the node that is suspended while a signature is on its way does not sign.
func TestSuspendedInTheLastMoment(t *testing.T) {
	t.Parallel()
	_, n := signingWorld(t)
	ctx := context.Background()
	n.signing.Journal = recorder(func(e journal.Entry) error {
		if e.Action != "sign.intent" {
			return nil
		}
		return n.service.SuspendKey(ctx, clerk, chairmanKey)
	}, n.core)
	wantError(t, n.signNow(t), exchange.Precondition, signer.RefusedSuspended)
	if got := n.actions(t); got != "sign.intent:ok sign.done:FAILED" {
		t.Errorf("journal %q", got)
	}
}

// recorder calls a function with each entry before it is recorded.
func recorder(before func(journal.Entry) error, to signer.Journal) signer.Journal {
	return recording{before, to}
}

type recording struct {
	before func(journal.Entry) error
	to     signer.Journal
}

func (r recording) Record(ctx context.Context, entries ...journal.Entry) error {
	for _, e := range entries {
		if err := r.before(e); err != nil {
			return err
		}
	}
	return r.to.Record(ctx, entries...)
}

// What cannot be journalled is not done: the key is closed again.
func TestActivationIsJournalled(t *testing.T) {
	t.Parallel()
	_, n, _ := cardWorld(t)
	open := n.signing.Keys[0].Open
	n.signing.Keys[0].Open = func(secret []byte) (keys.Key, error) {
		n.stop() // and with it the store
		return open(secret)
	}
	if _, err := n.activate(goodPIN); err == nil {
		t.Fatal("activated without a journal")
	}
	if n.signing.Deactivate("chairman") {
		t.Error("the key was still open")
	}
}

// Fetched revocation data survive a restart, and are judged anew when they are used.
func TestFetchCache(t *testing.T) {
	t.Parallel()
	w, n := oneNode(t)
	pki := w.pki
	leaf := pki.Issue(testpki.Person("Trần Văn Đĩnh", "UBND"), testpki.P256())
	ask := func(at time.Time) certs.Revocation {
		e := certs.NewEvidence()
		e.Fetcher = pki.Fetcher()
		e.Fetcher.Cache = exchange.NewFetchCache(n.store, nil)
		return e.Resolve(context.Background(), leaf.Certificate, pki.CA.Certificate, at, at)
	}
	if r := ask(testpki.Now); r.Status != certs.Good || r.Source != certs.SourceNetwork {
		t.Fatalf("asked: %s from %s: %s", r.Status, r.Source, r.Detail)
	}
	dir := n.dir
	n.stop()
	n = w.start("node", dir)
	if r := ask(testpki.Now.Add(time.Minute)); r.Status != certs.Good || r.Source != certs.SourceCache {
		t.Errorf("after a restart: %s from %s: %s", r.Status, r.Source, r.Detail)
	}
	// Two hours later it is asked again, and what comes is another answer.
	pki.SetTime(testpki.Now.Add(2 * time.Hour))
	pki.Revoke(leaf, testpki.Now.Add(time.Hour), 1)
	if r := ask(testpki.Now.Add(2 * time.Hour)); r.Status != certs.Revoked || r.Source != certs.SourceNetwork {
		t.Errorf("two hours later: %s from %s: %s", r.Status, r.Source, r.Detail)
	}
	// What lies in the store is believed no more than what comes from outside.
	row, err := n.store.Fetched(context.Background(), envelope.Sum([]byte("nothing")))
	if !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("%+v, %v", row, err)
	}
}
