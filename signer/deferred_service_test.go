package signer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/signer"
)

// What must hold when a signature is prepared must still hold when it comes.
func TestServiceCompletes(t *testing.T) {
	t.Parallel()
	in := sampleLetter(t)
	for _, tt := range []struct {
		name    string
		between func(*door, *testpki.Leaf) // what happens while the key is asked
		spoil   func([]byte)               // on its way to the store
		wrong   bool                       // another key signs
		reason  string                     // of the refusal
		want    string                     // of another error
		entries string                     // that are to be stored
	}{
		{name: "in time", entries: "sign.done:ok"},
		{name: "wrong value", wrong: true, reason: signer.RefusedSignature, entries: "sign.done:FAILED"},
		{name: "revoked meanwhile", between: func(d *door, l *testpki.Leaf) {
			d.pki.Revoke(l, testpki.Now.Add(-time.Hour), 1)
			d.Evidence = d.pki.Evidence()
		}, reason: signer.RefusedRevoked},
		{name: "unbound meanwhile", between: func(d *door, _ *testpki.Leaf) { clear(d.bindings) }, reason: signer.RefusedBinding},
		{name: "too late", between: func(d *door, _ *testpki.Leaf) {
			d.Now = func() time.Time { return testpki.Now.Add(11 * time.Minute) }
		}, reason: signer.RefusedExpired, entries: "sign.done:FAILED"},
		{name: "spoilt on its way", spoil: func(b []byte) { b[bytes.Index(b, []byte("/Catalog"))+1] ^= 1 }, want: "sign: check the result", entries: "sign.done:FAILED"},
		{name: "a second opinion", between: func(d *door, _ *testpki.Leaf) {
			d.CrossCheck = func(context.Context, signer.Source, *signer.Signed) (string, error) {
				return "", signer.ErrDisagreement
			}
		}, reason: signer.RefusedOpinion, entries: "sign.done:FAILED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			leaf := d.pki.Issue(testpki.Person("Lê Văn Sĩ", "UBND phường Ba Hàng"), testpki.P256())
			d.bindings[string(leaf.Certificate.Raw)] = signer.Binding{Agency: wardCode, Role: signer.RolePersonal, Holder: "Lê Văn Sĩ"}
			actor := journal.Actor{Principal: "chu-tich"}
			req := signer.DeferredRequest{Agency: "ba-hang", AgencyCode: wardCode, Input: sha256.Sum256(in), Session: "1",
				Certificate: leaf.Certificate, Chain: leaf.Chain}
			deferral, err := d.Prepare(context.Background(), actor, bytes.NewReader(in), req)
			if err != nil {
				t.Fatal(err)
			}
			if e := deferral.Entries[0]; len(deferral.Entries) != 1 || e.Action != "sign.intent" || !strings.Contains(e.Detail, `key="session:1"`) {
				t.Errorf("entries %+v, want the intent", deferral.Entries)
			}
			key := leaf.Key()
			if tt.wrong {
				key = d.Keys[0].Key
			}
			answer := signer.Completion{Signature: signDigest(t, key, deferral.Prepared.Digest)}
			if tt.between != nil {
				tt.between(d, leaf)
			}
			_, done, err := d.Complete(context.Background(), actor, bytes.NewReader(in), deferral.Prepared, req, answer, &shelf{spoil: tt.spoil})
			var entries []string
			for _, e := range done.Entries {
				entries = append(entries, e.Action+":"+e.Outcome)
			}
			if got := strings.Join(entries, " "); got != tt.entries {
				t.Errorf("entries %q, want %q", got, tt.entries)
			}
			var refused *signer.Refusal
			switch {
			case tt.reason != "":
				wantRefusal(t, err, tt.reason)
			case tt.want != "":
				if err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
			case err != nil:
				t.Error(err)
			}
			if len(d.ledger.entries) > 0 {
				t.Errorf("the door wrote %s by itself; the caller stores the entries", d.ledger.actions())
			}
		})
	}
}
