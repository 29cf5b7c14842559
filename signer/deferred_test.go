package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// prepare prepares data for a key, and takes what it gets through JSON as a
// restart would.
func prepare(t testing.TB, data []byte, key keys.Key, opts signer.SignOptions) *signer.Prepared {
	t.Helper()
	opts.At = testpki.Now
	p, err := signer.Prepare(context.Background(), bytes.NewReader(data), key.Certificate(), key.Chain(), cms.Algorithm{}, opts, 0)
	if err != nil {
		t.Fatal(err)
	}
	state, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = signer.ParsePrepared(state); err != nil {
		t.Fatal(err)
	}
	return p
}

func complete(data []byte, p *signer.Prepared, c signer.Completion) ([]byte, *signer.Signed, error) {
	if c.At.IsZero() {
		c.At = testpki.Now.Add(9 * time.Minute)
	}
	var out bytes.Buffer
	signed, err := signer.Complete(context.Background(), bytes.NewReader(data), p, c, &out)
	return out.Bytes(), signed, err
}

// signPrepared signs as a device does that is told the algorithm.
func signPrepared(t testing.TB, key crypto.Signer, p *signer.Prepared) []byte {
	t.Helper()
	signed, opts := p.Digest, crypto.SignerOpts(crypto.SHA256)
	switch p.Scheme {
	case cms.RSAPSS:
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA384}
	case cms.Ed25519:
		signed, opts = p.Attributes, crypto.Hash(0)
	}
	value, err := key.Sign(rand.Reader, signed, opts)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func signDigest(t testing.TB, key crypto.Signer, digest []byte) []byte {
	t.Helper()
	value, err := key.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// A signature made in two steps is the one that a key at hand makes in one.
func TestDeferred(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	letter := sample(t, "01-ward-report.pdf")
	signed, _ := sign(t, letter, pki.Issue(testpki.Person("Trần Thị B", "UBND")).Key(), signer.SignOptions{})
	person := testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")
	rsaKey, ecKey := pki.Issue(person).Key(), pki.Issue(person, testpki.P256()).Key()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edKey := keyOf(t, pki, private)
	look := signer.SignOptions{Profile: appearance.Custom, Place: &signer.Placement{Page: 1, Rect: [4]float64{20, 20, 200, 80}}, Reason: "Ký"}
	for _, tt := range []struct {
		name  string
		in    []byte
		key   keys.Key
		opts  signer.SignOptions
		pairs bool // the value as r and s side by side
		cms   bool
		level signer.Level
	}{
		{name: "RSA", in: letter, key: rsaKey, opts: look, level: signer.LevelBB},
		{name: "RSA, a second signature", in: signed, key: rsaKey, level: signer.LevelBB},
		{name: "RSA, time-stamped", in: letter, key: rsaKey, opts: signer.SignOptions{Level: signer.LevelBT}, level: signer.LevelBT},
		{name: "RSA PSS", in: letter, key: rsaKey, opts: signer.SignOptions{PSS: true, Hash: crypto.SHA384}, level: signer.LevelBB},
		{name: "Ed25519", in: letter, key: edKey, level: signer.LevelBB},
		{name: "certification", in: letter, key: ecKey, opts: signer.SignOptions{Certify: 2}, level: signer.LevelBB},
		{name: "P-256", in: letter, key: ecKey, level: signer.LevelBB},
		{name: "P-256 as tokens spell it", in: letter, key: ecKey, pairs: true, level: signer.LevelBB},
		{name: "CMS", in: letter, key: ecKey, cms: true, level: signer.LevelBB},
		{name: "CMS, time-stamped here", in: letter, key: rsaKey, cms: true, opts: signer.SignOptions{Level: signer.LevelBT}, level: signer.LevelBT},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := prepare(t, tt.in, tt.key, tt.opts)
			c := signer.Completion{TSA: pki.Stamper()}
			if c.Signature = signPrepared(t, tt.key, p); tt.pairs {
				c.Signature = pair(t, c.Signature)
			}
			if tt.cms {
				c.Signature, c.CMS = nil, makeCMS(t, tt.key, p.RangeDigest, cms.SignOptions{})
			}
			out, made, err := complete(tt.in, p, c)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(out, tt.in) || made.Level != tt.level || int64(len(out)) != made.Size {
				t.Errorf("made %+v of %d bytes, want level %s", made, len(out), tt.level)
			}
			report, err := signer.Validate(context.Background(), bytes.NewReader(out), signer.Options{At: testpki.Now.Add(10 * time.Minute), Trust: pki.Trust(), Evidence: pki.Evidence()})
			if err != nil || report.Verdict != signer.VerdictValid {
				t.Fatalf("verdict %v, %v", report, err)
			}
		})
	}
}

// pair spells an ECDSA signature of P-256 as a token does.
func pair(t testing.TB, der []byte) []byte {
	t.Helper()
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		t.Fatal(err)
	}
	return append(v.R.FillBytes(make([]byte, 32)), v.S.FillBytes(make([]byte, 32))...)
}

