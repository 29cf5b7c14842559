package signer

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"github.com/digitorus/pdfsign/revocation"

	"lienthong/certs"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// Bounds of what a file may bring along as evidence.
const (
	maxBrought      = 256      // certificates, and as many lists, and as many OCSP answers
	maxBroughtBytes = 64 << 20 // of decoded streams
	maxEras         = 64       // proved times at which the evidence of a file is asked
)

// brought is one revocation list or OCSP answer that the file brings along. It is
// believed as far as its issuer signed it; when it existed, time-stamps prove.
type brought struct {
	source string
	der    []byte
	list   *x509.RevocationList // nil for an OCSP answer
	from   int                  // a document time-stamp of this revision or a later one proves it
	owner  *item                // the signature whose signed attributes carry it: its time-stamps prove it too
}

// broughtAlong reads the certificates, lists and OCSP answers of the signatures
// and of the newest DSS. They are candidates only: each is believed as far as it
// leads to an anchor.
func (c *check) broughtAlong() {
	c.evidence = c.opts.Evidence
	if !c.policy.Trust {
		return
	}
	if c.policy.FreshAfterSigning && !c.evidence.Strict {
		c.evidence = c.evidence.With(certs.SourceFile)
		c.evidence.Strict = true
	}
	c.seen = make(map[[32]byte]bool)
	for _, it := range c.items {
		c.takeCertificates(it.carried)
		if it.signed == nil {
			continue
		}
		c.takeSigned(it, it.signed)
		for _, list := range [][]*stamp{it.tokens, it.content} {
			for _, st := range list {
				if st.token != nil {
					c.takeSigned(it, st.token.Signed)
				}
			}
		}
	}
	if len(c.items) > 0 {
		c.takeDSS(c.file.Latest())
	}
	if len(c.brought) > 0 {
		c.evidence = c.evidence.With(certs.SourceFile)
		c.fill(c.evidence, func(*brought) bool { return true })
	}
}

// takeSigned keeps what a SignedData of an item brings: its certificates and lists,
// which nothing signs, and Adobe's revocation attribute, which the signer signs
// (ISO 32000-2, 12.8.3.3.2).
func (c *check) takeSigned(it *item, signed *cms.SignedData) {
	c.takeCertificates(signed.Certificates)
	after := it.revision + 1
	for _, der := range signed.CRLs {
		c.takeList(brought{source: certs.SourceSignature, der: der, from: after})
	}
	si := signed.Signer()
	if si == nil {
		return
	}
	owner := it
	if signed != it.signed {
		owner = nil // of a time-stamp: signed by its authority, whenever that was
	}
	crls, ocsps := archived(si)
	for _, der := range crls {
		c.takeList(brought{source: certs.SourceSignature, der: der, from: after, owner: owner})
	}
	for _, der := range ocsps {
		c.takeOCSP(brought{source: certs.SourceSignature, der: der, from: after, owner: owner})
	}
}

// archived returns the lists and OCSP answers of Adobe's revocation attribute. It
// is read by the types that pdfsign writes it with; what also has answers of a
// third kind is more than those know, and read without them.
func archived(si *cms.SignerInfo) (crls, ocsps [][]byte) {
	var info revocation.InfoArchival
	attributes := si.Attribute(cms.OIDAdobeRevocation)
	if len(attributes) != 1 || len(attributes[0].Values) != 1 {
		return nil, nil
	}
	if _, err := asn1.Unmarshal(attributes[0].Values[0], &info); err != nil {
		if r := si.Revocation(); r != nil {
			return r.CRLs, r.OCSPs
		}
		return nil, nil
	}
	for _, v := range info.CRL {
		crls = append(crls, v.FullBytes)
	}
	for _, v := range info.OCSP {
		ocsps = append(ocsps, v.FullBytes)
	}
	return crls, ocsps
}

func (c *check) takeCertificates(list []*x509.Certificate) {
	for _, cert := range list {
		if d := sha256Of(cert.Raw); !c.seen[d] && len(c.extra) < maxBrought {
			c.seen[d] = true
			c.extra = append(c.extra, cert)
		}
	}
}

func (c *check) takeList(b brought) {
	if !c.room(b.der, &c.lists) {
		return
	}
	if list, err := x509.ParseRevocationList(b.der); err == nil {
		b.list = list
		c.brought = append(c.brought, &b)
	}
}

func (c *check) takeOCSP(b brought) {
	if c.room(b.der, &c.answers) {
		c.brought = append(c.brought, &b)
	}
}

// room reports whether an answer is new and one more may be taken.
func (c *check) room(der []byte, count *int) bool {
	d := sha256Of(der)
	if c.seen[d] || *count >= maxBrought {
		return false
	}
	c.seen[d] = true
	*count++
	return true
}

// fill gives evidence what the file brings along and which passes a test.
func (c *check) fill(e *certs.Evidence, which func(*brought) bool) {
	e.AddResponders(c.extra...)
	for _, b := range c.brought {
		switch {
		case !which(b):
		case b.list != nil:
			e.AddCRLs(b.source, b.list)
		default:
			_ = e.AddOCSP(b.source, b.der) // what cannot be read answers nothing
		}
	}
}

