//go:build cgo

package pkcs11_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	raw "github.com/miekg/pkcs11"

	"lienthong/certs/dev"
	"lienthong/certs/keys"
	"lienthong/certs/keys/pkcs11"
	"lienthong/internal/testpki"
)

const pin = "123456"

// module returns the path of SoftHSM.
func module(t testing.TB) string {
	t.Helper()
	paths := []string{os.Getenv("LIENTHONG_SOFTHSM"), "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
		"/opt/homebrew/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil || path == "" {
			continue
		}
		if _, err := exec.LookPath("softhsm2-util"); err == nil {
			return path
		}
	}
	const get = "SoftHSM is not here: apt-get install softhsm2, or brew install softhsm; LIENTHONG_SOFTHSM names its library if it lies elsewhere"
	if os.Getenv("CI") == "true" {
		t.Fatal(get)
	}
	t.Skip(get)
	return ""
}

// An hsm is a SoftHSM with its own folder. It counts for the whole process, so
// tests that have one do not run at the same time.
type hsm struct {
	t      testing.TB
	module string
	dir    string
}

func newHSM(t testing.TB) *hsm {
	t.Helper()
	h := &hsm{t: t, module: module(t), dir: t.TempDir()}
	tokens := filepath.Join(h.dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(h.dir, "softhsm2.conf")
	h.write(conf, "directories.tokendir = "+tokens+"\nobjectstore.backend = file\nlog.level = ERROR\n")
	t.Setenv("SOFTHSM2_CONF", conf)
	pkcs11.Close()
	t.Cleanup(pkcs11.Close)
	return h
}

func (h *hsm) write(path, text string) string {
	h.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

func (h *hsm) run(name string, args ...string) {
	h.t.Helper()
	if output, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		h.t.Fatalf("%s: %v\n%s", name, err, output)
	}
}

func (h *hsm) token(label string) {
	h.t.Helper()
	h.run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "87654321")
}

