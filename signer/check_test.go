package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// Each row is what a judge must say about one signature, and why.
func TestValidateIndications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := testpki.Now
	year := func(n int) time.Time { return now.AddDate(-n, 0, 0) }
	person := testpki.Person("Trần Thị Ánh", "UBND phường Ba Hàng")
	for _, tt := range []struct {
		name    string
		leaf    *testpki.Leaf
		at      time.Time // of signing; Now if zero
		stamped bool      // B-T, by a time-stamp at that time
		change  func(o *signer.Options)
		verdict signer.Verdict
		sub     signer.SubIndication
		status  string // of the certificate
		source  signer.TimeSource
	}{
		{name: "a good signature", leaf: w.person, verdict: "valid", status: "good"},
		{name: "with a time-stamp", leaf: w.person, stamped: true, verdict: "valid", status: "good", source: signer.TimeSignatureTimestamp},
		{name: "by ECDSA", leaf: w.Issue(person, testpki.P256()), change: unclaimed, verdict: "valid", status: "good"},
		{name: "by RSA-3072", leaf: w.Issue(person, testpki.RSA3072()), change: unclaimed, verdict: "valid", status: "good"},
		{name: "no list at all", leaf: w.person, change: func(o *signer.Options) { o.Evidence = nil },
			verdict: "indeterminate", sub: signer.CertificateChainGeneral, status: "unknown"},
		{name: "no list of the root", leaf: w.person, change: func(o *signer.Options) {
			o.Evidence = certs.NewEvidence()
			o.Evidence.AddCRLs(certs.SourceFile, w.List(w.CA))
		}, verdict: "indeterminate", sub: signer.CertificateChainGeneral, status: "good"},
		{name: "list out of date", leaf: w.person, change: func(o *signer.Options) { o.At = now.AddDate(0, 0, 3) },
			verdict: "indeterminate", sub: signer.TryLater, status: "stale"},
		{name: "on hold", leaf: w.Issue(person, testpki.RevokedAt(now.Add(-2*time.Hour), 6)), change: unclaimed,
			verdict: "indeterminate", sub: signer.TryLater, status: "on_hold"},
		{name: "revoked, no proof", leaf: w.Issue(person, testpki.RevokedAt(now.Add(-2*time.Hour), 1)), change: unclaimed,
			verdict: "indeterminate", sub: signer.RevokedNoPOE, status: "revoked"},
		{name: "revoked after a time-stamp", leaf: w.Issue(person, testpki.RevokedAt(now.Add(-2*time.Hour), 1)), at: now.Add(-3 * time.Hour),
			stamped: true, change: unclaimed, verdict: "valid", status: "revoked", source: signer.TimeSignatureTimestamp},
		{name: "revoked before its time-stamp", leaf: w.Issue(person, testpki.RevokedAt(now.Add(-2*time.Hour), 1)), at: now.Add(-time.Hour),
			stamped: true, change: unclaimed, verdict: "indeterminate", sub: signer.RevokedNoPOE, status: "revoked", source: signer.TimeSignatureTimestamp},
		{name: "expired, no proof", leaf: w.Issue(person, testpki.Expired()), at: year(1), change: unclaimed,
			verdict: "indeterminate", sub: signer.OutOfBoundsNoPOE, status: "unknown"},
		// The list is of an hour ago, when the certificate was still on it if revoked.
		{name: "expired after the last list", leaf: w.Issue(person, testpki.Valid(year(1), now.Add(-10*time.Minute))), at: now.Add(-time.Hour), change: unclaimed,
			verdict: "indeterminate", sub: signer.OutOfBoundsNotRevoked, status: "good"},
		{name: "expired, no proof, no status", leaf: w.Issue(person, testpki.Expired()), at: year(1), change: func(o *signer.Options) { o.Claim, o.Evidence = nil, nil },
			verdict: "indeterminate", sub: signer.OutOfBoundsNoPOE, status: "unknown"},
		{name: "an unknown CA of the same name", leaf: w.Issue(person, testpki.UnknownCA()), change: unclaimed,
			verdict: "indeterminate", sub: signer.NoCertificateChainFound, status: "not_checked"},
		{name: "no anchors", leaf: w.person, change: func(o *signer.Options) { o.Trust = nil },
			verdict: "indeterminate", sub: signer.NoCertificateChainFound, status: "not_checked"},
		{name: "not bound to the agency", leaf: w.Issue(person), verdict: "indeterminate", sub: signer.SigConstraintsFailure, status: "good"},
		{name: "bound to another agency", leaf: w.person, change: func(o *signer.Options) { o.Claim.Agency = "G19.32.02" },
			verdict: "indeterminate", sub: signer.SigConstraintsFailure, status: "good"},
		{name: "by integrity alone", leaf: w.Issue(person, testpki.UnknownCA()), change: func(o *signer.Options) { o.Policy = signer.IntegrityPolicy() },
			verdict: "intact", status: "not_checked"},
		{name: "a list of the future", leaf: w.person, change: func(o *signer.Options) { o.At = now.Add(-2 * time.Hour) },
			verdict: "indeterminate", sub: signer.CertificateChainGeneral, status: "unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := signer.SignOptions{At: tt.at}
			if opts.At.IsZero() {
				opts.At = now
			}
			if tt.stamped {
				w.SetTime(opts.At)
				opts.Level, opts.TSA = signer.LevelBT, w.Stamper()
				defer w.SetTime(now)
			}
			file, _ := sign(t, w.letter, tt.leaf.Key(), opts)
			w.SetTime(now)
			judge := w.options()
			if tt.change != nil {
				tt.change(&judge)
			}
			r := validate(t, file, judge)
			if r.Verdict != tt.verdict || len(r.Signatures) != 1 {
				t.Fatalf("want %s, got %s", tt.verdict, summary(r))
			}
			s := r.Signatures[0]
			if s.SubIndication != tt.sub || s.Revocation.Status != tt.status {
				t.Errorf("want %q, certificate %q, got %q and %s", tt.sub, tt.status, s.Revocation.Status, summary(r))
			}
			if want := tt.source; want != "" && s.TimeSource != want || want == "" && s.TimeSource != signer.TimeClaimed {
				t.Errorf("time source %q, want %q", s.TimeSource, want)
			}
			if s.Coverage != signer.CoverageWhole || s.Changes != signer.ChangesNone || s.Integrity != signer.IntegrityIntact {
				t.Errorf("coverage %q, changes %q, integrity %q", s.Coverage, s.Changes, s.Integrity)
			}
		})
	}
}

