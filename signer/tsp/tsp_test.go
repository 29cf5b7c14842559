package tsp_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/signer/tsp"
)

var (
	at     = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	policy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 55555, 1}
	other  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 55555, 2}
	sum    = sha256.Sum256([]byte("chữ ký"))
	digest = sum[:]
)

// An authority is a key and its certificate.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// newAuthority makes one whose certificate edit may change before it is issued.
func newAuthority(t testing.TB, edit func(*x509.Certificate)) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7),
		Subject:      pkix.Name{CommonName: "TSA"},
		NotBefore:    at.AddDate(-1, 0, 0), NotAfter: at.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
		// {id-kp-timeStamping}, which crypto/x509 alone would not make critical.
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: []byte{0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8}}},
	}
	if edit != nil {
		edit(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{key, cert}
}

func (a authority) respond(req []byte, at time.Time) ([]byte, error) {
	return tsp.Respond(req, a.key, a.cert, nil, at, big.NewInt(42), policy)
}

// serve answers over HTTP with whatever answer makes of the request.
func serve(t *testing.T, answer func(w http.ResponseWriter, req []byte)) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		answer(w, req)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func (a authority) serve(t *testing.T, at time.Time) string {
	return serve(t, func(w http.ResponseWriter, req []byte) {
		reply, err := a.respond(req, at)
		if err != nil {
			t.Error(err)
		}
		w.Write(reply)
	})
}

func clock() time.Time { return at }

func TestStamp(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, nil)
	c := &tsp.Client{URL: a.serve(t, at.Add(time.Second)), Now: clock, Policy: policy}
	token, err := c.Stamp(context.Background(), crypto.SHA256, digest)
	if err != nil {
		t.Fatal(err)
	}
	if !token.Time.Equal(at.Add(time.Second)) || token.Serial.Int64() != 42 || !token.Policy.Equal(policy) || token.Accuracy != time.Second {
		t.Errorf("token %v %v %v %v", token.Time, token.Serial, token.Policy, token.Accuracy)
	}
	again, err := tsp.ParseToken(token.Raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Verify(digest); err != nil {
		t.Error(err)
	}
	if !again.Certificate().Equal(a.cert) {
		t.Errorf("certificate %v", again.Certificate().Subject)
	}
}

// Each row is an authority that must not be believed, or that does not answer.
func TestStampRefuses(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, nil)
	old := []byte(nil)
	c := &tsp.Client{URL: serve(t, func(w http.ResponseWriter, req []byte) { old, _ = a.respond(req, at); w.Write(old) })}
	if _, err := c.Stamp(context.Background(), crypto.SHA256, digest); err != nil {
		t.Fatal(err)
	}
	text := func(s string) func(http.ResponseWriter, []byte) {
		return func(w http.ResponseWriter, _ []byte) { w.Write([]byte(s)) }
	}
	with := func(a authority) func(http.ResponseWriter, []byte) {
		return func(w http.ResponseWriter, req []byte) { reply, _ := a.respond(req, at); w.Write(reply) }
	}
	for _, tt := range []struct {
		name   string
		answer func(http.ResponseWriter, []byte)
		policy asn1.ObjectIdentifier
		want   string
	}{
		{name: "HTTP error", answer: func(w http.ResponseWriter, _ []byte) { w.WriteHeader(503) }, want: "HTTP status 503"},
		{name: "a web page", answer: func(w http.ResponseWriter, _ []byte) { w.Header().Set("Content-Type", "text/html") }, want: `the reply is "text/html"`},
		{name: "too large", answer: text(strings.Repeat("0", 70_000)), want: "larger than 65536 bytes"},
		{name: "empty", answer: text(""), want: "not a TimeStampResp"},
		{name: "garbage", answer: text("garbage"), want: "not a TimeStampResp"},
		{name: "granted without a token", answer: text("\x30\x05\x30\x03\x02\x01\x00"), want: "holds no token"},
		{name: "another policy", answer: with(a), policy: other, want: "refused: status 2"},
		{name: "an old token", answer: func(w http.ResponseWriter, _ []byte) { w.Write(old) }, want: "another nonce"},
		{name: "another digest", answer: func(w http.ResponseWriter, req []byte) {
			reply, _ := a.respond(bytes.Replace(req, digest, make([]byte, 32), 1), at)
			w.Write(reply)
		}, want: "belongs to something else"},
		{name: "a slow clock", answer: func(w http.ResponseWriter, req []byte) {
			reply, _ := a.respond(req, at.Add(-time.Hour))
			w.Write(reply)
		}, want: "check both clocks"},
		{name: "a fast clock", answer: func(w http.ResponseWriter, req []byte) { reply, _ := a.respond(req, at.Add(time.Hour)); w.Write(reply) }, want: "check both clocks"},
		{name: "a flipped signature", answer: func(w http.ResponseWriter, req []byte) {
			reply, _ := a.respond(req, at)
			reply[len(reply)-1] ^= 1
			w.Write(reply)
		}, want: "does not verify"},
		{name: "usage not critical", answer: with(newAuthority(t, func(c *x509.Certificate) { c.ExtraExtensions[0].Critical = false })), want: "is not critical"},
		{name: "usage of another kind", answer: with(newAuthority(t, func(c *x509.Certificate) { c.ExtraExtensions = nil })), want: "not for time-stamping alone"},
		{name: "expired", answer: with(newAuthority(t, func(c *x509.Certificate) { c.NotAfter = at.AddDate(0, -1, 0) })), want: "outside its certificate's validity"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &tsp.Client{URL: serve(t, tt.answer), Now: clock, Policy: tt.policy}
			token, err := c.Stamp(context.Background(), crypto.SHA256, digest)
			if err == nil || token != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("token %v, error %v, want %q", token, err, tt.want)
			}
			if err != nil && (!strings.HasPrefix(err.Error(), "tsp: ") || strings.Count(err.Error(), "tsp: ") != 1) {
				t.Errorf("error %q, want one layer", err)
			}
		})
	}
}

