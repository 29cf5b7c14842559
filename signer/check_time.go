package signer

import (
	"time"

	"lienthong/certs"
)

// clockTolerance is by how much a claimed time may lie ahead of the proved one
// without a word: clocks differ.
const clockTolerance = 5 * time.Minute

// judgeTimes judges the time-stamps, newest first: a later one that passes proves
// that an earlier one existed while its certificate was still good.
func (c *check) judgeTimes() {
	for i := len(c.items) - 1; i >= 0; i-- {
		it := c.items[i]
		if !it.timestamp {
			continue
		}
		if it.token == nil || it.failed() {
			continue
		}
		if c.judgeStamp(&it.out, it.token.Time, it) {
			c.proofs = append(c.proofs, proof{it.revision, it.token.Time})
		}
	}
}

// provedAt is the earliest moment at which what a revision holds is proved to have
// existed, or else the current time.
func (c *check) provedAt(revision int) (time.Time, bool) {
	best, proved := c.opts.At, false
	for _, p := range c.proofs {
		if p.revision > revision && !p.at.After(best) {
			best, proved = p.at, true
		}
	}
	return best, proved
}

// judgeStamp judges the authority of a sound time-stamp, and reports whether it
// may be relied on.
func (c *check) judgeStamp(out *Signature, stamped time.Time, it *item) bool {
	if !c.policy.Trust {
		return false
	}
	at, proved := c.provedAt(it.revision)
	r := ruleSignedTime
	if it.timestamp {
		r = ruleDocTime
	}
	if stamped.After(at.Add(clockTolerance)) {
		sub := TimestampOrderFailure
		out.Findings = append(out.Findings, finding(r, Failed, it.object(), "is of %s, later than %s, when it was already there", stampText(stamped), stampText(at)))
		out.conclude(Indeterminate, sub)
		return false
	}
	out.BestTime = stamped.UTC()
	cert := it.cert
	if !it.timestamp {
		cert = nil
		for _, st := range it.tokens {
			if &st.out == out {
				cert = st.token.Certificate()
			}
		}
	}
	if cert == nil {
		return false
	}
	if stamped.Before(cert.NotBefore) || stamped.After(cert.NotAfter) {
		out.Findings = append(out.Findings, finding(r, Failed, it.object(), "is of %s, outside the validity of its certificate", stampText(stamped)))
		out.conclude(Indeterminate, OutOfBoundsNoPOE)
		return false
	}
	c.judgeCertificate(&judged{out: out, cert: cert, purposes: []certs.Purpose{certs.TimeStamping}, at: at, proved: proved, object: it.object()})
	out.conclude(TotalPassed, "")
	return out.Indication == TotalPassed
}

func stampText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// signatureTime settles when a signature is proved to have existed: by its own
// time-stamps and by the document time-stamps that cover its revision.
func (c *check) signatureTime(it *item) (at time.Time, proved bool) {
	at, proved = c.provedAt(it.revision)
	if proved {
		it.out.TimeSource = TimeDocumentTimestamp
		it.out.BestTime = at.UTC()
	}
	for _, st := range it.tokens {
		if st.token == nil || it.failed() {
			continue
		}
		if !c.judgeStamp(&st.out, st.token.Time, it) {
			if c.policy.Trust {
				it.add(ruleSignedTime, Warning, "a time-stamp of %s cannot be relied on: %s", stampText(st.token.Time), reason(&st.out))
			}
			continue
		}
		it.add(ruleSignedTime, Passed, "%s", stampText(st.token.Time))
		if !proved || st.token.Time.Before(at) {
			at, proved = st.token.Time, true
			it.out.TimeSource = TimeSignatureTimestamp
			it.out.BestTime = at.UTC()
		}
	}
	if !proved {
		it.out.BestTime = it.out.ClaimedTime
	}
	if claimed := it.out.ClaimedTime; claimed.After(at.Add(clockTolerance)) {
		it.add(ruleClaimedTime, Warning, "the signer states %s, but the signature was there at %s", stampText(claimed), stampText(at))
	}
	return at, proved
}

// reason is the first finding that explains why something did not pass.
func reason(s *Signature) string {
	for _, f := range s.Findings {
		if f.Result == Failed {
			return f.Detail
		}
	}
	return string(s.SubIndication)
}
