package cms_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/signer/cms"
)

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		key  crypto.Signer
		hash crypto.Hash
		want cms.Algorithm
	}{
		{"RSA SHA-256", rsaKey(), crypto.SHA256, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA256}},
		{"RSA SHA-384", rsaKey(), crypto.SHA384, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA384}},
		{"RSA SHA-512", rsaKey(), crypto.SHA512, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA512}},
		{"P-256", ecKey(elliptic.P256()), crypto.SHA256, cms.Algorithm{Scheme: cms.ECDSA, Hash: crypto.SHA256}},
		{"P-384", ecKey(elliptic.P384()), crypto.SHA384, cms.Algorithm{Scheme: cms.ECDSA, Hash: crypto.SHA384}},
		{"P-521", ecKey(elliptic.P521()), crypto.SHA512, cms.Algorithm{Scheme: cms.ECDSA, Hash: crypto.SHA512}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, ca := newParty(t, "Nguyễn Văn Nghĩa", tt.key), newParty(t, "CA", tt.key)
			h := tt.hash.New()
			h.Write([]byte("văn bản"))
			digest := h.Sum(nil)
			opts := cms.SignOptions{Hash: tt.hash}
			chain := []*x509.Certificate{ca.cert, p.cert}
			der, err := cms.Sign(rand.Reader, p.key, p.cert, chain, digest, opts)
			if err != nil {
				t.Fatal(err)
			}
			if bound := cms.EstimateSize(p.cert, chain, opts, 0); len(der) > bound || bound > len(der)+2048 {
				t.Errorf("SignedData of %d bytes, estimated at %d", len(der), bound)
			}
			sd, err := cms.Parse(append(bytes.Clone(der), 0, 0, 0))
			if err != nil {
				t.Fatal(err)
			}
			if problems := sd.Verify(digest); len(problems) > 0 {
				t.Errorf("Verify: %v", problems)
			}
			si := sd.Signer()
			if si.Algorithm != tt.want {
				t.Errorf("algorithm %v, want %v", si.Algorithm, tt.want)
			}
			if got := sd.Certificate(si); !got.Equal(p.cert) || len(sd.Certificates) != 2 {
				t.Errorf("certificate of %v among %d, want the signer's among 2", got.Subject, len(sd.Certificates))
			}
			if !bytes.Equal(sd.Rest, []byte{0, 0, 0}) || !bytes.Equal(sd.Raw, der) {
				t.Errorf("Rest is %x, Raw %d bytes, want 3 zeros and %d", sd.Rest, len(sd.Raw), len(der))
			}
			if _, ok := si.SigningTime(); ok {
				t.Error("signing-time is there, and PAdES forbids it")
			}
		})
	}
}

// OpenSSL reads attributes, algorithms and DER by its own rules.
func TestOpenSSLVerifies(t *testing.T) {
	t.Parallel()
	openssl := needOpenSSL(t)
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey(), "P-256": ecKey(elliptic.P256())} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, p := t.TempDir(), newParty(t, "Người ký", key)
			der, err := cms.Sign(rand.Reader, p.key, p.cert, nil, digestOf("công văn"), cms.SignOptions{SigningTime: at})
			if err != nil {
				t.Fatal(err)
			}
			content, file, ca := filepath.Join(dir, "content"), filepath.Join(dir, "cms"), filepath.Join(dir, "ca")
			root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})
			for path, data := range map[string][]byte{content: []byte("công văn"), file: der, ca: root} {
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(openssl, "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", file, "-content", content,
				"-CAfile", ca, "-purpose", "any", "-attime", strconv.FormatInt(at.Unix(), 10))
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "successful") {
				t.Errorf("openssl: %v\n%s", err, out)
			}
			sd, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := sd.Signer().SigningTime(); !ok || !got.Equal(at) {
				t.Errorf("signing-time %v %v, want %v", got, ok, at)
			}
		})
	}
}

// broken is a device whose signatures are of something else.
type broken struct{ crypto.Signer }

func (b broken) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	digest = bytes.Clone(digest)
	digest[0] ^= 1
	return b.Signer.Sign(r, digest, opts)
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	p, other := newParty(t, "A", rsaKey()), newParty(t, "B", ecKey(elliptic.P256()))
	p224 := newParty(t, "C", ecKey(elliptic.P224()))
	for _, tt := range []struct {
		name   string
		key    crypto.Signer
		cert   *x509.Certificate
		digest []byte
		opts   cms.SignOptions
		want   string
	}{
		{name: "another key", key: other.key, cert: p.cert, digest: digestOf(""), want: "does not verify under certificate"},
		{name: "a device that errs", key: broken{p.key}, cert: p.cert, digest: digestOf(""), want: "does not verify under certificate"},
		{name: "a short digest", key: p.key, cert: p.cert, digest: []byte{1}, want: "message digest of 1 bytes, want 32"},
		{name: "a weak hash", key: p.key, cert: p.cert, digest: make([]byte, 20), opts: cms.SignOptions{Hash: crypto.SHA1}, want: "cannot sign with hash SHA-1"},
		{name: "a short curve", key: p224.key, cert: p224.cert, digest: digestOf(""), want: "want at least P-256"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := cms.Sign(rand.Reader, tt.key, tt.cert, nil, tt.digest, tt.opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAddUnsignedTimestamp(t *testing.T) {
	t.Parallel()
	p := newParty(t, "A", ecKey(elliptic.P256()))
	der, err := cms.Sign(rand.Reader, p.key, p.cert, nil, digestOf("x"), cms.SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tokens := [][]byte{{0x30, 3, 2, 1, 7}, {0x30, 3, 2, 1, 9}}
	for i, token := range tokens {
		if der, err = cms.AddUnsignedTimestamp(append(der, 0, 0), token); err != nil {
			t.Fatal(err)
		}
		sd, err := cms.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tokens[:i+1], sd.Signer().TimeStamps()); diff != "" {
			t.Errorf("tokens (-want +got):\n%s", diff)
		}
		if problems := sd.Verify(digestOf("x")); len(problems) > 0 || len(sd.Rest) > 0 {
			t.Errorf("Verify: %v, rest %x", problems, sd.Rest)
		}
	}
	// What Encode writes at once is what Parse reads.
	d, err := cms.NewDraft(p.cert, nil, digestOf("x"), cms.SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	value, err := d.Sign(rand.Reader, p.key)
	if err != nil {
		t.Fatal(err)
	}
	if der, err = d.Encode(value, tokens[0]); err != nil {
		t.Fatal(err)
	}
	if bound := cms.EstimateSize(p.cert, nil, cms.SignOptions{}, len(tokens[0])); len(der) > bound {
		t.Errorf("SignedData of %d bytes, estimated at %d", len(der), bound)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tokens[:1], sd.Signer().TimeStamps()); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestSigningTimeAfter2049(t *testing.T) {
	t.Parallel()
	p := newParty(t, "A", ecKey(elliptic.P256()))
	want := time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)
	der, err := cms.Sign(rand.Reader, p.key, p.cert, nil, digestOf("x"), cms.SignOptions{SigningTime: want})
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := sd.Signer().SigningTime(); !ok || !got.Equal(want) {
		t.Errorf("signing-time %v %v, want %v", got, ok, want)
	}
}
