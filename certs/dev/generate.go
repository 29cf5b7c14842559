package dev

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
)

// A KeyKind is the kind and size of a key.
type KeyKind string

const (
	P256    KeyKind = "p256"
	RSA1024 KeyKind = "rsa1024" // for tests of what must be refused
	RSA2048 KeyKind = "rsa2048"
	RSA3072 KeyKind = "rsa3072"
)

// Generate makes a private key of a kind.
func Generate(kind KeyKind) (crypto.Signer, error) {
	switch kind {
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RSA1024:
		return rsa.GenerateKey(rand.Reader, 1024)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	}
	return nil, fmt.Errorf("certs/dev: key %q: want one of p256, rsa2048, rsa3072", kind)
}
