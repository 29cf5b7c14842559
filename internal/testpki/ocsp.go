package testpki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"io"
	"net/http"
	"time"

	"lienthong/certs/dev"
	"lienthong/certs/ocsp"
)

// An OCSPOption changes an OCSP answer before it is signed. Several may be given;
// each is wrong in the one way that it says.
type OCSPOption func(*ocspOrder)

type ocspOrder struct {
	p        *PKI
	issuer   *Authority
	template ocsp.Template
	signer   crypto.Signer
}

// OCSPForged is signed by another key under the responder's certificate.
func OCSPForged() OCSPOption {
	return func(o *ocspOrder) { o.signer = cachedKey(o.p.t, dev.P256) }
}

// OCSPBy is signed by a certificate, which comes along. Any leaf will do: one of
// another CA, one without the usage, a responder that is revoked.
func OCSPBy(l *Leaf) OCSPOption {
	return func(o *ocspOrder) {
		o.signer, o.template.Responder, o.template.Certificates = l.Signer, l.Certificate, []*x509.Certificate{l.Certificate}
	}
}

// OCSPByIssuer is signed by the CA itself, and brings no certificate.
func OCSPByIssuer() OCSPOption {
	return func(o *ocspOrder) {
		o.signer, o.template.Responder, o.template.Certificates = o.issuer.Signer, o.issuer.Certificate, nil
	}
}

// OCSPExpiredResponder is signed by a responder whose certificate ended a day
// before Now.
func OCSPExpiredResponder() OCSPOption {
	return func(o *ocspOrder) { OCSPBy(o.p.Responder(o.issuer, Expired()))(o) }
}

// OCSPWrongResponder is signed by the responder of another CA: of the root for
// the issuing CA, and the other way round.
func OCSPWrongResponder() OCSPOption {
	return func(o *ocspOrder) {
		other := o.p.CA
		if o.issuer == other {
			other = other.Issuer
		}
		OCSPBy(o.p.Responder(other))(o)
	}
}

// OCSPStale was good for a day, ten days before the clock's time.
func OCSPStale() OCSPOption { return OCSPAged(10*24*time.Hour, 24*time.Hour) }

// OCSPAged is of a time before the clock's, and holds for a time; 0 is without
// end.
func OCSPAged(age, holds time.Duration) OCSPOption {
	return func(o *ocspOrder) {
		at := o.p.Time().Add(-age)
		o.template.ProducedAt = at
		for i := range o.template.Singles {
			s := &o.template.Singles[i]
			s.ThisUpdate, s.NextUpdate = at, at.Add(holds)
			if holds == 0 {
				s.NextUpdate = time.Time{}
			}
		}
	}
}

// OCSPUnknown knows no certificate; OCSPGood calls all good, also the revoked.
func OCSPUnknown() OCSPOption { return ocspStatus(ocsp.Unknown) }
func OCSPGood() OCSPOption    { return ocspStatus(ocsp.Good) }

func ocspStatus(status ocsp.Status) OCSPOption {
	return func(o *ocspOrder) {
		for i := range o.template.Singles {
			o.template.Singles[i].Status = status
		}
	}
}

// OCSPNoNonce repeats no nonce, OCSPWrongNonce another one.
func OCSPNoNonce() OCSPOption { return func(o *ocspOrder) { o.template.Nonce = nil } }
func OCSPWrongNonce() OCSPOption {
	return func(o *ocspOrder) {
		o.template.Nonce = make([]byte, 32)
		rand.Read(o.template.Nonce)
	}
}

// OCSPTemplate changes anything else.
func OCSPTemplate(change func(*ocsp.Template)) OCSPOption {
	return func(o *ocspOrder) { change(&o.template) }
}

