package ocsp_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	xocsp "golang.org/x/crypto/ocsp"

	"lienthong/certs/ocsp"
	"lienthong/internal/testpki"
)

var now = testpki.Now

// certified makes a self-signed certificate of a key: enough to name a responder.
func certified(t testing.TB, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func generate(t testing.TB, kind string) crypto.Signer {
	t.Helper()
	var signer crypto.Signer
	var err error
	switch kind {
	case "RSA":
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case "P-256":
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "P-384":
		signer, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	default:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// TestRoundTrip reads what Sign made, field by field, for each kind of key.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := p.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256())
	var ids []ocsp.CertID
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		id, err := ocsp.NewCertID(h, leaf.Certificate, p.CA.Certificate)
		if err != nil || !id.Matches(leaf.Certificate, p.CA.Certificate) || id.Matches(leaf.Certificate, p.Root.Certificate) ||
			id.Matches(p.TSACert.Certificate, p.CA.Certificate) || !id.SameIssuer(p.CA.Certificate) || id.SameIssuer(p.Root.Certificate) {
			t.Fatalf("%v: %+v, error %v", h, id, err)
		}
		ids = append(ids, id)
	}
	want := []ocsp.Single{
		{ID: ids[0], Status: ocsp.Good, ThisUpdate: now},
		{ID: ids[1], Status: ocsp.Revoked, ThisUpdate: now, NextUpdate: now.Add(time.Hour), RevokedAt: now.AddDate(0, -1, 0)},
		{ID: ids[2], Status: ocsp.Revoked, ThisUpdate: now, RevokedAt: now.AddDate(0, -2, 0), Reason: 6},
		{ID: ids[3], Status: ocsp.Unknown, ThisUpdate: now, ArchiveCutoff: now.AddDate(-3, 0, 0)},
	}
	for _, tt := range []struct {
		kind string
		hash crypto.Hash
		want x509.SignatureAlgorithm
	}{
		{"RSA", 0, x509.SHA256WithRSA}, {"RSA", crypto.SHA512, x509.SHA512WithRSA},
		{"P-256", 0, x509.ECDSAWithSHA256}, {"P-256", crypto.SHA1, x509.ECDSAWithSHA1},
		{"P-384", 0, x509.ECDSAWithSHA384}, {"Ed25519", 0, x509.PureEd25519},
	} {
		signer := generate(t, tt.kind)
		responder := certified(t, signer)
		for _, byName := range []bool{false, true} {
			template := ocsp.Template{Singles: want, ProducedAt: now, Nonce: []byte("nonce"), Responder: responder, ByName: byName,
				Certificates: []*x509.Certificate{responder, p.CA.Certificate}, Hash: tt.hash}
			der, err := template.Sign(signer)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ocsp.Parse(der)
			if err != nil {
				t.Fatalf("%s: %v", tt.kind, err)
			}
			compare := cmp.Options{cmpopts.IgnoreUnexported(ocsp.CertID{}), cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })}
			if diff := cmp.Diff(want, got.Singles, compare); diff != "" {
				t.Errorf("%s: answers (-want +got):\n%s", tt.kind, diff)
			}
			if got.Algorithm != tt.want || !got.ProducedAt.Equal(now) || string(got.Nonce) != "nonce" || len(got.Certificates) != 2 ||
				!got.IsResponder(responder) || got.IsResponder(p.CA.Certificate) || (got.Name != nil) != byName || !bytes.Equal(got.Raw, der) {
				t.Errorf("%s: %+v", tt.kind, got)
			}
			if tt.hash != crypto.SHA1 {
				if err := responder.CheckSignature(got.Algorithm, got.TBS, got.Signature); err != nil {
					t.Errorf("%s: %v", tt.kind, err)
				}
			}
		}
	}
	if _, err := ocsp.NewCertID(crypto.MD5, leaf.Certificate, p.CA.Certificate); err == nil {
		t.Error("a name by MD5: no error")
	}
}

