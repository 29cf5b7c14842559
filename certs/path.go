package certs

import (
	"bytes"
	"crypto/x509"
	"time"
)

// Bounds of the search. Extra certificates come from strangers' files, and
// crossed CAs make the number of paths grow without end.
const (
	maxDepth    = 10  // certificates in a path
	maxPerLevel = 16  // issuers tried for one certificate
	maxSteps    = 200 // certificates visited in all
)

// A PathRequest asks whether a certificate leads to an anchor.
type PathRequest struct {
	Leaf    *x509.Certificate
	Extra   []*x509.Certificate // from the signature or the file: candidates, believed only as far as they verify
	Purpose Purpose
	At      time.Time  // the time judged
	Policy  Algorithms // the zero value means DefaultAlgorithms
}

// A Path is the best path found, and what is wrong with it.
type Path struct {
	Chain    []*x509.Certificate // leaf … anchor; where there is NoChain, as far as names lead
	Problems []Problem           // none if the path holds; NoChain first
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

// Build finds a path from the leaf to an anchor of the purpose (RFC 5280 6.1).
// Issuers are proposed by name, byte for byte, those with the right key
// identifier first; every link of a path is then checked. Build returns the
// first path that holds, else the one with the least wrong.
//
// An anchor is a name and a key: its own signature and notAfter are not judged.
// A leaf that is itself an anchor is judged as a leaf. Revocation is not looked
// at, see [Evidence].
func (t *Trust) Build(req PathRequest) Path {
	if req.Leaf == nil {
		return Path{Problems: []Problem{problem(nil, NoChain, "RFC 5280 6.1", "no certificate given")}}
	}
	s := &search{trust: t, req: req, steps: maxSteps, links: make(map[link]verdict)}
	s.req.Policy = req.Policy.orDefault()
	s.extend([]*x509.Certificate{req.Leaf})
	if s.best == nil {
		s.best = s.dead()
	}
	if s.steps <= 0 && len(s.best.Problems) > 0 {
		s.best.Problems = append(s.best.Problems, problem(req.Leaf, TooMany, "RFC 4158 2.4",
			"the search for a path was ended after %d certificates", maxSteps))
	}
	return *s.best
}

type search struct {
	trust   *Trust
	req     PathRequest
	steps   int
	links   map[link]verdict
	best    *Path
	weight  int                 // of best
	deepest []*x509.Certificate // of the chains that reach no anchor
}

// extend tries every issuer of the chain's end, and reports whether a path that
// holds is found.
func (s *search) extend(chain []*x509.Certificate) bool {
	if s.steps--; s.steps < 0 {
		return false
	}
	end := chain[len(chain)-1]
	if s.trust.isAnchor(s.req.Purpose, end) {
		return s.offer(chain)
	}
	if len(chain) > len(s.deepest) {
		s.deepest = append([]*x509.Certificate(nil), chain...)
	}
	if len(chain) == maxDepth {
		return false
	}
	for _, issuer := range s.issuers(end) {
		if !repeats(chain, issuer) && s.extend(append(chain[:len(chain):len(chain)], issuer)) {
			return true
		}
	}
	return false
}

// issuers proposes certificates whose subject is c's issuer: anchors, then known
// intermediates, then what came with the file; a wrong key identifier comes last
// and is not ruled out, since some CAs change how they compute it.
func (s *search) issuers(c *x509.Certificate) []*x509.Certificate {
	var fitting, others []*x509.Certificate
	for _, list := range [][]*x509.Certificate{s.trust.anchors[s.req.Purpose], s.trust.intermediates, s.req.Extra} {
		for _, candidate := range list {
			if candidate == nil || !bytes.Equal(candidate.RawSubject, c.RawIssuer) {
				continue
			}
			known := len(c.AuthorityKeyId) > 0 && len(candidate.SubjectKeyId) > 0
			if known && !bytes.Equal(c.AuthorityKeyId, candidate.SubjectKeyId) {
				others = append(others, candidate)
			} else {
				fitting = append(fitting, candidate)
			}
			if len(fitting)+len(others) >= 4*maxPerLevel {
				break
			}
		}
	}
	all := append(fitting, others...)
	return all[:min(len(all), maxPerLevel)]
}

// repeats reports whether a name and key stand in the chain already: no path is
// better for passing the same CA twice (RFC 4158 5.2).
func repeats(chain []*x509.Certificate, c *x509.Certificate) bool {
	for _, other := range chain {
		if bytes.Equal(other.RawSubject, c.RawSubject) &&
			bytes.Equal(other.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo) {
			return true
		}
	}
	return false
}

// offer judges a chain that ends at an anchor, and keeps it if it is the best.
func (s *search) offer(chain []*x509.Certificate) bool {
	problems := s.judge(chain, true)
	weight := 0
	for _, p := range problems {
		weight += weights[p.Code]
		if p.Code == BadSignature {
			// The name leads to an anchor, the key does not: that is no path.
			problems = append([]Problem{s.noChain(p.Certificate)}, problems...)
			weight += weights[NoChain]
			break
		}
	}
	if s.best == nil || weight < s.weight {
		s.best, s.weight = &Path{Chain: chain, Problems: problems}, weight
	}
	return len(problems) == 0
}

// weights order paths that do not hold: that of the right keys at the wrong time
// says more to the reader than one whose links do not verify.
var weights = map[ProblemCode]int{
	NoChain: 1000, BadSignature: 1000, NotCA: 100, WeakAlgorithm: 50, PathLength: 20, NameConstraints: 20,
	UnknownExtension: 20, ExplicitPolicy: 20, Usage: 10, Expired: 1, NotYetValid: 1,
}

// dead is the answer where no chain reaches an anchor: the longest one, with what
// is wrong with it besides.
func (s *search) dead() *Path {
	chain := s.deepest
	problems := []Problem{s.noChain(chain[len(chain)-1])}
	return &Path{Chain: chain, Problems: append(problems, s.judge(chain, false)...)}
}

func (s *search) noChain(at *x509.Certificate) Problem {
	return problem(at, NoChain, "RFC 5280 6.1", "%s, issued by %q, leads to none of the %d anchors for %s",
		Named{at}, name(at.Issuer), len(s.trust.anchors[s.req.Purpose]), s.req.Purpose)
}

// isAnchor compares name and key, not bytes: a root that was issued again with
// another notAfter is the same anchor.
func (t *Trust) isAnchor(p Purpose, c *x509.Certificate) bool {
	return repeats(t.anchors[p], c)
}