func unclaimed(o *signer.Options) { o.Claim = nil }

// Both signatures of the agency make an original; one does not.
func TestValidateOriginal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{})
	two, _ := sign(t, one, w.agency.Key(), signer.SignOptions{Level: signer.LevelBT, TSA: w.Stamper()})
	three, _ := sign(t, two, w.Issue(testpki.Person("Người lạ", "Nơi khác")).Key(), signer.SignOptions{})
	for _, tt := range []struct {
		name     string
		file     []byte
		verdict  signer.Verdict
		original bool
		changes  []signer.Changes
	}{
		{"the person alone", one, "valid", false, []signer.Changes{"none"}},
		{"person and agency", two, "valid", true, []signer.Changes{"signature", "none"}},
		{"and a stranger", three, "indeterminate", false, []signer.Changes{"signature", "signature", "none"}},
	} {
		r := validate(t, tt.file, w.options())
		if r.Verdict != tt.verdict || r.Original != tt.original {
			t.Errorf("%s: want %s, original %v: %s", tt.name, tt.verdict, tt.original, summary(r))
		}
		for i, want := range tt.changes {
			if r.Signatures[i].Changes != want {
				t.Errorf("%s: signature %d: changes %s, want %s", tt.name, i, r.Signatures[i].Changes, want)
			}
		}
	}
	opts := w.options()
	opts.Claim = nil
	if r := validate(t, two, opts); r.Original || r.Signatures[0].Binding != signer.BindingNotChecked {
		t.Errorf("without a claim: original %v, binding %s", r.Original, r.Signatures[0].Binding)
	}
}

