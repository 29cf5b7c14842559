package certs

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"sync"
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
	NextUpdate time.Time         // zero if the answer names none
	RevokedAt  time.Time         // zero unless Revoked or OnHold
	Reason     int               // CRLReason, RFC 5280 5.3.1
	Digest     [sha256.Size]byte // of the answer's DER
	Detail     string            // why not good, and which answers were set aside
}

// RevokedBy reports whether the certificate was revoked at or before a time.
func (r Revocation) RevokedBy(at time.Time) bool {
	return r.Status == Revoked && !r.RevokedAt.After(at)
}

// Evidence holds what is known about revocation. It may be used from many
// goroutines, once its exported fields are set.
type Evidence struct {
	Policy  Algorithms // for the signatures of the answers; the zero value means DefaultAlgorithms
	Strict  bool       // a good answer counts only if its thisUpdate is at or after the time judged
	Fetcher *Fetcher   // nil: no network

	base *Evidence // known besides; for With

	mu      sync.RWMutex
	lists   map[string][]*crlRecord // by the DER of the issuer's name
	fetched map[string]*crlRecord   // by address; one each, so that memory does not grow
}

// NewEvidence returns evidence that knows nothing: every status is Unknown.
func NewEvidence() *Evidence { return &Evidence{} }

// AddCRLs keeps revocation lists as candidates. They are believed only as far as
// the issuer's key signed them.
func (e *Evidence) AddCRLs(source string, lists ...*x509.RevocationList) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lists == nil {
		e.lists = make(map[string][]*crlRecord)
	}
	for _, crl := range lists {
		if crl == nil {
			continue
		}
		record, issuer := newRecord(source, crl), string(crl.RawIssuer)
		full := e.base != nil && len(e.lists[issuer]) >= maxBrought
		if !full && !holds(e.lists[issuer], record.digest) {
			e.lists[issuer] = append(e.lists[issuer], record)
		}
	}
}

func holds(records []*crlRecord, digest [sha256.Size]byte) bool {
	for _, r := range records {
		if r.digest == digest {
			return true
		}
	}
	return false
}

// maxBrought is how many lists of one issuer a file may bring: each may cost a
// signature check, and whoever made the file chooses how many there are.
const maxBrought = 100

// With returns evidence that knows all that e does, and these lists, up to a
// hundred of one issuer: for what one file brings along, which must not stay
// after it. Policy, Strict and Fetcher are
// copied, and may be set apart.
func (e *Evidence) With(source string, lists ...*x509.RevocationList) *Evidence {
	more := &Evidence{Policy: e.Policy, Strict: e.Strict, Fetcher: e.Fetcher, base: e}
	more.AddCRLs(source, lists...)
	return more
}

// Status says what the evidence at hand knows about a certificate at the time
// judged. It never uses the network.
//
// Of the authentic answers issued until now, the one with the latest thisUpdate
// decides, wherever it came from: an older good never overrides a revoked. Good
// counts only if it is fresh for the time judged: issued at or after it, or (not
// under Strict) with an interval that covers it.
func (e *Evidence) Status(cert, issuer *x509.Certificate, at, now time.Time) Revocation {
	if cert == nil || issuer == nil {
		return Revocation{Status: Unknown, Detail: "no certificate or no issuer given"}
	}
	best, aside := Revocation{Status: Unknown}, []string(nil)
	for _, record := range e.candidates(cert) {
		if best.Status != Unknown && record.crl.ThisUpdate.Before(best.ThisUpdate) {
			break // the newest decides, and years of daily lists may follow
		}
		answer, err := record.lookup(cert, issuer, e.Policy, now)
		if err != nil {
			aside = append(aside, fmt.Sprintf("list of %s from %s: %v", stamp(record.crl.ThisUpdate), record.source, err))
			continue
		}
		// Of two of the same time the one that is not good decides.
		if best.Status == Unknown || best.Status == Good && answer.Status != Good {
			best = answer
		}
	}
	return e.judgeFreshness(best, at, aside)
}

