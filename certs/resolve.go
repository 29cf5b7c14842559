package certs

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"time"
)

const (
	maxPoints  = 4    // addresses of each kind in a certificate that are tried
	maxFetched = 1000 // addresses whose list is kept, and certificates whose OCSP answers are
)

// Resolve is Status, and where that gives neither good nor revoked, asks the
// network as far as Fetcher allows, and looks again: first the OCSP responders
// that the certificate names, then its distribution points, until there is an
// answer.
func (e *Evidence) Resolve(ctx context.Context, cert, issuer *x509.Certificate, at, now time.Time) Revocation {
	known := e.Status(cert, issuer, at, now)
	if known.decided() || e.Fetcher == nil || cert == nil || issuer == nil {
		return known
	}
	s := &resolution{evidence: e, ctx: ctx, now: now}
	answer := s.resolve(cert, issuer, at, 0)
	for _, digest := range s.fresh {
		if answer.Digest == digest && answer.Source == SourceCache {
			answer.Source = SourceNetwork
		}
	}
	if answer.Status != Good && len(s.failed) > 0 {
		answer.Detail += "; " + strings.Join(s.failed, "; ")
	}
	return answer
}

func (r Revocation) decided() bool { return r.Status == Good || r.Status == Revoked }

// A resolution is one search of the network.
type resolution struct {
	evidence *Evidence
	ctx      context.Context
	now      time.Time
	fresh    [][sha256.Size]byte // of what came over the network now
	failed   []string
}

func (s *resolution) resolve(cert, issuer *x509.Certificate, at time.Time, depth int) Revocation {
	e := s.evidence
	ask := func() Revocation { return e.status(question{e, cert, issuer, at, s.now, depth}) }
	for _, address := range cert.OCSPServer[:min(len(cert.OCSPServer), maxPoints)] {
		record, fetched, err := e.fetchOCSP(s.ctx, address, cert, issuer, s.now)
		if err != nil {
			s.failed = append(s.failed, err.Error())
			continue
		}
		record = e.keepAnswer(string(cert.SerialNumber.Bytes()), record)
		s.note(record.digest, fetched)
		answer := ask()
		if !answer.decided() && depth < maxAsked && s.askAbout(record, issuer, depth) {
			answer = ask()
		}
		if answer.decided() {
			return answer
		}
	}
	for _, address := range cert.CRLDistributionPoints[:min(len(cert.CRLDistributionPoints), maxPoints)] {
		record, fetched, err := e.fetchCRL(s.ctx, address, issuer, s.now)
		if err != nil {
			s.failed = append(s.failed, err.Error())
			continue
		}
		s.note(e.keep(address, record).digest, fetched)
		if answer := ask(); answer.decided() || answer.Status == OnHold {
			return answer
		}
	}
	return ask()
}

func (s *resolution) note(digest [sha256.Size]byte, fetched bool) {
	if fetched {
		s.fresh = append(s.fresh, digest)
	}
}

// askAbout resolves the responder of an answer, if it has to be asked about, and
// reports whether that gave a status.
func (s *resolution) askAbout(r *ocspRecord, issuer *x509.Certificate, depth int) bool {
	responder, err := r.responder(s.evidence, issuer, s.now)
	if err != nil || has(responder, oidNoCheck) || repeats([]*x509.Certificate{issuer}, responder) {
		return false
	}
	return s.resolve(responder, issuer, r.response.ProducedAt, depth+1).decided()
}

// keep puts a fetched list where all evidence over the same base sees it.
func (e *Evidence) keep(address string, record *crlRecord) *crlRecord {
	e = e.bottom()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fetched == nil || len(e.fetched) >= maxFetched {
		e.fetched = make(map[string]*crlRecord)
	}
	e.fetched[address] = record
	return record
}

// keepAnswer does the same for an OCSP answer, in place of the last one from its
// address.
func (e *Evidence) keepAnswer(serial string, record *ocspRecord) *ocspRecord {
	e = e.bottom()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.asked == nil || len(e.asked) >= maxFetched {
		e.asked = make(map[string][]*ocspRecord)
	}
	records := []*ocspRecord{record}
	for _, old := range e.asked[serial] {
		if old.address != record.address && len(records) < maxPoints {
			records = append(records, old)
		}
	}
	e.asked[serial] = records
	return record
}

func (e *Evidence) bottom() *Evidence {
	for e.base != nil {
		e = e.base
	}
	return e
}
