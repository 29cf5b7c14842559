package signer

import (
	"crypto/x509"
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
	object   string
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
	j := &judged{out: &it.out, cert: it.cert, purposes: c.policy.Purposes, at: at, proved: proved, object: it.object()}
	if !it.failed() {
		c.judgeAlgorithm(it, j)
		c.judgeCertificate(j)
	}
	c.judgeBinding(it, at)
}

// judgeAlgorithm asks the policy's dates about the signature itself.
func (c *check) judgeAlgorithm(it *item, j *judged) {
	si := it.signed.Signer()
	scheme, ok := schemes[si.Algorithm.Scheme]
	if !ok {
		return // an unknown one has failed already
	}
	hash := si.Algorithm.Hash
	if scheme == certs.Ed25519 {
		hash = 0
	}
	key := it.cert.PublicKey
	if err := c.policy.Algorithms.Check(hash, scheme, key, j.at); err != nil {
		j.fail(ruleDigestAlg, Indeterminate, CryptoConstraintsFailure, "%v", err)
	} else if err := c.policy.Algorithms.Check(si.Hash, scheme, key, j.at); hash != 0 && err != nil {
		j.fail(ruleDigestAlg, Indeterminate, CryptoConstraintsFailure, "digest of the document: %v", err)
	}
}

var schemes = map[cms.Scheme]certs.Scheme{
	cms.RSAPKCS1v15: certs.PKCS1, cms.RSAPSS: certs.PSS, cms.ECDSA: certs.ECDSA, cms.Ed25519: certs.Ed25519,
}

// judgeCertificate builds the path and asks for the status of each certificate
// in it but the anchor.
func (c *check) judgeCertificate(j *judged) {
	path := c.path(j)
	outOfBounds := false
	for _, p := range path.Problems {
		r := rule{name: string(p.Code), clause: p.Clause}
		switch p.Code {
		case certs.Expired:
			outOfBounds = true
			j.add(r, Failed, "%s", p.Detail)
		case certs.NotYetValid:
			if j.proved {
				j.fail(r, TotalFailed, NotYetValid, "%s", p.Detail)
				continue
			}
			outOfBounds = true
			j.add(r, Failed, "%s", p.Detail)
		default:
			sub, ok := problemSubs[p.Code]
			if !ok {
				sub = ChainConstraintsFailure
			}
			j.fail(r, Indeterminate, sub, "%s", p.Detail)
		}
	}
	if path.Has(certs.NoChain) {
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

// problemSubs are the sub-indications of faults of a path.
var problemSubs = map[certs.ProblemCode]SubIndication{
	certs.NoChain:       NoCertificateChainFound,
	certs.BadSignature:  NoCertificateChainFound,
	certs.TooMany:       CertificateChainGeneral,
	certs.WeakAlgorithm: CryptoConstraintsFailure,
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
		best.Problems = []certs.Problem{{Code: certs.NoChain, Certificate: j.cert, Detail: "the policy names no anchors for this use", Clause: "RFC 5280 6.1"}}
	}
	return best
}

// judgeRevocation asks for the status of each certificate of a path and reports
// whether all are good.
func (c *check) judgeRevocation(j *judged, chain []*x509.Certificate) bool {
	good := len(chain) > 1
	for i := 0; i+1 < len(chain); i++ {
		r := c.evidence.Resolve(c.ctx, chain[i], chain[i+1], j.at, c.opts.At)
		if i == 0 {
			j.out.Revocation = Revocation{Status: string(r.Status), Source: r.Source, ThisUpdate: r.ThisUpdate.UTC()}
			if r.ThisUpdate.IsZero() {
				j.out.Revocation.ThisUpdate = time.Time{}
			}
		}
		good = c.judgeStatus(j, chain[i], r, i > 0) && good
	}
	if len(chain) == 1 { // an anchor signs for itself: who trusts it says so
		j.out.Revocation.Status = string(certs.Good)
		return true
	}
	return good
}

func (c *check) judgeStatus(j *judged, cert *x509.Certificate, r certs.Revocation, ca bool) bool {
	name, sub := ruleRevocation, RevokedNoPOE
	if ca {
		name, sub = ruleRevokedCA, RevokedCANoPOE
	}
	who := cert.Subject.CommonName
	switch {
	case r.Status == certs.Good:
		if !ca {
			j.add(name, Passed, "%q is not revoked, by a list of %s (%s)", who, stampText(r.ThisUpdate), r.Source)
		}
		return true
	case r.Status == certs.Revoked && !r.RevokedBy(j.at):
		j.add(name, Passed, "%q was revoked at %s, after %s, when the signature was there", who, stampText(r.RevokedAt), stampText(j.at))
		return true
	case r.Status == certs.Revoked:
		j.fail(name, Indeterminate, sub, "%q was revoked at %s (reason %d), and nothing proves that the signature was there before", who, stampText(r.RevokedAt), r.Reason)
	case r.Status == certs.OnHold, r.Status == certs.Stale:
		j.fail(name, Indeterminate, TryLater, "%q: %s: %s", who, r.Status, r.Detail)
	default:
		j.fail(name, Indeterminate, CertificateChainGeneral, "%q: no status can be had: %s", who, r.Detail)
	}
	return false
}

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
	found := "nothing"
	if ok {
		found = "agency " + b.Agency
	}
	it.fail(ruleBinding, Indeterminate, SigConstraintsFailure, "the directory binds the certificate to %s at %s, want agency %q", found, stampText(at), claim.Agency)
}
