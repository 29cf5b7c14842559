package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"time"
)

// A Scheme is a signature scheme, apart from its hash.
type Scheme string

const (
	PKCS1   Scheme = "RSASSA-PKCS1-v1_5"
	PSS     Scheme = "RSASSA-PSS"
	ECDSA   Scheme = "ECDSA"
	Ed25519 Scheme = "Ed25519"
	DSA     Scheme = "DSA" // known by name, so that it can be refused by name
)

// Algorithms is a dated policy: which hashes, schemes and keys are accepted, and
// until when. What no rule names is refused at any time. The zero value stands
// for [DefaultAlgorithms].
type Algorithms struct {
	Hashes  []HashRule   `json:"hashes"`
	Schemes []SchemeRule `json:"schemes"`
	Keys    []KeyRule    `json:"keys"`
}

// A HashRule accepts a hash until a time. A zero Until has no end.
type HashRule struct {
	Name  string    `json:"name"` // as crypto.Hash prints it: "SHA-256"
	Until time.Time `json:"until,omitzero"`
}

// A SchemeRule accepts a signature scheme until a time.
type SchemeRule struct {
	Scheme Scheme    `json:"scheme"`
	Until  time.Time `json:"until,omitzero"`
}

// A KeyRule accepts keys of a kind ("RSA", "ECDSA", "Ed25519") of at least
// MinBits (modulus, or order of the curve) until a time.
type KeyRule struct {
	Kind    string    `json:"kind"`
	MinBits int       `json:"min_bits"`
	Until   time.Time `json:"until,omitzero"`
}

// DefaultAlgorithms follows Circular 15/2025/TT-BKHCN, Appendix I: RSA from 2048
// bits, PKCS #1 v1.5 and PSS, ECDSA from 256 bits, SHA-2 and SHA-3. SHA-1 and
// RSA-1024 are refused at any time. Ed25519, which the circular does not name,
// is accepted.
func DefaultAlgorithms() Algorithms {
	return Algorithms{
		Hashes: []HashRule{
			{Name: "SHA-256"}, {Name: "SHA-384"}, {Name: "SHA-512"},
			{Name: "SHA3-256"}, {Name: "SHA3-384"}, {Name: "SHA3-512"},
		},
		Schemes: []SchemeRule{{Scheme: PKCS1}, {Scheme: PSS}, {Scheme: ECDSA}, {Scheme: Ed25519}},
		Keys: []KeyRule{
			{Kind: "RSA", MinBits: 2048}, {Kind: "ECDSA", MinBits: 256}, {Kind: "Ed25519", MinBits: 256},
		},
	}
}

// orDefault replaces the zero value, which would refuse everything.
func (a Algorithms) orDefault() Algorithms {
	if a.Hashes == nil && a.Schemes == nil && a.Keys == nil {
		return DefaultAlgorithms()
	}
	return a
}

// Check says why a signature made with hash, scheme and key is refused at a
// time, or nil. Hash is 0 for Ed25519, which has its own.
func (a Algorithms) Check(hash crypto.Hash, scheme Scheme, key crypto.PublicKey, at time.Time) error {
	a = a.orDefault()
	if err := a.checkScheme(scheme, at); err != nil {
		return err
	}
	if scheme != Ed25519 {
		if err := a.CheckHash(hash, at); err != nil {
			return err
		}
	}
	return a.CheckKey(key, at)
}

// CheckHash says why a hash is refused at a time, or nil.
func (a Algorithms) CheckHash(hash crypto.Hash, at time.Time) error {
	for _, rule := range a.orDefault().Hashes {
		if rule.Name == hash.String() {
			return ended("hash "+rule.Name, rule.Until, at)
		}
	}
	return fmt.Errorf("hash %s is not accepted by the policy", hash)
}

func (a Algorithms) checkScheme(scheme Scheme, at time.Time) error {
	for _, rule := range a.Schemes {
		if rule.Scheme == scheme {
			return ended("signature scheme "+string(scheme), rule.Until, at)
		}
	}
	return fmt.Errorf("signature scheme %q is not accepted by the policy", scheme)
}

// CheckKey says why a public key is refused at a time, or nil: the kind, the
// size, and rules that have ended. Of several rules for a kind, one that holds
// is enough: "RSA from 2048 bits until 2030, from 3072 without end".
func (a Algorithms) CheckKey(key crypto.PublicKey, at time.Time) error {
	kind, bits := keySize(key)
	if bits > maxKeyBits {
		return fmt.Errorf("%s key of %d bits: want at most %d", kind, bits, maxKeyBits)
	}
	var reason error
	for _, rule := range a.orDefault().Keys {
		if rule.Kind != kind {
			continue
		}
		if bits < rule.MinBits {
			reason = fmt.Errorf("%s key of %d bits: want at least %d", kind, bits, rule.MinBits)
			continue
		}
		if reason = ended(fmt.Sprintf("%s key of %d bits", kind, bits), rule.Until, at); reason == nil {
			return nil
		}
	}
	if reason == nil {
		reason = fmt.Errorf("key of kind %s is not accepted by the policy", kind)
	}
	return reason
}

func ended(what string, until, at time.Time) error {
	if until.IsZero() || !at.After(until) {
		return nil
	}
	return fmt.Errorf("%s is accepted until %s, judged at %s", what, stamp(until), stamp(at))
}

// maxKeyBits bounds the work of one verification: it grows with the square of
// the modulus, and a certificate in a stranger's file may hold any.
const maxKeyBits = 8192

func keySize(key crypto.PublicKey) (kind string, bits int) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return "RSA", key.N.BitLen()
	case *ecdsa.PublicKey:
		return "ECDSA", key.Curve.Params().BitSize
	case ed25519.PublicKey:
		return "Ed25519", 8 * len(key)
	}
	return fmt.Sprintf("%T", key), 0
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