func (e *Evidence) judgeFreshness(best Revocation, at time.Time, aside []string) Revocation {
	var detail []string
	switch {
	case best.Status == Unknown && len(aside) == 0:
		detail = append(detail, "no revocation list of its issuer is at hand")
	case best.Status == Unknown:
		detail = append(detail, "no revocation list answers for it")
	case best.Status == Revoked, best.Status == OnHold:
		detail = append(detail, fmt.Sprintf("%s on %s, reason %d", best.Status, stamp(best.RevokedAt), best.Reason))
	case !e.fresh(best, at):
		best.Status = Stale
		detail = append(detail, fmt.Sprintf("the newest list is of %s, next due %s, judged at %s",
			stamp(best.ThisUpdate), due(best.NextUpdate), stamp(at)))
	}
	if best.Status != Good {
		detail = append(detail, aside[:min(len(aside), 5)]...)
	}
	best.Detail = strings.Join(detail, "; ")
	return best
}

func (e *Evidence) fresh(r Revocation, at time.Time) bool {
	return !r.ThisUpdate.Before(at) || !e.Strict && at.Before(r.NextUpdate)
}

func due(t time.Time) string {
	if t.IsZero() {
		return "at no time that it names"
	}
	return stamp(t)
}

// candidates returns the lists whose issuer has the name of the certificate's,
// newest first.
func (e *Evidence) candidates(cert *x509.Certificate) []*crlRecord {
	var all []*crlRecord
	for ; e != nil; e = e.base {
		e.mu.RLock()
		all = append(all, e.lists[string(cert.RawIssuer)]...)
		for _, record := range e.fetched {
			if string(record.crl.RawIssuer) == string(cert.RawIssuer) {
				all = append(all, record)
			}
		}
		e.mu.RUnlock()
	}
	slices.SortStableFunc(all, func(a, b *crlRecord) int { return b.crl.ThisUpdate.Compare(a.crl.ThisUpdate) })
	return all
}

// Resolve is Status, and where that gives neither good nor revoked, asks the
// network as far as Fetcher allows, and looks again.
func (e *Evidence) Resolve(ctx context.Context, cert, issuer *x509.Certificate, at, now time.Time) Revocation {
	known := e.Status(cert, issuer, at, now)
	if known.Status == Good || known.Status == Revoked || e.Fetcher == nil || cert == nil || issuer == nil {
		return known
	}
	var failed []string
	var fresh [][sha256.Size]byte
	for _, address := range cert.CRLDistributionPoints[:min(len(cert.CRLDistributionPoints), maxPoints)] {
		crl, fetched, err := e.Fetcher.CRL(ctx, address, now)
		if err != nil {
			failed = append(failed, err.Error())
			continue
		}
		record := e.keep(address, crl)
		if fetched {
			fresh = append(fresh, record.digest)
		}
		if answer := e.Status(cert, issuer, at, now); answer.Status != Unknown && answer.Status != Stale {
			break
		}
	}
	answer := e.Status(cert, issuer, at, now)
	for _, digest := range fresh {
		if answer.Digest == digest && answer.Source == SourceCache {
			answer.Source = SourceNetwork
		}
	}
	if answer.Status != Good && len(failed) > 0 {
		answer.Detail += "; " + strings.Join(failed, "; ")
	}
	return answer
}

const (
	maxPoints  = 4    // distribution points of a certificate that are tried
	maxFetched = 1000 // addresses whose list is kept
)

// keep puts a fetched list where all evidence over the same base sees it.
func (e *Evidence) keep(address string, crl *x509.RevocationList) *crlRecord {
	for e.base != nil {
		e = e.base
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := e.fetched[address]; old != nil && old.crl == crl {
		return old
	}
	if e.fetched == nil || len(e.fetched) >= maxFetched {
		e.fetched = make(map[string]*crlRecord)
	}
	e.fetched[address] = newRecord(SourceCache, crl)
	return e.fetched[address]
}
