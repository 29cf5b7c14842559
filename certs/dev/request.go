package dev

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net"
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A Kind is what a certificate is for; it decides key usages and the folder.
type Kind string

const (
	Agency    Kind = "agencies"  // seals of agencies
	Person    Kind = "people"    // authorised persons
	Node      Kind = "nodes"     // TLS server and client of a node
	Client    Kind = "clients"   // TLS client of a clerk
	Directory Kind = "directory" // signs the directory file
	TSA       Kind = "tsa"       // time-stamps
	OCSP      Kind = "ocsp"      // answers about revocation
)

var kinds = []Kind{Agency, Person, Node, Client, Directory, TSA, OCSP}

// DefaultKey is RSA-2048 for those who sign documents and time-stamps, which every
// deployed tool verifies, and P-256 for the others.
func (k Kind) DefaultKey() KeyKind {
	if k == Agency || k == Person || k == TSA {
		return RSA2048
	}
	return P256
}

// A Request says which certificate to issue.
type Request struct {
	Kind     Kind
	ID       string        // names the files, and the node: [a-z0-9.-], at most 63 bytes
	Name     string        // common name, UTF-8
	Org      string        // O; may be empty
	Unit     string        // OU; may be empty
	Locality string        // L; may be empty
	Key      KeyKind       // default: RSA-2048 for agency, person and TSA, else P-256
	Valid    time.Duration // from now; default: 3 years
}

var goodID = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)

func badID(id string) error {
	return fmt.Errorf("certs/dev: id %q: want 1 to 63 of a-z, 0-9, dot, hyphen", id)
}

// Slug makes an ID of a Vietnamese name: "UBND Phường Ba Hàng" becomes
// "ubnd-phuong-ba-hang".
func Slug(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case r == 'đ':
			b.WriteByte('d')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // a mark, taken off its letter
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := b.String()
	return strings.Trim(slug[:min(len(slug), 63)], "-.")
}

func (r Request) withDefaults() (Request, error) {
	if r.ID == "" {
		r.ID = Slug(r.Name)
	}
	if !goodID.MatchString(r.ID) {
		return r, badID(r.ID)
	}
	if r.Name == "" {
		r.Name = r.ID
	}
	if r.Key == "" {
		r.Key = r.Kind.DefaultKey()
	}
	if r.Valid == 0 {
		r.Valid = 3 * year
	}
	return r, nil
}

const year = 365 * 24 * time.Hour

// Template returns the certificate that a request asks for, without key and
// issuer: usages by kind, validity from five minutes before now, crlURL as
// distribution point (none if empty).
func Template(r Request, serial *big.Int, now time.Time, crlURL string) (*x509.Certificate, error) {
	r, err := r.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               r.subject(),
		NotBefore:             now.Add(-5 * time.Minute).UTC().Truncate(time.Second),
		NotAfter:              now.Add(r.Valid).UTC().Truncate(time.Second),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
	}
	if crlURL != "" {
		c.CRLDistributionPoints = []string{crlURL}
	}
	switch r.Kind {
	case Agency, Person:
		// What signing certificates of Vietnamese authorities carry, and what
		// Acrobat asks of a signer.
		c.KeyUsage |= x509.KeyUsageContentCommitment
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidDocumentSigning}
	case TSA:
		c.ExtraExtensions = []pkix.Extension{criticalTimeStamping}
	case Node:
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		c.DNSNames = []string{r.ID, "localhost"}
		c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback}
	case Client:
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	case Directory:
		// No usage is registered for signed directories; this one keeps the
		// key from passing for a signer of documents or a party of TLS.
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	case OCSP:
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
		c.ExtraExtensions = []pkix.Extension{noCheck}
	default:
		return nil, fmt.Errorf("certs/dev: kind %q: want one of agencies, people, nodes, clients, directory, tsa, ocsp", r.Kind)
	}
	return c, nil
}

func (r Request) subject() pkix.Name {
	name := pkix.Name{Country: []string{"VN"}, CommonName: r.Name}
	if r.Org != "" {
		name.Organization = []string{r.Org}
	}
	if r.Unit != "" {
		name.OrganizationalUnit = []string{r.Unit}
	}
	if r.Locality != "" {
		name.Locality = []string{r.Locality}
	}
	return name
}

var (
	oidExtKeyUsage     = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidDocumentSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36} // RFC 9336
)

// criticalTimeStamping is the extended key usage of a TSA: time-stamping alone,
// and critical (RFC 3161 2.3), which x509.CreateCertificate never makes it.
var criticalTimeStamping = func() pkix.Extension {
	value, err := asn1.Marshal([]asn1.ObjectIdentifier{oidTimeStamping})
	if err != nil {
		panic(err) // constants
	}
	return pkix.Extension{Id: oidExtKeyUsage, Critical: true, Value: value}
}()

// noCheck says that nobody need ask whether a responder is revoked: the question
// would go to the responder itself (RFC 6960 4.2.2.2.1).
var noCheck = pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, Value: []byte{5, 0}}

// SetAccess writes into a certificate where its issuer's certificate lies and,
// unless it is a responder's own, who answers about it (RFC 5280 4.2.2.1).
func SetAccess(c *x509.Certificate, kind Kind, ocspURL, issuerURL string) {
	c.IssuingCertificateURL = []string{issuerURL}
	if kind != OCSP {
		c.OCSPServer = []string{ocspURL}
	}
}

// CATemplate returns a certification authority. PathLen is the number of CAs
// that may stand below it, -1 for any number.
func CATemplate(name string, pathLen int, serial *big.Int, now time.Time, valid time.Duration, crlURL string) *x509.Certificate {
	c := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Country: []string{"VN"}, Organization: []string{organization}, CommonName: name},
		NotBefore:             now.Add(-5 * time.Minute).UTC().Truncate(time.Second),
		NotAfter:              now.Add(valid).UTC().Truncate(time.Second),
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            pathLen,
		MaxPathLenZero:        pathLen == 0,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if crlURL != "" {
		c.CRLDistributionPoints = []string{crlURL}
	}
	return c
}
