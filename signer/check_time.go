package signer

import (
	"fmt"
	"time"

	"lienthong/certs"
	"lienthong/signer/tsp"
)

// clockTolerance is by how much a claimed time may lie ahead of the proved one
// without a word: clocks differ.
const clockTolerance = 5 * time.Minute

// localAhead is by how much a signing time is ahead where a tool writes the local time
// of Vietnam and calls it UTC; localSlack is how much later than signing a time-stamp
// or a judgement may then be and this still be seen.
const (
	localAhead = 7 * time.Hour
	localSlack = time.Hour
)

// judgeTimes judges the time-stamps: those of the document from the newest to the
// oldest, since a later one that passes proves that an earlier one existed while
// its certificate was still good (EN 319 102-1, 5.6.3); then those of each
// signature.
func (c *check) judgeTimes() {
	for i := len(c.items) - 1; i >= 0; i-- {
		it := c.items[i]
		if !it.timestamp || it.token == nil || it.failed() {
			continue
		}
		if c.judgeStamp(&it.out, it.token, it, ruleDocTime) {
			c.prove(proof{it.revision, it.token.Time})
		}
	}
	for _, it := range c.items {
		if it.timestamp {
			continue
		}
		for _, st := range it.tokens {
			if st.token != nil { // also where the signature has failed: it proves nothing for it, and is what it is
				c.judgeStamp(&st.out, st.token, it, ruleSignedTime)
			}
		}
		if it.failed() {
			continue
		}
		for _, st := range it.content {
			if st.token != nil && c.judgeStamp(&st.out, st.token, it, ruleContentTime) {
				it.add(ruleContentTime, Passed, "the signature is no older than %s", stampText(st.token.Time))
			} else if c.policy.Trust {
				it.add(ruleContentTime, Warning, "a time-stamp in the signature cannot be relied on: %s", reason(&st.out))
			}
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
func (c *check) judgeStamp(out *Signature, token *tsp.Token, it *item, r rule) bool {
	if !c.policy.Trust {
		return false
	}
	at, proved := c.provedAt(it.revision)
	stamped := token.Time
	if stamped.After(at.Add(clockTolerance)) {
		out.Findings = append(out.Findings, finding(r, Failed, it.object(), "is of %s, later than %s, when it was already there", stampText(stamped), stampText(at)))
		out.conclude(Indeterminate, TimestampOrderFailure)
		return false
	}
	out.BestTime = stamped.UTC()
	cert := token.Certificate()
	if cert == nil {
		return false
	}
	if stamped.Before(cert.NotBefore) || stamped.After(cert.NotAfter) {
		out.Findings = append(out.Findings, finding(r, Failed, it.object(), "is of %s, outside the validity of its certificate", stampText(stamped)))
		out.conclude(Indeterminate, OutOfBoundsNoPOE)
		return false
	}
	j := &judged{out: out, cert: cert, purposes: []certs.Purpose{certs.TimeStamping}, at: at, proved: proved, object: it.object()}
	c.judgeAlgorithm(token.Signed.Signer(), j)
	if err := c.policy.Algorithms.CheckHash(token.Hash, at); err != nil {
		j.fail(ruleDigestAlg, Indeterminate, c.weakness(func(a certs.Algorithms) error { return a.CheckHash(token.Hash, at) }), "imprint: %v", err)
	}
	c.judgeCertificate(j)
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
		if st.out.Indication != TotalPassed {
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
		late := said("the signer states %s, but the signature was there at %s", stampText(claimed), stampText(at))
		if ahead := claimed.Sub(at); ahead > localAhead-localSlack && ahead <= localAhead+clockTolerance {
			late = said("the signer states %s, but the signature was there at %s; that is the time of Vietnam written as if it were UTC, as some signing tools do",
				stampText(claimed), stampText(at))
		}
		it.add(ruleClaimedTime, Warning, "%s", late)
	}
	return at, proved
}

// noEarlier is the latest time before which a signature cannot have been made,
// zero where there is none: it covers time-stamps that were there already, in
// earlier revisions or in its own signed attributes.
func (c *check) noEarlier(it *item) time.Time {
	var since time.Time
	later := func(out *Signature, token *tsp.Token) {
		if token != nil && out.Indication == TotalPassed && token.Time.After(since) {
			since = token.Time
		}
	}
	for _, st := range it.content {
		later(&st.out, st.token)
	}
	for _, other := range c.items { // oldest revision first
		if other.revision >= it.revision {
			break
		}
		later(&other.out, other.token)
		for _, st := range other.tokens {
			later(&st.out, st.token)
		}
	}
	return since
}

// reason is the first finding that explains why something did not pass.
func reason(s *Signature) fmt.Stringer {
	for _, f := range s.Findings {
		if f.Result == Failed {
			return because{f}
		}
	}
	return technical(string(s.SubIndication))
}