// Responder issues a certificate for OCSP answers of an authority, with nocheck
// unless CheckedResponder is among the options.
func (p *PKI) Responder(a *Authority, opts ...Option) *Leaf {
	p.t.Helper()
	return p.Issue(Request{Kind: dev.OCSP, ID: "ocsp", Name: "OCSP thử nghiệm"}, append([]Option{IssuedBy(a)}, opts...)...)
}

// CheckedResponder leaves nocheck out of a responder's certificate, so that its
// own status counts.
func CheckedResponder() Option { return func(o *order) { o.template.ExtraExtensions = nil } }

// OCSP makes the answer about a certificate, of a minute before the clock's time
// and due an hour after it, good unless the certificate was revoked.
func (p *PKI) OCSP(l *Leaf, opts ...OCSPOption) []byte {
	p.t.Helper()
	return p.OCSPAbout(l.Certificate, l.Issuer, opts...)
}

// OCSPAbout is OCSP for any certificate, such as that of a CA.
func (p *PKI) OCSPAbout(c *x509.Certificate, issuer *Authority, opts ...OCSPOption) []byte {
	p.t.Helper()
	id, err := ocsp.NewCertID(crypto.SHA1, c, issuer.Certificate)
	if err != nil {
		p.t.Fatal(err)
	}
	der, err := p.answerOCSP(issuer, &ocsp.Request{IDs: []ocsp.CertID{id}}, opts)
	if err != nil {
		p.t.Fatal(err)
	}
	return der
}

// AnswerOCSP has the server answer with these options from now on.
func (p *PKI) AnswerOCSP(opts ...OCSPOption) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = opts
}

// BreakOCSP has the responder answer by fault, until fault returns false or
// BreakOCSP(nil) mends it.
func (p *PKI) BreakOCSP(fault func(http.ResponseWriter) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ocspFault = fault
}

func (p *PKI) serveOCSP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	fault, opts, authorities := p.ocspFault, p.answers, p.authorities
	p.mu.Unlock()
	if fault != nil && fault(w) {
		return
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	request, err := ocsp.ParseRequest(body)
	if err != nil {
		w.Write(ocsp.Refusal(1))
		return
	}
	for _, a := range authorities {
		if !request.IDs[0].SameIssuer(a.Certificate) {
			continue
		}
		der, err := p.answerOCSP(a, request, opts)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Write(der)
		return
	}
	w.Write(ocsp.Refusal(6))
}

func (p *PKI) answerOCSP(a *Authority, request *ocsp.Request, opts []OCSPOption) ([]byte, error) {
	responder := p.responder(a)
	p.mu.Lock()
	now := p.now
	o := &ocspOrder{p: p, issuer: a, signer: responder.Signer, template: ocsp.Template{
		ProducedAt: now.Add(-time.Minute), Nonce: request.Nonce, Responder: responder.Certificate,
		Certificates: []*x509.Certificate{responder.Certificate}}}
	for _, id := range request.IDs {
		s := ocsp.Single{ID: id, Status: ocsp.Unknown, ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour)}
		if p.issued[a][id.Serial.String()] {
			s.Status = ocsp.Good
		}
		for _, entry := range p.revoked[a] {
			if entry.SerialNumber.Cmp(id.Serial) == 0 {
				s.Status, s.RevokedAt, s.Reason = ocsp.Revoked, entry.RevocationTime, entry.ReasonCode
			}
		}
		o.template.Singles = append(o.template.Singles, s)
	}
	p.mu.Unlock()
	for _, option := range opts {
		option(o)
	}
	return o.template.Sign(o.signer)
}

// responder returns an authority's own responder, which it issues once.
func (p *PKI) responder(a *Authority) *Leaf {
	p.mu.Lock()
	known := p.responders[a]
	p.mu.Unlock()
	if known != nil {
		return known
	}
	made := p.Responder(a, Valid(Now.AddDate(-4, 0, 0), Now.AddDate(30, 0, 0))) // wherever a test moves the clock
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.responders[a] == nil {
		p.responders[a] = made
	}
	return p.responders[a]
}
