package certs

import (
	"context"
	"crypto/x509"
	"time"
)

// A RevocationStatus is the answer to "was this certificate revoked".
type RevocationStatus string

const (
	Good    RevocationStatus = "good"
	Revoked RevocationStatus = "revoked"
	OnHold  RevocationStatus = "on_hold"
	Unknown RevocationStatus = "unknown" // no authentic answer
	Stale   RevocationStatus = "stale"   // the newest authentic answer is too old for the time judged
)

// Where an answer came from.
const (
	SourceFile      = "file"
	SourceCache     = "cache"
	SourceNetwork   = "network"
	SourceDSS       = "dss"
	SourceSignature = "signature"
)

// A Revocation is what the evidence says about one certificate. Status is
// Revoked whenever the deciding answer lists the certificate, also where
// RevokedAt lies after the time judged: whether a proof of existence comes
// before RevokedAt is the caller's to decide, see [Revocation.RevokedBy].
type Revocation struct {
	Status     RevocationStatus
	Source     string // SourceFile and so on; empty where there is no answer
	ThisUpdate time.Time
	NextUpdate time.Time // zero if the answer names none
	RevokedAt  time.Time // zero unless Revoked or OnHold
	Reason     int       // CRLReason, RFC 5280 5.3.1
	Digest     [32]byte  // SHA-256 of the answer's DER
	Detail     string    // why not good, and which answers were set aside
}

// RevokedBy reports whether the certificate was revoked at or before a time.
func (r Revocation) RevokedBy(at time.Time) bool {
	return r.Status == Revoked && !r.RevokedAt.After(at)
}

// Evidence holds what is known about revocation. It may be used from many
// goroutines.
type Evidence struct {
	Policy  Algorithms // for the signatures of the answers
	Strict  bool       // a good answer counts only if its thisUpdate is at or after the time judged
	Fetcher *Fetcher   // nil: no network
}

// NewEvidence returns evidence that knows nothing: every status is Unknown.
func NewEvidence() *Evidence { return &Evidence{} }

// AddCRLs keeps revocation lists as candidates. They are believed only as far as
// the issuer's key signed them.
func (e *Evidence) AddCRLs(source string, lists ...*x509.RevocationList) {}

// With returns evidence that knows all that e does, and these lists: for what one
// file brings along, which must not stay after it. Policy, Strict and Fetcher are copied.
func (e *Evidence) With(source string, lists ...*x509.RevocationList) *Evidence { return e }

// Status says what the evidence at hand knows about a certificate at the time
// judged. Answers issued after now are not used. It never uses the network.
func (e *Evidence) Status(cert, issuer *x509.Certificate, at, now time.Time) Revocation {
	return Revocation{Status: Unknown}
}

// Resolve is Status, and where that gives neither good nor revoked, asks the
// network as far as Fetcher allows, and looks again.
func (e *Evidence) Resolve(ctx context.Context, cert, issuer *x509.Certificate, at, now time.Time) Revocation {
	return e.Status(cert, issuer, at, now)
}