// What the CMS can get wrong, each with the finding that names it.
func TestValidateCMS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.person.Key()
	signCMS := func(digest []byte, o cms.SignOptions) []byte {
		der, err := cms.Sign(rand.Reader, key, key.Certificate(), key.Chain(), digest, o)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	sound := func(digest []byte) []byte { return signCMS(digest, cms.SignOptions{}) }
	for _, tt := range []struct {
		name    string
		value   func(digest []byte) []byte
		hand    byHand
		verdict signer.Verdict
		sub     signer.SubIndication
		finding string
		result  signer.Result
	}{
		{name: "sound", value: sound, verdict: "valid", finding: "signature-value", result: signer.Passed},
		{name: "zero bytes", value: func([]byte) []byte { return make([]byte, 20) }, verdict: "invalid", sub: "FORMAT_FAILURE", finding: "cms-format"},
		{name: "no DER at all", value: func([]byte) []byte { return []byte("0123456789") }, verdict: "invalid", sub: "FORMAT_FAILURE", finding: "cms-format"},
		{name: "over other content", value: func(d []byte) []byte { return sound(make([]byte, len(d))) }, verdict: "invalid", sub: "HASH_FAILURE", finding: "message-digest"},
		{name: "encapsulated content", value: func(d []byte) []byte { return signCMS(d, cms.SignOptions{Content: []byte("x")}) },
			verdict: "invalid", sub: "FORMAT_FAILURE", finding: "content-present"},
		{name: "content of another type", value: func(d []byte) []byte { return signCMS(d, cms.SignOptions{ContentType: cms.OIDTSTInfo}) },
			verdict: "invalid", sub: "FORMAT_FAILURE", finding: "content-type"},
		{name: "signature value changed", value: func(d []byte) []byte { return flipValue(t, sound(d)) }, verdict: "invalid", sub: "SIG_CRYPTO_FAILURE", finding: "signature-value"},
		{name: "another certificate", value: func(d []byte) []byte {
			return bytes.Replace(sound(d), key.Certificate().Raw, bytes.Replace(key.Certificate().Raw, []byte("Ngh"), []byte("Ngx"), -1), 1)
		}, verdict: "invalid", sub: "FORMAT_FAILURE", finding: "signing-certificate"},
		{name: "a second object behind it", value: func(d []byte) []byte { return append(sound(d), 4, 1, 1) }, verdict: "valid", finding: "contents-padding", result: signer.Warning},
		{name: "a made-up kind", value: sound, hand: byHand{subFilter: "Evil"}, verdict: "indeterminate", sub: "GENERIC", finding: "sub-filter"},
		{name: "adbe.pkcs7.detached", value: sound, hand: byHand{subFilter: "adbe.pkcs7.detached"}, verdict: "valid", finding: "signature-value", result: signer.Passed},
		{name: "the time of Vietnam as UTC", value: sound, hand: byHand{entries: []pdf.Entry{{Key: "M", Value: pdf.Date(testpki.Now.Add(7 * time.Hour))}}},
			verdict: "valid", finding: "claimed-time", result: signer.Warning},
		{name: "claims to be of tomorrow", value: sound, hand: byHand{entries: []pdf.Entry{{Key: "M", Value: pdf.Date(testpki.Now.AddDate(0, 0, 1))}}},
			verdict: "valid", finding: "claimed-time", result: signer.Warning},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := tt.hand
			h.key, h.field, h.value = key, "Ký", tt.value
			r := validate(t, h.sign(t, w.letter), w.options())
			wantFinding(t, r, tt.verdict, tt.sub, tt.finding, tt.result)
		})
	}
}

// wantFinding checks the verdict and the one finding that explains it.
func wantFinding(t *testing.T, r *signer.Report, verdict signer.Verdict, sub signer.SubIndication, name string, result signer.Result) {
	t.Helper()
	if result == "" {
		result = signer.Failed
	}
	if r.Verdict != verdict {
		t.Errorf("want %s: %s", verdict, summary(r))
	}
	if len(r.Signatures) > 0 && r.Signatures[0].SubIndication != sub {
		t.Errorf("want %s: %s", sub, summary(r))
	}
	for _, f := range find(r, name) {
		if f.Result == result {
			return
		}
	}
	t.Errorf("want a finding %q that %s: %s", name, result, summary(r))
}

// flipValue changes a bit of the signature value, the last bytes of a CMS without
// unsigned attributes.
func flipValue(t *testing.T, der []byte) []byte {
	t.Helper()
	der = bytes.Clone(der)
	der[len(der)-5] ^= 1
	return der
}

