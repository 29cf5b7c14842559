package cms_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lienthong/signer/cms"
)

func needOpenSSL(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no openssl: apt-get install openssl")
		}
		t.Skip("no openssl: apt-get install openssl")
	}
	return path
}

// pemFile writes a party's key and certificate.
func pemFile(t *testing.T, p party) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	data := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})...)
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What OpenSSL signs in ways that this package does not is read and judged.
func TestVerifyOpenSSL(t *testing.T) {
	t.Parallel()
	openssl := needOpenSSL(t)
	rsaParty, ecParty := newParty(t, "RSA", rsaKey()), newParty(t, "EC", ecKey(elliptic.P384()))
	pss := []string{"-keyopt", "rsa_padding_mode:pss"}
	for _, tt := range []struct {
		name      string
		party     party
		args      []string
		algorithm cms.Algorithm
		want      []cms.Code
	}{
		{"CAdES", rsaParty, []string{"-cades"}, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA256}, nil},
		{"CAdES by key identifier", rsaParty, []string{"-cades", "-keyid"}, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA256}, nil},
		{"PSS", rsaParty, append(pss, "-cades"), cms.Algorithm{Scheme: cms.RSAPSS, Hash: crypto.SHA256, Salt: 222}, nil},
		{"PSS with a short salt", rsaParty, append(pss, "-keyopt", "rsa_pss_saltlen:32", "-cades"), cms.Algorithm{Scheme: cms.RSAPSS, Hash: crypto.SHA256, Salt: 32}, nil},
		{"P-384", ecParty, []string{"-cades", "-md", "sha384"}, cms.Algorithm{Scheme: cms.ECDSA, Hash: crypto.SHA384}, nil},
		{"plain CMS", rsaParty, nil, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA256}, []cms.Code{cms.NoSigningCert}},
		{"SHA-1", rsaParty, []string{"-cades", "-md", "sha1"}, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA1}, []cms.Code{cms.AlgorithmWeak}},
		{"no attributes", rsaParty, []string{"-noattr"}, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA256}, []cms.Code{cms.NoSignedAttributes}},
		{"no certificate", rsaParty, []string{"-cades", "-nocerts"}, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA256}, []cms.Code{cms.NoCertificate}},
		{"content carried", rsaParty, []string{"-cades", "-nodetach"}, cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: crypto.SHA256}, []cms.Code{cms.ContentPresent}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			content, out := filepath.Join(t.TempDir(), "content"), filepath.Join(t.TempDir(), "out")
			if err := os.WriteFile(content, []byte("công văn"), 0o600); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"cms", "-sign", "-binary", "-in", content, "-signer", pemFile(t, tt.party), "-outform", "DER", "-out", out}, tt.args...)
			if printed, err := exec.Command(openssl, args...).CombinedOutput(); err != nil {
				t.Fatalf("openssl: %v\n%s", err, printed)
			}
			der, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			sd, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			si := sd.Signer()
			if si.Algorithm != tt.algorithm {
				t.Errorf("algorithm %v, want %v", si.Algorithm, tt.algorithm)
			}
			h := si.Hash.New()
			h.Write([]byte("công văn"))
			var got []cms.Code
			for _, p := range sd.Verify(h.Sum(nil)) {
				if !slices.Contains(got, p.Code) {
					got = append(got, p.Code)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// OpenSSL 3.0 makes no CMS with Ed25519, so its check stands alone.
func TestCheckSignatureEd25519(t *testing.T) {
	t.Parallel()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := cms.Algorithm{Scheme: cms.Ed25519, Hash: crypto.SHA512}
	value := ed25519.Sign(key, []byte("thuộc tính"))
	if err := a.CheckSignature(pub, []byte("thuộc tính"), value); err != nil {
		t.Error(err)
	}
	if a.CheckSignature(pub, []byte("khác"), value) == nil || a.CheckSignature(rsaKey().Public(), []byte("thuộc tính"), value) == nil {
		t.Error("a signature of something else, or by another kind of key, verifies")
	}
}
