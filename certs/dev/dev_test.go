package dev_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/certs/dev"
	"lienthong/certs/keys"
	"lienthong/signer/tsp"
)

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func clock() time.Time { return start }

var everyone = []dev.Request{
	{Kind: dev.Agency, Name: "UBND Phường Ba Hàng", Org: "UBND Phường Ba Hàng", Locality: "Thái Nguyên"},
	{Kind: dev.Agency, Name: "Sở Nội vụ", Key: dev.P256},
	{Kind: dev.Person, Name: "Đỗ Nghĩa Sĩ", Org: "UBND Phường Ba Hàng", Unit: "Lãnh đạo", Key: dev.P256},
	{Kind: dev.Node, ID: "ba-hang"},
	{Kind: dev.Client, Name: "Nguyễn Thị Văn Thư", Org: "UBND Phường Ba Hàng"},
	{Kind: dev.Directory, ID: "directory"},
}

// create makes a folder whose server is at a listener's address.
func create(t *testing.T, issue ...dev.Request) (*dev.PKI, string, net.Listener) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dir := filepath.Join(t.TempDir(), "pki")
	p, err := dev.Create(dir, dev.Options{Now: clock, BaseURL: "http://" + l.Addr().String(), Key: dev.P256, Issue: issue})
	if err != nil {
		t.Fatal(err)
	}
	return p, dir, l
}

func serve(t *testing.T, p *dev.PKI, l net.Listener) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}

func TestCreate(t *testing.T) {
	t.Parallel()
	p, dir, _ := create(t, everyone...)
	anchors, err := certs.LoadCertificates(p.RootFile())
	if err != nil || len(anchors) != 1 || !anchors[0].Equal(p.Root()) {
		t.Fatalf("root file: %d certificates, error %v", len(anchors), err)
	}
	trust := certs.NewTrust()
	trust.AddAll(anchors...)
	lists, err := certs.LoadCRLs(p.CRLDir())
	if err != nil || len(lists) != 2 {
		t.Fatalf("%d lists, error %v, want 2", len(lists), err)
	}
	evidence := certs.NewEvidence()
	evidence.AddCRLs(certs.SourceFile, lists...)

	all, err := p.List()
	if err != nil || len(all) != len(everyone)+3 {
		t.Fatalf("%d certificates, error %v, want %d, two TSAs and the responder", len(all), err, len(everyone))
	}
	purposes := map[dev.Kind]certs.Purpose{dev.Agency: certs.OfficialSigning, dev.Person: certs.OfficialSigning, dev.TSA: certs.TimeStamping, dev.OCSP: certs.OCSPSigning}
	for _, i := range all {
		purpose, signs := purposes[i.Kind]
		path := trust.Build(certs.PathRequest{Leaf: i.Certificate, Extra: []*x509.Certificate{p.Issuing()}, Purpose: purpose, At: start})
		if path.OK() != signs {
			t.Errorf("%s %q: problems %v", i.Kind, i.ID, path.Problems)
		}
		if got := evidence.Status(i.Certificate, p.Issuing(), start, start); got.Status != certs.Good {
			t.Errorf("%s %q: %s, %s", i.Kind, i.ID, got.Status, got.Detail)
		}
		checkFiles(t, i)
	}
	if got := evidence.Status(p.Issuing(), p.Root(), start, start); got.Status != certs.Good {
		t.Errorf("issuing CA: %s, %s", got.Status, got.Detail)
	}
	checkModes(t, dir)
}

// checkFiles opens a certificate's key from each of its files.
func checkFiles(t *testing.T, i *dev.Issued) {
	t.Helper()
	key, err := i.Key()
	if err != nil || !key.Certificate().Equal(i.Certificate) || len(key.Chain()) != 1 {
		t.Errorf("%s %q: key file: %v", i.Kind, i.ID, err)
	}
	if _, err := tls.LoadX509KeyPair(i.CertFile, i.KeyFile); err != nil {
		t.Errorf("%s %q: for TLS: %v", i.Kind, i.ID, err)
	}
	if i.P12File == "" {
		return
	}
	key, err = keys.Open("pkcs12:"+i.P12File, func() ([]byte, error) { return os.ReadFile(i.PasswordFile) })
	if err != nil || !key.Certificate().Equal(i.Certificate) || len(key.Chain()) != 1 {
		t.Errorf("%s %q: PKCS #12: %v", i.Kind, i.ID, err)
	}
}

