package exchange

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

// A SessionState is how far a signature by a key elsewhere has come.
type SessionState uint8

const (
	SessionOpen      SessionState = 1 // waits for the signature
	SessionComplete  SessionState = 2
	SessionCancelled SessionState = 3
	SessionExpired   SessionState = 4
)

// A SigningSession is a signature of one file that was prepared, and waits for the
// key, which is elsewhere. It survives a restart.
type SigningSession struct {
	ID        envelope.ID
	Agency    string // id
	Principal string // who prepared, and alone may complete
	Input     envelope.Digest
	State     SessionState
	Prepared  []byte          // a [signer.Prepared] as JSON; empty once the session has ended
	Answer    envelope.Digest // of the signature by which it was completed
	Output    envelope.Digest // the signed file, once complete
	Field     string
	Level     signer.Level
	Created   int64
	Expires   int64
	Revision  uint64 // in a Change: that was read, 0 for a new one
}

// maxPrepare bounds the files of one preparation.
const maxPrepare = 100

// A PrepareRequest asks to prepare signatures by a key that is elsewhere.
type PrepareRequest struct {
	Agency      string // id or code
	Files       []envelope.Digest
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
	Options     signer.SignOptions // At and TSA are set by the node
	Reserved    int                // bytes for the signature; 0: enough
	// AllowDynamic as in [signer.Request].
	AllowDynamic bool
}

// A PreparedSignature is one session, with what its key has to sign.
type PreparedSignature struct {
	Session  SigningSession
	Prepared *signer.Prepared
}

// PrepareSignature prepares the signature of files of the agency, all or none: each
// has a session of its own, which lives for [signer.PreparedLife]. All that must
// hold before a key is used is asked here, of the certificate.
func (s *Service) PrepareSignature(ctx context.Context, actor journal.Actor, req PrepareRequest) ([]PreparedSignature, []string, error) {
	if s.cfg.Signing == nil {
		return nil, nil, fail(Unavailable, "NO_KEYS", "this node does not sign")
	}
	a, err := s.agencyHere(req.Agency)
	if err != nil {
		return nil, nil, err
	}
	if err := s.takesNew(ctx, &a); err != nil {
		return nil, nil, err
	}
	if len(req.Files) < 1 || len(req.Files) > maxPrepare || req.Certificate == nil {
		return nil, nil, &Error{Code: Invalid, Reason: "BAD_FIELD", Text: "nothing was prepared",
			Fields: []Field{{"sha256", "BAD_FIELD", fmt.Sprintf("%d files, want 1 to %d, and a certificate", len(req.Files), maxPrepare)}}}
	}
	d := s.draft(actor)
	var out []PreparedSignature
	var warnings []string
	for _, digest := range req.Files {
		made, deferral, err := s.prepareOne(ctx, actor, a, digest, req)
		if err != nil {
			return nil, nil, err
		}
		d.change.Sessions = append(d.change.Sessions, made.Session)
		d.change.Uses = append(d.change.Uses, digest)
		d.change.Entries = append(d.change.Entries, deferral.Entries...)
		out, warnings = append(out, made), append(warnings, deferral.Warnings...)
	}
	// The intents and the sessions become durable before anyone is shown what to sign.
	if _, err := s.commit(ctx, d.change); err != nil {
		return nil, nil, storeError(err)
	}
	return out, warnings, nil
}

