package signer

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"lienthong/certs"
)

// KeyUsageNames are the key usages that a policy may ask of a signer (RFC 5280
// 4.2.1.3).
var KeyUsageNames = map[string]x509.KeyUsage{
	"digital_signature":  x509.KeyUsageDigitalSignature,
	"content_commitment": x509.KeyUsageContentCommitment,
}

// Check says what is wrong with a policy that somebody wrote, or nil. A name that
// means nothing would otherwise accept nothing, or everything, without a word.
func (p *Policy) Check() error {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	oneOf := func(key, value string, names ...string) {
		if !slices.Contains(names, value) {
			add("%s %q: want %s", key, value, strings.Join(names, ", "))
		}
	}
	if p.ID == "" {
		add("id: missing")
	}
	if slices.Contains(BuiltinPolicies, p.ID) && p.changed() {
		add("id %q: is that of a built-in policy, which this is not", p.ID)
	}
	if p.Trust && len(p.Purposes) == 0 {
		add("purposes: none, so nobody can vouch for a signer")
	}
	oneOf("revocation", string(p.Revocation), string(RevocationHard), string(RevocationSoft))
	oneOf("dynamic_content", string(p.DynamicContent), string(ContentIgnore), string(ContentWarn), string(ContentIndeterminate))
	oneOf("repair", string(p.Repair), string(RepairRefuse), string(RepairReport))
	if p.MaxAgeHours < 0 {
		add("max_age_hours %d: want 0 or more", p.MaxAgeHours)
	}
	for _, name := range p.KeyUsages {
		oneOf("key_usages", name, "digital_signature", "content_commitment")
	}
	for _, id := range p.ExtendedKeyUsages {
		if _, err := ParseOID(id); err != nil {
			add("extended_key_usages %q: want an object identifier, such as 1.3.6.1.5.5.7.3.36", id)
		}
	}
	for _, id := range p.SignaturePolicies {
		if _, err := ParseOID(id); err != nil {
			add("signature_policies %q: want an object identifier, such as 1.3.6.1.4.1.99999.1", id)
		}
	}
	for _, why := range checkAlgorithms(p.Algorithms) {
		add("%s", why)
	}
	if len(problems) > 0 {
		return fmt.Errorf("policy %q: %s", p.ID, strings.Join(problems, "; "))
	}
	return nil
}

func (p *Policy) changed() bool {
	built, err := BuiltinPolicy(p.ID)
	return err != nil || built.Reference() != p.Reference()
}

func checkAlgorithms(a certs.Algorithms) []string {
	var problems []string
	if len(a.Hashes) == 0 || len(a.Schemes) == 0 || len(a.Keys) == 0 {
		problems = append(problems, "algorithms: want at least one hash, one scheme and one kind of key")
	}
	hashes := []string{"SHA-1", "SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384", "SHA3-512"}
	for _, h := range a.Hashes {
		if !slices.Contains(hashes, h.Name) {
			problems = append(problems, fmt.Sprintf("algorithms: hash %q: want %s", h.Name, strings.Join(hashes, ", ")))
		}
	}
	schemes := []certs.Scheme{certs.PKCS1, certs.PSS, certs.ECDSA, certs.Ed25519}
	for _, s := range a.Schemes {
		if !slices.Contains(schemes, s.Scheme) {
			problems = append(problems, fmt.Sprintf("algorithms: scheme %q: want one of %q", s.Scheme, schemes))
		}
	}
	for _, k := range a.Keys {
		if !slices.Contains([]string{"RSA", "ECDSA", "Ed25519"}, k.Kind) || k.MinBits < 160 || k.MinBits > 16384 || k.Kind == "RSA" && k.MinBits < 1024 {
			problems = append(problems, fmt.Sprintf("algorithms: key %q of at least %d bits: want RSA from 1024, ECDSA or Ed25519 from 160", k.Kind, k.MinBits))
		}
	}
	return problems
}

// ParseOID reads an object identifier as people write it: 1.3.6.1.5.5.7.3.36.
func ParseOID(text string) (asn1.ObjectIdentifier, error) {
	var oid x509.OID
	if err := oid.UnmarshalText([]byte(text)); err != nil {
		return nil, err
	}
	var id asn1.ObjectIdentifier
	for part := range strings.SplitSeq(text, ".") {
		n := 0
		if _, err := fmt.Sscanf(part, "%d", &n); err != nil {
			return nil, err
		}
		id = append(id, n)
	}
	return id, nil
}

// judgeUsages asks what the policy wants of a signer's certificate beyond what the
// standards do.
func (c *check) judgeUsages(j *judged) {
	if wanted := c.policy.KeyUsages; len(wanted) > 0 {
		var mask x509.KeyUsage
		for _, name := range wanted {
			mask |= KeyUsageNames[name]
		}
		if j.cert.KeyUsage&mask == 0 {
			j.fail(ruleUsages, Indeterminate, ChainConstraintsFailure, "%q has no key usage among %s, which the policy wants", j.cert.Subject.CommonName, strings.Join(wanted, ", "))
		}
	}
	if wanted := c.policy.ExtendedKeyUsages; len(wanted) > 0 && !slices.ContainsFunc(extendedUsages(j.cert), func(id string) bool { return slices.Contains(wanted, id) }) {
		j.fail(ruleUsages, Indeterminate, ChainConstraintsFailure, "%q has no extended key usage among %s, which the policy wants", j.cert.Subject.CommonName, strings.Join(wanted, ", "))
	}
}

// extendedUsages reads the extension itself: x509 has no name for some of them.
func extendedUsages(cert *x509.Certificate) []string {
	var ids []string
	for _, e := range cert.Extensions {
		var list []asn1.ObjectIdentifier
		if !e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) {
			continue
		}
		if _, err := asn1.Unmarshal(e.Value, &list); err != nil {
			return nil
		}
		for _, id := range list {
			ids = append(ids, id.String())
		}
	}
	return ids
}
