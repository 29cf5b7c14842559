package signer

import (
	"crypto"
	"crypto/x509"
	"slices"
	"time"

	"lienthong/certs"
	"lienthong/signer/cms"
)

// judged is a certificate under judgement, and where the findings go.
type judged struct {
	out      *Signature
	cert     *x509.Certificate
	purposes []certs.Purpose
	at       time.Time // the time judged
	proved   bool      // at is proved by a time-stamp, and not only the current time
	since    time.Time // what was signed is proved to be no older; zero if nothing says so
	object   string
	chain    []*x509.Certificate // once found
	own      *era                // what the signature's own time-stamp proves
}

func (j *judged) add(r rule, result Result, format string, args ...any) {
	j.out.Findings = append(j.out.Findings, finding(r, result, j.object, format, args...))
}

func (j *judged) fail(r rule, i Indication, sub SubIndication, format string, args ...any) {
	j.add(r, Failed, format, args...)
	j.out.conclude(i, sub)
}

// judgeSignature judges the certificate of a signature at the time that is
// proved for it, and whether it speaks for the claimed agency.
func (c *check) judgeSignature(it *item) {
	at, proved := c.signatureTime(it)
	if !c.policy.Trust || it.cert == nil {
		return
	}
	j := &judged{out: &it.out, cert: it.cert, purposes: c.policy.Purposes, at: at, proved: proved, since: c.noEarlier(it), object: it.object()}
	if proved && it.out.TimeSource == TimeSignatureTimestamp {
		j.own = &era{proof: proof{at: at}, owner: it}
	}
	if !it.failed() {
		if j.since.After(at.Add(clockTolerance)) {
			j.fail(ruleSignedTime, Indeterminate, TimestampOrderFailure, "the signature was there at %s, and covers a time-stamp of %s", stampText(at), stampText(j.since))
		}
		c.judgeAlgorithms(it, j)
		if it.signed != nil {
			c.judgeRules(it.signed.Signer(), j)
		}
		c.judgeUsages(j)
		c.judgeCertificate(j)
		it.chain, it.judgedAt, it.own = j.chain, at, j.own
	}
	c.judgeBinding(it, at)
}

// judgeRules asks whether the rules under which the signer signed are known here:
// who signs by rules may mean less than the words on the page.
func (c *check) judgeRules(si *cms.SignerInfo, j *judged) {
	switch oid, err := si.PolicyOID(); {
	case err != nil:
		j.fail(ruleRules, Indeterminate, SignaturePolicyNotAvailable, "%v", err)
	case oid != nil && !slices.Contains(c.policy.SignaturePolicies, oid.String()):
		j.fail(ruleRules, Indeterminate, SignaturePolicyNotAvailable, "the signer signs by the rules %v, which the policy does not name among its signature_policies", oid)
	case oid != nil:
		j.add(ruleRules, Passed, "%v", oid)
	}
}

// judgeAlgorithm asks the policy's dates about a signature value itself.
func (c *check) judgeAlgorithm(si *cms.SignerInfo, j *judged) {
	if si == nil {
		return
	}
	scheme, ok := schemes[si.Algorithm.Scheme]
	if !ok {
		return // an unknown one has failed already
	}
	hash := si.Algorithm.Hash
	if scheme == certs.Ed25519 {
		hash = 0
	}
	key := j.cert.PublicKey
	of := func(h crypto.Hash) func(certs.Algorithms) error {
		return func(a certs.Algorithms) error { return a.Check(h, scheme, key, j.at) }
	}
	if err := of(hash)(c.policy.Algorithms); err != nil {
		j.fail(ruleDigestAlg, Indeterminate, c.weakness(of(hash)), "%v", err)
	} else if hash != 0 {
		c.judgeDigest(si.Hash, j)
	}
}

// judgeDigest asks the policy's dates about the hash of a document.
func (c *check) judgeDigest(h crypto.Hash, j *judged) {
	check := func(a certs.Algorithms) error { return a.CheckHash(h, j.at) }
	if err := check(c.policy.Algorithms); err != nil {
		j.fail(ruleDigestAlg, Indeterminate, c.weakness(check), "digest of the document: %v", err)
	}
}

// weakness tells an algorithm that was good until a date, so that an older proof
// of existence would help, from one that never was (EN 319 102-1, 5.1.3).
func (c *check) weakness(check func(certs.Algorithms) error) SubIndication {
	if check(undated(c.policy.Algorithms)) == nil {
		return CryptoConstraintsFailureNoPOE
	}
	return CryptoConstraintsFailure
}

// undated is a policy of algorithms without its end dates.
func undated(a certs.Algorithms) certs.Algorithms {
	a.Hashes, a.Schemes, a.Keys = slices.Clone(a.Hashes), slices.Clone(a.Schemes), slices.Clone(a.Keys)
	for i := range a.Hashes {
		a.Hashes[i].Until = time.Time{}
	}
	for i := range a.Schemes {
		a.Schemes[i].Until = time.Time{}
	}
	for i := range a.Keys {
		a.Keys[i].Until = time.Time{}
	}
	return a
}