// Time-stamps that prove nothing leave the signature where it is, and are named.
func TestValidateTimestamps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.person.Key()
	tokenOf := func(leaf *testpki.Leaf, value []byte, at time.Time) []byte {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			body, _ := io.ReadAll(req.Body)
			reply, err := tsp.Respond(body, leaf.Signer, leaf.Certificate, leaf.Chain, at, w.Serial(), asn1.ObjectIdentifier{1, 2, 3})
			if err != nil {
				http.Error(rw, err.Error(), http.StatusInternalServerError)
				return
			}
			rw.Header().Set("Content-Type", "application/timestamp-reply")
			rw.Write(reply)
		}))
		defer server.Close()
		digest := sha256.Sum256(value)
		token, err := (&tsp.Client{URL: server.URL}).Stamp(context.Background(), crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return token.Raw
	}
	withToken := func(token func(value []byte) []byte) func([]byte) []byte {
		return func(digest []byte) []byte {
			der := byHand{key: key}.sound(t, digest)
			parsed, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			der, err = cms.AddUnsignedTimestamp(der, token(parsed.Signer().Signature))
			if err != nil {
				t.Fatal(err)
			}
			return der
		}
	}
	untrusted := w.Issue(testpki.Request{Kind: "tsa", ID: "x", Name: "TSA giả"}, testpki.UnknownCA())
	for _, tt := range []struct {
		name  string
		token func(value []byte) []byte
		level signer.Level
		sub   signer.SubIndication // of the time-stamp
	}{
		{"sound", func(v []byte) []byte { return tokenOf(w.TSACert, v, testpki.Now) }, signer.LevelBT, ""},
		{"of other data", func([]byte) []byte { return tokenOf(w.TSACert, []byte("other"), testpki.Now) }, signer.LevelBB, "HASH_FAILURE"},
		{"no token", func([]byte) []byte { return []byte{0x30, 0x03, 0x02, 0x01, 0x01} }, signer.LevelBB, "FORMAT_FAILURE"},
		{"by an authority that nobody trusts", func(v []byte) []byte { return tokenOf(untrusted, v, testpki.Now) }, signer.LevelBB, "NO_CERTIFICATE_CHAIN_FOUND"},
		{"of the future", func(v []byte) []byte { return tokenOf(w.TSACert, v, testpki.Now.AddDate(0, 0, 1)) }, signer.LevelBB, "TIMESTAMP_ORDER_FAILURE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := byHand{key: key, field: "Ký", value: withToken(tt.token), room: 16384}.sign(t, w.letter)
			r := validate(t, file, w.options())
			if r.Verdict != "valid" || r.Signatures[0].Level != tt.level || len(r.Timestamps) != 1 || r.Timestamps[0].SubIndication != tt.sub {
				t.Fatalf("want valid at %s with a time-stamp of %q: %s", tt.level, tt.sub, summary(r))
			}
			if proved := r.Signatures[0].TimeSource == signer.TimeSignatureTimestamp; proved != (tt.sub == "") {
				t.Errorf("time source %s", r.Signatures[0].TimeSource)
			}
			if tt.sub != "" && len(find(r, "signature-timestamp")) == 0 {
				t.Errorf("nothing says so: %s", summary(r))
			}
		})
	}
}

// What cannot be read is an error, and no report.
func TestValidateErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		data []byte
		is   error
	}{
		{"a password", encrypt(t, sample(t, "01-ward-report.pdf"), "preserve", "a password", "256"), pdf.ErrPassword},
		{"truncated", sample(t, "11-truncated.pdf"), pdf.ErrTruncated},
		{"no PDF", sample(t, "12-not-a-pdf.pdf"), pdf.ErrNotPDF},
	} {
		r, err := signer.Validate(context.Background(), bytes.NewReader(tt.data), signer.Options{At: testpki.Now})
		if !errors.Is(err, tt.is) || r != nil {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.is)
		}
	}
	r := validate(t, sample(t, "02-district-submission.pdf"), signer.Options{At: testpki.Now})
	if r.Verdict != signer.VerdictUnsigned || r.ExitCode() != 4 {
		t.Errorf("unsigned: %s, exit %d", r.Verdict, r.ExitCode())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := signer.Validate(ctx, bytes.NewReader(sample(t, "01-ward-report.pdf")), signer.Options{At: testpki.Now}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := signer.Validate(context.Background(), bytes.NewReader(nil), signer.Options{}); err == nil {
		t.Error("no time to judge at, and no error")
	}
}