func (s *Service) prepareOne(ctx context.Context, actor journal.Actor, a envelope.Agency, digest envelope.Digest, req PrepareRequest) (made PreparedSignature, _ *signer.Deferral, err error) {
	_, blob, err := s.OpenFile(ctx, a.ID, digest)
	if err != nil {
		return made, nil, err
	}
	defer blob.Close()
	id, err := s.newID()
	if err != nil {
		return made, nil, err
	}
	deferral, err := s.cfg.Signing.Prepare(ctx, actor, blob, signer.DeferredRequest{Agency: a.ID, AgencyCode: CodeAt(a, s.cfg.Now()), Input: digest,
		Certificate: req.Certificate, Chain: req.Chain, Options: req.Options, Reserved: req.Reserved, Session: id.String(), AllowDynamic: req.AllowDynamic})
	if err != nil {
		return made, nil, signError(err)
	}
	state, err := json.Marshal(deferral.Prepared)
	if err != nil {
		return made, nil, err
	}
	made.Prepared = deferral.Prepared
	made.Session = SigningSession{ID: id, Agency: a.ID, Principal: actor.Principal, Input: digest, State: SessionOpen, Prepared: state,
		Field: deferral.Prepared.Field, Level: deferral.Prepared.Level, Created: s.now(), Expires: deferral.Prepared.Expires.UnixMicro()}
	return made, deferral, nil
}

// session finds a session of this principal and agency (id or code).
func (s *Service) session(ctx context.Context, actor journal.Actor, agency string, id envelope.ID) (SigningSession, error) {
	a, err := s.agencyHere(agency)
	if err != nil {
		return SigningSession{}, err
	}
	session, err := s.cfg.Store.Session(ctx, id)
	if err == nil && (session.Principal != actor.Principal || session.Agency != a.ID) {
		err = ErrNotFound
	}
	if errors.Is(err, ErrNotFound) {
		return session, fail(NotFound, "NOT_FOUND", "there is no signing session %s of yours", id)
	}
	return session, err
}

// A CompleteRequest brings one of a signature value and a CMS SignedData.
type CompleteRequest struct {
	Agency    string // id or code
	Session   envelope.ID
	Signature []byte
	CMS       []byte
	Later     signer.Level // to bring the file to in the background; empty: none
}

// answer is by what a repeat is known.
func (r CompleteRequest) answer() envelope.Digest {
	return envelope.Sum(bytes.Join([][]byte{{byte(len(r.CMS) >> 8), byte(len(r.CMS))}, r.CMS, r.Signature}, nil))
}

// CompleteSignature takes the signature for a session. A wrong one is refused, and
// the session waits on. Of several right ones, one wins; a repeat of that one gives
// the file that was made then.
func (s *Service) CompleteSignature(ctx context.Context, actor journal.Actor, req CompleteRequest) (*SignResult, error) {
	session, err := s.session(ctx, actor, req.Agency, req.Session)
	if err != nil {
		return nil, err
	}
	if s.cfg.Signing == nil {
		return nil, fail(Unavailable, "NO_KEYS", "this node does not sign")
	}
	if err := s.checkLater(req.Later); err != nil {
		return nil, err
	}
	if session.State != SessionOpen || s.now() > session.Expires {
		return s.ended(ctx, session, req)
	}
	result, err := s.complete(ctx, actor, session, req)
	if errors.Is(err, ErrStale) {
		// Another completion, a cancellation or the deadline was faster.
		if session, err = s.session(ctx, actor, req.Agency, req.Session); err == nil {
			return s.ended(ctx, session, req)
		}
	}
	return result, err
}

// ended answers for a session that is not open any more.
func (s *Service) ended(ctx context.Context, session SigningSession, req CompleteRequest) (*SignResult, error) {
	switch {
	case session.State == SessionComplete && session.Answer == req.answer():
		file, err := s.File(ctx, session.Agency, session.Output)
		if err != nil {
			return nil, err
		}
		return s.resultOf(ctx, file, session.Field, session.Level)
	case session.State == SessionComplete:
		return nil, fail(Precondition, "SESSION_COMPLETE", "signing session %s was completed with another signature", session.ID)
	case session.State == SessionCancelled:
		return nil, fail(Precondition, "SESSION_CANCELLED", "signing session %s was cancelled", session.ID)
	}
	return nil, fail(Precondition, signer.RefusedExpired, "signing session %s expired at %s: prepare the file again", session.ID, timeText(session.Expires))
}

