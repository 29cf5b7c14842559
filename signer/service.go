package signer

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/journal"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// A Journal is where [Service] writes what it is about to do and what came of it.
// It returns when the entries are durable; its error refuses the act.
type Journal interface {
	Record(ctx context.Context, entries ...journal.Entry) error
}

// A KeyEntry is a key that a node can use, and who may use it. It is open from the
// start (Key), or opened by a person for a while (Open, see [Service.Activate]).
type KeyEntry struct {
	ID         string   // stable, such as "ubnd-ba-hang/seal"
	Key        keys.Key // nil where it is not open
	Agency     string   // agency id
	AgencyCode string
	Role       string   // RolePersonal or RoleAgency
	Holder     string   // the person, or the agency's name
	Principals []string // ids of principals that may use it: exactly one for a personal key
	Unattended bool     // opened with a PIN from a file, not by a person
	// Open opens it with the secret that a principal gives; nil where nobody has to. It
	// must not keep the secret.
	Open func(secret []byte) (keys.Key, error)
	// Reopen opens an unattended key again whose token was pulled, or not there at the
	// start; nil where it cannot be. After a wrong PIN it is not called again.
	Reopen func() (keys.Key, error)
}

// A Service signs for principals of a node: the one door to its keys. The engine,
// [Sign], asks nobody; here it is asked whether the key may be used now, and the
// journal holds the intent before the key is touched and the outcome after.
type Service struct {
	Keys     []KeyEntry
	Journal  Journal
	Trust    *certs.Trust
	Evidence *certs.Evidence
	Now      func() time.Time
	TSA      tsp.Stamper // for levels from B-T on while someone waits; nil where there is none
	// PatientTSA is the same for queued jobs, with as much time as authorities take.
	// TSA where it is nil.
	PatientTSA tsp.Stamper
	// KeyLife is how long a key stays open that a person opened; 0: [DefaultKeyLife].
	KeyLife time.Duration
	// Suspended says whether and why a key must not be used now, by its id, or for keys
	// elsewhere by [CertificateName]. Its error refuses too. Nil: none is.
	Suspended func(ctx context.Context, key string) (reason string, suspended bool, err error)
	// Turn, if it is there, counts how often people opened and closed a key (id), at all
	// processes of the node: it is odd while the key is open, and one that was opened at an
	// earlier turn is closed. Its error refuses.
	Turn func(ctx context.Context, key string) (uint64, error)
	// Dynamic says for an agency (id) what becomes of files whose content can change by
	// itself; nil: [DynamicAsk].
	Dynamic func(agency string) DynamicPolicy
	// Bind asks the directory for what a certificate is bound to at a time.
	Bind func(certificate *x509.Certificate, at time.Time) (Binding, bool)
	// SealUnsigned, if it is there, names agencies (id) whose policy lets the agency sign
	// although no valid personal signature of the agency is there (Decree 30/2020, Art. 32
	// and 33, want one). Its use is journalled.
	SealUnsigned func(agency string) bool
	// RequireNumber, if it is there, names agencies (id) whose policy wants a number on
	// what they seal. Others seal without one, with a warning.
	RequireNumber func(agency string) bool
	// AllowUnknownRevocation lets agency keys be used for which no fresh revocation data
	// can be had. A personal key is used then, with a warning.
	AllowUnknownRevocation bool
	CrossCheck             CrossCheck // a second opinion on every signature; nil for none
	// Repair lets files with damaged cross-reference sections be signed: see [SignOptions].
	// The journal says so of each.
	Repair bool

	ring keyring
}

// A Request asks the service for one signature. At and TSA of the options are set
// by the service.
type Request struct {
	Agency  string   // agency id for which is signed
	Key     string   // KeyEntry.ID
	Input   [32]byte // SHA-256 of the file, for the journal
	Options SignOptions
	// AllowDynamic signs a file whose content can change by itself, where the agency's
	// policy leaves that to the one who asks.
	AllowDynamic bool
}

// A Refusal is why nothing was signed. Reason is stable.
type Refusal struct {
	Reason string // upper case, such as KEY_NOT_FOUND
	Text   string
}

