package testpki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"lienthong/certs/dev"
)

// An Option changes a certificate before it is signed.
type Option func(*order)

type order struct {
	request  dev.Request
	template *x509.Certificate
	issuer   *Authority
	unknown  bool
	revoked  time.Time
	reason   int
}

// Expired ended a day before Now; NotYetValid begins a day after.
func Expired() Option {
	return func(o *order) {
		o.template.NotBefore, o.template.NotAfter = Now.AddDate(-3, 0, 0), Now.AddDate(0, 0, -1)
	}
}

func NotYetValid() Option {
	return func(o *order) {
		o.template.NotBefore, o.template.NotAfter = Now.AddDate(0, 0, 1), Now.AddDate(3, 0, 0)
	}
}

// Valid sets the interval of validity.
func Valid(from, to time.Time) Option {
	return func(o *order) { o.template.NotBefore, o.template.NotAfter = from, to }
}

// RevokedAt puts the certificate on the list, with a CRLReason; 6 is on hold.
func RevokedAt(at time.Time, reason int) Option {
	return func(o *order) { o.revoked, o.reason = at, reason }
}

// WrongKeyUsage allows key agreement only; WrongEKU allows TLS servers only.
func WrongKeyUsage() Option {
	return func(o *order) { o.template.KeyUsage = x509.KeyUsageKeyAgreement }
}

func WrongEKU() Option {
	return func(o *order) {
		o.template.ExtKeyUsage, o.template.UnknownExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, nil
		o.template.ExtraExtensions = nil
	}
}

// P256, RSA1024, RSA2048 and RSA3072 choose the key; RSA-2048 is the default of
// signers.
func P256() Option    { return keyOption(dev.P256) }
func RSA1024() Option { return keyOption(dev.RSA1024) }
func RSA2048() Option { return keyOption(dev.RSA2048) }
func RSA3072() Option { return keyOption(dev.RSA3072) }

func keyOption(kind dev.KeyKind) Option { return func(o *order) { o.request.Key = kind } }

// Template changes anything else.
func Template(change func(*x509.Certificate)) Option {
	return func(o *order) { change(o.template) }
}

// IssuedBy has another authority sign; see NewAuthority and UnknownCA.
func IssuedBy(a *Authority) Option { return func(o *order) { o.issuer = a } }

// UnknownCA has a CA sign that no one trusts, under the same name as the real one.
func UnknownCA() Option { return func(o *order) { o.unknown = true } }

// Issue issues a certificate, valid from a year before Now for three years unless
// the request or an option says otherwise.
func (p *PKI) Issue(r dev.Request, opts ...Option) *Leaf {
	p.t.Helper()
	template, err := dev.Template(r, p.nextSerial(), Now.AddDate(-1, 0, 0), p.url("/crl/issuing.crl"))
	if err != nil {
		p.t.Fatal(err)
	}
	dev.SetAccess(template, r.Kind, p.url("/ocsp"), p.url("/ca/issuing.cer"))
	if r.Key == "" {
		r.Key = r.Kind.DefaultKey()
	}
	o := &order{request: r, template: template, issuer: p.CA}
	for _, option := range opts {
		option(o)
	}
	if o.unknown {
		o.issuer = p.impostorOf(o.issuer)
	}
	signer := cachedKey(p.t, o.request.Key)
	leaf := &Leaf{t: p.t, Certificate: sign(p.t, template, o.issuer, signer), Signer: signer, Issuer: o.issuer}
	p.record(o.issuer, leaf.Certificate)
	for a := o.issuer; a != nil; a = a.Issuer {
		leaf.Chain = append(leaf.Chain, a.Certificate)
	}
	if !o.revoked.IsZero() {
		p.Revoke(leaf, o.revoked, o.reason)
	}
	return leaf
}

// NewAuthority makes a CA below issuer, or a root if issuer is nil. Its name and
// constraints are the template's; use dev.CATemplate. Its key is P-256 unless
// another kind is given.
func (p *PKI) NewAuthority(issuer *Authority, template *x509.Certificate, kind ...dev.KeyKind) *Authority {
	p.t.Helper()
	a := newAuthority(p.t, append(kind, dev.P256)[0], issuer, template)
	p.mu.Lock()
	p.authorities = append(p.authorities, a)
	p.mu.Unlock()
	if issuer != nil {
		p.record(issuer, a.Certificate)
	}
	return a
}

// record remembers which numbers an authority has issued, for its responder.
func (p *PKI) record(a *Authority, c *x509.Certificate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.issued[a] == nil {
		p.issued[a] = make(map[string]bool)
	}
	p.issued[a][c.SerialNumber.String()] = true
}

// Serial returns a number that no certificate of this PKI has.
func (p *PKI) Serial() *big.Int { return p.nextSerial() }

func newAuthority(t testing.TB, kind dev.KeyKind, issuer *Authority, template *x509.Certificate) *Authority {
	t.Helper()
	signer := cachedKey(t, kind)
	return &Authority{Certificate: sign(t, template, issuer, signer), Signer: signer, Issuer: issuer}
}

// impostorOf copies an authority and all above it under other keys.
func (p *PKI) impostorOf(real *Authority) *Authority {
	p.t.Helper()
	if real == nil {
		return nil
	}
	if p.impostor[real] == nil {
		template := *real.Certificate
		template.SubjectKeyId, template.AuthorityKeyId = nil, nil
		template.SignatureAlgorithm, template.PublicKey = 0, nil
		p.impostor[real] = newAuthority(p.t, dev.P256, p.impostorOf(real.Issuer), &template)
	}
	return p.impostor[real]
}

func sign(t testing.TB, template *x509.Certificate, issuer *Authority, subject crypto.Signer) *x509.Certificate {
	t.Helper()
	parent, signer := template, subject
	if issuer != nil {
		parent, signer = issuer.Certificate, issuer.Signer
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, subject.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
