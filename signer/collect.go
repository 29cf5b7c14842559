package signer

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"lienthong/certs"
	"lienthong/signer/tsp"
)

// A collector gathers the evidence for what a file holds.
type collector struct {
	ctx  context.Context
	held *holding
	opts AugmentOptions
	warn func(format string, args ...any)

	own    *certs.Evidence // what the file has
	all    *certs.Evidence // that, and what the caller has or may fetch
	now    time.Time
	proofs []proof
	proved map[*held]time.Time       // time-stamps that can be relied on, and signatures that one covers
	added  certs.Material            // what the file lacks
	of     map[*held]*certs.Material // what belongs to a signature or document time-stamp
	doubts []error                   // why a time-stamp cannot be relied on; another may do
	faults []error                   // required evidence that cannot be had
}

func newCollector(ctx context.Context, h *holding, opts AugmentOptions, warn func(string, ...any)) *collector {
	c := &collector{ctx: ctx, held: h, opts: opts, warn: warn, now: opts.At}
	none := certs.NewEvidence()
	none.Policy, none.Strict = opts.Evidence.Policy, opts.Evidence.Strict
	for _, e := range []struct {
		base *certs.Evidence
		to   **certs.Evidence
	}{{none, &c.own}, {opts.Evidence, &c.all}} {
		known := e.base.With(certs.SourceDSS, h.lists()...)
		for _, der := range h.ocsps {
			_ = known.AddOCSP(certs.SourceDSS, der) // one that cannot be read says nothing
		}
		known.AddResponders(h.certificates...)
		*e.to = known
	}
	return c
}

// prove finds which time-stamps can be relied on, newest first: each is judged at
// the time that a later one proves for it. Where whole is set its status must be
// settled too, and the evidence for that is kept.
func (c *collector) prove(whole bool) {
	c.proofs, c.proved, c.of = nil, make(map[*held]time.Time), make(map[*held]*certs.Material)
	c.added, c.doubts, c.faults = certs.Material{}, nil, nil
	for i := len(c.held.stamps) - 1; i >= 0; i-- {
		s := c.held.stamps[i]
		at, _ := c.provedAt(s.revision)
		if err := c.judge(s, s.token.Certificate(), at, whole, certs.TimeStamping); err != nil {
			c.doubts = append(c.doubts, fmt.Errorf("document time-stamp %q: %w", s.field, err))
			continue
		}
		c.proved[s] = s.token.Time
		c.proofs = append(c.proofs, proof{s.revision, s.token.Time})
	}
	for _, s := range c.held.signatures {
		at, covered := c.provedAt(s.revision)
		for _, token := range s.tokens {
			if err := c.judge(s, token.Certificate(), at, whole, certs.TimeStamping); err != nil {
				c.doubts = append(c.doubts, fmt.Errorf("time-stamp of signature %q: %w", s.field, err))
				continue
			}
			if best, ok := c.proved[s]; !ok || token.Time.Before(best) {
				c.proved[s] = token.Time
			}
		}
		if best, ok := c.proved[s]; covered && (!ok || at.Before(best)) {
			c.proved[s] = at
		}
	}
}

// provedAt is the earliest time at which a revision is proved to have existed, or
// else now.
func (c *collector) provedAt(revision int) (best time.Time, proved bool) {
	best = c.now
	for _, p := range c.proofs {
		if p.revision > revision && !p.at.After(best) {
			best, proved = p.at, true
		}
	}
	return best, proved
}

// unproved reports whether a signature for which evidence is required lacks a time-stamp that can be relied on.
func (c *collector) unproved() bool {
	for _, s := range c.held.signatures {
		if _, ok := c.proved[s]; !ok && s.required {
			return true
		}
	}
	return false
}

// signers gathers the evidence for the signatures themselves, at the times that
// are proved for them.
func (c *collector) signers() {
	for _, s := range c.held.signatures {
		at, ok := c.proved[s]
		if !ok {
			at = c.now
		}
		if s.cert == nil {
			c.fault(s, fmt.Errorf("signature %q: its certificate is not in the file", s.field))
			continue
		}
		if err := c.judge(s, s.cert, at, true, c.opts.Policy.Purposes...); err != nil {
			c.fault(s, fmt.Errorf("signature %q: %w", s.field, err))
		}
	}
}

// fault keeps why evidence cannot be had. What belongs to signatures of others is
// not required of the one who signs now.
func (c *collector) fault(s *held, err error) {
	if s.required {
		c.faults = append(c.faults, err)
		return
	}
	c.warn("%v", err)
}