func (r *Refusal) Error() string { return "sign: not signed: " + r.Text }

// Reasons of a Refusal.
const (
	RefusedKey         = "KEY_NOT_FOUND"
	RefusedCertificate = "CERTIFICATE_NOT_VALID"
	RefusedBinding     = "CERTIFICATE_NOT_BOUND"
	RefusedRevoked     = "CERTIFICATE_REVOKED"
	RefusedRevocation  = "REVOCATION_UNKNOWN"
	RefusedOrder       = "NO_PERSONAL_SIGNATURE"
	RefusedTSA         = "NO_TSA"
	RefusedTimeStamp   = "TSA_FAILED"   // ask again later
	RefusedUnreadable  = "UNREADABLE"   // no PDF that can be read
	RefusedFile        = "NOT_SIGNABLE" // a PDF that must not be signed so
)

func refusal(reason, format string, args ...any) *Refusal {
	return &Refusal{reason, fmt.Sprintf(format, args...)}
}

// A Source is a file that can be read anywhere.
type Source = pdf.Source

// A Sink takes a signed file and gives it back for checking.
type Sink interface {
	io.Writer
	// Reopen makes durable what was written, and opens it. It is called once, after the
	// last Write.
	Reopen(ctx context.Context, signed *Signed) (Source, error)
}

// Sign signs, makes the result durable through the sink, and checks it there. Only
// when the error is nil may the result leave. The strings are warnings for people.
func (s *Service) Sign(ctx context.Context, actor journal.Actor, in Source, req Request, sink Sink) (*Signed, []string, error) {
	at := s.Now()
	req.Options.Repair = s.Repair
	ready, err := s.prepare(ctx, actor, in, req, at)
	if err != nil {
		return nil, nil, err
	}
	// The intent is durable and the key untouched. If we die here, or before the outcome
	// is written, the journal shows an intent without one: nothing was handed out.
	if err := s.Journal.Record(ctx, ready.entries...); err != nil {
		return nil, nil, fmt.Errorf("sign: the journal refused the intent: %w", err)
	}
	opts := req.Options
	opts.At = at
	signed, err := s.signAndCheck(ctx, in, ready, opts, sink)
	outcome := ready.entry(s.Now(), "sign.done")
	if err != nil {
		outcome.Outcome = "FAILED"
		if journalErr := s.Journal.Record(ctx, outcome); journalErr != nil {
			return nil, nil, fmt.Errorf("%w; and the journal refused the outcome: %v", err, journalErr)
		}
		return nil, nil, err
	}
	outcome.Detail = fmt.Sprintf("input=%s field=%q level=%s %s", outcome.Object, signed.Field, signed.Level, ready.detail)
	outcome.Object = hex.EncodeToString(signed.Digest[:])
	signed.Before, signed.Unattended = ready.asked, ready.key.Unattended
	if err := s.Journal.Record(ctx, outcome); err != nil {
		return nil, nil, fmt.Errorf("sign: the journal refused the outcome: %w", err)
	}
	return signed, append(ready.warnings, signed.Warnings...), nil
}

// A cleared is a key that may be used for one file now. Only prepare makes one.
type cleared struct {
	key      KeyEntry
	actor    journal.Actor
	input    [32]byte
	detail   string
	entries  []journal.Entry
	warnings []string
	asked    []Asked // before the key is used
	dynamic  bool    // the request allows content that can change by itself
	gate     *gate   // nil for keys elsewhere
}

func (c *cleared) entry(at time.Time, action string) journal.Entry {
	return journal.Entry{Time: at.UnixMicro(), Actor: c.actor, Agency: c.key.Agency, Action: action, Object: hex.EncodeToString(c.input[:]),
		Detail: c.detail, Outcome: journal.OutcomeOK}
}

