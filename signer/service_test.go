package signer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/signer"
	"lienthong/signer/tsp"
)

// A ledger is a journal in memory; broken from an entry on, it refuses.
type ledger struct {
	entries []journal.Entry
	broken  int // number of entries after which it refuses; 0 never
}

func (l *ledger) Record(_ context.Context, entries ...journal.Entry) error {
	if l.broken > 0 && len(l.entries) >= l.broken-1 {
		return errors.New("disk is full")
	}
	l.entries = append(l.entries, entries...)
	return nil
}

func (l *ledger) actions() string {
	var out []string
	for _, e := range l.entries {
		out = append(out, e.Action+":"+e.Outcome)
	}
	return strings.Join(out, " ")
}

// A shelf keeps what was signed, or spoils it.
type shelf struct {
	bytes.Buffer
	spoil func([]byte)
}

func (s *shelf) Reopen(context.Context, *signer.Signed) (signer.Source, error) {
	data := bytes.Clone(s.Bytes())
	if s.spoil != nil {
		s.spoil(data)
	}
	return bytes.NewReader(data), nil
}

// The door of a ward: a chairman, the ward's seal, keys that must not be used, and
// a directory that binds them.
type door struct {
	*signer.Service
	ledger   *ledger
	bindings map[string]signer.Binding // by certificate
	pki      *testpki.PKI
}

const wardCode = "H55.26.11"

func newDoor(t *testing.T) *door {
	t.Helper()
	pki := testpki.New(t)
	d := &door{ledger: &ledger{}, bindings: map[string]signer.Binding{}, pki: pki}
	d.Service = &signer.Service{Journal: d.ledger, Trust: pki.Trust(), Evidence: pki.Evidence(), Now: func() time.Time { return testpki.Now },
		Bind: func(cert *x509.Certificate, _ time.Time) (signer.Binding, bool) {
			b, ok := d.bindings[string(cert.Raw)]
			return b, ok
		}}
	d.add("chairman", signer.RolePersonal, "chu-tich", pki.Issue(testpki.Person("Trần Văn Đĩnh", "UBND phường Ba Hàng"), testpki.P256()))
	d.add("seal", signer.RoleAgency, "van-thu", pki.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256()))
	return d
}

func (d *door) add(id, role, principal string, leaf *testpki.Leaf) {
	d.Keys = append(d.Keys, signer.KeyEntry{ID: id, Key: leaf.Key(), Agency: "ba-hang", AgencyCode: wardCode, Role: role, Holder: leaf.Certificate.Subject.CommonName, Principals: []string{principal}})
	d.bindings[string(leaf.Certificate.Raw)] = signer.Binding{Agency: wardCode, Role: role}
}

func (d *door) sign(principal, key string, in []byte, sink *shelf) (*signer.Signed, []string, error) {
	return d.Sign(context.Background(), journal.Actor{Principal: principal}, bytes.NewReader(in),
		signer.Request{Agency: "ba-hang", Key: key, Input: sha256.Sum256(in)}, sink)
}