func TestStampTimesOut(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	c := &tsp.Client{URL: serve(t, func(http.ResponseWriter, []byte) { <-release }), Timeout: 50 * time.Millisecond}
	_, err := c.Stamp(context.Background(), crypto.SHA256, digest)
	if err == nil || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("error %v, want a time-out", err)
	}
}

func TestStampHidesSecretsOfURL(t *testing.T) {
	t.Parallel()
	c := &tsp.Client{URL: "http://user:mat-khau@127.0.0.1:1/tsa?key=bi-mat"}
	_, err := c.Stamp(context.Background(), crypto.SHA256, digest)
	if err == nil || strings.Contains(err.Error(), "mat") || !strings.Contains(err.Error(), "http://127.0.0.1:1/tsa") {
		t.Errorf("error %v, want the address without its secrets", err)
	}
}

// OpenSSL reads our requests' answers by its own rules.
func TestOpenSSLVerifiesToken(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no openssl: apt-get install openssl")
		}
		t.Skip("no openssl: apt-get install openssl")
	}
	dir, a := t.TempDir(), newAuthority(t, nil)
	data, query, reply, ca := filepath.Join(dir, "data"), filepath.Join(dir, "q"), filepath.Join(dir, "r"), filepath.Join(dir, "ca")
	write := func(path string, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(data, []byte("chữ ký"))
	write(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	if out, err := exec.Command(openssl, "ts", "-query", "-data", data, "-sha256", "-cert", "-out", query).CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	req, err := os.ReadFile(query)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.respond(req, at)
	if err != nil {
		t.Fatal(err)
	}
	write(reply, answer)
	out, err := exec.Command(openssl, "ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", ca, "-attime", "1795255200").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Verification: OK") {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(sampleReply(f)[9:])
	f.Fuzz(func(t *testing.T, der []byte) {
		token, err := tsp.ParseToken(der)
		if err != nil {
			return
		}
		if err := token.Verify(token.Imprint); err == nil && token.Certificate() == nil {
			t.Error("verified without a certificate")
		}
	})
}

func sampleReply(t testing.TB) []byte {
	req, err := tsp.EncodeRequest(digest)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := newAuthority(t, nil).respond(req, at)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func FuzzResponse(f *testing.F) {
	reply := sampleReply(f)
	f.Add(reply)
	refusal, err := tsp.Respond(nil, nil, nil, nil, at, nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(refusal)
	f.Fuzz(func(t *testing.T, der []byte) {
		if token, err := tsp.ParseResponse(der); err == nil {
			token.Verify(digest)
		}
	})
}

func FuzzRespond(f *testing.F) {
	a := newAuthority(f, nil)
	req, err := tsp.EncodeRequest(digest)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(req)
	f.Fuzz(func(t *testing.T, req []byte) {
		reply, err := a.respond(req, at)
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		if _, err := tsp.ParseResponse(reply); err != nil && !strings.Contains(err.Error(), "refused") {
			t.Errorf("unreadable answer: %v", err)
		}
	})
}

// Clients of one authority share what it bears; who waits for a turn uses up its time.
func TestStampInTurn(t *testing.T) {
	t.Parallel()
	var inside, most atomic.Int32
	hold := make(chan struct{})
	var reached sync.WaitGroup
	reached.Add(tsp.MaxParallel)
	a := newAuthority(t, nil)
	url := serve(t, func(w http.ResponseWriter, req []byte) {
		n := inside.Add(1)
		for {
			was := most.Load()
			if n <= was || most.CompareAndSwap(was, n) {
				break
			}
		}
		if n <= tsp.MaxParallel {
			reached.Done()
		}
		<-hold
		inside.Add(-1)
		reply, _ := a.respond(req, at)
		w.Write(reply)
	})
	slots := make(chan struct{}, tsp.MaxParallel)
	var done sync.WaitGroup
	errs := make([]error, tsp.MaxParallel)
	for i := range errs {
		done.Go(func() {
			_, errs[i] = (&tsp.Client{URL: url, Slots: slots}).Stamp(context.Background(), crypto.SHA256, digest)
		})
	}
	reached.Wait()
	_, err := (&tsp.Client{URL: url, Slots: slots, Timeout: 20 * time.Millisecond}).Stamp(context.Background(), crypto.SHA256, digest)
	if err == nil || !strings.Contains(err.Error(), "4 other requests to it are waiting") {
		t.Errorf("a fifth one: %v", err)
	}
	close(hold)
	done.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if most.Load() != tsp.MaxParallel || len(slots) != 0 {
		t.Errorf("%d calls at one time, %d slots taken at the end", most.Load(), len(slots))
	}
}

// A redirect is followed on the authority's own host, as a request.
func TestStampRedirects(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, nil)
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/tsa":
			req, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/timestamp-reply")
			reply, _ := a.respond(req, at)
			w.Write(reply)
		case "/near":
			http.Redirect(w, r, "/tsa", http.StatusTemporaryRedirect)
		case "/page":
			http.Redirect(w, r, "/tsa", http.StatusFound)
		case "/circle":
			http.Redirect(w, r, "/circle", http.StatusPermanentRedirect)
		case "/away":
			http.Redirect(w, r, elsewhere.URL+"/tsa", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(srv.Close)
	for path, want := range map[string]string{"/near": "", "/page": "redirects to a page (GET)", "/circle": "more than 3 redirects", "/away": "redirects to another host"} {
		_, err := (&tsp.Client{URL: srv.URL + path}).Stamp(context.Background(), crypto.SHA256, digest)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
	if asked.Load() != 0 {
		t.Error("the stranger was asked")
	}
}