// prepare asks all that must hold before a key is touched (Circular 15/2025, Art. 7
// and 8: validity, path, usage, owner, revocation; Decree 30/2020, Art. 32 and 33).
func (s *Service) prepare(ctx context.Context, actor journal.Actor, in Source, req Request, at time.Time) (*cleared, error) {
	entry, gate, err := s.usable(ctx, actor, req.Agency, req.Key)
	if err != nil {
		return nil, err
	}
	if req.Options.Level.above(LevelBB) && s.TSA == nil {
		return nil, refusal(RefusedTSA, "level %s needs a time-stamping authority, and this node has none", req.Options.Level)
	}
	c := &cleared{key: entry, actor: actor, input: req.Input, dynamic: req.AllowDynamic, gate: gate}
	if err := s.clear(ctx, c, in, req.Options, at); err != nil {
		return nil, err
	}
	return c, nil
}

// clear asks what depends on the file and on the certificate, wherever the key is.
func (s *Service) clear(ctx context.Context, c *cleared, in Source, opts SignOptions, at time.Time) error {
	repair, err := readable(in, opts)
	if err != nil {
		return err
	}
	evidence, err := s.checkCertificate(ctx, c, at)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(c.key.Key.Certificate().Raw)
	c.detail = fmt.Sprintf("key=%q certificate=%x evidence=%s unattended=%t", c.key.ID, sum, evidence, c.key.Unattended)
	if repair != nil {
		c.detail += fmt.Sprintf(" repair=%q", repair.String())
	}
	if err := s.checkDynamic(ctx, c, in, opts, at); err != nil {
		return err
	}
	if c.key.Role == RoleAgency {
		if err := s.checkOrder(ctx, c, in, at, repair); err != nil {
			return err
		}
	}
	if err := s.checkNumber(c, in, opts); err != nil {
		return err
	}
	c.entries = append(c.entries, c.entry(at, "sign.intent"))
	return nil
}

// checkCertificate judges the key's certificate as a validator would, now. It
// returns the digest of the revocation data that it used.
func (s *Service) checkCertificate(ctx context.Context, c *cleared, at time.Time) (string, error) {
	cert := c.key.Key.Certificate()
	var path certs.Path
	for _, purpose := range []certs.Purpose{certs.OfficialSigning, certs.PublicSigning} {
		path = s.Trust.Build(certs.PathRequest{Leaf: cert, Extra: c.key.Key.Chain(), Purpose: purpose, At: at})
		if path.OK() {
			break
		}
	}
	if !path.OK() {
		p := path.Problems[0]
		return "", refusal(RefusedCertificate, "the certificate of %q must not be used now (%s): %s", c.key.Holder, p.Code, p.Detail)
	}
	if s.Bind == nil {
		return "", refusal(RefusedBinding, "there is no directory to ask for the certificate's owner")
	}
	bound, ok := s.Bind(cert, at)
	if !ok || bound.Agency != c.key.AgencyCode || bound.Role != c.key.Role {
		return "", refusal(RefusedBinding, "the directory binds the certificate of %q to %s, want %s of %q", c.key.Holder, boundText(bound, ok), c.key.Role, c.key.AgencyCode)
	}
	return s.checkRevocation(ctx, c, path, at)
}

func boundText(b Binding, ok bool) string {
	if !ok {
		return "nobody"
	}
	return fmt.Sprintf("%q as %s", b.Agency, b.Role)
}

// checkOrder wants a valid personal signature of the agency before the agency's own.
func (s *Service) checkOrder(ctx context.Context, c *cleared, in Source, at time.Time, repair *pdf.Repair) error {
	report, err := s.look(ctx, c, in, at, repair)
	if err != nil {
		return err
	}
	for _, sig := range report.Signatures {
		if sig.Indication == TotalPassed && sig.Role == RolePersonal && sig.Binding == BindingBound && report.Verdict != VerdictInvalid {
			return nil
		}
	}
	if s.SealUnsigned != nil && s.SealUnsigned(c.key.Agency) {
		c.entries = append(c.entries, c.entry(at, "sign.order_relaxed"))
		c.warnings = append(c.warnings, "the agency signs although no valid personal signature of it is there: its policy allows that")
		return nil
	}
	return refusal(RefusedOrder, "the agency signs after the authorised person (Decree 30/2020, Art. 32, 33): the file is %s and carries no valid personal signature of %q", report.Verdict, c.key.AgencyCode)
}

