package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"strings"
	"testing"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// keyOf has the PKI certify a key of any kind.
func keyOf(t testing.TB, pki *testpki.PKI, private crypto.Signer) keys.Key {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: pki.Serial(), Subject: pkix.Name{CommonName: "Nguyễn Trọng Nghĩa"},
		NotBefore: testpki.Now.AddDate(-1, 0, 0), NotAfter: testpki.Now.AddDate(2, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, pki.CA.Certificate, private.Public(), pki.CA.Signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.New("test:key", private, cert, pki.CA.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Every algorithm that the options can ask for is one that others verify.
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	onCurve := func(c elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		key      crypto.Signer
		hash     crypto.Hash // asked for
		pss      bool
		scheme   cms.Scheme
		want     crypto.Hash
		iso      bool // /Extensions names ISO/TS 32002
		unpdfsig bool // pdfsig does not know it
	}{
		{name: "RSA", key: rsaKey, scheme: cms.RSAPKCS1v15, want: crypto.SHA256},
		{name: "RSA SHA-384", key: rsaKey, hash: crypto.SHA384, scheme: cms.RSAPKCS1v15, want: crypto.SHA384},
		{name: "RSA SHA-512", key: rsaKey, hash: crypto.SHA512, scheme: cms.RSAPKCS1v15, want: crypto.SHA512},
		{name: "PSS", key: rsaKey, pss: true, scheme: cms.RSAPSS, want: crypto.SHA256},
		{name: "PSS SHA-512", key: rsaKey, hash: crypto.SHA512, pss: true, scheme: cms.RSAPSS, want: crypto.SHA512},
		{name: "P-256", key: onCurve(elliptic.P256()), scheme: cms.ECDSA, want: crypto.SHA256, iso: true},
		{name: "P-384", key: onCurve(elliptic.P384()), scheme: cms.ECDSA, want: crypto.SHA384, iso: true},
		{name: "P-384 SHA-256", key: onCurve(elliptic.P384()), hash: crypto.SHA256, scheme: cms.ECDSA, want: crypto.SHA256, iso: true},
		{name: "P-521", key: onCurve(elliptic.P521()), scheme: cms.ECDSA, want: crypto.SHA512, iso: true},
		{name: "Ed25519", key: edKey, scheme: cms.Ed25519, want: crypto.SHA512, iso: true, unpdfsig: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			key := keyOf(t, pki, tt.key)
			opts := longTerm(pki, signer.LevelBLTA)
			opts.Hash, opts.PSS = tt.hash, tt.pss
			out, signed := sign(t, sample(t, "05-annex.pdf"), key, opts)
			sd, err := cms.Parse(signed.CMS)
			if err != nil {
				t.Fatal(err)
			}
			si := sd.Signer()
			if si.Algorithm.Scheme != tt.scheme || si.Algorithm.Hash != tt.want || si.Hash != tt.want || signed.Archive.Hash != tt.want {
				t.Errorf("%s, digest %s, time-stamp %s", si.Algorithm, si.Hash, signed.Archive.Hash)
			}
			if tt.scheme == cms.RSAPSS && si.Algorithm.Salt != tt.want.Size() {
				t.Errorf("salt of %d octets", si.Algorithm.Salt)
			}
			if warned := len(signed.Warnings) == 1; warned != (tt.scheme == cms.Ed25519) {
				t.Errorf("warnings %q", signed.Warnings)
			}
			if r := judgedAt(t, pki, out); r.Verdict != signer.VerdictValid || r.Signatures[0].Level != signer.LevelBLTA {
				t.Error(summary(r))
			}
			esic, iso := extensions(t, out)
			if !esic || iso != tt.iso {
				t.Errorf("/Extensions has ESIC: %t, ISO/TS 32002: %t, want %t", esic, iso, tt.iso)
			}
			file := save(t, "out.pdf", out)
			if v := judgeLong(t, pki, testpki.Now, file)[0][0]; !v.Bottom || v.Long != "PASSED" {
				t.Errorf("pyHanko: %+v", v)
			}
			answer, err := run(t, "pdfsig", "-nocert", file)
			if valid := strings.Contains(answer, "Signature Validation: Signature is Valid."); err != nil || valid == tt.unpdfsig {
				t.Errorf("pdfsig: %v\n%s", err, answer)
			}
		})
	}
}

// extensions reports which extensions the catalog names.
func extensions(t testing.TB, data []byte) (esic, iso bool) {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(data), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	v := f.Latest()
	_, catalog, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	list, err := v.Dict(catalog.Get("Extensions"))
	if err != nil || list == nil {
		t.Fatalf("no extensions: %v", err)
	}
	d, _ := v.Dict(list.Get("ISO_"))
	if d != nil {
		n, _ := d.Int("ExtensionLevel")
		iso = n == 32002
	}
	return list.Has("ESIC"), iso
}

func TestAlgorithmsRefused(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := pki.Issue(testpki.Person("N", "UBND"), testpki.P256()).Key()
	for _, tt := range []struct {
		name string
		key  keys.Key
		opts signer.SignOptions
		want string
	}{
		{"PSS with a curve", ec, signer.SignOptions{PSS: true}, "RSASSA-PSS is asked for"},
		{"Ed25519 with SHA-256", keyOf(t, pki, edKey), signer.SignOptions{Hash: crypto.SHA256}, "SHA-512 alone"},
		{"SHA-1", ec, signer.SignOptions{Hash: crypto.SHA1}, "cannot sign with hash SHA-1"},
	} {
		tt.opts.At = testpki.Now
		var out counter
		_, err := signer.Sign(context.Background(), bytes.NewReader(sample(t, "05-annex.pdf")), tt.key, tt.opts, &out)
		if err == nil || !strings.Contains(err.Error(), tt.want) || out.n != 0 {
			t.Errorf("%s: error %v, %d bytes written", tt.name, err, out.n)
		}
	}
}

// A certification says what may follow, in the signature and in the catalog; what
// it forbids is refused, and what it allows stays valid.
func TestCertify(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	letter := sample(t, "01-ward-report.pdf")
	for p := 1; p <= 3; p++ {
		out, _ := sign(t, letter, key, signer.SignOptions{Certify: p})
		if got := certified(t, out); got != p {
			t.Errorf("certified with P %d, want %d", got, p)
		}
		file := save(t, "out.pdf", out)
		if answer, err := run(t, "pdfsig", "-nocert", file); err != nil || !strings.Contains(answer, "Signature Validation: Signature is Valid.") {
			t.Errorf("P %d: pdfsig: %v\n%s", p, err, answer)
		}
		if v := judge(t, pki, file); !v[0].Bottom {
			t.Errorf("P %d: pyHanko: %+v", p, v[0])
		}
		if r := judgedAt(t, pki, out); r.Verdict != signer.VerdictValid {
			t.Errorf("P %d: %s", p, summary(r))
		}
		// Evidence is no change (ISO 32000-2, 12.8.2.2.1), but for some viewers at P 1.
		opts := archive(pki, signer.LevelBLTA)
		opts.Force = p == 1
		lta, done := augment(t, out, opts)
		if r := judgedAt(t, pki, lta); r.Verdict != signer.VerdictValid || r.Signatures[0].Level != signer.LevelBLTA || (len(done.Warnings) == 1) != (p == 1) {
			t.Errorf("P %d: warnings %q, %s", p, done.Warnings, summary(r))
		}
		if v := judgeLong(t, pki, testpki.Now, save(t, "lta.pdf", lta))[0][0]; !v.Bottom || v.Modification != "LTA_UPDATES" {
			t.Errorf("P %d: pyHanko: %+v", p, v)
		}
		var second bytes.Buffer
		_, err := signer.Sign(t.Context(), bytes.NewReader(out), key, signer.SignOptions{At: testpki.Now}, &second)
		if (err == nil) != (p == 3) || err != nil && !errors.Is(err, signer.ErrCertified) {
			t.Errorf("P %d: a second signature in a new field: %v", p, err)
		}
	}
	direct, _ := sign(t, letter, key, certifying(longTerm(pki, signer.LevelBLTA), 2))
	if r := judgedAt(t, pki, direct); r.Verdict != signer.VerdictValid || r.Signatures[0].Level != signer.LevelBLTA {
		t.Error(summary(r))
	}
	signed, _ := sign(t, letter, key, signer.SignOptions{})
	for name, tt := range map[string]struct {
		in   []byte
		opts signer.SignOptions
		want string
	}{
		"second":              {signed, signer.SignOptions{Certify: 2}, "only the first signature"},
		"P 4":                 {letter, signer.SignOptions{Certify: 4}, "want 1, 2 or 3"},
		"closed and B-LT":     {letter, certifying(longTerm(pki, signer.LevelBLT), 1), "leaves no room"},
		"certification twice": {must(sign(t, letter, key, signer.SignOptions{Certify: 3})), signer.SignOptions{Certify: 3}, "only the first signature"},
	} {
		tt.opts.At = testpki.Now
		var out counter
		_, err := signer.Sign(t.Context(), bytes.NewReader(tt.in), key, tt.opts, &out)
		if err == nil || !strings.Contains(err.Error(), tt.want) || out.n != 0 {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func must(out []byte, _ *signer.Signed) []byte { return out }

func certifying(o signer.SignOptions, p int) signer.SignOptions {
	o.Certify = p
	return o
}

// certified returns the P of the signature that the catalog names, 0 without one.
func certified(t testing.TB, data []byte) int {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(data), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	v := f.Latest()
	_, catalog, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	perms, _ := v.Dict(catalog.Get("Perms"))
	if perms == nil {
		return 0
	}
	sig, _ := v.Dict(perms.Get("DocMDP"))
	references, _ := v.Array(sig.Get("Reference"))
	for _, o := range references {
		d, _ := v.Dict(o)
		params, _ := v.Dict(d.Get("TransformParams"))
		if d.Name("TransformMethod") == "DocMDP" {
			p, _ := params.Int("P")
			return int(p)
		}
	}
	return 0
}
