package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/signer"
)

// A card is a key whose token can be pulled.
type card struct {
	keys.Key
	pulled *bool
}

func (c card) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if *c.pulled {
		return nil, fmt.Errorf("keys: token: sign: %w", keys.ErrTokenGone)
	}
	return c.Key.Sign(r, digest, opts)
}

// An unattended key whose token was pulled is opened again by itself when it is there,
// but a wrong PIN is not tried twice.
func TestServiceReopensAToken(t *testing.T) {
	t.Parallel()
	d, in := newDoor(t), sampleLetter(t)
	pulled, opens, answer := false, 0, error(nil)
	key := card{d.Keys[0].Key, &pulled}
	d.Keys[0].Key, d.Keys[0].Unattended = key, true
	d.Keys[0].Reopen = func() (keys.Key, error) {
		opens++
		return key, answer
	}
	sign := func() error {
		_, _, err := d.sign("chu-tich", "chairman", in, &shelf{})
		return err
	}
	if err := sign(); err != nil || opens != 0 {
		t.Fatalf("%v, opened %d times", err, opens)
	}
	pulled, answer = true, keys.ErrNoToken
	sink := &shelf{}
	_, _, err := d.sign("chu-tich", "chairman", in, sink)
	wantRefusal(t, err, signer.RefusedUnavailable)
	if sink.Len() != 0 || !strings.Contains(err.Error(), "the token is gone") {
		t.Errorf("%d bytes were written: %v", sink.Len(), err)
	}
	wantRefusal(t, sign(), signer.RefusedUnavailable)
	if list, err := d.Statuses(context.Background(), "ba-hang", "chu-tich"); err != nil || list[0].Use != signer.KeyUnavailable || list[0].Reason == "" {
		t.Errorf("status %+v, %v", list, err)
	}
	pulled, answer = false, nil
	if err := sign(); err != nil || opens != 2 {
		t.Errorf("plugged in again: %v, opened %d times", err, opens)
	}
	pulled, answer = true, fmt.Errorf("keys: %w", keys.ErrWrongPassword)
	wantRefusal(t, sign(), signer.RefusedUnavailable)
	for range 3 {
		wantRefusal(t, sign(), signer.RefusedUnavailable)
	}
	if opens != 3 {
		t.Errorf("a wrong PIN was tried %d times", opens-2)
	}
	for _, e := range d.ledger.entries {
		if e.Action == "sign.done" && !strings.Contains(e.Detail, "unattended=true") {
			t.Errorf("the journal does not say that the key is unattended: %s", e.Detail)
		}
	}
}

// A key whose state cannot be told is not used.
func TestServiceRefusesWhereSuspensionIsUnknown(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Suspended = func(context.Context, string) (string, bool, error) { return "", false, errors.New("disk is gone") }
	sink := &shelf{}
	_, _, err := d.sign("chu-tich", "chairman", sampleLetter(t), sink)
	if err == nil || !strings.Contains(err.Error(), "disk is gone") || sink.Len() != 0 {
		t.Errorf("%v, %d bytes", err, sink.Len())
	}
}

