package keys_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/internal/testtool"
)

func password(s string) keys.Secret { return func() ([]byte, error) { return []byte(s), nil } }

// checkSigns signs with a key and verifies with its certificate.
func checkSigns(t *testing.T, key keys.Key) {
	t.Helper()
	digest := sha256.Sum256([]byte("Số: 12/UBND-VP"))
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	switch public := key.Certificate().PublicKey.(type) {
	case *rsa.PublicKey:
		err = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(public, digest[:], signature) {
			err = errors.New("does not verify")
		}
	}
	if err != nil {
		t.Errorf("signature of %s: %v", key.Info().Algorithm, err)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, uri string
		is        error
		want      string
	}{
		{name: "unknown scheme", uri: "yubikey:1", is: keys.ErrUnknownScheme, want: `keys: scheme "yubikey": unknown key scheme, want one of pem, pkcs12`},
		{name: "a path alone", uri: "/etc/key.p12", is: keys.ErrUnknownScheme, want: "want SCHEME:NAME"},
		{name: "nothing", uri: "", is: keys.ErrUnknownScheme, want: "want SCHEME:NAME"},
		{name: "no name", uri: "pkcs12:", is: keys.ErrUnknownScheme, want: "want SCHEME:NAME"},
		{name: "hardware", uri: "pkcs11:token=UBND;object=dau?pin-value=123456", is: keys.ErrNoPKCS11, want: "built without PKCS#11 support"},
		{name: "missing file", uri: "pkcs12:không có.p12", is: fs.ErrNotExist, want: "không có.p12"},
		{name: "missing PEM", uri: "pem:không có.pem", is: fs.ErrNotExist},
		{name: "folder", uri: "pem:.", want: "keys:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := keys.Open(tt.uri, nil)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q in it, and %v", err, tt.want, tt.is)
			}
			if strings.Contains(err.Error(), "123456") {
				t.Errorf("error %q tells the PIN", err)
			}
		})
	}
}

// registerStub runs once for a process, however often its test does.
var registerStub = sync.OnceFunc(func() {
	keys.Register("stub", func(rest string, _ keys.Secret) (keys.Key, error) { return nil, errors.New("opened " + rest) })
})

func TestRegister(t *testing.T) {
	registerStub()
	if _, err := keys.Open("stub:a:b?c", nil); err == nil || err.Error() != "opened a:b?c" {
		t.Errorf("error %v, want the opener's", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a scheme was registered twice")
		}
	}()
	keys.Register("pem", nil)
}

func TestPKCS12(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	other := p.Issue(testpki.Agency("Sở khác"), testpki.P256())
	for _, tt := range []struct {
		name     string
		encoder  *pkcs12.Encoder
		leaf     *testpki.Leaf
		chain    []*x509.Certificate
		password string
		secret   keys.Secret
		swap     bool // the CA's certificate before the key's
		chainLen int
		is       error
		want     string
	}{
		{name: "RSA", encoder: pkcs12.Modern, leaf: p.Issue(testpki.Agency("UBND")), password: "mật khẩu ĩ", secret: password("mật khẩu ĩ")},
		{name: "P-256", encoder: pkcs12.Modern, leaf: other, password: "a", secret: password("a")},
		{name: "newest encoding", encoder: pkcs12.Modern2026, leaf: other, password: "a", secret: password("a")},
		{name: "triple DES", encoder: pkcs12.LegacyDES, leaf: other, password: "a", secret: password("a")},
		{name: "RC2, as old Windows writes", encoder: pkcs12.LegacyRC2, leaf: other, password: "a", secret: password("a")},
		{name: "chain with root", encoder: pkcs12.Modern, leaf: other, chain: other.Chain, chainLen: 2},
		{name: "chain upside down, with a stranger", encoder: pkcs12.Modern, leaf: other,
			chain: []*x509.Certificate{p.Root.Certificate, p.TSACert.Certificate, p.CA.Certificate}, chainLen: 2},
		{name: "the CA's certificate first", encoder: pkcs12.Modern, leaf: other, swap: true, chainLen: 1},
		{name: "empty password, none asked", encoder: pkcs12.Modern, leaf: other},
		{name: "wrong password", encoder: pkcs12.Modern, leaf: other, password: "a", secret: password("b"), is: keys.ErrWrongPassword, want: "wrong password"},
		{name: "wrong password, triple DES", encoder: pkcs12.LegacyDES, leaf: other, password: "a", secret: password("b"), is: keys.ErrWrongPassword},
		{name: "password in another case", encoder: pkcs12.Modern, leaf: other, password: "Ĩ", secret: password("ĩ"), is: keys.ErrWrongPassword},
		{name: "password not at hand", encoder: pkcs12.Modern, leaf: other, password: "a", secret: func() ([]byte, error) { return nil, fs.ErrPermission }, is: fs.ErrPermission},
		{name: "certificate of another key", encoder: pkcs12.Modern, leaf: &testpki.Leaf{Signer: other.Signer, Certificate: p.TSACert.Certificate}, want: "none of its 1 certificates belongs to the private key"},
		{name: "hours of derivation", encoder: pkcs12.Modern.WithIterations(100_000), leaf: other, want: "more than 5000000 iterations"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, chain := tt.leaf.Certificate, tt.chain
			if tt.swap {
				first, chain = p.CA.Certificate, []*x509.Certificate{first}
			}
			data, err := tt.encoder.Encode(tt.leaf.Signer, first, chain, tt.password)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(tt.name, "hours") {
				data = slowDown(t, data)
			}
			path := filepath.Join(t.TempDir(), "dấu: 1.p12")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			key, err := keys.Open("pkcs12:"+path, tt.secret)
			if failed := tt.is != nil || tt.want != ""; failed {
				if err == nil || !errors.Is(err, tt.is) && tt.is != nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error %v, want %q in it, and %v", err, tt.want, tt.is)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !key.Certificate().Equal(tt.leaf.Certificate) || len(key.Chain()) != tt.chainLen {
				t.Errorf("certificate of %q and %d of CAs, want %d", key.Certificate().Subject, len(key.Chain()), tt.chainLen)
			}
			if tt.chainLen > 0 && !key.Chain()[0].Equal(p.CA.Certificate) {
				t.Errorf("the chain begins with %q", key.Chain()[0].Subject)
			}
			if info := key.Info(); info.Scheme != "pkcs12" || info.URI != "pkcs12:"+path {
				t.Errorf("info %+v", info)
			}
			checkSigns(t, key)
		})
	}
}