var schemes = map[cms.Scheme]certs.Scheme{
	cms.RSAPKCS1v15: certs.PKCS1, cms.RSAPSS: certs.PSS, cms.ECDSA: certs.ECDSA, cms.Ed25519: certs.Ed25519,
	cms.DSA: certs.DSA, // which no policy accepts
}

// judgeCertificate builds the path and asks for the status of each certificate
// in it but the anchor.
func (c *check) judgeCertificate(j *judged) {
	path := c.path(j)
	j.chain = path.Chain
	outOfBounds := false
	for _, p := range path.Problems {
		r := rule{name: string(p.Code), clause: p.Clause}
		switch {
		case p.Code == certs.Expired && p.Certificate == j.cert && j.since.After(j.cert.NotAfter):
			j.fail(r, TotalFailed, Expired, "%s; what was signed is no older than %s", problemText(p), stampText(j.since))
		case p.Code == certs.NotYetValid && p.Certificate == j.cert && j.proved:
			j.fail(r, TotalFailed, NotYetValid, "%s", problemText(p))
		case p.Code == certs.Expired, p.Code == certs.NotYetValid:
			outOfBounds = true
			j.add(r, Failed, "%s", problemText(p))
		case p.Code == certs.WeakAlgorithm:
			j.fail(r, Indeterminate, c.weakPath(j), "%s", problemText(p))
		default:
			sub, ok := problemSubs[p.Code]
			if !ok {
				sub = ChainConstraintsFailure
			}
			j.fail(r, Indeterminate, sub, "%s", problemText(p))
		}
	}
	if path.Has(certs.NoChain) {
		j.chain = nil
		return // without an issuer that is believed no status can be
	}
	known := c.judgeRevocation(j, path.Chain)
	if outOfBounds {
		sub := OutOfBoundsNoPOE
		if known {
			sub = OutOfBoundsNotRevoked
		}
		if j.out.SubIndication == CertificateChainGeneral || j.out.SubIndication == TryLater {
			j.out.SubIndication = sub // nobody keeps the status of what has expired: the cause is the date
		}
		j.out.conclude(Indeterminate, sub)
	}
	if path.OK() {
		j.add(rulePath, Passed, "leads to %q", path.Chain[len(path.Chain)-1].Subject.CommonName)
	}
}

// weakPath tells whether the algorithms in a path were ever accepted.
func (c *check) weakPath(j *judged) SubIndication {
	for _, purpose := range j.purposes {
		path := c.opts.Trust.Build(certs.PathRequest{Leaf: j.cert, Extra: c.extra, Purpose: purpose, At: j.at, Policy: undated(c.policy.Algorithms)})
		if !path.Has(certs.NoChain) && !path.Has(certs.WeakAlgorithm) {
			return CryptoConstraintsFailureNoPOE
		}
	}
	return CryptoConstraintsFailure
}

// problemSubs are the sub-indications of faults of a path.
var problemSubs = map[certs.ProblemCode]SubIndication{
	certs.NoChain:      NoCertificateChainFound,
	certs.BadSignature: NoCertificateChainFound,
	certs.TooMany:      CertificateChainGeneral,
}

// path tries the purposes in the order of the policy.
func (c *check) path(j *judged) certs.Path {
	var best certs.Path
	for i, purpose := range j.purposes {
		path := c.opts.Trust.Build(certs.PathRequest{Leaf: j.cert, Extra: c.extra, Purpose: purpose, At: j.at, Policy: c.policy.Algorithms})
		if path.OK() {
			return path
		}
		if i == 0 || best.Has(certs.NoChain) && !path.Has(certs.NoChain) {
			best = path
		}
	}
	if len(j.purposes) == 0 {
		best.Problems = []certs.Problem{{Code: certs.NoChain, Certificate: j.cert, Clause: "RFC 5280 6.1",
			Detail: noAnchors, Format: noAnchors}}
	}
	return best
}

const noAnchors = "the policy names no anchors for this use"

// problemText is what is wrong with a path.
func problemText(p certs.Problem) saying { return saying{p.Format, p.Args} }

// judgeBinding asks the directory whether the certificate speaks for the claimed
// agency.
func (c *check) judgeBinding(it *item, at time.Time) {
	claim := c.opts.Claim
	if claim == nil || claim.Bind == nil {
		return
	}
	b, ok := claim.Bind(it.cert, at)
	if ok {
		it.out.Agency, it.out.Role = b.Agency, b.Role
	}
	if ok && b.Agency == claim.Agency {
		it.out.Binding = BindingBound
		it.add(ruleBinding, Passed, "%q speaks for %q as %s", it.cert.Subject.CommonName, b.Agency, b.Role)
		return
	}
	it.out.Binding = BindingNotBound
	found := said("nothing")
	if ok {
		found = said("agency %s", b.Agency)
	}
	it.fail(ruleBinding, Indeterminate, SigConstraintsFailure, "the directory binds the certificate to %s at %s, want agency %q", found, stampText(at), claim.Agency)
}
