package signer_test

import (
	"bytes"
	"strings"
	"testing"

	"lienthong/certs"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// Each row is one rule of a policy, and what it makes of a letter that the default
// policy takes.
func TestPolicyRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{})
	script := editCatalog(t, w.letter, func(_ *pdf.Update, catalog *pdf.Dict) {
		catalog.Set("OpenAction", pdf.NewDict(pdf.Entry{Key: "S", Value: pdf.Name("JavaScript")}, pdf.Entry{Key: "JS", Value: pdf.TextString("app.alert(1)")}))
	})
	scripted, _ := sign(t, script, w.person.Key(), signer.SignOptions{})
	for _, tt := range []struct {
		name    string
		file    []byte
		change  func(p *signer.Policy)
		verdict signer.Verdict
		sub     signer.SubIndication
		finding string // that is there, or with - is not
	}{
		{"the default", good, func(*signer.Policy) {}, "valid", "", "-dynamic-content"},
		{"a key usage that is there", good, func(p *signer.Policy) { p.KeyUsages = []string{"digital_signature", "content_commitment"} }, "valid", "", "-policy-usages"},
		{"an extended usage that is not there", good, func(p *signer.Policy) { p.ExtendedKeyUsages = []string{"1.2.3.4"} },
			"indeterminate", signer.ChainConstraintsFailure, "policy-usages"},
		{"an answer of an hour, and two are enough", good, func(p *signer.Policy) { p.MaxAgeHours = 2 }, "valid", "", "revocation"},
		{"RSA-2048 ended", good, func(p *signer.Policy) {
			p.Algorithms.Keys = []certs.KeyRule{{Kind: "RSA", MinBits: 2048, Until: testpki.Now.AddDate(0, 0, -1)}, {Kind: "ECDSA", MinBits: 256}}
		}, "indeterminate", signer.CryptoConstraintsFailureNoPOE, "algorithm"},
		{"RSA-2048 never good", good, func(p *signer.Policy) { p.Algorithms.Keys = p.Algorithms.Keys[1:] }, "indeterminate", signer.CryptoConstraintsFailure, "algorithm"},
		{"a script", scripted, func(*signer.Policy) {}, "valid", "", "dynamic-content"},
		{"a script, ignored", scripted, func(p *signer.Policy) { p.DynamicContent = signer.ContentIgnore }, "valid", "", "-dynamic-content"},
		{"a script, not taken", scripted, func(p *signer.Policy) { p.DynamicContent = signer.ContentIndeterminate }, "indeterminate", "", "dynamic-content"},
	} {
		opts := w.options()
		opts.Policy = signer.DefaultPolicy()
		tt.change(opts.Policy)
		r := validate(t, tt.file, opts)
		name, absent := strings.CutPrefix(tt.finding, "-")
		if r.Verdict != tt.verdict || r.Signatures[0].SubIndication != tt.sub || (len(find(r, name)) == 0) != absent {
			t.Errorf("%s: want %s %s and %s: %s", tt.name, tt.verdict, tt.sub, tt.finding, summary(r))
		}
	}
	opts := w.options()
	opts.Policy = signer.DefaultPolicy()
	opts.Policy.MaxAgeHours = 2
	opts.At = testpki.Now.Add(2 * 60 * 60e9)
	if r := validate(t, good, opts); r.Signatures[0].SubIndication != signer.TryLater || r.Signatures[0].Revocation.Status != "stale" {
		t.Errorf("an answer of three hours, and two are wanted: %s", summary(r))
	}
}

// A damaged file is read only where the policy says so, and then never valid.
func TestPolicyRepair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{})
	at := bytes.LastIndex(good, []byte("startxref"))
	broken := append(bytes.Clone(good[:at]), []byte("startxref\n7\n%%EOF\n")...)
	opts := w.options()
	if _, err := signer.Validate(t.Context(), bytes.NewReader(broken), opts); err == nil {
		t.Error("a damaged file is read")
	}
	opts.Policy = signer.ArchivePolicy()
	r, err := signer.Validate(t.Context(), bytes.NewReader(broken), opts)
	if err != nil || r.Verdict == signer.VerdictValid || len(find(r, "repaired")) != 1 {
		t.Errorf("looked at: error %v, report %+v", err, r)
	}
	if r := validate(t, good, opts); r.Verdict != signer.VerdictValid {
		t.Errorf("a sound file: %s", summary(r))
	}
}

// What is written wrong in a policy is refused, however it was made.
func TestPolicyCheck(t *testing.T) {
	t.Parallel()
	for _, id := range signer.BuiltinPolicies {
		if p, err := signer.BuiltinPolicy(id); err != nil || p.Check() != nil {
			t.Errorf("%s: %v", id, p.Check())
		}
	}
	p := signer.DefaultPolicy()
	p.Revocation = "never"
	if err := p.Check(); err == nil || !strings.Contains(err.Error(), `revocation "never"`) || !strings.Contains(err.Error(), "built-in") {
		t.Errorf("error %v", err)
	}
}