// slowDown writes eight million where a count of 100,000 iterations stands.
func slowDown(t *testing.T, data []byte) []byte {
	t.Helper()
	slow := bytes.ReplaceAll(data, []byte{2, 3, 0x01, 0x86, 0xa0}, []byte{2, 3, 0x7f, 0xff, 0xff})
	if bytes.Equal(slow, data) {
		t.Fatal("no count of iterations found")
	}
	return slow
}

// TestOpenSSL opens what openssl writes, now and as it did before version 3.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	openssl := testtool.Find(t, "openssl")
	p := testpki.New(t)
	for _, tt := range []struct {
		name string
		leaf *testpki.Leaf
		args []string
	}{
		{name: "RSA", leaf: p.Issue(testpki.Agency("UBND phường Ba Hàng"))},
		{name: "P-256", leaf: p.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "UBND"), testpki.P256())},
		{name: "triple DES", leaf: p.Issue(testpki.Agency("UBND")), args: []string{"-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"}},
		{name: "AES-128, many iterations", leaf: p.Issue(testpki.Agency("UBND")), args: []string{"-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC", "-iter", "10000"}},
		{name: "certificates not encrypted", leaf: p.Issue(testpki.Agency("UBND")), args: []string{"-certpbe", "NONE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			in, out := filepath.Join(dir, "in.pem"), filepath.Join(dir, "out.p12")
			if err := os.WriteFile(in, encode(t, tt.leaf, tt.leaf.Chain...), 0o600); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"pkcs12", "-export", "-in", in, "-out", out, "-passout", "pass:bí mật", "-name", "dấu"}, tt.args...)
			if output, err := exec.Command(openssl, args...).CombinedOutput(); err != nil {
				t.Fatalf("openssl: %v\n%s", err, output)
			}
			key, err := keys.Open("pkcs12:"+out, password("bí mật"))
			if err != nil {
				t.Fatal(err)
			}
			if !key.Certificate().Equal(tt.leaf.Certificate) || len(key.Chain()) != 2 {
				t.Errorf("certificate of %q and %d of CAs, want 2", key.Certificate().Subject, len(key.Chain()))
			}
			checkSigns(t, key)
			if _, err := keys.Open("pkcs12:"+out, password("sai")); !errors.Is(err, keys.ErrWrongPassword) {
				t.Errorf("wrong password: %v", err)
			}
		})
	}
}

// encode writes a key and certificates as PEM.
func encode(t testing.TB, l *testpki.Leaf, chain ...*x509.Certificate) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(l.Signer)
	if err != nil {
		t.Fatal(err)
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, c := range append([]*x509.Certificate{l.Certificate}, chain...) {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}