// TestOtherMaker reads what golang.org/x/crypto makes, and has it read ours.
func TestOtherMaker(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := p.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256())
	responder := p.Responder(p.CA)
	der, err := xocsp.CreateResponse(p.CA.Certificate, responder.Certificate, xocsp.Response{Status: xocsp.Revoked, SerialNumber: leaf.Certificate.SerialNumber,
		ThisUpdate: now, NextUpdate: now.Add(time.Hour), RevokedAt: now, RevocationReason: 4, Certificate: responder.Certificate, IssuerHash: crypto.SHA256}, responder.Signer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ocsp.Parse(der)
	if err != nil || !got.IsResponder(responder.Certificate) || !got.Singles[0].ID.Matches(leaf.Certificate, p.CA.Certificate) || got.Singles[0].Reason != 4 {
		t.Errorf("theirs: %+v, error %v", got, err)
	}
	request, err := ocsp.NewRequest(leaf.Certificate, p.CA.Certificate, nil)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := xocsp.CreateRequest(leaf.Certificate, p.CA.Certificate, nil)
	if err != nil || !bytes.Equal(request, theirs) {
		t.Errorf("request %x, theirs %x, error %v", request, theirs, err)
	}
	read, err := xocsp.ParseResponse(p.OCSP(leaf), p.CA.Certificate)
	if err != nil || read.Status != xocsp.Good || read.SerialNumber.Cmp(leaf.Certificate.SerialNumber) != 0 {
		t.Errorf("ours, read by them: %+v, error %v", read, err)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	nonce := bytes.Repeat([]byte{7}, 32)
	der, err := ocsp.NewRequest(p.TSACert.Certificate, p.CA.Certificate, nonce)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ocsp.ParseRequest(der)
	if err != nil || len(got.IDs) != 1 || !got.IDs[0].Matches(p.TSACert.Certificate, p.CA.Certificate) || !bytes.Equal(got.Nonce, nonce) {
		t.Errorf("request %+v, error %v", got, err)
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "cut short": der[:len(der)-1], "more behind": append(der[:len(der):len(der)], 0),
		"no certificate": {0x30, 4, 0x30, 2, 0x30, 0}, "too large": make([]byte, 1<<17), "version 2": {0x30, 9, 0x30, 7, 0xa0, 3, 2, 1, 1, 0x30, 0},
	} {
		if got, err := ocsp.ParseRequest(bad); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestParseStrict changes a good response in one place each.
func TestParseStrict(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := p.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256())
	id, err := ocsp.NewCertID(crypto.SHA1, leaf.Certificate, p.CA.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	single := func(change func(*ocsp.Single)) func(*ocsp.Template) {
		return func(t *ocsp.Template) { change(&t.Singles[0]) }
	}
	for _, tt := range []struct {
		name   string
		change func(*ocsp.Template)
		bytes  func([]byte) []byte
		want   string
	}{
		{name: "nothing changed"},
		{name: "bytes behind", bytes: func(b []byte) []byte { return append(b, 0) }, want: "not an OCSPResponse"},
		{name: "cut short", bytes: func(b []byte) []byte { return b[:len(b)-1] }, want: "not an OCSPResponse"},
		{name: "length not the shortest", bytes: func(b []byte) []byte { return append([]byte{0x30, 0x83, 0}, b[2:]...) }, want: "not an OCSPResponse"},
		{name: "too large", bytes: func([]byte) []byte { return make([]byte, 1<<21) }, want: "want at most"},
		{name: "another type", bytes: replace("\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01", "\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x7f"), want: "want a basic response"},
		{name: "not a good, not revoked, not unknown", bytes: replace("\x80\x00\x18\x0f", "\x83\x00\x18\x0f"), want: "status is malformed"},
		{name: "good with content", bytes: replace("\x80\x00\x18\x0f2026", "\x80\x02\x18\x0f2026"), want: "malformed"},
		{name: "time with an offset", bytes: replace("20261121100000Z", "2026112110+0700"), want: "want YYYYMMDDHHMMSSZ"},
		{name: "a day that is none", bytes: replace("20261121100000Z", "20261131100000Z"), want: "want YYYYMMDDHHMMSSZ"},
		{name: "a serial number of 70 bytes", change: single(func(s *ocsp.Single) { s.ID.Serial = new(big.Int).Lsh(big.NewInt(1), 560) }), want: "name of the certificate is malformed"},
		{name: "nextUpdate before thisUpdate", change: single(func(s *ocsp.Single) { s.NextUpdate = now.Add(-time.Hour) }), want: "nextUpdate is before thisUpdate"},
		{name: "revoked with reason removeFromCRL", change: single(func(s *ocsp.Single) { s.Status, s.RevokedAt, s.Reason = ocsp.Revoked, now, 8 }), want: "reason 8"},
		{name: "no nonce in the nonce", change: func(t *ocsp.Template) { t.Nonce = []byte{} }, want: "nonce of 0 bytes"},
		{name: "nonce of 129 bytes", change: func(t *ocsp.Template) { t.Nonce = make([]byte, 129) }, want: "want 1 to 128"},
		{name: "critical extension", change: func(t *ocsp.Template) { t.Nonce = []byte("n") },
			bytes: replace("\x30\x10\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x02\x04\x03\x04\x01n", "\x30\x10\x06\x06\x2b\x06\x01\x05\x05\x07\x01\x01\xff\x04\x03\x04\x01n"), want: "critical extension"},
		{name: "17 certificates", change: func(t *ocsp.Template) {
			for range 17 {
				t.Certificates = append(t.Certificates, p.CA.Certificate)
			}
		}, want: "more than 16 certificates"},
		{name: "1001 answers", change: func(t *ocsp.Template) {
			for range 1000 {
				t.Singles = append(t.Singles, t.Singles[0])
			}
		}, want: "more than 1000 answers"},
	} {
		template := ocsp.Template{Singles: []ocsp.Single{{ID: id, ThisUpdate: now}}, ProducedAt: now, Responder: p.CA.Certificate}
		if tt.change != nil {
			tt.change(&template)
		}
		der, err := template.Sign(p.CA.Signer)
		if err != nil {
			t.Fatal(err)
		}
		if tt.bytes != nil {
			changed := tt.bytes(bytes.Clone(der))
			if bytes.Equal(changed, der) {
				t.Errorf("%s: the row changes nothing", tt.name)
			}
			der = changed
		}
		_, err = ocsp.Parse(der)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

func replace(old, by string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(by), 1) }
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{1: "malformed request", 3: "try later", 6: "unauthorized", 4: "no meaning"} {
		_, err := ocsp.Parse(ocsp.Refusal(status))
		var refused ocsp.StatusError
		if !errors.As(err, &refused) || int(refused) != status || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestParseBasic reads what stands in a CAdES attribute.
func TestParseBasic(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	whole := p.OCSP(p.TSACert)
	at := bytes.Index(whole, []byte{0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1, 4, 0x82})
	basic := whole[at+13:]
	got, err := ocsp.ParseBasic(basic)
	if err != nil || !bytes.Equal(got.Raw, whole) {
		t.Errorf("error %v", err)
	}
}

// FuzzParse reads anything as response and as request, and names certificates by
// what comes out.
func FuzzParse(f *testing.F) {
	p := testpki.New(f)
	leaf := p.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256(), testpki.RevokedAt(now, 1))
	f.Add(p.OCSP(leaf))
	f.Add(p.OCSP(p.TSACert, testpki.OCSPByIssuer(), testpki.OCSPTemplate(func(t *ocsp.Template) { t.ByName, t.Nonce = true, []byte("nonce") })))
	f.Add(ocsp.Refusal(1))
	if request, err := ocsp.NewRequest(leaf.Certificate, p.CA.Certificate, []byte("nonce")); err == nil {
		f.Add(request)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := ocsp.Parse(data); err == nil {
			r.IsResponder(p.CA.Certificate)
			for _, s := range r.Singles {
				s.ID.Matches(leaf.Certificate, p.CA.Certificate)
			}
		}
		if r, err := ocsp.ParseRequest(data); err == nil {
			again, err := r.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ocsp.ParseRequest(again); err != nil {
				t.Fatalf("what was read and written again: %v", err)
			}
		}
	})
}