// takeDSS reads a view's document security store (EN 319 142-1, 5.4.2). What
// cannot be read is left out.
func (c *check) takeDSS(v *pdf.View) {
	_, catalog, err := v.Catalog()
	if err != nil {
		return
	}
	dss, err := v.Dict(catalog.Get("DSS"))
	if err != nil || dss == nil {
		return
	}
	budget := int64(maxBroughtBytes)
	each := func(key pdf.Name, use func(brought)) {
		list, err := v.Array(dss.Get(key))
		if err != nil {
			return
		}
		for i, o := range list {
			if i == maxBrought || budget <= 0 {
				return
			}
			b := brought{source: certs.SourceDSS}
			resolved, err := v.Resolve(o)
			s, ok := resolved.(*pdf.Stream)
			if err != nil || !ok {
				continue
			}
			b.from = c.storedSince(v, s)
			if b.der, err = s.Decode(v); err == nil {
				budget -= int64(len(b.der))
				use(b)
			}
		}
	}
	each("Certs", func(b brought) {
		if cert, err := x509.ParseCertificate(b.der); err == nil {
			c.takeCertificates([]*x509.Certificate{cert})
		}
	})
	each("CRLs", c.takeList)
	each("OCSPs", c.takeOCSP)
}

// storedSince is the revision by whose end the bytes of a stream were there. What
// later revisions say about where they begin, or how they are packed, makes no
// other answer of them.
func (c *check) storedSince(v *pdf.View, s *pdf.Stream) int {
	span, err := s.Span(v)
	if err != nil || span.Len() <= 0 {
		return len(c.revisions)
	}
	if n := c.file.RevisionAt(span.End - 1); n > 0 {
		return n
	}
	return len(c.revisions) + 1
}

// proof: everything up to and including a revision existed at a time.
type proof struct {
	revision int
	at       time.Time
}

// An era is a time that a time-stamp proves, and what is known to have been there.
type era struct {
	proof
	owner    *item           // of a signature time-stamp, which proves no revision
	evidence *certs.Evidence // of the file, as far as it is proved; made when first asked
}

func (p *era) covers(b *brought) bool {
	return p.revision >= b.from || p.owner != nil && p.owner == b.owner
}

// known is the evidence that is proved to have existed.
func (p *era) known(c *check) *certs.Evidence {
	if p.evidence == nil {
		p.evidence = c.ownEvidence(p.covers)
	}
	return p.evidence
}

// ownEvidence is evidence that knows only what the file brings along.
func (c *check) ownEvidence(which func(*brought) bool) *certs.Evidence {
	e := certs.NewEvidence()
	e.Policy, e.Strict = c.evidence.Policy, c.evidence.Strict
	c.fill(e, which)
	return e
}

// prove keeps what a document time-stamp proves, from the newest to the oldest.
func (c *check) prove(p proof) {
	c.proofs = append(c.proofs, &era{proof: p})
	slices.SortStableFunc(c.proofs, func(a, b *era) int { return b.at.Compare(a.at) })
}

// eras are the times at which older evidence is asked, newest first: as many as are
// needed by one who renews twice a year for a generation.
func (c *check) eras(own *era) []*era {
	all := c.proofs[:min(len(c.proofs), maxEras):min(len(c.proofs), maxEras)]
	if own != nil {
		all = append(all, own)
	}
	return all
}

// A question is one certificate of a path, and when its issuer is believed.
type question struct {
	cert, issuer *x509.Certificate
	at           time.Time // the time judged
	until        time.Time // the issuer's word counts until then; zero: without end
	own          *era      // what the signature's own time-stamp proves; may be nil
	ca           bool      // others of the path rest on it
}

// status asks about a certificate. Where no answer can be used any more (its
// algorithm has ended, or its issuer has expired or was revoked), those count of
// which a time-stamp proves that they were there before that (EN 319 102-1,
// 5.6.2.2). It reports false where answers are only missing such a proof.
func (c *check) status(q question) (certs.Revocation, bool) {
	r := c.newest(q)
	lapsed := !q.until.IsZero() && q.until.Before(c.opts.At)
	if !lapsed && r.Kind != "" || r.RevokedBy(q.at) || r.Status == certs.OnHold {
		return r, true
	}
	for _, p := range c.eras(q.own) {
		if lapsed && p.at.After(q.until) {
			continue
		}
		if older := p.known(c).Status(q.cert, q.issuer, q.at, p.at); older.Kind != "" {
			return older, true
		}
	}
	return r, !lapsed || r.Kind == ""
}

// newest is what all evidence says now.
//
// Where there is a network, it is asked for more in two cases. An answer in the
// file from before the time judged was chosen by who made the file, who may know a
// newer one. And of a CA it matters also whether it was revoked since: from then on
// what it signs is anybody's.
func (c *check) newest(q question) certs.Revocation {
	e, now := c.evidence, c.opts.At
	r := e.Resolve(c.ctx, q.cert, q.issuer, q.at, now)
	if r.Status != certs.Good || e.Fetcher == nil || now.After(q.cert.NotAfter) || !q.at.Before(now) {
		return r
	}
	chosen := r.Source == certs.SourceDSS || r.Source == certs.SourceSignature
	if chosen && (q.ca || r.ThisUpdate.Before(q.at)) {
		strict := e.With(certs.SourceFile) // takes nothing that is older than now
		strict.Strict = true
		strict.Resolve(c.ctx, q.cert, q.issuer, now, now) // what comes is there for e too
		r = e.Status(q.cert, q.issuer, q.at, now)
	}
	if q.ca && !chosen {
		if current := e.Resolve(c.ctx, q.cert, q.issuer, now, now); !current.RevokedAt.IsZero() {
			return current
		}
	}
	return r
}
