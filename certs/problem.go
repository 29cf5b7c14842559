package certs

import (
	"crypto/x509"
	"fmt"
)

// A ProblemCode names one kind of fault in a certification path. The names are
// stable: reports and policies use them.
type ProblemCode string

const (
	NoChain          ProblemCode = "no-chain"            // no path to an anchor of the purpose
	Expired          ProblemCode = "expired"             // judged after notAfter
	NotYetValid      ProblemCode = "not-yet-valid"       // judged before notBefore
	Usage            ProblemCode = "wrong-usage"         // keyUsage or extKeyUsage forbid the purpose
	NotCA            ProblemCode = "not-ca"              // an issuer that is no CA
	WeakAlgorithm    ProblemCode = "weak-algorithm"      // hash, scheme or key refused by the dated policy
	BadSignature     ProblemCode = "bad-signature"       // the issuer's key did not sign it
	PathLength       ProblemCode = "path-length"         // more CAs below one than it allows
	NameConstraints  ProblemCode = "name-constraints"    // a name outside what a CA may name
	UnknownExtension ProblemCode = "unknown-extension"   // critical, and not understood
	ExplicitPolicy   ProblemCode = "explicit-policy"     // a CA demands certificate policies that the path lacks
	TooMany          ProblemCode = "too-many-candidates" // the search was cut short
)

// A Problem is one fault of a path: a finding about certificates, not a failure
// to read them.
type Problem struct {
	Code        ProblemCode
	Certificate *x509.Certificate // the one at fault
	Detail      string            // found and wanted, in English
	Clause      string            // of the standard, as "RFC 5280 4.2.1.9"

	// Format and Args are what Detail was made of, for who says it in another language.
	// A certificate is there as [Named], a time in RFC 3339.
	Format string
	Args   []any
}

// Named is a certificate as texts name it, by common name and serial number.
type Named struct{ Certificate *x509.Certificate }

func (n Named) String() string { return describe(n.Certificate) }

// Name is the common name, or the whole one where there is none.
func (n Named) Name() string { return name(n.Certificate.Subject) }

// problem says what is wrong with c; format begins with who that is.
func problem(c *x509.Certificate, code ProblemCode, clause, format string, args ...any) Problem {
	return Problem{Code: code, Certificate: c, Detail: fmt.Sprintf(format, args...), Clause: clause, Format: format, Args: args}
}

func (p Problem) String() string {
	return fmt.Sprintf("%s: %s (%s)", p.Code, p.Detail, p.Clause)
}