// A watched remembers whether it was the time-stamping authority, or the writer,
// that failed: the rest is the file's or the request's.
type watched struct {
	io.Writer
	stamping, writing error
}

// stampers watches an authority, or each of several, so that who asks them can still
// tell them apart.
func (w *watched) stampers(by tsp.Stamper) tsp.Stamper {
	list, several := by.(TSAs)
	if !several {
		return watchedTSA{by, w}
	}
	out := make(TSAs, len(list))
	for i, one := range list {
		out[i] = watchedTSA{one, w}
	}
	return out
}

type watchedTSA struct {
	tsp.Stamper
	by *watched
}

func (t watchedTSA) Stamp(ctx context.Context, hash crypto.Hash, digest []byte) (*tsp.Token, error) {
	token, err := t.Stamper.Stamp(ctx, hash, digest)
	t.by.stamping = err
	return token, err
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		w.writing = err
	}
	return n, err
}

// engine signs, and tells whose failure it was.
func (s *Service) engine(ctx context.Context, in Source, c *cleared, opts SignOptions, out io.Writer) (*Signed, error) {
	w := &watched{Writer: out}
	if s.TSA != nil {
		opts.TSA = w.stampers(s.TSA)
	}
	if opts.Level.above(LevelBT) {
		opts.Trust, opts.Evidence = s.Trust, s.Evidence
	}
	signed, err := Sign(ctx, in, c.key.Key, opts, w)
	switch {
	case err == nil:
		return signed, nil
	case c.gate.failed() != nil:
		return nil, c.gate.failed()
	case ctx.Err() != nil, w.writing != nil:
		return nil, err
	case w.stamping != nil:
		return nil, refusal(RefusedTimeStamp, "the time-stamping authority did not answer as it should: %v", w.stamping)
	case errors.Is(err, ErrEvidence):
		return nil, refusal(RefusedEvidence, "%v", err)
	}
	return nil, refusal(RefusedFile, "%v", err)
}

// signAndCheck uses the key, and looks at the result as a stranger would before it
// may leave.
func (s *Service) signAndCheck(ctx context.Context, in Source, c *cleared, opts SignOptions, sink Sink) (*Signed, error) {
	signed, err := s.engine(ctx, in, c, opts, sink)
	if err != nil {
		return nil, err
	}
	return s.check(ctx, c, signed, opts.At, sink)
}

// check makes the result durable, and judges it.
func (s *Service) check(ctx context.Context, c *cleared, signed *Signed, at time.Time, sink Sink) (*Signed, error) {
	out, err := sink.Reopen(ctx, signed)
	if err != nil {
		return nil, fmt.Errorf("sign: keep the result: %w", err)
	}
	report, err := Validate(ctx, out, Options{At: at, Trust: s.Trust, Evidence: s.Evidence, Claim: &Claim{Agency: c.key.AgencyCode, Bind: s.Bind}})
	if err != nil {
		return nil, fmt.Errorf("sign: check the result: %w", err)
	}
	want := hex.EncodeToString(signed.Certificate[:])
	for _, sig := range report.Signatures {
		if sig.Field != signed.Field || sig.CertificateSHA256 != want {
			continue
		}
		// Above B-T the evidence follows the signature in revisions of its own.
		whole := sig.Coverage == CoverageWhole || signed.Revisions > 1 && sig.Coverage == CoverageRevision && sig.Changes == ChangesLTV
		if sig.Integrity != IntegrityIntact || sig.Indication == TotalFailed || !whole {
			return nil, fmt.Errorf("sign: check the result: signature %q is %s %s, %s: the file is not handed out", sig.Field, sig.Indication, sig.SubIndication, sig.Integrity)
		}
		return signed, s.crossCheck(ctx, c, out, signed)
	}
	return nil, fmt.Errorf("sign: check the result: signature %q is not found in it: the file is not handed out", signed.Field)
}