// put puts a key on a token and, unless bare, its certificate and its CA's.
func (h *hsm) put(token, label, id string, leaf *testpki.Leaf, bare bool) {
	h.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(leaf.Signer)
	if err != nil {
		h.t.Fatal(err)
	}
	file := h.write(filepath.Join(h.dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	h.run("softhsm2-util", "--import", file, "--token", token, "--label", label, "--id", id, "--pin", pin)
	if !bare {
		h.putCertificate(token, label, id, leaf.Certificate)
	}
}

// session calls a function with a session in which objects can be made.
func (h *hsm) session(token string, use func(*raw.Ctx, raw.SessionHandle) error) {
	h.t.Helper()
	ctx := raw.New(h.module)
	if ctx == nil {
		h.t.Fatalf("%s cannot be loaded", h.module)
	}
	defer ctx.Destroy()
	fail := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	fail(ctx.Initialize())
	defer ctx.Finalize()
	slots, err := ctx.GetSlotList(true)
	fail(err)
	for _, slot := range slots {
		if info, err := ctx.GetTokenInfo(slot); err != nil || strings.TrimRight(info.Label, " \x00") != token {
			continue
		}
		s, err := ctx.OpenSession(slot, raw.CKF_SERIAL_SESSION|raw.CKF_RW_SESSION)
		fail(err)
		fail(ctx.Login(s, raw.CKU_USER, pin))
		fail(use(ctx, s))
		return
	}
	h.t.Fatalf("no token %q", token)
}

func (h *hsm) putCertificate(token, label, id string, c *x509.Certificate) {
	h.t.Helper()
	h.session(token, func(ctx *raw.Ctx, s raw.SessionHandle) error {
		number, err := hex.DecodeString(id)
		if err != nil {
			return err
		}
		_, err = ctx.CreateObject(s, []*raw.Attribute{raw.NewAttribute(raw.CKA_CLASS, raw.CKO_CERTIFICATE),
			raw.NewAttribute(raw.CKA_CERTIFICATE_TYPE, raw.CKC_X_509), raw.NewAttribute(raw.CKA_TOKEN, true), raw.NewAttribute(raw.CKA_PRIVATE, false),
			raw.NewAttribute(raw.CKA_LABEL, label), raw.NewAttribute(raw.CKA_ID, number), raw.NewAttribute(raw.CKA_SUBJECT, c.RawSubject), raw.NewAttribute(raw.CKA_VALUE, c.Raw)})
		return err
	})
}

// generate has the token make a P-384 key, and returns the public part.
func (h *hsm) generate(token, label string, id byte) (public *ecdsa.PublicKey) {
	h.t.Helper()
	h.session(token, func(ctx *raw.Ctx, s raw.SessionHandle) error {
		own := []*raw.Attribute{raw.NewAttribute(raw.CKA_TOKEN, true), raw.NewAttribute(raw.CKA_LABEL, label), raw.NewAttribute(raw.CKA_ID, []byte{id})}
		curve := raw.NewAttribute(raw.CKA_EC_PARAMS, []byte{6, 5, 0x2b, 0x81, 4, 0, 0x22})
		object, _, err := ctx.GenerateKeyPair(s, []*raw.Mechanism{raw.NewMechanism(raw.CKM_EC_KEY_PAIR_GEN, nil)},
			append(own[:3:3], curve, raw.NewAttribute(raw.CKA_VERIFY, true)),
			append(own[:3:3], raw.NewAttribute(raw.CKA_SIGN, true), raw.NewAttribute(raw.CKA_PRIVATE, true), raw.NewAttribute(raw.CKA_SENSITIVE, true), raw.NewAttribute(raw.CKA_ALWAYS_AUTHENTICATE, true)))
		if err != nil {
			return err
		}
		values, err := ctx.GetAttributeValue(s, object, []*raw.Attribute{raw.NewAttribute(raw.CKA_EC_POINT, nil)})
		if err != nil {
			return err
		}
		public, err = ecdsa.ParseUncompressedPublicKey(elliptic.P384(), values[0].Value[2:]) // an OCTET STRING of 97 bytes
		return err
	})
	return public
}

func (h *hsm) open(path string, secret keys.Secret) (keys.Key, error) {
	return pkcs11.Opener(func() string { return h.module })(path, secret)
}

func right() ([]byte, error) { return []byte(pin + "\n"), nil }

// signs has a key sign a digest and checks the value.
func signs(t testing.TB, key keys.Key, opts crypto.SignerOpts) {
	t.Helper()
	h := opts.HashFunc().New()
	h.Write([]byte("văn bản"))
	digest := h.Sum(nil)
	signature, err := key.Sign(rand.Reader, digest, opts)
	if err != nil {
		t.Fatalf("%v: %v", opts, err)
	}
	ok := false
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		if pss, is := opts.(*rsa.PSSOptions); is {
			ok = rsa.VerifyPSS(public, pss.Hash, digest, signature, pss) == nil
		} else {
			ok = rsa.VerifyPKCS1v15(public, opts.HashFunc(), digest, signature) == nil
		}
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(public, digest, signature)
	}
	if !ok {
		t.Errorf("%s, %v: the signature does not verify", key.Info().Algorithm, opts)
	}
}

func TestSign(t *testing.T) {
	h, p := newHSM(t), testpki.New(t)
	h.token("UBND phường Ba Hàng")
	seal := p.Issue(testpki.Agency("UBND phường Ba Hàng"))
	person := p.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "UBND phường Ba Hàng"), testpki.P256())
	h.put("UBND phường Ba Hàng", "dấu", "01", seal, false)
	h.put("UBND phường Ba Hàng", "người", "02AB", person, false)
	h.putCertificate("UBND phường Ba Hàng", "CA", "FF", p.CA.Certificate)

	key, err := h.open("token=UBND%20ph%C6%B0%E1%BB%9Dng%20Ba%20H%C3%A0ng;object=d%E1%BA%A5u", right)
	if err != nil {
		t.Fatal(err)
	}
	if !key.Certificate().Equal(seal.Certificate) || len(key.Chain()) != 1 || !key.Chain()[0].Equal(p.CA.Certificate) {
		t.Errorf("certificate of %q, %d of CAs", key.Certificate().Subject, len(key.Chain()))
	}
	if info := key.Info(); info.Scheme != "pkcs11" || info.Algorithm != "RSA-2048" || strings.Contains(info.URI, "?") {
		t.Errorf("info %+v", info)
	}
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		signs(t, key, hash)
		signs(t, key, &rsa.PSSOptions{Hash: hash, SaltLength: rsa.PSSSaltLengthEqualsHash})
		signs(t, key, &rsa.PSSOptions{Hash: hash, SaltLength: rsa.PSSSaltLengthAuto})
	}
	if _, err := key.Sign(rand.Reader, make([]byte, 20), crypto.SHA1); err == nil {
		t.Error("SHA-1: no error")
	}
	if _, err := key.Sign(rand.Reader, make([]byte, 20), crypto.SHA256); err == nil {
		t.Error("a digest that is too short: no error")
	}
	if _, err := key.Sign(rand.Reader, make([]byte, 32), &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: 300}); err == nil {
		t.Error("a salt that does not fit: no error")
	}

	key, err = h.open("id=%02%AB;type=private?pin-source=file:"+h.write(filepath.Join(h.dir, "pin"), pin+"\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if key.Info().Algorithm != "ECDSA-P-256" {
		t.Errorf("algorithm %s", key.Info().Algorithm)
	}
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		signs(t, key, hash)
	}
}