// What can change by itself is refused by name, for personal and agency keys, unless
// policy and request allow it; then the journal says so.
func TestServiceAndDynamicContent(t *testing.T) {
	t.Parallel()
	in := []byte("%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>\nendobj\n" +
		"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>\nendobj\n")
	start := len(in)
	in = fmt.Appendf(in, "xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n%010d 00000 n \n%010d 00000 n \ntrailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n",
		bytes.Index(in, []byte("2 0 obj")), bytes.Index(in, []byte("3 0 obj")), start)
	for _, tt := range []struct {
		policy signer.DynamicPolicy
		asked  bool
		signed bool
	}{{"", false, false}, {"", true, true}, {signer.DynamicAsk, true, true}, {signer.DynamicRefuse, true, false}, {signer.DynamicAllow, false, true}} {
		t.Run(fmt.Sprintf("%s %t", tt.policy, tt.asked), func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			if tt.policy != "" {
				d.Dynamic = func(agency string) signer.DynamicPolicy {
					if agency != "ba-hang" {
						t.Errorf("asked about agency %q", agency)
					}
					return tt.policy
				}
			}
			_, warnings, err := d.Sign(context.Background(), journal.Actor{Principal: "chu-tich"}, bytes.NewReader(in),
				signer.Request{Agency: "ba-hang", Key: "chairman", AllowDynamic: tt.asked}, &shelf{})
			if !tt.signed {
				wantRefusal(t, err, signer.RefusedDynamic)
				if !strings.Contains(err.Error(), "JavaScript") {
					t.Errorf("it does not name what was found: %v", err)
				}
				return
			}
			if err != nil || !strings.Contains(strings.Join(warnings, " "), "JavaScript") {
				t.Fatalf("%v, warnings %q", err, warnings)
			}
			if got := d.ledger.actions(); got != "sign.dynamic_allowed:ok sign.intent:ok sign.done:ok" || !strings.Contains(d.ledger.entries[0].Detail, "JavaScript") {
				t.Errorf("journal %q, %q", got, d.ledger.entries[0].Detail)
			}
		})
	}
}

// What was asked before the key was used comes back with the signature, and the
// journal names each answer.
func TestServiceNamesItsEvidence(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	signed, _, err := d.sign("chu-tich", "chairman", sampleLetter(t), &shelf{})
	if err != nil {
		t.Fatal(err)
	}
	if len(signed.Before) != 3 || !signed.Before[0].Certificate.Equal(d.Keys[0].Key.Certificate()) || signed.Before[2].Revocation.Status != "" {
		t.Fatalf("asked %+v", signed.Before)
	}
	intent := d.ledger.entries[0]
	for _, asked := range signed.Before[:2] {
		if asked.Revocation.Status != certs.Good || len(asked.Revocation.DER) == 0 || !asked.At.Equal(testpki.Now) || !strings.Contains(intent.Detail, hexOf(asked.Revocation.Digest)) {
			t.Errorf("asked %+v; intent %q", asked.Revocation, intent.Detail)
		}
	}
}

// Augmented at the door, with the second of two authorities, and checked before it leaves.
func TestServiceAugments(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	sink := &shelf{}
	if _, _, err := d.sign("chu-tich", "chairman", sampleLetter(t), sink); err != nil {
		t.Fatal(err)
	}
	augment := func(in []byte, level signer.Level, out *shelf) (*signer.Augmented, error) {
		return d.Augment(context.Background(), bytes.NewReader(in), level, false, out)
	}
	_, err := augment(sink.Bytes(), signer.LevelBT, &shelf{})
	wantRefusal(t, err, signer.RefusedTSA)
	// An authority of strangers answers first, and is not believed.
	d.TSA = signer.TSAs{testpki.New(t).Stamper(), d.pki.Stamper2()}
	long := &shelf{}
	done, err := augment(sink.Bytes(), signer.LevelBLTA, long)
	if err != nil || !done.TimeStamps[0].Certificate().Equal(d.pki.TSA2.Certificate) || !bytes.HasPrefix(long.Bytes(), sink.Bytes()) {
		t.Fatalf("%+v, %v", done, err)
	}
	out := &shelf{}
	_, err = augment(sampleLetter(t), signer.LevelBT, out)
	wantRefusal(t, err, signer.RefusedFile) // not signed
	d.Evidence = certs.NewEvidence()
	_, err = augment(sink.Bytes(), signer.LevelBLT, out)
	wantRefusal(t, err, signer.RefusedEvidence)
	d.Evidence = d.pki.Evidence()
	spoilt := &shelf{spoil: func(b []byte) { b[100] ^= 1 }}
	if _, err := augment(sink.Bytes(), signer.LevelBT, spoilt); err == nil || !strings.Contains(err.Error(), "check the result") {
		t.Errorf("spoilt on the way to the disk: %v", err)
	}
	if out.Len() != 0 {
		t.Errorf("refusals wrote %d bytes", out.Len())
	}
}