// complete fails where required evidence is missing. A time-stamp that cannot be
// relied on is only worth a warning as long as nothing rests on it.
func (c *collector) complete() error {
	all := append(c.faults[:len(c.faults):len(c.faults)], c.doubts...)
	if len(c.faults) > 0 && !c.opts.Incomplete {
		return fmt.Errorf("%w: %w", ErrEvidence, errors.Join(all...))
	}
	for _, err := range all {
		c.warn("%v", err)
	}
	return nil
}

// judge builds the path of a certificate, as of a time, and gathers its evidence.
func (c *collector) judge(s *held, cert *x509.Certificate, at time.Time, whole bool, purposes ...certs.Purpose) error {
	if c.opts.Trust == nil {
		return nil
	}
	path := c.path(cert, at, purposes)
	if !path.OK() {
		return fmt.Errorf("certificate of %q at %s: %v", cert.Subject.CommonName, show(at), path.Problems[0])
	}
	m := c.all.Collect(c.ctx, path.Chain, at, c.now)
	if err := settled(m, at, whole); err != nil {
		return err
	}
	if c.of[s] == nil {
		c.of[s] = &certs.Material{}
	}
	c.of[s].Add(m)
	if settled(c.own.Collect(c.ctx, path.Chain, at, c.now), at, true) == nil && c.held.has(path.Chain[:len(path.Chain)-1]) {
		return nil // the file says it all
	}
	c.added.Add(m)
	return nil
}

// path tries the purposes in order, and where none leads to an anchor, may fetch
// issuers.
func (c *collector) path(cert *x509.Certificate, at time.Time, purposes []certs.Purpose) certs.Path {
	best := certs.Path{Problems: []certs.Problem{{Code: certs.NoChain, Certificate: cert, Detail: "the policy names no anchors for this use", Clause: "RFC 5280 6.1"}}}
	for i, purpose := range purposes {
		path := c.opts.Trust.BuildOnline(c.ctx, certs.PathRequest{Leaf: cert, Extra: c.held.certificates, Purpose: purpose, At: at,
			Policy: c.opts.Policy.Algorithms}, c.opts.Evidence.Fetcher, c.now)
		if path.OK() {
			return path
		}
		if i == 0 || best.Has(certs.NoChain) && !path.Has(certs.NoChain) {
			best = path
		}
	}
	return best
}

// settled says which certificate was revoked at a time, or where whole is set, which
// one has no status.
func settled(m *certs.Material, at time.Time, whole bool) error {
	for _, s := range m.Statuses {
		if r := s.Revocation; r.RevokedBy(at) {
			return fmt.Errorf("certificate of %q was revoked at %s (reason %d), before %s", s.Certificate.Subject.CommonName, show(r.RevokedAt), r.Reason, show(at))
		}
	}
	if whole {
		return m.Missing()
	}
	return nil
}

// believe says why a token's authority cannot be relied on now, or nil.
func (c *collector) believe(token *tsp.Token) error {
	c.advance(token.Time)
	if c.opts.Trust == nil {
		return nil
	}
	cert := token.Certificate()
	path := c.path(cert, token.Time, []certs.Purpose{certs.TimeStamping})
	if !path.OK() {
		// The token may bring the certificates between.
		c.held.take(token.Certificates)
		path = c.path(cert, token.Time, []certs.Purpose{certs.TimeStamping})
	}
	if !path.OK() {
		return fmt.Errorf("%w: the authority %q: %v", ErrEvidence, cert.Subject.CommonName, path.Problems[0])
	}
	err := settled(c.all.Collect(c.ctx, path.Chain, c.now, c.now), c.now, c.opts.Level != LevelBT)
	if err != nil && c.opts.Incomplete && !errors.Is(c.ctx.Err(), context.Canceled) {
		c.warn("the authority %q: %v", cert.Subject.CommonName, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: the authority %q: %w", ErrEvidence, cert.Subject.CommonName, err)
	}
	return nil
}

// advance moves now to the time of a token that came just now: authorities may
// take minutes, and their clocks differ from ours.
func (c *collector) advance(to time.Time) {
	if to.After(c.now) {
		c.now = to
	}
}

// holdsUntil is when the first certificate in the path of a time-stamp expires; an
// anchor does not.
func (c *collector) holdsUntil(s *held) time.Time {
	cert := s.token.Certificate()
	until := cert.NotAfter
	if c.opts.Trust == nil {
		return until
	}
	chain := c.path(cert, s.token.Time, []certs.Purpose{certs.TimeStamping}).Chain
	for _, issuer := range chain[:max(len(chain)-1, 0)] {
		if issuer.NotAfter.Before(until) {
			until = issuer.NotAfter
		}
	}
	return until
}

func sameCertificate(a, b *x509.Certificate) bool { return bytes.Equal(a.Raw, b.Raw) }
