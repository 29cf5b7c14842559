package certs

import (
	"crypto/x509"
	"time"
)

// A PathRequest asks whether a certificate leads to an anchor.
type PathRequest struct {
	Leaf    *x509.Certificate
	Extra   []*x509.Certificate // from the signature or the file: candidates, believed only as far as they verify
	Purpose Purpose
	At      time.Time  // the time judged; the zero time is refused as NoChain would be
	Policy  Algorithms // the zero value means DefaultAlgorithms
}

// A Path is the best path found, and what is wrong with it.
type Path struct {
	Chain    []*x509.Certificate // leaf … anchor; ends before the anchor where there is NoChain
	Problems []Problem           // none if the path holds
}

// OK reports whether the path leads to an anchor and nothing is wrong with it.
func (p Path) OK() bool { return len(p.Chain) > 0 && len(p.Problems) == 0 }

// Has reports whether a problem of this kind was found.
func (p Path) Has(code ProblemCode) bool {
	for _, problem := range p.Problems {
		if problem.Code == code {
			return true
		}
	}
	return false
}

// Build finds a path from the leaf to an anchor of the purpose.
func (t *Trust) Build(req PathRequest) Path {
	return Path{Problems: []Problem{{Code: NoChain, Certificate: req.Leaf, Detail: "no path", Clause: "RFC 5280 6.1"}}}
}