// checkModes wants secrets readable by the owner alone.
func checkModes(t *testing.T, dir string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return // no such modes
	}
	secrets := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch filepath.Ext(path) {
		case ".key", ".p12", ".password":
			if secrets++; info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, want 0600", path, info.Mode().Perm())
			}
		}
		if strings.HasPrefix(d.Name(), ".new-") {
			t.Errorf("%s was left behind", path)
		}
		return nil
	})
	if err != nil || secrets == 0 {
		t.Errorf("%d secrets, error %v", secrets, err)
	}
}

func TestCreateAgain(t *testing.T) {
	t.Parallel()
	p, dir, _ := create(t, everyone[1])
	before, err := p.Find(dev.Agency, "so-noi-vu")
	if err != nil {
		t.Fatal(err)
	}
	again, err := dev.Create(dir, dev.Options{Now: clock, Issue: everyone[1:4]})
	if err != nil {
		t.Fatal(err)
	}
	after, err := again.Find(dev.Agency, "so-noi-vu")
	if err != nil || !after.Certificate.Equal(before.Certificate) || !again.Root().Equal(p.Root()) || !again.TSA().Equal(p.TSA()) ||
		!again.TSA2().Equal(p.TSA2()) || !again.OCSP().Equal(p.OCSP()) {
		t.Errorf("the second Create made other certificates, error %v", err)
	}
	if _, err := p.Find(dev.Node, "ba-hang"); err != nil {
		t.Errorf("the second Create issued nothing: %v", err)
	}
	if _, err := dev.Create(dir, dev.Options{Now: clock, BaseURL: "http://127.0.0.1:1"}); err == nil || !strings.Contains(err.Error(), "was made for a server at") {
		t.Errorf("another address: %v", err)
	}
	if _, err := dev.Create(dir, dev.Options{}); err == nil {
		t.Error("no clock: no error")
	}
}

