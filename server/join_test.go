package server_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/internal/testpki"
	"lienthong/journal"
)

// joining is what a new node says, with a key that the PKI made.
func joining(t *testing.T, leaf *testpki.Leaf, node string) exchange.JoinRequest {
	t.Helper()
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: node}}, leaf.Signer)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: leaf.Certificate.SerialNumber, Subject: pkix.Name{CommonName: node}, NotBefore: testpki.Now, NotAfter: testpki.Now.Add(time.Hour)}
	self, err := x509.CreateCertificate(rand.Reader, template, template, leaf.Signer.Public(), leaf.Signer)
	if err != nil {
		t.Fatal(err)
	}
	return exchange.JoinRequest{Node: node, Name: node, Request: request, Certificate: self, Shown: leaf.Certificate.RawSubjectPublicKeyInfo}
}

// An invitation is good for one node, one key, one time, and for a while.
func TestJoinRefused(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	svc, ctx := n.Node("district").Service, context.Background()
	leaf, thief := n.PKI.Issue(testpki.Node("xa-moi")), n.PKI.Issue(testpki.Node("xa-moi"))
	v, secret, err := svc.Invite(ctx, journal.System, "xa-moi", n.Now().Add(time.Hour).UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	good, stolen := joining(t, leaf, "xa-moi"), joining(t, thief, "xa-moi")
	other := joining(t, leaf, "xa-khac")
	copied := good
	copied.Shown = thief.Certificate.RawSubjectPublicKeyInfo
	mixed := good
	mixed.Certificate = stolen.Certificate
	want := func(name, secret string, req exchange.JoinRequest, reason string) {
		t.Helper()
		_, err := svc.Join(ctx, secret, req)
		var own *exchange.Error
		if !errors.As(err, &own) || own.Reason != reason {
			t.Errorf("%s: %v, want %s", name, err, reason)
		}
	}
	want("made up", secret[:len(secret)-2]+"AA", good, exchange.ReasonUnknownInvitation)
	want("another node", secret, other, exchange.ReasonWrongNode)
	want("copied request", secret, copied, exchange.ReasonNoPossession)
	want("certificate of another key", secret, mixed, "INVALID_REQUEST")
	for range 2 { // the answer was lost, and it asks again
		if got, err := svc.Join(ctx, secret, good); err != nil || got.State != exchange.InvitationRequested {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	want("second key", secret, stolen, exchange.ReasonUsedInvitation)
	want("copied after use", secret, copied, exchange.ReasonNoPossession)
	if _, err := svc.DecideJoin(ctx, journal.System, v.ID, true); err == nil {
		t.Error("approved a node that the directory does not bind")
	}
	for range 2 {
		if _, err := svc.DecideJoin(ctx, journal.System, v.ID, false); err != nil {
			t.Fatal(err)
		}
	}
	want("refused", secret, good, exchange.ReasonRefusedInvitation)

	_, late, err := svc.Invite(ctx, journal.System, "xa-tre", n.Now().Add(time.Hour).UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	n.Advance(time.Hour)
	want("expired", late, joining(t, leaf, "xa-tre"), exchange.ReasonExpiredInvitation)
}
