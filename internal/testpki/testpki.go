// Package testpki is a public key infrastructure in memory, for tests: CAs,
// agencies and persons, everything that can be wrong with them, and a server on
// loopback with two time-stamping authorities, revocation lists and an OCSP
// responder.
//
//	pki := testpki.New(t)
//	key := pki.Issue(testpki.Agency("UBND phường Ba Hàng")).Key()
//
// Tests of certs, certs/keys, signer/cms and signer/tsp that use it live in the
// _test package, since this one imports those.
package testpki

import (
	"crypto"
	"crypto/x509"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/certs/dev"
	"lienthong/certs/keys"
)

// Now is the time at which a new PKI stands: 21 November 2026, 17:00 in Hanoi.
var Now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// A PKI is a root CA, an issuing CA and two TSAs, with a server of lists, OCSP
// answers and time-stamps that runs until the test ends.
type PKI struct {
	t  testing.TB
	CA *Authority // issues what Issue issues; its issuer is Root

	Root    *Leaf // the anchor; as an authority it is CA.Issuer
	TSACert *Leaf // signs the server's time-stamps
	TSA2    *Leaf // signs those of its second TSA
	server  *httptest.Server

	mu       sync.Mutex
	now      time.Time
	serial   int64
	revoked  map[*Authority][]x509.RevocationListEntry
	impostor map[*Authority]*Authority
	tsaFault func(http.ResponseWriter) bool

	authorities []*Authority // all but impostors
	issued      map[*Authority]map[string]bool
	responders  map[*Authority]*Leaf
	answers     []OCSPOption // of the server
	ocspFault   func(http.ResponseWriter) bool
}

// An Authority is a CA that can issue certificates and lists.
type Authority struct {
	Certificate *x509.Certificate
	Signer      crypto.Signer
	Issuer      *Authority // nil if self-signed
}

// A Leaf is a certificate with its private key.
type Leaf struct {
	t           testing.TB
	Certificate *x509.Certificate
	Signer      crypto.Signer
	Chain       []*x509.Certificate // CA certificates, nearest first, root last
	Issuer      *Authority          // nil for Root
}

// Key returns the leaf as a key to sign with; its chain leaves out the root.
func (l *Leaf) Key() keys.Key {
	l.t.Helper()
	chain := l.Chain[:max(len(l.Chain)-1, 0)]
	key, err := keys.New("test:"+l.Certificate.Subject.CommonName, l.Signer, l.Certificate, chain...)
	if err != nil {
		l.t.Fatal(err)
	}
	return key
}

// New makes a PKI at the time Now.
func New(t testing.TB) *PKI {
	t.Helper()
	p := &PKI{t: t, now: Now, serial: 1000, revoked: make(map[*Authority][]x509.RevocationListEntry),
		impostor: make(map[*Authority]*Authority), issued: make(map[*Authority]map[string]bool), responders: make(map[*Authority]*Leaf)}
	p.startServer()
	root := p.NewAuthority(nil, dev.CATemplate("Root CA thử nghiệm", 1, p.nextSerial(), Now.AddDate(-5, 0, 0), 20*365*24*time.Hour, ""))
	p.CA = p.NewAuthority(root, p.CATemplate("CA thử nghiệm cấp chứng thư", 0))
	p.Root = &Leaf{t: t, Certificate: root.Certificate, Signer: root.Signer}
	p.TSACert = p.Issue(Request{Kind: dev.TSA, ID: "tsa", Name: "TSA thử nghiệm"})
	p.TSA2 = p.Issue(Request{Kind: dev.TSA, ID: "tsa2", Name: "TSA thử nghiệm thứ hai"}, P256())
	return p
}

// A Request says which certificate to issue.
type Request = dev.Request

// A KeyKind is the kind and size of a key, for NewAuthority; Issue takes options.
type KeyKind = dev.KeyKind

const (
	KeyP256    = dev.P256
	KeyRSA1024 = dev.RSA1024
	KeyRSA2048 = dev.RSA2048
	KeyRSA3072 = dev.RSA3072
)

// CATemplate is the certificate of a CA, valid from four years before Now for ten
// years; pathLen -1 sets no limit. For NewAuthority.
func (p *PKI) CATemplate(name string, pathLen int) *x509.Certificate {
	c := dev.CATemplate(name, pathLen, p.nextSerial(), Now.AddDate(-4, 0, 0), 10*365*24*time.Hour, p.url("/crl/root.crl"))
	dev.SetAccess(c, "", p.url("/ocsp"), p.url("/ca/root.cer"))
	return c
}

// Agency asks for the certificate of an agency, Person for that of an authorised
// person of one.
func Agency(name string) Request {
	return Request{Kind: dev.Agency, ID: "agency", Name: name, Org: name, Locality: "Thái Nguyên"}
}

func Person(name, agency string) Request {
	return Request{Kind: dev.Person, ID: "person", Name: name, Org: agency, Unit: "Lãnh đạo"}
}

// Node asks for the TLS certificate of a node, Client for that of a clerk.
func Node(id string) Request { return Request{Kind: dev.Node, ID: id} }

func Client(name, agency string) Request {
	return Request{Kind: dev.Client, ID: "client", Name: name, Org: agency}
}

// SetTime moves the clock of the TSAs, of the lists and of the OCSP responder. Certificates are issued
// relative to Now, whatever the clock says.
func (p *PKI) SetTime(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
}

// Time is where the clock stands.
func (p *PKI) Time() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Trust returns the root as anchor for every purpose.
func (p *PKI) Trust() *certs.Trust {
	trust := certs.NewTrust()
	trust.AddAll(p.Root.Certificate)
	return trust
}

func (p *PKI) nextSerial() *big.Int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial++
	return big.NewInt(p.serial)
}