// TestIssueExpired issues anew what has run out.
func TestIssueExpired(t *testing.T) {
	t.Parallel()
	p, dir, _ := create(t, dev.Request{Kind: dev.Node, ID: "ba-hang", Valid: time.Hour})
	later := func() time.Time { return start.Add(2 * time.Hour) }
	q, err := dev.Open(dir, later)
	if err != nil {
		t.Fatal(err)
	}
	old, _ := p.Find(dev.Node, "ba-hang")
	renewed, err := q.Issue(dev.Request{Kind: dev.Node, ID: "ba-hang"})
	if err != nil || renewed.Certificate.Equal(old.Certificate) || renewed.Certificate.NotAfter.Before(later()) {
		t.Errorf("an expired certificate was not renewed, error %v", err)
	}
	if _, err := dev.Open(dir, func() time.Time { return start.AddDate(11, 0, 0) }); err == nil || !strings.Contains(err.Error(), "its CA expired on") {
		t.Errorf("eleven years later: %v", err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	p, dir, _ := create(t)
	if _, err := dev.Open(t.TempDir(), clock); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open of nothing: %v", err)
	}
	if _, err := p.Find(dev.Agency, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("find of nothing: %v", err)
	}
	for _, r := range []dev.Request{
		{Kind: dev.Node, ID: "../../etc/passwd"}, {Kind: dev.Node, ID: "Ba Hàng"}, {Kind: dev.Node},
		{Kind: dev.Node, ID: strings.Repeat("a", 64)}, {Kind: "root", ID: "a"}, {Kind: dev.Node, ID: "a", Key: "rsa512"},
	} {
		if _, err := p.Issue(r); err == nil {
			t.Errorf("issue of %+v: no error", r)
		}
	}
	if err := p.Revoke(p.TSA().SerialNumber, 7); err == nil {
		t.Error("reason 7: no error")
	}
	if err := os.WriteFile(filepath.Join(dir, "dev.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dev.Open(dir, clock); err == nil || !strings.Contains(err.Error(), "schema") {
		t.Errorf("another schema: %v", err)
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"UBND Phường Ba Hàng": "ubnd-phuong-ba-hang", "Đỗ Nghĩa Sĩ": "do-nghia-si", "Sở TT&TT (H55.242)": "so-tt-tt-h55.242",
		"  ": "", "…": "", strings.Repeat("ă", 80): strings.Repeat("a", 63),
	} {
		if got := dev.Slug(name); got != want {
			t.Errorf("slug of %q is %q, want %q", name, got, want)
		}
	}
}

// TestServe stamps a digest, and sees a certificate revoked by another process.
func TestServe(t *testing.T) {
	t.Parallel()
	p, dir, l := create(t, everyone[1])
	serve(t, p, l)

	digest := sha256.Sum256([]byte("văn bản"))
	token, err := (&tsp.Client{URL: p.TSAURL()}).Stamp(t.Context(), crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Verify(digest[:]); err != nil || !token.Time.Equal(start) {
		t.Errorf("token of %s: %v", token.Time, err)
	}

	leaf, err := p.Find(dev.Agency, "so-noi-vu")
	if err != nil {
		t.Fatal(err)
	}
	resolve := func(cert, issuer *x509.Certificate) certs.Revocation {
		evidence := certs.NewEvidence()
		evidence.Fetcher = &certs.Fetcher{Hosts: []string{p.Host()}}
		return evidence.Resolve(t.Context(), cert, issuer, start, start)
	}
	if got := resolve(leaf.Certificate, p.Issuing()); got.Status != certs.Good || got.Source != certs.SourceNetwork {
		t.Errorf("before: %s from %q: %s", got.Status, got.Source, got.Detail)
	}
	other, err := dev.Open(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Revoke(leaf.Certificate.SerialNumber, 6); err != nil {
		t.Fatal(err)
	}
	if got := resolve(leaf.Certificate, p.Issuing()); got.Status != certs.OnHold {
		t.Errorf("on hold: %s: %s", got.Status, got.Detail)
	}
	if err := other.Revoke(leaf.Certificate.SerialNumber, 1); err != nil {
		t.Fatal(err)
	}
	if got := resolve(leaf.Certificate, p.Issuing()); got.Status != certs.Revoked || !got.RevokedAt.Equal(start) || got.Reason != 1 {
		t.Errorf("after: %+v", got)
	}
	if got := resolve(p.Issuing(), p.Root()); got.Status != certs.Good {
		t.Errorf("issuing CA before: %s: %s", got.Status, got.Detail)
	}
	if err := p.Revoke(p.Issuing().SerialNumber, 2); err != nil {
		t.Fatal(err)
	}
	if got := resolve(p.Issuing(), p.Root()); got.Status != certs.Revoked {
		t.Errorf("issuing CA after: %s: %s", got.Status, got.Detail)
	}
}

// TestServeTSA2 has the second TSA stamp under a certificate of its own.
func TestServeTSA2(t *testing.T) {
	t.Parallel()
	p, _, l := create(t)
	serve(t, p, l)
	digest := sha256.Sum256([]byte("văn bản"))
	token, err := (&tsp.Client{URL: p.TSA2URL()}).Stamp(t.Context(), crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if len(token.Certificates) == 0 || !token.Certificates[0].Equal(p.TSA2()) || p.TSA2().Equal(p.TSA()) {
		t.Errorf("stamped by another certificate than %q", p.TSA2().Subject)
	}
}

// TestServeOCSP asks the responder alone, without lists, and gets the CA itself
// from where the certificate says that it lies.
func TestServeOCSP(t *testing.T) {
	t.Parallel()
	p, _, l := create(t, everyone[1], everyone[2])
	serve(t, p, l)
	trust := certs.NewTrust()
	trust.AddAll(p.Root())
	resolve := func(leaf, issuer *x509.Certificate) certs.Revocation {
		evidence := certs.NewEvidence()
		evidence.Fetcher = &certs.Fetcher{Hosts: []string{p.Host()}}
		return evidence.Resolve(t.Context(), leaf, issuer, start, start)
	}
	agency, err := p.Find(dev.Agency, "so-noi-vu")
	if err != nil {
		t.Fatal(err)
	}
	path := trust.BuildOnline(t.Context(), certs.PathRequest{Leaf: agency.Certificate, At: start}, &certs.Fetcher{Hosts: []string{p.Host()}}, start)
	if !path.OK() || len(path.Chain) != 3 {
		t.Fatalf("path %d long: %v", len(path.Chain), path.Problems)
	}
	if got := resolve(agency.Certificate, p.Issuing()); got.Status != certs.Good || got.Kind != certs.KindOCSP || got.Nonce != certs.NonceEchoed || !got.Responder.Equal(p.OCSP()) {
		t.Errorf("agency: %+v", got)
	}
	if got := resolve(p.Issuing(), p.Root()); got.Status != certs.Good || got.Kind != certs.KindOCSP || got.Responder != nil {
		t.Errorf("issuing CA: %+v", got)
	}
	for _, reason := range []int{6, 4} {
		if err := p.Revoke(agency.Certificate.SerialNumber, reason); err != nil {
			t.Fatal(err)
		}
		want := map[int]certs.RevocationStatus{6: certs.OnHold, 4: certs.Revoked}[reason]
		if got := resolve(agency.Certificate, p.Issuing()); got.Status != want || got.Reason != reason {
			t.Errorf("reason %d: %s, reason %d, want %s", reason, got.Status, got.Reason, want)
		}
	}
	// A certificate that the CA signed and its folder does not know.
	person, err := p.Find(dev.Person, "do-nghia-si")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(person.CertFile); err != nil {
		t.Fatal(err)
	}
	if got := resolve(person.Certificate, p.Issuing()); got.Status != certs.Unknown || !strings.Contains(got.Detail, "does not know the certificate") {
		t.Errorf("not in the folder: %s: %s", got.Status, got.Detail)
	}
}

// TestOpenEarlier opens a folder that an earlier version made, which had one TSA
// and no responder.
func TestOpenEarlier(t *testing.T) {
	t.Parallel()
	p, dir, _ := create(t)
	for _, name := range []string{"ocsp", "tsa/tsa2.pem", "tsa/tsa2.key"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	again, err := dev.Open(dir, clock)
	if err != nil || !again.TSA().Equal(p.TSA()) || again.OCSP().Equal(p.OCSP()) {
		t.Errorf("error %v", err)
	}
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	p, _, l := create(t)
	serve(t, p, l)
	for _, tt := range []struct {
		name, method, path string
		body               int
		want               int
	}{
		{"no stamp by GET", http.MethodGet, "/tsa", 0, http.StatusMethodNotAllowed},
		{"no status by GET", http.MethodGet, "/ocsp/issuing", 0, http.StatusMethodNotAllowed},
		{"an OCSP request too large", http.MethodPost, "/ocsp/issuing", 1 << 20, http.StatusBadRequest},
		{"no such responder", http.MethodPost, "/ocsp/other", 0, http.StatusNotFound},
		{"no such CA", http.MethodGet, "/ca/other.cer", 0, http.StatusNotFound},
		{"a query too large", http.MethodPost, "/tsa", 1 << 20, http.StatusBadRequest},
		{"no such list", http.MethodGet, "/crl/other.crl", 0, http.StatusNotFound},
		{"no keys", http.MethodGet, "/root.key", 0, http.StatusNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, p.BaseURL()+tt.path, strings.NewReader(strings.Repeat("0", tt.body)))
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != tt.want {
				t.Errorf("status %d, want %d", response.StatusCode, tt.want)
			}
		})
	}
}

// TestTLS has a clerk and a node meet, as they will over gRPC.
func TestTLS(t *testing.T) {
	t.Parallel()
	p, _, _ := create(t, everyone[3:5]...)
	pair := func(kind dev.Kind, id string) tls.Certificate {
		i, err := p.Find(kind, id)
		if err != nil {
			t.Fatal(err)
		}
		c, err := tls.LoadX509KeyPair(i.CertFile, i.KeyFile)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.Root())
	node, clerk := pair(dev.Node, "ba-hang"), pair(dev.Client, "nguyen-thi-van-thu")
	for _, tt := range []struct {
		name           string
		server, client tls.Certificate
		host           string
		ok             bool
	}{
		{"clerk to node by id", node, clerk, "ba-hang", true},
		{"clerk to node on localhost", node, clerk, "localhost", true},
		{"clerk to node by address", node, clerk, "127.0.0.1", true},
		{"node to node", node, node, "ba-hang", true},
		{"another node's name", node, clerk, "pho-yen", false},
		{"a clerk as server", clerk, clerk, "ba-hang", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			near, far := net.Pipe()
			defer near.Close()
			defer far.Close()
			server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{tt.server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, Time: clock})
			go server.HandshakeContext(t.Context())
			client := tls.Client(near, &tls.Config{Certificates: []tls.Certificate{tt.client}, RootCAs: roots, ServerName: tt.host, Time: clock})
			if err := client.HandshakeContext(t.Context()); (err == nil) != tt.ok {
				t.Errorf("handshake: %v", err)
			}
		})
	}
}