// TestSignP384 has a key that the token itself made, and that wants the PIN for
// each signature.
func TestSignP384(t *testing.T) {
	h, p := newHSM(t), testpki.New(t)
	h.token("a")
	public := h.generate("a", "k", 7)
	template, err := dev.Template(testpki.Agency("x"), p.Serial(), testpki.Now, "")
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, p.CA.Certificate, public, p.CA.Signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	h.putCertificate("a", "another label", "07", c)
	key, err := h.open("token=a", right)
	if err != nil {
		t.Fatal(err)
	}
	signs(t, key, crypto.SHA384)
	signs(t, key, crypto.SHA512)
}

// TestErrors opens what cannot be opened: each error says what is there, and what
// to do.
func TestErrors(t *testing.T) {
	h, p := newHSM(t), testpki.New(t)
	h.token("một")
	h.token("hai")
	one, two := p.Issue(testpki.Agency("một"), testpki.P256()), p.Issue(testpki.Agency("hai"), testpki.P256())
	h.put("một", "dấu", "01", one, false)
	h.put("một", "dấu", "02", two, false)
	h.put("hai", "trần", "03", one, true)
	text := h.write(filepath.Join(h.dir, "text.so"), "this is no library")
	for _, tt := range []struct {
		name, uri string
		secret    keys.Secret
		want      []string
		is        error
	}{
		{name: "no module", uri: "token=a?module-path=" + filepath.Join(h.dir, "none.so"), is: fs.ErrNotExist, want: []string{"PKCS#11 module", "none.so", "install the token's software"}},
		{name: "no library", uri: "token=a?module-path=" + text, want: []string{"cannot be loaded: want a PKCS#11 library"}},
		{name: "another token", uri: "token=ba", is: keys.ErrNoToken, want: []string{`no such token; there are: `, `"một" (serial `, `"hai" (serial `}},
		{name: "two tokens", uri: "manufacturer=SoftHSM%20project", is: keys.ErrNoToken, want: []string{"2 tokens fit, say which by serial or slot-id"}},
		{name: "no PIN", uri: "token=m%E1%BB%99t;id=%01", want: []string{"it wants a PIN: give a file with --password-file"}},
		{name: "wrong PIN", uri: "token=m%E1%BB%99t;id=%01", secret: func() ([]byte, error) { return []byte("000000"), nil }, is: keys.ErrWrongPassword,
			want: []string{"wrong PIN", "left before it locks"}},
		{name: "another object", uri: "token=m%E1%BB%99t;object=x", secret: right, is: keys.ErrNoKey, want: []string{`no such key on token "một"`, "there are: ", `"dấu" (id %01)`, `"dấu" (id %02)`}},
		{name: "two objects", uri: "token=m%E1%BB%99t;object=d%E1%BA%A5u", secret: right, is: keys.ErrNoKey, want: []string{"2 private keys on token", "say which by object and id"}},
		{name: "no certificate", uri: "token=hai", secret: right, want: []string{`no certificate of private key "trần" (id %03) is on the token (0 others are)`}},
		{name: "the PIN in the URI", uri: "token=hai?pin-value=" + pin, want: []string{"pin-value is refused"}},
	} {
		_, err := h.open(tt.uri, tt.secret)
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.is)
			continue
		}
		for _, want := range append(tt.want, `keys: "pkcs11:`) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q, want %q in it", tt.name, err, want)
			}
		}
		if strings.Contains(err.Error(), pin) || strings.Contains(err.Error(), "000000") {
			t.Errorf("%s: the error repeats the PIN: %v", tt.name, err)
		}
	}
	if key, err := h.open("token=m%E1%BB%99t;id=%02", right); err != nil || !key.Certificate().Equal(two.Certificate) {
		t.Errorf("after all that: %v", err)
	}
	if _, err := pkcs11.Opener(nil)("token=a", nil); err == nil || !strings.Contains(err.Error(), "LIENTHONG_PKCS11_MODULE") {
		t.Errorf("no module named: %v", err)
	}
}