func (s *Service) complete(ctx context.Context, actor journal.Actor, session SigningSession, req CompleteRequest) (*SignResult, error) {
	prepared, err := signer.ParsePrepared(session.Prepared)
	if err != nil {
		return nil, err
	}
	file, blob, err := s.OpenFile(ctx, session.Agency, session.Input)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	sink := newBlobSink(ctx, s.cfg.Blobs, "sign-"+id.String())
	defer sink.close(ctx)
	a, err := s.agencyHere(session.Agency)
	if err != nil {
		return nil, err
	}
	signed, deferral, err := s.cfg.Signing.Complete(ctx, actor, blob, prepared, signer.DeferredRequest{Agency: a.ID, AgencyCode: CodeAt(a, s.cfg.Now()),
		Input: session.Input, Session: session.ID.String()}, signer.Completion{Signature: req.Signature, CMS: req.CMS}, sink)
	if err != nil {
		if len(deferral.Entries) > 0 {
			if journalErr := s.Record(ctx, deferral.Entries...); journalErr != nil {
				return nil, fmt.Errorf("%w; and the journal refused the outcome: %v", err, journalErr)
			}
		}
		return nil, signError(err)
	}
	session.State, session.Prepared, session.Answer, session.Output, session.Level = SessionComplete, nil, req.answer(), signed.Digest, signed.Level
	kept, result, err := s.beside(ctx, actor, a.ID, session.Input, signed, req.Later)
	if err != nil {
		return nil, err
	}
	// The signed file is durable, checked, and nobody's. The row of the session decides
	// who wins: who read an older revision of it leaves an orphan, which the sweep takes.
	result.File, err = s.give(ctx, actor, "file.signed", File{Holder: a.ID, Digest: signed.Digest, Name: signedName(file.Name), MediaType: "application/pdf"}, func(d *draft) {
		d.change.Sessions = []SigningSession{session}
		d.change.Entries = append(deferral.Entries, d.change.Entries...)
		kept(d)
	})
	if err != nil {
		return nil, err
	}
	result.Warnings = deferral.Warnings
	return result, nil
}

// CancelSignature ends a session. A repeat is no error.
func (s *Service) CancelSignature(ctx context.Context, actor journal.Actor, agency string, id envelope.ID) error {
	return s.decide(ctx, func() error {
		session, err := s.session(ctx, actor, agency, id)
		switch {
		case err != nil:
			return err
		case session.State == SessionCancelled:
			return nil
		case session.State == SessionComplete:
			return fail(Precondition, "SESSION_COMPLETE", "signing session %s is complete", id)
		}
		return storeError(s.endSession(ctx, actor, session, SessionCancelled))
	})
}

func (n *Node) endSession(ctx context.Context, actor journal.Actor, session SigningSession, state SessionState) error {
	action := "sign.cancelled"
	if state == SessionExpired {
		action = "sign.expired"
	}
	session.State, session.Prepared = state, nil
	d := n.draft(actor)
	d.change.Sessions = []SigningSession{session}
	d.entry(session.Agency, action, session.Input.String(), "session="+strings.ToLower(session.ID.String()))
	_, err := n.commit(ctx, d.change)
	return err
}

// expireSessions ends those whose time has come: the intent in the journal gets its
// outcome, and the preparation its space back.
func (n *Node) expireSessions(ctx context.Context, now int64) error {
	for range tendRounds {
		list, err := n.cfg.Store.ExpiredSessions(ctx, now, tendBatch)
		if err != nil {
			return err
		}
		for _, session := range list {
			if err := n.endSession(ctx, journal.System, session, SessionExpired); err != nil && !errors.Is(err, ErrStale) {
				return fmt.Errorf("signing session %s: %w", session.ID, err)
			}
		}
		if len(list) < tendBatch {
			return nil
		}
	}
	return nil
}
