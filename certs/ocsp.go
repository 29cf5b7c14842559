package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"lienthong/certs/crl"
	"lienthong/certs/ocsp"
)

// oidNoCheck is id-pkix-ocsp-nocheck, RFC 6960 4.2.2.2.1.
var oidNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}

const (
	// maxSkew is how far a responder's clock may be ahead of ours: its answer is
	// made when we ask.
	maxSkew = 2 * time.Minute
	// undatedFor is how long an answer without nextUpdate covers. It says that a
	// newer one can be had at any time (RFC 6960 4.2.2.1), and was good when made.
	undatedFor = 10 * time.Minute
	// maxResponders is how many certificates are tried as signer of one answer.
	maxResponders = 4
	// maxAsked is how deep the question goes whether a responder is revoked.
	maxAsked = 1
)

// Whether an answer from the network repeated the nonce of the question (RFC 9654).
// One that repeats another is refused.
const (
	NonceEchoed = "echoed"
	NonceAbsent = "absent" // made before it was asked for, which is allowed
)

// An ocspRecord is an OCSP response with what is worked out from it once.
type ocspRecord struct {
	response *ocsp.Response
	source   string
	nonce    string
	digest   [sha256.Size]byte
	address  string // where it was fetched
	links    linkCache
}

func newOCSPRecord(source string, response *ocsp.Response) *ocspRecord {
	return &ocspRecord{response: response, source: source, digest: sha256.Sum256(response.Raw)}
}

func ofResponse(r *ocsp.Response) signedObject {
	return signedObject{r.Raw, r.TBS, r.Signature, r.Algorithm}
}

// about returns what a response says about a certificate: of several answers the
// latest, and of two of the same time the one that is not good.
func (r *ocspRecord) about(cert, issuer *x509.Certificate) (ocsp.Single, bool) {
	var best ocsp.Single
	found := false
	for _, s := range r.response.Singles {
		later := s.ThisUpdate.After(best.ThisUpdate) || s.ThisUpdate.Equal(best.ThisUpdate) && s.Status != ocsp.Good
		if (!found || later) && s.ID.Matches(cert, issuer) {
			best, found = s, true
		}
	}
	return best, found
}

// An ocspAnswer is what one response says about one certificate.
type ocspAnswer struct {
	*ocspRecord
	single ocsp.Single
}

func (a ocspAnswer) updated() time.Time { return a.single.ThisUpdate }

func (a ocspAnswer) String() string {
	return fmt.Sprintf("OCSP answer of %s from %s", stamp(a.single.ThisUpdate), a.source)
}

// lookup judges an answer, freshness aside. An error says why it says nothing.
func (a ocspAnswer) lookup(q question) (Revocation, error) {
	s, produced := a.single, a.response.ProducedAt
	if latest := q.now.Add(maxSkew); s.ThisUpdate.After(latest) || produced.After(latest) {
		return Revocation{}, fmt.Errorf("it is of %s, made at %s, later than %s", stamp(s.ThisUpdate), stamp(produced), stamp(q.now))
	}
	if s.ThisUpdate.After(produced.Add(maxSkew)) {
		return Revocation{}, fmt.Errorf("it is of %s, after it was made at %s", stamp(s.ThisUpdate), stamp(produced))
	}
	responder, err := a.responder(q.evidence, q.issuer, q.now)
	if err != nil {
		return Revocation{}, err
	}
	if err := a.responderStatus(q, responder); err != nil {
		return Revocation{}, err
	}
	answer := Revocation{Status: Good, Kind: KindOCSP, Source: a.source, Nonce: a.nonce, DER: a.response.Raw, Digest: a.digest,
		ThisUpdate: s.ThisUpdate, NextUpdate: s.NextUpdate, ProducedAt: produced}
	if !repeats([]*x509.Certificate{q.issuer}, responder) {
		answer.Responder = responder
	}
	switch {
	case s.Status == ocsp.Unknown:
		answer.Status = Unknown
		answer.Detail = fmt.Sprintf("the responder of %s does not know the certificate, as of %s", describe(q.issuer), stamp(s.ThisUpdate))
	case s.Status == ocsp.Revoked:
		answer.Status, answer.RevokedAt, answer.Reason = Revoked, s.RevokedAt, s.Reason
		if s.Reason == crl.ReasonHold {
			answer.Status = OnHold
		}
	case s.ThisUpdate.After(q.cert.NotAfter) && (s.ArchiveCutoff.IsZero() || q.cert.NotAfter.Before(s.ArchiveCutoff)):
		// A responder may forget certificates that have expired, and good means
		// only that nothing is known (RFC 6960 2.2, 4.4.4).
		return Revocation{}, fmt.Errorf("it is of %s, after the certificate expired, when revocations may be forgotten", stamp(s.ThisUpdate))
	}
	return answer, nil
}

