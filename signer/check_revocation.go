package signer

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	"lienthong/certs"
)

// A standing is what is known about one certificate of a path.
type standing struct {
	cert   *x509.Certificate
	answer certs.Revocation
	proved bool      // the answer is there, and so is the proof that it needs
	until  time.Time // when the word of its issuer stopped to count; zero: it counts
	lapse  SubIndication
}

// judgeRevocation asks for the status of each certificate of a path and reports
// whether all are good.
//
// It goes from the anchor down. What a CA signed counts as long as that CA is
// itself good: of one that has expired or was revoked since, only answers count of
// which a time-stamp proves that they were there before, since its key may be in
// other hands now (EN 319 102-1, 5.6.2.2).
func (c *check) judgeRevocation(j *judged, chain []*x509.Certificate) bool {
	if len(chain) == 1 { // an anchor signs for itself: who trusts it says so
		j.out.Revocation.Status = string(certs.Good)
		return true
	}
	standings := make([]standing, len(chain)-1)
	var until time.Time
	var lapse SubIndication
	for i := len(chain) - 2; i >= 0; i-- {
		s := &standings[i]
		s.cert, s.until, s.lapse = chain[i], until, lapse
		s.answer, s.proved = c.status(question{chain[i], chain[i+1], j.at, until, j.own, i > 0})
		c.age(&s.answer, j.at)
		if ended := chain[i].NotAfter; ended.Before(c.opts.At) && (until.IsZero() || ended.Before(until)) {
			until, lapse = ended, OutOfBoundsNoPOE
		}
		if r := s.answer; !r.RevokedAt.IsZero() && (until.IsZero() || r.RevokedAt.Before(until)) {
			until, lapse = r.RevokedAt, RevokedCANoPOE
		}
	}
	good := true
	var worst SubIndication
	for i := range standings {
		sub := c.judgeStanding(j, &standings[i], i > 0)
		good = good && sub == ""
		if statusRank[sub] > statusRank[worst] {
			worst = sub
		}
	}
	if worst != "" {
		j.out.conclude(Indeterminate, worst)
	}
	c.reportStatus(j, standings)
	return good
}

// age calls a good answer stale that is older than the policy takes.
func (c *check) age(r *certs.Revocation, at time.Time) {
	most := time.Duration(c.policy.MaxAgeHours) * time.Hour
	if r.Status != certs.Good || most == 0 || at.Sub(r.ThisUpdate) <= most {
		return
	}
	r.Status = certs.Stale
	r.Detail = fmt.Sprintf("the newest answer is of %s, more than the %d hours before %s that the policy takes", stampText(r.ThisUpdate), c.policy.MaxAgeHours, stampText(at))
}

// statusRank orders why a path may not be relied on: what is known to be wrong
// comes before what is not known.
var statusRank = map[SubIndication]int{
	CertificateChainGeneral: 1, TryLater: 2, OutOfBoundsNoPOE: 3, RevokedCANoPOE: 4, RevokedNoPOE: 5,
}

// judgeStanding adds what is to be said about one certificate, and returns why it
// may not be relied on, empty if it may.
func (c *check) judgeStanding(j *judged, s *standing, ca bool) SubIndication {
	name, sub := ruleRevocation, RevokedNoPOE
	if ca {
		name, sub = ruleRevokedCA, RevokedCANoPOE
	}
	r, who := s.answer, s.cert.Subject.CommonName
	before := !r.RevokedAt.IsZero() && r.RevokedAt.After(j.at)
	switch {
	case !s.proved:
		j.add(name, Failed, "%q: what is known of its status was signed by a CA whose word counts until %s, and nothing proves that it is older", who, stampText(s.until))
		return s.lapse
	case r.Status == certs.Good:
		if !ca {
			j.add(name, Passed, "%q is not revoked, by %s of %s (%s)", who, answerNames[r.Kind], stampText(r.ThisUpdate), r.Source)
		}
		return ""
	case r.Status == certs.Revoked && before, r.Status == certs.OnHold && before && j.proved:
		j.add(name, Passed, "%q was revoked at %s, after %s, when the signature was there", who, stampText(r.RevokedAt), stampText(j.at))
		return ""
	case r.Status == certs.Revoked && !ca && j.since.After(r.RevokedAt):
		j.fail(name, TotalFailed, Revoked, "%q was revoked at %s (reason %d), and what it signed is no older than %s", who, stampText(r.RevokedAt), r.Reason, stampText(j.since))
		return sub
	case r.Status == certs.Revoked:
		j.add(name, Failed, "%q was revoked at %s (reason %d), and nothing proves that the signature was there before", who, stampText(r.RevokedAt), r.Reason)
		return sub
	case r.Status == certs.OnHold, r.Status == certs.Stale:
		j.add(name, Failed, "%q: %s: %s", who, r.Status, r.Detail)
		return TryLater
	}
	j.add(name, Failed, "%q: no status can be had: %s", who, r.Detail)
	return CertificateChainGeneral
}

var answerNames = map[string]saying{certs.KindCRL: said("a list"), certs.KindOCSP: said("an OCSP answer")}

// reportStatus fills in the status of the leaf, and the evidence that decided.
func (c *check) reportStatus(j *judged, standings []standing) {
	leaf := standings[0].answer
	j.out.Revocation = Revocation{Status: string(leaf.Status), Source: leaf.Source, ThisUpdate: utc(leaf.ThisUpdate)}
	for i := range standings {
		r := standings[i].answer
		if r.Kind == "" {
			continue
		}
		of := sha256Of(standings[i].cert.Raw)
		j.out.Evidence = append(j.out.Evidence, Evidence{
			CertificateSHA256: hex.EncodeToString(of[:]), Status: string(r.Status), Kind: r.Kind, Source: r.Source,
			SHA256: hex.EncodeToString(r.Digest[:]), ThisUpdate: utc(r.ThisUpdate),
		})
	}
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
