package signer

import (
	"bytes"
	"crypto/x509"

	"lienthong/certs"
	"lienthong/signer/cms"
)

// maxInside bounds the certificates whose paths are looked at without trust.
const maxInside = 64

// pathsInside says, where trust is left out, what the certificates that a file brings
// along say of each other: a path that breaks between them, or that ends at a CA
// which is not there, is nothing that anyone could come to trust by this file alone.
// It is a warning: who vouches is for a policy of trust to judge.
func (c *check) pathsInside() {
	if c.policy.Trust {
		return
	}
	c.seen = make(map[[32]byte]bool)
	for _, it := range c.items {
		c.takeCertificates(it.carried)
		for _, signed := range it.signedParts() {
			c.takeCertificates(signed.Certificates)
		}
	}
	if len(c.items) > 0 {
		c.takeDSS(c.file.Latest())
	}
	trust := certs.NewTrust()
	for _, cert := range c.extra {
		if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
			trust.AddAll(cert)
		}
	}
	told := make(map[*x509.Certificate]bool)
	look := func(s *Signature, cert *x509.Certificate, purpose certs.Purpose, object string) {
		if cert == nil || s.Indication == TotalFailed || len(told) == maxInside && !told[cert] {
			return
		}
		told[cert] = true
		c.pathInside(s, trust, certs.PathRequest{Leaf: cert, Extra: c.extra, Purpose: purpose, At: c.opts.At, Policy: c.policy.Algorithms}, object)
	}
	for _, it := range c.items {
		purpose := certs.OfficialSigning
		if it.timestamp {
			purpose = certs.TimeStamping
		}
		look(&it.out, it.cert, purpose, it.object())
		for _, st := range it.tokens {
			if st.token != nil {
				look(&st.out, st.token.Certificate(), certs.TimeStamping, it.object())
			}
		}
	}
}

// signedParts are what an item holds as SignedData: its own, and of its time-stamps.
func (it *item) signedParts() []*cms.SignedData {
	var all []*cms.SignedData
	if it.signed != nil {
		all = append(all, it.signed)
	}
	for _, list := range [][]*stamp{it.tokens, it.content} {
		for _, st := range list {
			if st.token != nil {
				all = append(all, st.token.Signed)
			}
		}
	}
	return all
}

// pathInside adds what is wrong with one path, its dates and algorithms aside: those
// depend on when it was signed, and that on trust in a time-stamp.
func (c *check) pathInside(s *Signature, trust *certs.Trust, req certs.PathRequest, object string) {
	path := trust.Build(req)
	for _, p := range path.Problems {
		switch p.Code {
		case certs.Expired, certs.NotYetValid, certs.WeakAlgorithm:
		case certs.NoChain:
			end := path.Chain[len(path.Chain)-1]
			s.Findings = append(s.Findings, finding(rulePath, Warning, object, "the certificates in the file lead to %q, whose issuer %q is not among them",
				end.Subject.CommonName, end.Issuer.CommonName))
		default:
			s.Findings = append(s.Findings, finding(rule{name: string(p.Code), clause: p.Clause}, Warning, object, "%s", problemText(p)))
		}
	}
}
