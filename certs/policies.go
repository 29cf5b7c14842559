package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// policyInput is what a relying party may ask of certificate policies (RFC 5280,
// 6.1.1 (c) to (g)). The zero value asks for nothing: what the CAs of a path demand of
// it is checked alone.
type policyInput struct {
	initial        []string // object identifiers that would do; none: any
	explicit       bool
	inhibitMapping bool
	inhibitAny     bool
}

const anyPolicy = "2.5.29.32.0"

// maxPolicies bounds the policies and mappings of one certificate.
const maxPolicies = 256

// A policyNode is a policy that is valid at one depth of a path. The nodes form the
// graph of RFC 9618, 3.2, and not the tree of RFC 5280, which can be made to grow
// without end.
type policyNode struct {
	policy   string
	expected []string
	parents  []*policyNode
}

type policyLevel map[string]*policyNode

// checkPolicies says why a chain, leaf first and anchor last, has no certificate
// policies where some CA in it, or the input, demands them, or nil (RFC 5280, 6.1.3
// (d) to (f), 6.1.4 (a) to (j), 6.1.5 (a), (b), (g), as RFC 9618 amends them).
func checkPolicies(chain []*x509.Certificate, in policyInput) error {
	n := len(chain) - 1
	s := &policyState{level: policyLevel{anyPolicy: {policy: anyPolicy, expected: []string{anyPolicy}}},
		explicit: start(in.explicit, n), mapping: start(in.inhibitMapping, n), any: start(in.inhibitAny, n)}
	for i := n - 1; i >= 0; i-- {
		c := chain[i]
		if len(c.Policies)+len(c.PolicyMappings) > maxPolicies {
			return fmt.Errorf("%s has more than %d policies and mappings", describe(c), maxPolicies)
		}
		s.take(c, i == 0)
		if s.explicit == 0 && len(s.level) == 0 {
			return fmt.Errorf("the path has no certificate policy in common down to %s, and a CA demands one", describe(c))
		}
		if i == 0 {
			break
		}
		if err := s.prepare(c); err != nil {
			return err
		}
	}
	if s.explicit > 0 {
		s.explicit--
	}
	if n > 0 && chain[0].RequireExplicitPolicyZero {
		s.explicit = 0
	}
	if s.explicit == 0 && !s.level.meets(in.initial) {
		return errors.New("the path has none of the certificate policies that are demanded")
	}
	return nil
}

func start(now bool, n int) int {
	if now {
		return 0
	}
	return n + 1
}

type policyState struct {
	level                  policyLevel
	explicit, mapping, any int
}

// take goes down to the policies of a certificate (6.1.3 (d), (e)).
func (s *policyState) take(c *x509.Certificate, leaf bool) {
	next := make(policyLevel)
	wild := false
	for _, p := range c.Policies {
		id := p.String()
		if id == anyPolicy {
			wild = true
			continue
		}
		parents := s.level.expecting(id)
		if any := s.level[anyPolicy]; len(parents) == 0 && any != nil {
			parents = []*policyNode{any}
		}
		if len(parents) > 0 {
			next[id] = &policyNode{policy: id, expected: []string{id}, parents: parents}
		}
	}
	if wild && (s.any > 0 || !leaf && selfIssued(c)) {
		s.level.spread(next)
	}
	s.level = next
}

func (l policyLevel) expecting(id string) []*policyNode {
	var found []*policyNode
	for _, node := range l {
		if slices.Contains(node.expected, id) {
			found = append(found, node)
		}
	}
	return found
}

// spread lets anyPolicy stand for all that is expected and not named (6.1.3 (d)(2)).
func (l policyLevel) spread(next policyLevel) {
	named := make(map[string]bool, len(next))
	for id := range next {
		named[id] = true
	}
	for _, node := range l {
		for _, id := range node.expected {
			switch {
			case named[id]:
			case next[id] == nil:
				next[id] = &policyNode{policy: id, expected: []string{id}, parents: []*policyNode{node}}
			default:
				next[id].parents = append(next[id].parents, node)
			}
		}
	}
}

// prepare maps policies and counts down what stands between a CA and its subordinate
// (6.1.4 (a), (b), (h) to (j)).
func (s *policyState) prepare(c *x509.Certificate) error {
	mapped := make(map[string][]string)
	for _, m := range c.PolicyMappings {
		from, to := m.IssuerDomainPolicy.String(), m.SubjectDomainPolicy.String()
		if from == anyPolicy || to == anyPolicy {
			return fmt.Errorf("%s maps anyPolicy", describe(c))
		}
		mapped[from] = append(mapped[from], to)
	}
	for from, to := range mapped {
		s.remap(from, to)
	}
	if !selfIssued(c) {
		s.explicit, s.mapping, s.any = max(s.explicit-1, 0), max(s.mapping-1, 0), max(s.any-1, 0)
	}
	s.explicit = within(s.explicit, c.RequireExplicitPolicy, c.RequireExplicitPolicyZero)
	s.mapping = within(s.mapping, c.InhibitPolicyMapping, c.InhibitPolicyMappingZero)
	s.any = within(s.any, c.InhibitAnyPolicy, c.InhibitAnyPolicyZero)
	return nil
}

func (s *policyState) remap(from string, to []string) {
	switch node, any := s.level[from], s.level[anyPolicy]; {
	case s.mapping == 0:
		delete(s.level, from)
	case node != nil:
		node.expected = to
	case any != nil:
		s.level[from] = &policyNode{policy: from, expected: to, parents: any.parents}
	}
}

// within lowers a counter to what a certificate demands. Crypto/x509 has 0 for absent
// (or -1), and a flag beside it for a zero that is there.
func within(counter, value int, zero bool) int {
	if value > 0 || zero {
		return min(counter, value)
	}
	return counter
}

// meets reports whether one of the initial policies is left: those that stand below
// anyPolicy alone are in the words of the relying party (6.1.5 (g)).
func (l policyLevel) meets(initial []string) bool {
	if len(initial) == 0 {
		return len(l) > 0
	}
	seen := make(map[*policyNode]bool)
	var below func(*policyNode) bool
	below = func(node *policyNode) bool {
		if seen[node] {
			return false
		}
		seen[node] = true
		if node.policy == anyPolicy {
			return true
		}
		for _, parent := range node.parents {
			if parent.policy == anyPolicy && slices.Contains(initial, node.policy) || parent.policy != anyPolicy && below(parent) {
				return true
			}
		}
		return false
	}
	for _, node := range l {
		if below(node) {
			return true
		}
	}
	return false
}