func sampleLetter(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "samples", "04-official-letter.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestServiceSignsInTheLawsOrder(t *testing.T) {
	t.Parallel()
	d, in := newDoor(t), sampleLetter(t)
	_, _, err := d.sign("van-thu", "seal", in, &shelf{})
	wantRefusal(t, err, signer.RefusedOrder)
	if len(d.ledger.entries) != 0 {
		t.Fatalf("a refusal left %s", d.ledger.actions())
	}
	first := &shelf{}
	if _, _, err := d.sign("chu-tich", "chairman", in, first); err != nil {
		t.Fatal(err)
	}
	second := &shelf{}
	signed, _, err := d.sign("van-thu", "seal", first.Bytes(), second)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := d.ledger.actions(), "sign.intent:ok sign.done:ok sign.intent:ok sign.done:ok"; got != want {
		t.Errorf("journal %q, want %q", got, want)
	}
	if last := d.ledger.entries[3]; last.Object != hexOf(signed.Digest) || !strings.Contains(last.Detail, "evidence=") || strings.Contains(last.Detail, "evidence=none") {
		t.Errorf("the outcome names %q, %q; want the output's digest and the revocation data used", last.Object, last.Detail)
	}
	report, err := signer.Validate(context.Background(), bytes.NewReader(second.Bytes()), signer.Options{At: testpki.Now, Trust: d.Trust, Evidence: d.Evidence, Claim: &signer.Claim{Agency: wardCode, Bind: d.Bind}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Verdict != signer.VerdictValid || !report.Original {
		t.Errorf("verdict %s, original %t; want valid, original", report.Verdict, report.Original)
	}
}

func TestServiceRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		principal string
		key       string
		change    func(d *door)
		reason    string // empty: signed
	}{
		{name: "another principal's key", principal: "van-thu", key: "chairman", reason: signer.RefusedKey},
		{name: "a key that is not there", principal: "van-thu", key: "what", reason: signer.RefusedKey},
		{name: "a key of another agency", principal: "chu-tich", key: "chairman", change: func(d *door) { d.Keys[0].Agency = "pho-yen" }, reason: signer.RefusedKey},
		{name: "an expired certificate", principal: "chu-tich", key: "k", change: func(d *door) { d.add("k", signer.RolePersonal, "chu-tich", d.issue(testpki.Expired())) }, reason: signer.RefusedCertificate},
		{name: "one that is not valid yet", principal: "chu-tich", key: "k", change: func(d *door) { d.add("k", signer.RolePersonal, "chu-tich", d.issue(testpki.NotYetValid())) }, reason: signer.RefusedCertificate},
		{name: "one of an unknown CA", principal: "chu-tich", key: "k", change: func(d *door) { d.add("k", signer.RolePersonal, "chu-tich", d.issue(testpki.UnknownCA())) }, reason: signer.RefusedCertificate},
		{name: "one for another use", principal: "chu-tich", key: "k", change: func(d *door) { d.add("k", signer.RolePersonal, "chu-tich", d.issue(testpki.WrongKeyUsage())) }, reason: signer.RefusedCertificate},
		{name: "a revoked one", principal: "chu-tich", key: "k", change: func(d *door) {
			d.add("k", signer.RolePersonal, "chu-tich", d.issue(testpki.RevokedAt(testpki.Now.Add(-time.Hour), 1)))
			d.Evidence = d.pki.Evidence() // with the newer list
		}, reason: signer.RefusedRevoked},
		{name: "one on hold", principal: "chu-tich", key: "k", change: func(d *door) {
			d.add("k", signer.RolePersonal, "chu-tich", d.issue(testpki.RevokedAt(testpki.Now.Add(-time.Hour), 6)))
			d.Evidence = d.pki.Evidence() // with the newer list
		}, reason: signer.RefusedRevoked},
		{name: "the directory does not know it", principal: "chu-tich", key: "chairman", change: func(d *door) { clear(d.bindings) }, reason: signer.RefusedBinding},
		{name: "the directory binds it to another agency", principal: "chu-tich", key: "chairman", change: func(d *door) {
			d.bindings[string(d.Keys[0].Key.Certificate().Raw)] = signer.Binding{Agency: "H55", Role: signer.RolePersonal}
		}, reason: signer.RefusedBinding},
		{name: "the directory knows it in another role", principal: "chu-tich", key: "chairman", change: func(d *door) {
			d.bindings[string(d.Keys[0].Key.Certificate().Raw)] = signer.Binding{Agency: wardCode, Role: signer.RoleAgency}
		}, reason: signer.RefusedBinding},
		{name: "an agency key without revocation data", principal: "van-thu", key: "seal", change: func(d *door) { d.Evidence = certs.NewEvidence(); d.allow() }, reason: signer.RefusedRevocation},
		{name: "the same where the policy allows it", principal: "van-thu", key: "seal", change: func(d *door) {
			d.Evidence, d.AllowUnknownRevocation = certs.NewEvidence(), true
			d.allow()
		}},
		{name: "a personal key without revocation data", principal: "chu-tich", key: "chairman", change: func(d *door) { d.Evidence = certs.NewEvidence() }},
		{name: "a seal first where the policy allows it", principal: "van-thu", key: "seal", change: func(d *door) { d.allow() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			if tt.change != nil {
				tt.change(d)
			}
			sink := &shelf{}
			_, warnings, err := d.sign(tt.principal, tt.key, sampleLetter(t), sink)
			if tt.reason == "" {
				if err != nil || tt.change != nil && len(warnings) == 0 {
					t.Fatalf("%v, warnings %q; want signed with a warning", err, warnings)
				}
				return
			}
			wantRefusal(t, err, tt.reason)
			if sink.Len() != 0 || len(d.ledger.entries) != 0 {
				t.Errorf("a refusal wrote %d bytes and %q", sink.Len(), d.ledger.actions())
			}
		})
	}
}