// responder returns the certificate whose key signed the response: the issuer
// itself, or one that the issuer itself made a responder (RFC 6960 4.2.2.2).
func (r *ocspRecord) responder(e *Evidence, issuer *x509.Certificate, now time.Time) (*x509.Certificate, error) {
	reason, tried := errors.New("the certificate of its responder is not at hand"), 0
	for _, c := range append([]*x509.Certificate{issuer}, append(r.response.Certificates, e.helpers()...)...) {
		if !r.response.IsResponder(c) {
			continue
		}
		if tried++; tried > maxResponders {
			break
		}
		err := r.signedBy(c, issuer, e.Policy, now)
		if err == nil {
			return c, nil
		}
		reason = err
	}
	return nil, reason
}

// signedBy says why a certificate is not that of an entitled responder that
// signed the response, or nil.
func (r *ocspRecord) signedBy(c, issuer *x509.Certificate, policy Algorithms, now time.Time) error {
	if !repeats([]*x509.Certificate{issuer}, c) {
		if err := r.delegated(c, issuer, policy, now); err != nil {
			return err
		}
	}
	weak, bad := judgeSignature(ofResponse(r.response), c, policy, now, &r.links)
	if bad != nil {
		return fmt.Errorf("it was not signed by the key of %s: %w", describe(c), bad)
	}
	return weak
}

// delegated says why the issuer did not make a certificate its responder, or nil.
// It must have been valid when it answered; that it has expired since does not
// undo the answer.
func (r *ocspRecord) delegated(c, issuer *x509.Certificate, policy Algorithms, now time.Time) error {
	if !bytes.Equal(c.RawIssuer, issuer.RawSubject) {
		return fmt.Errorf("its responder %s was issued by %q, want %s itself", describe(c), name(c.Issuer), describe(issuer))
	}
	var problems []error
	add := func(c *x509.Certificate, _ ProblemCode, clause, format string, args ...any) {
		problems = append(problems, fmt.Errorf("its responder %s %s (%s)", describe(c), fmt.Sprintf(format, args...), clause))
	}
	checkLeafUsage(c, OCSPSigning, add)
	checkValidity(c, PathRequest{At: r.response.ProducedAt}, add)
	checkCritical(c, add)
	if len(problems) > 0 {
		return problems[0]
	}
	weak, bad := judgeSignature(ofCertificate(c), issuer, policy, now, &r.links)
	if bad != nil {
		return fmt.Errorf("its responder %s was not issued by %s: %w", describe(c), describe(issuer), bad)
	}
	return weak
}

// responderStatus says why a delegated responder may have been revoked when it
// answered, or nil. The issuer may have said that nobody need ask.
func (a ocspAnswer) responderStatus(q question, responder *x509.Certificate) error {
	if has(responder, oidNoCheck) || repeats([]*x509.Certificate{q.issuer}, responder) {
		return nil
	}
	if q.depth >= maxAsked {
		return fmt.Errorf("its responder %s is itself known by an OCSP answer only", describe(responder))
	}
	status := q.evidence.status(question{q.evidence, responder, q.issuer, a.response.ProducedAt, q.now, q.depth + 1})
	if status.Status != Good {
		return fmt.Errorf("its responder %s: %s: %s", describe(responder), status.Status, status.Detail)
	}
	return nil
}
