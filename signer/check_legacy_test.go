package signer_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/asn1"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// digested is what adbe.pkcs7.sha1 signs: the SHA-1 of the document, as content.
func (h byHand) digested(t testing.TB, document []byte) []byte {
	t.Helper()
	inner := sha1.Sum(document)
	outer := sha256.Sum256(inner[:])
	der, err := cms.Sign(rand.Reader, h.key, h.key.Certificate(), h.key.Chain(), outer[:], cms.SignOptions{Hash: crypto.SHA256, Content: inner[:]})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// bare is what adbe.x509.rsa_sha1 has in /Contents.
func (h byHand) bare(t testing.TB, hash crypto.Hash, document []byte) []byte {
	t.Helper()
	d := hash.New()
	d.Write(document)
	value, err := h.key.Sign(rand.Reader, d.Sum(nil), hash)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Signatures of kinds that nobody should make any more: intact or altered as they are,
// with a word of warning, and valid only where the policy takes their algorithms.
func TestLegacy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf := w.Issue(testpki.Person("Lê Văn Cũ", "UBND"), testpki.RSA2048())
	h := byHand{key: leaf.Key(), field: "Cũ"}
	if _, ok := leaf.Certificate.PublicKey.(*rsa.PublicKey); !ok {
		t.Fatalf("%T", leaf.Certificate.PublicKey)
	}
	cert := []pdf.Entry{entry("Cert", pdf.Array{pdf.String{Value: leaf.Certificate.Raw, Hex: true}, pdf.String{Value: w.CA.Certificate.Raw, Hex: true}})}
	with := func(sub pdf.Name, entries []pdf.Entry, over func([]byte) []byte) byHand {
		h := h
		h.subFilter, h.entries, h.over = sub, entries, over
		return h
	}
	other := []byte("another document")
	sum := crypto.SHA256
	for _, tt := range []struct {
		name             string
		by               byHand
		integrity, trust signer.Verdict
		sub              signer.SubIndication // under the default policy
		finding          string               // under both
		strict           signer.Verdict
	}{
		{"adbe.pkcs7.sha1", with("adbe.pkcs7.sha1", nil, func(b []byte) []byte { return h.digested(t, b) }),
			"intact", "indeterminate", signer.CryptoConstraintsFailure, "sub-filter", "indeterminate"},
		{"adbe.pkcs7.sha1 of another document", with("adbe.pkcs7.sha1", nil, func([]byte) []byte { return h.digested(t, other) }),
			"altered", "invalid", signer.HashFailure, "message-digest", "invalid"},
		{"adbe.pkcs7.sha1 without content", with("adbe.pkcs7.sha1", nil, func(b []byte) []byte { d := sha256.Sum256(b); return h.sound(t, d[:]) }),
			"altered", "invalid", signer.FormatFailure, "content-missing", "invalid"},
		{"adbe.x509.rsa_sha1", with("adbe.x509.rsa_sha1", cert, func(b []byte) []byte { return h.bare(t, crypto.SHA1, b) }),
			"intact", "indeterminate", signer.CryptoConstraintsFailure, "sub-filter", "invalid"},
		{"adbe.x509.rsa_sha1 by SHA-256", with("adbe.x509.rsa_sha1", cert, func(b []byte) []byte { return h.bare(t, sum, b) }),
			"intact", "valid", "", "sub-filter", "invalid"},
		{"adbe.x509.rsa_sha1 of another document", with("adbe.x509.rsa_sha1", cert, func([]byte) []byte { return h.bare(t, sum, other) }),
			"altered", "invalid", signer.SigCryptoFailure, "signature-value", "invalid"},
		{"adbe.x509.rsa_sha1 without a certificate", with("adbe.x509.rsa_sha1", nil, func(b []byte) []byte { return h.bare(t, sum, b) }),
			"altered", "invalid", signer.FormatFailure, "cms-format", "invalid"},
		{"adbe.x509.rsa_sha1 with a SignedData", with("adbe.x509.rsa_sha1", cert, func(b []byte) []byte { d := sha256.Sum256(b); return h.sound(t, d[:]) }),
			"altered", "invalid", signer.FormatFailure, "cms-format", "invalid"},
		{"PBAD.PAdES", with("PBAD.PAdES", nil, nil), "intact", "valid", "", "sub-filter", "valid"},
		{"an unknown one", with("EVIL.PAdES", nil, nil), "indeterminate", "indeterminate", signer.Generic, "sub-filter", "indeterminate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := tt.by.sign(t, w.letter)
			strict := signer.StrictPolicy()
			strict.FreshAfterSigning = false // the lists here are older than the letter
			for policy, want := range map[*signer.Policy]signer.Verdict{signer.IntegrityPolicy(): tt.integrity, signer.DefaultPolicy(): tt.trust, strict: tt.strict} {
				opts := w.options()
				opts.Policy, opts.Claim = policy, nil
				r := validate(t, file, opts)
				if r.Verdict != want || len(warningsNamed(r, tt.finding)) == 0 {
					t.Errorf("under %s: want %s with %q: %s", policy.ID, want, tt.finding, summary(r))
				}
				if policy.ID == "default" && r.Signatures[0].SubIndication != tt.sub {
					t.Errorf("%s, want %s", r.Signatures[0].SubIndication, tt.sub)
				}
			}
		})
	}
}
