// Package tsp asks a time-stamping authority for time-stamp tokens, reads them,
// and answers such requests (RFC 3161, RFC 5816).
//
// It checks that a token is sound and answers the question that was asked. It
// does not decide whether the authority is to be believed: that is a path for
// package lienthong/certs. It has no clock of its own.
package tsp

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"time"

	"lienthong/signer/cms"
)

// A Stamper gets a time-stamp token for a digest made with hash.
type Stamper interface {
	Stamp(ctx context.Context, hash crypto.Hash, digest []byte) (*Token, error)
}

// A Token is a time-stamp token: a SignedData over a TSTInfo. Its slices alias
// the bytes given to [ParseToken].
type Token struct {
	Raw          []byte // the ContentInfo
	Time         time.Time
	Accuracy     time.Duration // 0 if not stated
	Serial       *big.Int
	Nonce        *big.Int    // nil if absent
	Hash         crypto.Hash // of the imprint
	Imprint      []byte
	Policy       asn1.ObjectIdentifier
	Certificates []*x509.Certificate
	Signed       *cms.SignedData
}