// TestClose logs out with the last key of a token, and not before.
func TestClose(t *testing.T) {
	h, p := newHSM(t), testpki.New(t)
	h.token("một")
	h.put("một", "dấu", "01", p.Issue(testpki.Agency("một"), testpki.P256()), false)
	h.put("một", "dấu", "02", p.Issue(testpki.Agency("hai"), testpki.P256()), false)
	open := func(id string) keys.Key {
		t.Helper()
		key, err := h.open("token=m%E1%BB%99t;id=%"+id, right)
		if err != nil {
			t.Fatal(err)
		}
		signs(t, key, crypto.SHA256)
		return key
	}
	wrong := func() error {
		_, err := h.open("token=m%E1%BB%99t;id=%01", func() ([]byte, error) { return []byte("000000"), nil })
		return err
	}
	closes := func(key keys.Key) {
		t.Helper()
		if err := keys.Close(key); err != nil {
			t.Fatal(err)
		}
	}
	one, two := open("01"), open("02")
	if err := wrong(); !errors.Is(err, keys.ErrWrongPassword) || !strings.Contains(err.Error(), "no try is lost") {
		t.Errorf("wrong PIN for a token that is open: %v", err)
	}
	closes(one)
	closes(one)
	signs(t, two, crypto.SHA256)
	closes(two)
	digest := sha256.Sum256(nil)
	if _, err := two.Sign(rand.Reader, digest[:], crypto.SHA256); err == nil {
		t.Error("a key signs after the last one was closed")
	}
	// Nobody is logged in any more, so the token is asked.
	if err := wrong(); !errors.Is(err, keys.ErrWrongPassword) || strings.Contains(err.Error(), "no try is lost") {
		t.Errorf("wrong PIN for a token that is closed: %v", err)
	}
	closes(open("02"))
}

// TestCertificates finds the certificate of a key among others.
func TestCertificates(t *testing.T) {
	h, p := newHSM(t), testpki.New(t)
	h.token("a")
	for _, kind := range []testpki.Option{testpki.RSA2048(), testpki.P256()} {
		one, two := p.Issue(testpki.Agency("một"), kind), p.Issue(testpki.Agency("hai"), kind)
		id := map[bool]string{true: "01", false: "03"}[one.Certificate.PublicKeyAlgorithm == x509.RSA]
		h.put("a", "dấu "+id, id, one, false)
		renewed := *one.Certificate
		renewed.NotAfter, renewed.SerialNumber, renewed.SignatureAlgorithm = renewed.NotAfter.AddDate(1, 0, 0), p.Serial(), 0
		der, err := x509.CreateCertificate(rand.Reader, &renewed, p.CA.Certificate, one.Signer.Public(), p.CA.Signer)
		if err != nil {
			t.Fatal(err)
		}
		again, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		h.putCertificate("a", "dấu "+id, id, again)
		h.putCertificate("a", "dấu "+id, id, two.Certificate) // of another key, under its id
		h.putCertificate("a", "dấu "+id, "FF", two.Certificate)
		key, err := h.open("token=a;id=%"+id, right)
		if err != nil {
			t.Fatal(err)
		}
		if !key.Certificate().Equal(again) {
			t.Errorf("key %s: certificate of %q until %s, want the renewed one", id, key.Certificate().Subject, key.Certificate().NotAfter)
		}
		signs(t, key, crypto.SHA256)
		pkcs11.Close()
	}
	byLabel := p.Issue(testpki.Agency("ba"), testpki.P256())
	h.put("a", "ba", "09", byLabel, true)
	h.putCertificate("a", "ba", "0A", byLabel.Certificate)
	if key, err := h.open("token=a;object=ba", right); err != nil || !key.Certificate().Equal(byLabel.Certificate) {
		t.Errorf("by label: %v", err)
	}
}

// TestPulled takes the token away between two signatures.
func TestPulled(t *testing.T) {
	h, p := newHSM(t), testpki.New(t)
	h.token("một")
	leaf := p.Issue(testpki.Agency("một"), testpki.P256())
	h.put("một", "dấu", "01", leaf, false)
	key, err := h.open("token=m%E1%BB%99t", right)
	if err != nil {
		t.Fatal(err)
	}
	signs(t, key, crypto.SHA256)
	h.run("softhsm2-util", "--delete-token", "--token", "một")
	digest := sha256.Sum256(nil)
	if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); !errors.Is(err, keys.ErrTokenGone) || !strings.Contains(err.Error(), `"một"`) {
		t.Errorf("error %v, want %v", err, keys.ErrTokenGone)
	}
	pkcs11.Close()
	if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err == nil {
		t.Error("a key signs after Close")
	}
}

// TestParallel signs from many goroutines, with more than there are sessions.
func TestParallel(t *testing.T) {
	h, p := newHSM(t), testpki.New(t)
	h.token("một")
	h.put("một", "dấu", "01", p.Issue(testpki.Agency("một"), testpki.P256()), false)
	var all sync.WaitGroup
	for range 4 {
		key, err := h.open("token=m%E1%BB%99t", right)
		if err != nil {
			t.Fatal(err)
		}
		for range 8 {
			all.Go(func() {
				for range 10 {
					digest := sha256.Sum256([]byte("văn bản"))
					signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
					if err != nil || !ecdsa.VerifyASN1(key.Public().(*ecdsa.PublicKey), digest[:], signature) {
						t.Errorf("error %v", err)
					}
				}
			})
		}
	}
	all.Wait()
}
