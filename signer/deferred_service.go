package signer

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"

	"lienthong/journal"
	"lienthong/signer/cms"
)

// Reasons of a Refusal of a deferred signature.
const (
	RefusedSignature = "SIGNATURE_WRONG" // the answer is not what was prepared for; another one may be tried
	RefusedExpired   = "SESSION_EXPIRED"
)

// A DeferredRequest asks the service to prepare one signature by a key that is
// elsewhere, or to take it. At and TSA of the options are set by the service.
type DeferredRequest struct {
	Agency      string // agency id for which is signed
	AgencyCode  string
	Input       [32]byte // SHA-256 of the file, for the journal
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
	Algorithm   cms.Algorithm // may be zero
	Options     SignOptions
	Reserved    int    // bytes of /Contents, 0 for enough
	Session     string // for the journal
	// AllowDynamic as in [Request]; what was allowed when it was prepared is when it is
	// completed.
	AllowDynamic bool
}

// A Deferral is what is to be stored: the preparation, and what records it.
type Deferral struct {
	Prepared *Prepared
	Entries  []journal.Entry
	Warnings []string
}

// Prepare asks of a certificate all that [Service.Sign] asks of a key, as far as it
// can be asked without the key, and prepares a signature. The caller stores the
// preparation and the entries, which hold the intent, in one transaction before it
// shows anybody what to sign.
func (s *Service) Prepare(ctx context.Context, actor journal.Actor, in Source, req DeferredRequest) (*Deferral, error) {
	at := s.Now()
	if req.Options.Level.above(LevelBB) && s.TSA == nil {
		return nil, refusal(RefusedTSA, "level %s needs a time-stamping authority, and this node has none", req.Options.Level)
	}
	c, err := s.clearElsewhere(ctx, actor, in, req)
	if err != nil {
		return nil, err
	}
	opts := req.Options
	opts.At, opts.TSA = at, nil
	p, err := Prepare(ctx, in, req.Certificate, req.Chain, req.Algorithm, opts, req.Reserved)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, refusal(RefusedFile, "%v", err)
	}
	p.AllowDynamic = req.AllowDynamic
	return &Deferral{p, c.entries, append(c.warnings, p.Warnings...)}, nil
}

// clearElsewhere is prepare for a key of which only the certificate is here: the
// directory says whose it is.
func (s *Service) clearElsewhere(ctx context.Context, actor journal.Actor, in Source, req DeferredRequest) (*cleared, error) {
	at := s.Now()
	if s.Bind == nil {
		return nil, refusal(RefusedBinding, "there is no directory to ask for the certificate's owner")
	}
	bound, ok := s.Bind(req.Certificate, at)
	if !ok || bound.Agency != req.AgencyCode {
		return nil, refusal(RefusedBinding, "the directory binds the certificate of %q to %s, want %q", req.Certificate.Subject.CommonName, boundText(bound, ok), req.AgencyCode)
	}
	holder := bound.Holder
	if holder == "" {
		holder = req.Certificate.Subject.CommonName
	}
	if err := s.checkSuspended(ctx, s.namesOf(req.Certificate)...); err != nil {
		return nil, err
	}
	c := &cleared{actor: actor, input: req.Input, dynamic: req.AllowDynamic, key: KeyEntry{ID: "session:" + req.Session, Key: Elsewhere(req.Certificate, req.Chain),
		Agency: req.Agency, AgencyCode: req.AgencyCode, Role: bound.Role, Holder: holder}}
	if err := s.clear(ctx, c, in, req.Options, at); err != nil {
		return nil, err
	}
	return c, nil
}

// Complete takes the signature for a preparation, after asking again what was asked
// then, makes the result durable through the sink, and checks it there. The caller
// stores the deferral's entries, which hold the outcome, with the result; where the
// error is not nil and there are entries all the same, the key was used in vain, and
// they say so.
func (s *Service) Complete(ctx context.Context, actor journal.Actor, in Source, p *Prepared, req DeferredRequest, answer Completion, sink Sink) (*Signed, *Deferral, error) {
	cert, chain, err := p.certificates()
	if err != nil {
		return nil, &Deferral{}, err
	}
	req.Certificate, req.Chain, req.AllowDynamic = cert, chain, p.AllowDynamic
	req.Options.Number = p.Number // what the policy asks for was filled in then
	c, err := s.clearElsewhere(ctx, actor, in, req)
	if err != nil {
		return nil, &Deferral{}, err
	}
	answer.At, answer.TSA = s.Now(), nil
	signed, err := s.completeAndCheck(ctx, in, c, p, answer, sink)
	outcome := c.entry(s.Now(), "sign.done")
	if err != nil {
		outcome.Outcome = "FAILED"
		return nil, &Deferral{Entries: []journal.Entry{outcome}}, err
	}
	outcome.Detail = fmt.Sprintf("input=%s field=%q level=%s %s", outcome.Object, signed.Field, signed.Level, c.detail)
	outcome.Object = hex.EncodeToString(signed.Digest[:])
	signed.Before = c.asked
	return signed, &Deferral{Prepared: p, Entries: []journal.Entry{outcome}, Warnings: append(c.warnings, signed.Warnings...)}, nil
}

func (s *Service) completeAndCheck(ctx context.Context, in Source, c *cleared, p *Prepared, answer Completion, sink Sink) (*Signed, error) {
	w := &watched{Writer: sink}
	if s.TSA != nil {
		answer.TSA = w.stampers(s.TSA)
	}
	signed, err := Complete(ctx, in, p, answer, w)
	switch {
	case err == nil:
		return s.check(ctx, c, signed, answer.At, sink)
	case ctx.Err() != nil, w.writing != nil:
		return nil, err
	case w.stamping != nil:
		return nil, refusal(RefusedTimeStamp, "the time-stamping authority did not answer as it should: %v", w.stamping)
	case errors.Is(err, ErrExpired):
		return nil, refusal(RefusedExpired, "%v", err)
	}
	for _, wrong := range []error{ErrSignatureValue, ErrOtherCertificate, ErrOtherDigest, ErrAttributes, ErrSignedData, ErrTooLarge} {
		if errors.Is(err, wrong) {
			return nil, refusal(RefusedSignature, "%v", err)
		}
	}
	return nil, refusal(RefusedFile, "%v", err)
}
