package exchange

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

// wrongLimit is how many wrong secrets in a row suspend a key: tokens lock after a few
// themselves, and then need their maker's software.
const wrongLimit = 3

// A KeyRequest names a key of an agency, for what is done with it.
type KeyRequest struct {
	Agency string // id or code
	Key    string // id, or for SuspendKey and ResumeKey "certificate:" and the SHA-256 of one
	Reason string // of a suspension, for people
	Admin  bool   // the actor runs the node
}

// SigningKeys lists the keys of an agency (id or code) with their states: those that
// a principal may use, or all where it is empty.
func (s *Service) SigningKeys(ctx context.Context, principal, agency string) ([]signer.KeyStatus, error) {
	a, err := s.agencyOf(agency)
	if err != nil || s.cfg.Signing == nil {
		return nil, err
	}
	return s.cfg.Signing.Statuses(ctx, a.ID, principal)
}

// KeySuspended is what the door to the keys asks before a key is used: NewNode puts it
// there.
func (n *Node) KeySuspended(ctx context.Context, key string) (string, bool, error) {
	state, err := n.cfg.Store.KeyState(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return "", false, nil
	}
	if err != nil || state.Suspended == 0 {
		return "", false, err
	}
	return fmt.Sprintf("since %s, by %s: %s", timeText(state.Suspended), state.By, first(state.Reason, "no reason given")), true, nil
}

