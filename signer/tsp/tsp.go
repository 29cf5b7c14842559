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
	"errors"
	"io"
	"math/big"
	"net/http"
	"time"

	"lienthong/signer/cms"
)

// A Stamper gets a time-stamp token for a digest.
type Stamper interface {
	Stamp(ctx context.Context, hash crypto.Hash, digest []byte) (*Token, error)
}

// A Token is a time-stamp token: a SignedData over a TSTInfo.
type Token struct {
	Raw          []byte // the ContentInfo
	Time         time.Time
	Accuracy     time.Duration // 0 if not stated
	Serial       *big.Int
	Nonce        *big.Int // nil if absent
	Hash         crypto.Hash
	Imprint      []byte
	Policy       asn1.ObjectIdentifier
	Certificates []*x509.Certificate
	Signed       *cms.SignedData
}

// ParseToken reads the DER of a token. It does not verify it.
func ParseToken(der []byte) (*Token, error) { return nil, errors.New("tsp: not yet") }

// Certificate returns the authority's certificate, nil if it is not embedded.
func (t *Token) Certificate() *x509.Certificate { return nil }

// Verify checks that the token is sound and covers the digest.
func (t *Token) Verify(digest []byte) error { return errors.New("tsp: not yet") }

// A Client asks one authority over HTTP.
type Client struct {
	URL     string
	HTTP    *http.Client          // http.DefaultClient if nil
	Timeout time.Duration         // of one request; DefaultTimeout if zero
	Policy  asn1.ObjectIdentifier // asked for if not nil
	Now     func() time.Time      // compared with the token's time if not nil
	Rand    io.Reader             // of the nonce; crypto/rand if nil
}

// DefaultTimeout is what [Client.Stamp] waits: authorities have been seen to
// take more than two minutes.
const DefaultTimeout = 180 * time.Second

// Stamp implements [Stamper].
func (c *Client) Stamp(ctx context.Context, hash crypto.Hash, digest []byte) (*Token, error) {
	return nil, errors.New("tsp: not yet")
}

// Respond answers the DER of a TimeStampReq with the DER of a TimeStampResp. A
// request that cannot be granted is answered with a rejection, not an error.
func Respond(req []byte, signer crypto.Signer, cert *x509.Certificate, chain []*x509.Certificate, at time.Time, serial *big.Int, policy asn1.ObjectIdentifier) ([]byte, error) {
	return nil, errors.New("tsp: not yet")
}