func makeCMS(t testing.TB, key keys.Key, digest []byte, opts cms.SignOptions) []byte {
	t.Helper()
	der, err := cms.Sign(rand.Reader, key, key.Certificate(), key.Chain(), digest, opts)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Each row is a wrong answer: refused by name, with nothing written.
func TestCompleteRefuses(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")
	key, other := pki.Issue(person, testpki.P256()).Key(), pki.Issue(person, testpki.P256()).Key()
	letter := sample(t, "01-ward-report.pdf")
	p := prepare(t, letter, key, signer.SignOptions{})
	stamped := prepare(t, letter, key, signer.SignOptions{Level: signer.LevelBT})
	value := signDigest(t, key, p.Digest)
	whole := makeCMS(t, key, p.RangeDigest, cms.SignOptions{})
	withToken, err := cms.AddUnsignedTimestamp(whole, []byte{0x30, 0})
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(*signer.Prepared)) *signer.Prepared {
		q := *p
		q.Data = bytes.Clone(p.Data)
		change(&q)
		return &q
	}
	for _, tt := range []struct {
		name string
		in   []byte
		p    *signer.Prepared
		c    signer.Completion
		is   error
		want string
	}{
		{name: "another key's value", c: signer.Completion{Signature: signDigest(t, other, p.Digest)}, is: signer.ErrSignatureValue},
		{name: "value over another digest", c: signer.Completion{Signature: signDigest(t, key, p.RangeDigest)}, is: signer.ErrSignatureValue},
		{name: "no signature value at all", c: signer.Completion{Signature: []byte("x")}, is: signer.ErrSignatureValue},
		{name: "neither", want: "want either"},
		{name: "both", c: signer.Completion{Signature: value, CMS: whole}, want: "want either"},
		{name: "too late", c: signer.Completion{Signature: value, At: testpki.Now.Add(11 * time.Minute)}, is: signer.ErrExpired},
		{name: "another file", in: letter[:len(letter)-1], c: signer.Completion{Signature: value}, is: signer.ErrOtherFile},
		{name: "CMS by another certificate", c: signer.Completion{CMS: makeCMS(t, other, p.RangeDigest, cms.SignOptions{})}, is: signer.ErrOtherCertificate},
		{name: "CMS over another digest", c: signer.Completion{CMS: makeCMS(t, key, p.Digest, cms.SignOptions{})}, is: signer.ErrOtherDigest},
		{name: "CMS by another hash", c: signer.Completion{CMS: makeCMS(t, key, make([]byte, 48), cms.SignOptions{Hash: crypto.SHA384})}, is: signer.ErrOtherDigest},
		{name: "CMS with a signing time", c: signer.Completion{CMS: makeCMS(t, key, p.RangeDigest, cms.SignOptions{SigningTime: testpki.Now})}, is: signer.ErrAttributes},
		{name: "CMS with content", c: signer.Completion{CMS: makeCMS(t, key, p.RangeDigest, cms.SignOptions{Content: []byte("x")})}, is: signer.ErrSignedData},
		{name: "CMS with a broken time-stamp", c: signer.Completion{CMS: withToken}, is: signer.ErrSignedData, want: "its time-stamp"},
		{name: "CMS with a wrong value", c: signer.Completion{CMS: flipLast(whole)}, is: signer.ErrSignatureValue},
		{name: "CMS and more", c: signer.Completion{CMS: append(bytes.Clone(whole), 0)}, is: signer.ErrSignedData},
		{name: "no CMS", c: signer.Completion{CMS: []byte("%PDF-1.7")}, is: signer.ErrSignedData},
		{name: "too large", c: signer.Completion{CMS: make([]byte, 1<<20)}, is: signer.ErrTooLarge},
		{name: "no authority", p: stamped, c: signer.Completion{Signature: signDigest(t, key, stamped.Digest)}, want: "none is given"},
		{name: "another revision", p: edit(func(p *signer.Prepared) { p.Data[10] ^= 1 }), c: signer.Completion{Signature: value}, is: signer.ErrPrepared},
		{name: "another hole", p: edit(func(p *signer.Prepared) { p.Contents.Start-- }), c: signer.Completion{Signature: value}, is: signer.ErrPrepared},
		{name: "other attributes", p: edit(func(p *signer.Prepared) { p.Attributes = p.Digest }), c: signer.Completion{Signature: value}, is: signer.ErrPrepared},
		{name: "another certificate", p: edit(func(p *signer.Prepared) { p.Certificate = other.Certificate().Raw }), c: signer.Completion{Signature: value}, is: signer.ErrPrepared},
		{name: "another field", p: edit(func(p *signer.Prepared) { p.Field = "Khác" }), c: signer.Completion{Signature: value}, is: signer.ErrPrepared},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.in == nil {
				tt.in = letter
			}
			if tt.p == nil {
				tt.p = p
			}
			out, _, err := complete(tt.in, tt.p, tt.c)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %v %q", err, tt.is, tt.want)
			}
			if len(out) != 0 {
				t.Errorf("%d bytes written", len(out))
			}
		})
	}
}

