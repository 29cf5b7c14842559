package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"lienthong/certs/ocsp"
)

// A RevocationStatus is the answer to "was this certificate revoked".
type RevocationStatus string

const (
	Good    RevocationStatus = "good"
	Revoked RevocationStatus = "revoked"
	OnHold  RevocationStatus = "on_hold"
	Unknown RevocationStatus = "unknown" // no authentic answer, or a responder that does not know it
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

// What an answer is.
const (
	KindCRL  = "crl"
	KindOCSP = "ocsp"
)

// A Revocation is what the evidence says about one certificate. Status is
// Revoked whenever the deciding answer lists the certificate, also where
// RevokedAt lies after the time judged: whether a proof of existence comes
// before RevokedAt is the caller's to decide, see [Revocation.RevokedBy].
type Revocation struct {
	Status     RevocationStatus
	Kind       string // KindCRL or KindOCSP; empty where there is no answer
	Source     string // SourceFile and so on; empty where there is no answer
	ThisUpdate time.Time
	NextUpdate time.Time         // zero if the answer names none
	ProducedAt time.Time         // when an OCSP answer was made; zero for lists
	RevokedAt  time.Time         // zero unless Revoked or OnHold
	Reason     int               // CRLReason, RFC 5280 5.3.1
	DER        []byte            // the deciding answer; shared, not to be changed
	Digest     [sha256.Size]byte // of DER
	Responder  *x509.Certificate // who signed an OCSP answer, if not the issuer itself
	Nonce      string            // NonceEchoed or NonceAbsent for an OCSP answer that was asked for, else empty
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

	mu          sync.RWMutex
	lists       map[string][]*crlRecord  // by the DER of the issuer's name
	answers     map[string][]*ocspRecord // by serial number
	responders  []*x509.Certificate
	fetched     map[string]*crlRecord    // by address; one each, so that memory does not grow
	asked       map[string][]*ocspRecord // by serial number; one for each address
	answerCount int
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

// AddOCSP keeps OCSP responses (RFC 6960, DER) as candidates. Its error joins
// those of responses that cannot be read; the others are kept.
func (e *Evidence) AddOCSP(source string, responses ...[]byte) error {
	var errs []error
	for i, der := range responses {
		response, err := ocsp.Parse(der)
		if err != nil {
			errs = append(errs, fmt.Errorf("certs: OCSP response %d: %w", i+1, err))
			continue
		}
		e.addAnswer(newOCSPRecord(source, response))
	}
	return errors.Join(errs...)
}

func (e *Evidence) addAnswer(record *ocspRecord) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.answers == nil {
		e.answers = make(map[string][]*ocspRecord)
	}
	for _, s := range record.response.Singles {
		serial := string(s.ID.Serial.Bytes())
		full := e.base != nil && (len(e.answers[serial]) >= maxBrought || e.answerCount >= maxBroughtAll)
		known := slices.ContainsFunc(e.answers[serial], func(r *ocspRecord) bool { return r.digest == record.digest })
		if !full && !known {
			e.answers[serial] = append(e.answers[serial], record)
			e.answerCount++
		}
	}
}

// AddResponders keeps certificates that OCSP responses may have been signed with
// and do not carry themselves. They are believed only as far as the issuer's key
// signed them.
func (e *Evidence) AddResponders(certificates ...*x509.Certificate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range certificates {
		// Others cannot be responders, and a document's store holds many.
		if c != nil && allows(extKeyUsages(c), OCSPSigning, false) && len(e.responders) < maxBrought && !contains(e.responders, c) {
			e.responders = append(e.responders, c)
		}
	}
}

// helpers returns the certificates of AddResponders.
func (e *Evidence) helpers() []*x509.Certificate {
	var all []*x509.Certificate
	for ; e != nil; e = e.base {
		e.mu.RLock()
		all = append(all, e.responders...)
		e.mu.RUnlock()
	}
	return all
}

// maxBrought is how many lists of one issuer, or OCSP answers about one
// certificate, a file may bring: each may cost a signature check, and whoever
// made the file chooses how many there are.
const (
	maxBrought    = 100
	maxBroughtAll = 10_000
)

// With returns evidence that knows all that e does, and these lists, up to a
// hundred of one issuer: for what one file brings along, which must not stay
// after it. OCSP responses and their responders are added to what it returns, with
// the same bound. Policy, Strict and Fetcher are copied, and may be set apart.
func (e *Evidence) With(source string, lists ...*x509.RevocationList) *Evidence {
	more := &Evidence{Policy: e.Policy, Strict: e.Strict, Fetcher: e.Fetcher, base: e}
	more.AddCRLs(source, lists...)
	return more
}

// Status says what the evidence at hand knows about a certificate at the time
// judged. It never uses the network.
//
// Of the authentic answers issued until now, the one with the latest thisUpdate
// decides, wherever it came from: an older good never overrides a revoked, nor a
// later answer that the certificate is not known; that, in turn, does not undo a
// revocation. Good counts only if it is fresh for the time judged: issued at or
// after it, or (not under Strict) with an interval that covers it.
func (e *Evidence) Status(cert, issuer *x509.Certificate, at, now time.Time) Revocation {
	if cert == nil || issuer == nil {
		return Revocation{Status: Unknown, Detail: "no certificate or no issuer given"}
	}
	return e.status(question{e, cert, issuer, at, now, 0})
}

// A question is what is asked of each answer at hand.
type question struct {
	evidence     *Evidence
	cert, issuer *x509.Certificate
	at, now      time.Time
	depth        int // how many responders are being asked about
}

// A candidate is a list, or an OCSP answer about the certificate.
type candidate interface {
	updated() time.Time
	lookup(question) (Revocation, error)
	String() string
}

func (e *Evidence) status(q question) Revocation {
	best, unknown := Revocation{Status: Unknown}, Revocation{}
	var aside []string
	for _, c := range e.candidates(q.cert, q.issuer) {
		if best.Status != Unknown && c.updated().Before(best.ThisUpdate) {
			break // the newest decides, and years of daily lists may follow
		}
		answer, err := c.lookup(q)
		switch {
		case err != nil:
			aside = append(aside, fmt.Sprintf("%s: %v", c, err))
		case answer.Status == Unknown:
			if unknown.Kind == "" {
				unknown = answer
			}
		// Of two of the same time the one that is not good decides.
		case best.Status == Unknown || best.Status == Good && answer.Status != Good:
			best = answer
		}
	}
	if unknown.Kind != "" && (best.Status == Unknown || best.Status == Good) {
		best = unknown
	}
	return e.judgeFreshness(best, q.at, aside)
}

func (e *Evidence) judgeFreshness(best Revocation, at time.Time, aside []string) Revocation {
	var detail []string
	switch {
	case best.Status == Unknown && best.Kind != "":
		detail = append(detail, best.Detail)
	case best.Status == Unknown && len(aside) == 0:
		detail = append(detail, "no revocation list of its issuer and no OCSP answer about it is at hand")
	case best.Status == Unknown:
		detail = append(detail, "no revocation list or OCSP response answers for it")
	case best.Status == Revoked, best.Status == OnHold:
		detail = append(detail, fmt.Sprintf("%s on %s, reason %d", best.Status, stamp(best.RevokedAt), best.Reason))
	case !e.fresh(best, at):
		best.Status = Stale
		what := map[string]string{KindCRL: "list", KindOCSP: "OCSP answer"}[best.Kind]
		detail = append(detail, fmt.Sprintf("the newest %s is of %s, next due %s, judged at %s",
			what, stamp(best.ThisUpdate), due(best.NextUpdate), stamp(at)))
	}
	if best.Status != Good {
		detail = append(detail, aside[:min(len(aside), 5)]...)
	}
	best.Detail = strings.Join(detail, "; ")
	return best
}

func (e *Evidence) fresh(r Revocation, at time.Time) bool {
	end := r.NextUpdate
	if end.IsZero() && r.Kind == KindOCSP {
		end = r.ThisUpdate.Add(undatedFor)
	}
	return !r.ThisUpdate.Before(at) || !e.Strict && at.Before(end)
}

func due(t time.Time) string {
	if t.IsZero() {
		return "at no time that it names"
	}
	return stamp(t)
}

// candidates returns the lists whose issuer has the name of the certificate's,
// and the OCSP answers about it, newest first.
func (e *Evidence) candidates(cert, issuer *x509.Certificate) []candidate {
	var all []candidate
	serial := cert.SerialNumber.Bytes()
	for ; e != nil; e = e.base {
		e.mu.RLock()
		for _, record := range e.lists[string(cert.RawIssuer)] {
			all = append(all, record)
		}
		for _, record := range e.fetched {
			if string(record.list.RawIssuer) == string(cert.RawIssuer) {
				all = append(all, record)
			}
		}
		for _, records := range [][]*ocspRecord{e.answers[string(serial)], e.asked[string(serial)]} {
			for _, record := range records {
				if single, ok := record.about(cert, issuer); ok {
					all = append(all, ocspAnswer{record, single})
				}
			}
		}
		e.mu.RUnlock()
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return b.updated().Compare(a.updated()) })
	return all
}
