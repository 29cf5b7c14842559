package certs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"

	"lienthong/certs/names"
)

// judge lists what is wrong with a chain, leaf first. The last certificate is an
// anchor if anchored; its validity and extensions are then not judged.
func (s *search) judge(chain []*x509.Certificate, anchored bool) []Problem {
	req, problems := s.req, []Problem(nil)
	add := func(c *x509.Certificate, code ProblemCode, clause, format string, args ...any) {
		problems = append(problems, problem(c, code, clause, "%s "+format, append([]any{Named{c}}, args...)...))
	}
	for i, c := range chain {
		if anchor := anchored && i > 0 && i == len(chain)-1; !anchor {
			checkValidity(c, req, add)
			checkCritical(c, add)
		}
		if i == 0 {
			checkLeafUsage(c, req.Purpose, add)
			if err := req.Policy.CheckKey(c.PublicKey, req.At); err != nil {
				add(c, WeakAlgorithm, "TT 15/2025/TT-BKHCN, Appendix I", "has a key that is refused: %v", err)
			}
		} else {
			checkCA(chain, i, req.Purpose, add)
		}
		if i+1 < len(chain) {
			s.checkLink(c, chain[i+1], add)
		}
	}
	if err := checkPolicies(chain, policyInput{}); anchored && err != nil {
		problems = append(problems, problem(chain[0], ExplicitPolicy, "RFC 5280 6.1.3 (f)", "%v", err))
	}
	names.Check(chain, func(authority, c *x509.Certificate, err error) {
		if c == authority {
			add(c, NameConstraints, "RFC 5280 4.2.1.10", "has name constraints that cannot be checked: %v", err)
			return
		}
		add(c, NameConstraints, "RFC 5280 4.2.1.10", "under the name constraints of %s: %v", Named{authority}, err)
	})
	return problems
}

type adder func(c *x509.Certificate, code ProblemCode, clause, format string, args ...any)

func checkValidity(c *x509.Certificate, req PathRequest, add adder) {
	if req.At.Before(c.NotBefore) {
		add(c, NotYetValid, "RFC 5280 6.1.3 (a)(2)", "is valid from %s, judged at %s", stamp(c.NotBefore), stamp(req.At))
	}
	if req.At.After(c.NotAfter) {
		add(c, Expired, "RFC 5280 6.1.3 (a)(2)", "was valid until %s, judged at %s", stamp(c.NotAfter), stamp(req.At))
	}
}

// checkCritical refuses critical extensions that nobody here reads. Name
// constraints are read by package names, also those that x509 leaves alone.
func checkCritical(c *x509.Certificate, add adder) {
	for _, id := range c.UnhandledCriticalExtensions {
		// x509 leaves a critical one in this list where it knows the extension
		// but not the forms of name in it.
		if id.Equal(oidNameConstraints) || id.Equal(oidSubjectAltName) {
			continue
		}
		add(c, UnknownExtension, "RFC 5280 4.2", "has the critical extension %s, which is not understood", id)
	}
}

// A link is a certificate and its supposed issuer; a verdict is why the link does
// not hold.
type (
	link    struct{ child, issuer *x509.Certificate }
	verdict struct{ weak, bad error }
)

// checkLink checks each signature once in a search: paths made to branch share
// their links, and a bad one stands in no cache.
func (s *search) checkLink(c, issuer *x509.Certificate, add adder) {
	v, known := s.links[link{c, issuer}]
	if !known {
		v.weak, v.bad = judgeSignature(ofCertificate(c), issuer, s.req.Policy, s.req.At, &s.trust.links)
		s.links[link{c, issuer}] = v
	}
	if v.weak != nil {
		add(c, WeakAlgorithm, "TT 15/2025/TT-BKHCN, Appendix I", "is signed by %s with %s: %v", Named{issuer}, c.SignatureAlgorithm, v.weak)
	}
	if v.bad != nil {
		add(c, BadSignature, "RFC 5280 6.1.3 (a)(1)", "was not signed by the key of %s: %v", Named{issuer}, v.bad)
	}
}

// checkCA judges chain[i] as issuer of what stands below it.
func checkCA(chain []*x509.Certificate, i int, purpose Purpose, add adder) {
	c := chain[i]
	// A version 1 certificate has no extensions to say so: only as an anchor,
	// which someone chose to trust, may it stand for a CA (RFC 5280 6.1.4 (k)).
	old := c.Version < 3 && i == len(chain)-1
	if !old && !(c.BasicConstraintsValid && c.IsCA) {
		add(c, NotCA, "RFC 5280 4.2.1.9", "is an issuer here, but is no CA by its basic constraints")
	}
	if has(c, oidKeyUsage) && c.KeyUsage&x509.KeyUsageCertSign == 0 {
		add(c, Usage, "RFC 5280 4.2.1.3", "is an issuer here, but its key usage lacks keyCertSign")
	}
	if below := casBelow(chain[:i]); limited(c) && below > c.MaxPathLen {
		add(c, PathLength, "RFC 5280 4.2.1.9", "allows %d CAs below it, and has %d", c.MaxPathLen, below)
	}
	if usages := extKeyUsages(c); len(usages) > 0 && !allows(usages, purpose, true) {
		add(c, Usage, "RFC 5280 4.2.1.12", "issues for %s only, not for %s", list(usages), purpose)
	}
}

// limited reports whether a CA has a path length constraint.
func limited(c *x509.Certificate) bool {
	return c.BasicConstraintsValid && c.IsCA && (c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero)
}

// casBelow counts the CAs among the certificates below an issuer. The leaf does
// not count, nor do those issued by a CA to itself for a change of keys.
func casBelow(below []*x509.Certificate) int {
	n := 0
	for _, c := range below[1:] {
		if !selfIssued(c) {
			n++
		}
	}
	return n
}

func selfIssued(c *x509.Certificate) bool { return string(c.RawSubject) == string(c.RawIssuer) }

func has(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return true
		}
	}
	return false
}

var (
	oidKeyUsage        = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectAltName  = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidExtKeyUsage     = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// describe names a certificate for a person: common name and serial number.
func describe(c *x509.Certificate) string {
	return fmt.Sprintf("%q (serial %x)", name(c.Subject), c.SerialNumber)
}

func name(n pkix.Name) string {
	if n.CommonName != "" {
		return n.CommonName
	}
	return n.String()
}