// KeyTurn is what the door to the keys asks besides: whether a key that is open here was closed
// at another process of this node. NewNode puts it there.
func (n *Node) KeyTurn(ctx context.Context, key string) (uint64, error) {
	state, err := n.cfg.Store.KeyState(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return state.Turn, err
}

func (s *Service) keyState(ctx context.Context, agency, key string) (KeyState, error) {
	state, err := s.cfg.Store.KeyState(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return KeyState{Key: key, Agency: agency}, nil
	}
	return state, err
}

// keyAgency finds the agency of a request, where this node signs at all.
func (s *Service) keyAgency(req KeyRequest) (envelope.Agency, error) {
	if s.cfg.Signing == nil {
		return envelope.Agency{}, fail(Unavailable, "NO_KEYS", "this node has no signing keys")
	}
	return s.agencyOf(req.Agency)
}

// ActivateKey opens a key for a while with its PIN or password, which is overwritten.
// Wrong ones are counted over restarts; three in a row suspend the key.
func (s *Service) ActivateKey(ctx context.Context, actor journal.Actor, req KeyRequest, secret []byte) (signer.KeyStatus, error) {
	defer clear(secret)
	a, err := s.keyAgency(req)
	if err != nil {
		return signer.KeyStatus{}, err
	}
	status, err := s.cfg.Signing.Activate(ctx, actor, a.ID, req.Key, secret)
	var refused *signer.Refusal
	if errors.As(err, &refused) && refused.Reason == signer.RefusedSecret {
		return status, s.wrongSecret(ctx, actor, a.ID, req.Key, refused)
	}
	if err != nil {
		return status, signError(err)
	}
	s.activated.Store(true)
	err = s.decide(ctx, func() error {
		state, err := s.keyState(ctx, a.ID, req.Key)
		if err != nil {
			return err
		}
		d := s.draft(actor)
		if state.Wrong > 0 || state.Turn%2 == 0 {
			state.Wrong, state.Turn = 0, state.Turn|1
			d.change.KeyStates = []KeyState{state}
		}
		d.entry(a.ID, "key.activate", req.Key, "until="+timeText(status.Until.UnixMicro()))
		if _, err = s.commit(ctx, d.change); err == nil {
			s.cfg.Signing.Opened(req.Key, state.Turn)
		}
		return err
	})
	if err != nil {
		// What cannot be journalled is not done.
		s.cfg.Signing.Deactivate(req.Key)
		return signer.KeyStatus{}, storeError(err)
	}
	return status, nil
}

// wrongSecret counts, and suspends the key at the limit.
func (s *Service) wrongSecret(ctx context.Context, actor journal.Actor, agency, key string, refused *signer.Refusal) error {
	text := refused.Text
	err := s.decide(ctx, func() error {
		state, err := s.keyState(ctx, agency, key)
		if err != nil {
			return err
		}
		d := s.draft(actor)
		state.Wrong++
		e := d.entry(agency, "key.activate", key, fmt.Sprintf("wrong=%d", state.Wrong))
		d.change.Entries[e].Outcome = refused.Reason
		if state.Wrong >= wrongLimit && state.Suspended == 0 {
			state.Suspended, state.By, state.Reason = s.now(), journal.System.Principal, fmt.Sprintf("%d wrong PINs in a row", state.Wrong)
			state.Turn += state.Turn % 2
			d.entry(agency, "key.suspend", key, fmt.Sprintf("wrong=%d", state.Wrong))
			text = refused.Text + fmt.Sprintf("; it was the %dth in a row, and the key is suspended now: an administrator resumes it", state.Wrong)
		}
		d.change.KeyStates = []KeyState{state}
		_, err = s.commit(ctx, d.change)
		return err
	})
	if err != nil {
		return storeError(err)
	}
	return fail(Precondition, refused.Reason, "%s", text)
}

// DeactivateKey closes a key that people opened, at whatever process of this node: another
// finds that its turn is over when the key is to be used. A repeat is no error.
func (s *Service) DeactivateKey(ctx context.Context, actor journal.Actor, req KeyRequest) error {
	a, err := s.keyAgency(req)
	if err != nil {
		return err
	}
	entry, ok := s.cfg.Signing.Entry(a.ID, req.Key)
	if !ok || !req.Admin && !entry.May(actor.Principal) {
		return noKey(req.Key)
	}
	s.cfg.Signing.Deactivate(req.Key) // also where the store cannot keep it
	return storeError(s.decide(ctx, func() error {
		state, err := s.keyState(ctx, a.ID, req.Key)
		if err != nil || state.Turn%2 == 0 {
			return err
		}
		d := s.draft(actor)
		state.Turn++
		d.change.KeyStates = []KeyState{state}
		d.entry(a.ID, "key.deactivate", req.Key, "")
		_, err = s.commit(ctx, d.change)
		return err
	}))
}

func noKey(key string) error {
	return fail(NotFound, signer.RefusedKey, "no key %.80q of this agency that you may use", key)
}

// SuspendKey stops a key at once, and until an administrator resumes it: signatures,
// preparations that are not complete, activation. Its principals may, and those who
// run the node; a certificate whose key is elsewhere may be suspended by the signers
// of its agency. A repeat is no error.
func (s *Service) SuspendKey(ctx context.Context, actor journal.Actor, req KeyRequest) error {
	a, err := s.keyAgency(req)
	if err != nil {
		return err
	}
	if len([]rune(req.Reason)) > maxNameLength || !plainText(req.Reason) {
		return &Error{Code: Invalid, Reason: "BAD_FIELD", Text: "the key was not suspended",
			Fields: []Field{{"reason", "BAD_FIELD", fmt.Sprintf("want at most %d characters on one line", maxNameLength)}}}
	}
	if err := s.maySuspend(actor, a.ID, req); err != nil {
		return err
	}
	err = s.decide(ctx, func() error {
		state, err := s.keyState(ctx, a.ID, req.Key)
		if err != nil || state.Suspended != 0 {
			return err
		}
		d := s.draft(actor)
		// The same key must not sign by another door: a card that is the node's key may
		// have been used for preparations too.
		if entry, ok := s.cfg.Signing.Entry(a.ID, req.Key); ok {
			if cert := s.cfg.Signing.CertificateOf(entry); cert != nil {
				state.Certificate = envelope.Sum(cert.Raw)
				if err := d.suspendCertificate(ctx, a.ID, signer.CertificateName(cert), req.Reason); err != nil {
					return err
				}
			}
		}
		state.Suspended, state.By, state.Reason = s.now(), actor.Principal, req.Reason
		state.Turn += state.Turn % 2 // closed, also where it is open at another process
		d.change.KeyStates = append(d.change.KeyStates, state)
		d.entry(a.ID, "key.suspend", req.Key, "")
		_, err = s.commit(ctx, d.change)
		return err
	})
	// Also where the store could not keep it: what is open is closed.
	s.cfg.Signing.Deactivate(req.Key)
	return storeError(err)
}

func (d *draft) suspendCertificate(ctx context.Context, agency, name, reason string) error {
	state, err := d.node.cfg.Store.KeyState(ctx, name)
	switch {
	case errors.Is(err, ErrNotFound):
		state = KeyState{Key: name, Agency: agency}
	case err != nil || state.Suspended != 0:
		return err
	}
	state.Suspended, state.By, state.Reason = d.node.now(), d.actor.Principal, reason
	d.change.KeyStates = append(d.change.KeyStates, state)
	d.entry(agency, "key.suspend", name, "")
	return nil
}

func (s *Service) maySuspend(actor journal.Actor, agency string, req KeyRequest) error {
	if hex, ok := strings.CutPrefix(req.Key, "certificate:"); ok {
		digest, err := envelope.ParseDigest(hex)
		if err != nil || !s.Directory().bound(digest, agency) {
			return fail(NotFound, signer.RefusedKey, "the directory names no certificate %.80q of this agency", hex)
		}
		return nil
	}
	entry, ok := s.cfg.Signing.Entry(agency, req.Key)
	if !ok || !req.Admin && !entry.May(actor.Principal) {
		return noKey(req.Key)
	}
	return nil
}

// bound reports whether a certificate is, or was, one of an agency (id).
func (d *Directory) bound(digest envelope.Digest, agency string) bool {
	for _, b := range d.bindings[digest] {
		if b.agency.ID == agency {
			return true
		}
	}
	return false
}

// ResumeKey ends a suspension, and forgets wrong secrets. The door lets administrators
// in alone. A repeat is no error.
func (s *Service) ResumeKey(ctx context.Context, actor journal.Actor, req KeyRequest) error {
	a, err := s.keyAgency(req)
	if err != nil {
		return err
	}
	if !req.Admin {
		return fail(Denied, "FORBIDDEN", "a suspended key is resumed by an administrator of the node")
	}
	return storeError(s.decide(ctx, func() error {
		state, err := s.cfg.Store.KeyState(ctx, req.Key)
		if errors.Is(err, ErrNotFound) || err == nil && state.Agency != a.ID {
			return noKey(req.Key)
		}
		if err != nil || state.Suspended == 0 {
			return err
		}
		d := s.draft(actor)
		if !state.Certificate.IsZero() {
			with, err := s.cfg.Store.KeyState(ctx, "certificate:"+state.Certificate.String())
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if with.Suspended != 0 {
				d.resume(with)
			}
		}
		d.resume(state)
		_, err = s.commit(ctx, d.change)
		return err
	}))
}

func (d *draft) resume(state KeyState) {
	d.entry(state.Agency, "key.resume", state.Key, "since="+timeText(state.Suspended))
	state.Suspended, state.By, state.Reason, state.Wrong, state.Certificate = 0, "", "", 0, envelope.Digest{}
	d.change.KeyStates = append(d.change.KeyStates, state)
}

// expireKeys closes keys whose time is over.
func (n *Node) expireKeys(ctx context.Context) error {
	if !n.activated.Load() {
		return nil
	}
	for _, k := range n.cfg.Signing.Expire() {
		if err := n.Record(ctx, n.entry(journal.System, k.Agency, "key.expired", k.ID, "")); err != nil {
			return err
		}
	}
	return nil
}