// flipLast changes the last byte, which is the signature value's.
func flipLast(der []byte) []byte {
	out := bytes.Clone(der)
	out[len(out)-1] ^= 1
	return out
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")
	good := pki.Issue(person).Certificate
	for _, tt := range []struct {
		name      string
		sample    string
		cert      *x509.Certificate
		algorithm cms.Algorithm
		level     signer.Level
		reserved  int
		is        error
		want      string
	}{
		{name: "no certificate", want: "no certificate"},
		{name: "expired", cert: pki.Issue(person, testpki.Expired()).Certificate, is: signer.ErrCertificate},
		{name: "too small", cert: good, reserved: 100, is: signer.ErrReserved, want: "100 bytes, want at least"},
		{name: "too large", cert: good, reserved: 1 << 21, is: signer.ErrReserved, want: "at most"},
		{name: "algorithm", cert: good, algorithm: cms.Algorithm{Scheme: cms.ECDSA, Hash: crypto.SHA256}, want: "cannot prepare for ECDSA"},
		{name: "level", cert: good, level: signer.LevelBLTA, want: "augment the file"},
		{name: "cut short", cert: good, sample: "11-truncated.pdf", is: pdf.ErrTruncated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.sample == "" {
				tt.sample = "01-ward-report.pdf"
			}
			_, err := signer.Prepare(context.Background(), bytes.NewReader(sample(t, tt.sample)), tt.cert, nil, tt.algorithm,
				signer.SignOptions{At: testpki.Now, Level: tt.level}, tt.reserved)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %v %q", err, tt.is, tt.want)
			}
		})
	}
}

// OpenSSL plays the token: it pads what it is given, and hashes nothing.
func TestCompleteWithOpenSSL(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	letter := sample(t, "01-ward-report.pdf")
	for name, opts := range map[string][]testpki.Option{"RSA": nil, "P-256": {testpki.P256()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			leaf := pki.Issue(testpki.Person("Đặng Văn Hùng", "UBND"), opts...)
			der, err := x509.MarshalPKCS8PrivateKey(leaf.Signer)
			if err != nil {
				t.Fatal(err)
			}
			p := prepare(t, letter, leaf.Key(), signer.SignOptions{})
			digest, key := save(t, "digest", p.Digest), save(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
			args := []string{"pkeyutl", "-sign", "-inkey", key, "-in", digest}
			if _, ok := leaf.Signer.(*ecdsa.PrivateKey); !ok {
				info := save(t, "info", p.DigestInfo)
				plain, err := run(t, "openssl", append(args[:5:5], info)...)
				if err != nil {
					t.Fatalf("%v\n%s", err, plain)
				}
				if _, _, err := complete(letter, p, signer.Completion{Signature: []byte(plain)}); err != nil {
					t.Errorf("over the DigestInfo: %v", err)
				}
				args = append(args, "-pkeyopt", "digest:sha256")
			}
			value, err := run(t, "openssl", args...)
			if err != nil {
				t.Fatalf("%v\n%s", err, value)
			}
			out, _, err := complete(letter, p, signer.Completion{Signature: []byte(value)})
			if err != nil {
				t.Fatal(err)
			}
			if list := complaints(t, save(t, "out.pdf", out)); len(list) > 0 {
				t.Errorf("qpdf: %v", list)
			}
			for _, v := range judge(t, pki, save(t, "out.pdf", out)) {
				if !v.Bottom {
					t.Errorf("pyHanko: %+v", v)
				}
			}
		})
	}
}

// What is read back never makes Complete panic, or write.
func FuzzParsePrepared(f *testing.F) {
	pki := testpki.New(f)
	letter := sample(f, "01-ward-report.pdf")
	key := pki.Issue(testpki.Person("A", "B"), testpki.P256()).Key()
	// A small one: mutations of a large one are mostly of zeros.
	p, err := signer.Prepare(context.Background(), bytes.NewReader(letter), key.Certificate(), nil, cms.Algorithm{}, signer.SignOptions{At: testpki.Now}, 2500)
	if err != nil {
		f.Fatal(err)
	}
	state, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(state)
	f.Add([]byte(`{"version":1,"hash":"SHA-256","size":9223372036854775807,"contents":{"Start":1,"End":9}}`))
	f.Fuzz(func(t *testing.T, state []byte) {
		p, err := signer.ParsePrepared(state)
		if err != nil {
			return
		}
		if out, _, err := complete(letter, p, signer.Completion{Signature: []byte("0123")}); err == nil || len(out) > 0 {
			t.Errorf("completed: %v", err)
		}
	})
}
