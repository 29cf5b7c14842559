package cms

import "crypto"

// A Scheme is how a key turns a digest into a signature value.
type Scheme int

// The schemes that this package verifies; it signs with the first and third.
const (
	UnknownScheme Scheme = iota
	RSAPKCS1v15
	RSAPSS
	ECDSA
	Ed25519
)

// An Algorithm is a scheme and the hash that it uses. The zero value is an
// algorithm that this package does not know.
type Algorithm struct {
	Scheme Scheme
	Hash   crypto.Hash
}