func (d *door) allow() { d.SealUnsigned = func(agency string) bool { return agency == "ba-hang" } }

func (d *door) issue(o testpki.Option) *testpki.Leaf {
	return d.pki.Issue(testpki.Person("Lê Văn Ưởng", "UBND phường Ba Hàng"), testpki.P256(), o)
}

func wantRefusal(t *testing.T, err error, reason string) {
	t.Helper()
	var r *signer.Refusal
	if !errors.As(err, &r) || r.Reason != reason {
		t.Fatalf("error %v, want refusal %s", err, reason)
	}
}

func hexOf(sum [32]byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 64)
	for _, b := range sum {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return string(out)
}

// The use of the relaxed order is in the journal, by who used it.
func TestServiceJournalsRelaxedOrder(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.allow()
	if _, _, err := d.sign("van-thu", "seal", sampleLetter(t), &shelf{}); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(d.ledger.entries, func(e journal.Entry) bool { return e.Action == "sign.order_relaxed" })
	if i < 0 || d.ledger.entries[i].Actor.Principal != "van-thu" {
		t.Errorf("journal %q names no one who relaxed the order", d.ledger.actions())
	}
}

// No intent in the journal, no use of the key; no outcome, no file.
func TestServiceWithoutJournal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		broken  int
		written bool
	}{{"the intent is refused", 1, false}, {"the outcome is refused", 2, true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			d.ledger.broken = tt.broken
			sink := &shelf{}
			signed, _, err := d.sign("chu-tich", "chairman", sampleLetter(t), sink)
			if err == nil || signed != nil {
				t.Errorf("signed %v, %v; want an error", signed, err)
			}
			if (sink.Len() > 0) != tt.written {
				t.Errorf("%d bytes were written", sink.Len())
			}
		})
	}
}

// What does not verify where it was written is not handed out, and the journal says so.
func TestServiceChecksWhatItWrote(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	sink := &shelf{spoil: func(data []byte) { data[len(data)/3] ^= 1 }}
	if signed, _, err := d.sign("chu-tich", "chairman", sampleLetter(t), sink); err == nil || signed != nil {
		t.Errorf("a spoilt file was handed out: %v", err)
	}
	if got, want := d.ledger.actions(), "sign.intent:ok sign.done:FAILED"; got != want {
		t.Errorf("journal %q, want %q", got, want)
	}
}

// A time-stamping authority that does not answer: no signature, a reason that says
// whose fault it was, and both in the journal.
func TestServiceWithoutTSA(t *testing.T) {
	t.Parallel()
	d, in := newDoor(t), sampleLetter(t)
	req := signer.Request{Agency: "ba-hang", Key: "chairman", Input: sha256.Sum256(in), Options: signer.SignOptions{Level: signer.LevelBT}}
	sink := &shelf{}
	_, _, err := d.Sign(context.Background(), journal.Actor{Principal: "chu-tich"}, bytes.NewReader(in), req, sink)
	wantRefusal(t, err, signer.RefusedTSA)
	d.TSA = &tsp.Client{URL: "http://127.0.0.1:1/tsa", Timeout: 5 * time.Second}
	_, _, err = d.Sign(context.Background(), journal.Actor{Principal: "chu-tich"}, bytes.NewReader(in), req, sink)
	wantRefusal(t, err, signer.RefusedTimeStamp)
	if got, want := d.ledger.actions(), "sign.intent:ok sign.done:FAILED"; got != want || sink.Len() != 0 {
		t.Errorf("journal %q, %d bytes written; want %q, none", got, sink.Len(), want)
	}
	d.TSA = d.pki.Stamper()
	if _, _, err = d.Sign(context.Background(), journal.Actor{Principal: "chu-tich"}, bytes.NewReader(in), req, sink); err != nil {
		t.Error(err)
	}
}
