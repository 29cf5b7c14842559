package signer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"lienthong/certs/keys"
	"lienthong/journal"
)

// DefaultKeyLife is how long a key stays open that a person opened.
const DefaultKeyLife = 30 * time.Minute

// Reasons of a Refusal that are about the key.
const (
	RefusedInactive    = "KEY_NOT_ACTIVE"
	RefusedSuspended   = "KEY_SUSPENDED"
	RefusedUnavailable = "KEY_UNAVAILABLE" // the token is gone, or does not sign
	RefusedSecret      = "WRONG_SECRET"
	RefusedSameSecret  = "WRONG_SECRET_AGAIN" // it was wrong before, and the key was not asked
	RefusedUnattended  = "KEY_UNATTENDED"     // it is open, and nobody has to open it
)

// A KeyUse says whether a key can be used now.
type KeyUse string

const (
	KeyUnattended  KeyUse = "unattended" // opened with a PIN from a file
	KeyActive      KeyUse = "active"     // opened by a person, for a while
	KeyInactive    KeyUse = "inactive"   // waits for a person to open it
	KeySuspended   KeyUse = "suspended"
	KeyUnavailable KeyUse = "unavailable" // its token was not there when it was last asked
)

// A KeyStatus is a key and its state. Key is nil where it is not open.
type KeyStatus struct {
	KeyEntry
	Use    KeyUse
	Until  time.Time // of KeyActive
	By     string    // who opened it
	Reason string    // of KeySuspended and KeyUnavailable
}

// CertificateName is the name by which a key is suspended that is elsewhere.
func CertificateName(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return "certificate:" + hex.EncodeToString(sum[:])
}

// A keyring holds the keys that people have opened, and what is known of tokens.
type keyring struct {
	opening sync.Mutex // held while a token is asked, which may take long; taken before mu

	mu     sync.Mutex
	open   map[string]*opened
	known  map[string]*x509.Certificate // of keys that were open before
	broken map[string]error             // why an unattended key is closed

	// Guarded by opening.
	salt  [16]byte
	wrong map[string][]([sha256.Size]byte) // secrets that were wrong, salted, for the latest few
}

type opened struct {
	key   keys.Key
	by    string
	until time.Time
	turn  uint64 // of the key, at which a person opened it
}

// maxWrong is how many wrong secrets of a key are remembered.
const maxWrong = 16

// Entry finds a key by its id, of an agency (id), whoever may use it.
func (s *Service) Entry(agency, id string) (KeyEntry, bool) {
	i := slices.IndexFunc(s.Keys, func(k KeyEntry) bool { return k.ID == id && k.Agency == agency })
	if i < 0 {
		return KeyEntry{}, false
	}
	return s.Keys[i], true
}

// May reports whether a principal is one of those named for the key.
func (k KeyEntry) May(principal string) bool { return slices.Contains(k.Principals, principal) }

func (s *Service) own(actor journal.Actor, agency, id string) (KeyEntry, error) {
	entry, ok := s.Entry(agency, id)
	if !ok || !entry.May(actor.Principal) {
		return KeyEntry{}, refusal(RefusedKey, "no key %.80q of this agency that %q may use", id, actor.Principal)
	}
	return entry, nil
}

// usable finds a key that may be used now, behind a gate that asks once more when it
// is about to be used.
func (s *Service) usable(ctx context.Context, actor journal.Actor, agency, id string) (KeyEntry, *gate, error) {
	entry, err := s.own(actor, agency, id)
	if err != nil {
		return entry, nil, err
	}
	if err := s.checkSuspended(ctx, entry.ID); err != nil {
		return entry, nil, err
	}
	if err := s.checkTurn(ctx, entry); err != nil {
		return entry, nil, err
	}
	key, err := s.keyOf(entry)
	if err != nil {
		return entry, nil, err
	}
	if err := s.checkSuspended(ctx, CertificateName(key.Certificate())); err != nil {
		return entry, nil, err
	}
	g := &gate{service: s, entry: entry, ctx: ctx}
	entry.Key = gated{key, g}
	return entry, g, nil
}

// keyOf gives the open key of an entry.
func (s *Service) keyOf(entry KeyEntry) (keys.Key, error) {
	key, again, err := s.openKey(entry)
	if !again {
		return key, err
	}
	s.ring.opening.Lock()
	defer s.ring.opening.Unlock()
	if key, again, err = s.openKey(entry); !again { // another was faster
		return key, err
	}
	key, err = entry.Reopen()
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if err != nil {
		s.ring.fail(entry.ID, err)
		return nil, refusal(RefusedUnavailable, "key %q cannot be used: %v", entry.ID, err)
	}
	delete(s.ring.broken, entry.ID)
	s.ring.put(entry.ID, &opened{key: key})
	return key, nil
}

// openKey gives the open key of an entry, or says whether it may be opened again.
func (s *Service) openKey(entry KeyEntry) (key keys.Key, again bool, err error) {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if o := s.ring.open[entry.ID]; o != nil && (o.until.IsZero() || s.Now().Before(o.until)) {
		return o.key, false, nil
	}
	switch broken := s.ring.broken[entry.ID]; {
	case entry.Open != nil:
		return nil, false, refusal(RefusedInactive, "key %q is not active: one of its users gives its PIN first: lienthong key activate %s", entry.ID, entry.ID)
	case entry.Key != nil && broken == nil:
		return entry.Key, false, nil
	case entry.Reopen == nil || errors.Is(broken, keys.ErrWrongPassword):
		return nil, false, refusal(RefusedUnavailable, "key %q cannot be used: %v", entry.ID, broken)
	}
	return nil, true, nil
}

func (r *keyring) put(id string, o *opened) {
	if r.open == nil {
		r.open, r.known = make(map[string]*opened), make(map[string]*x509.Certificate)
	}
	r.open[id], r.known[id] = o, o.key.Certificate()
}

func (r *keyring) fail(id string, err error) {
	if r.broken == nil {
		r.broken = make(map[string]error)
	}
	r.broken[id] = err
	delete(r.open, id)
}

// Broken notes that an unattended key could not be opened at the start. It is tried
// again when it is used.
func (s *Service) Broken(id string, err error) {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	s.ring.fail(id, err)
}

// checkSuspended refuses if a key is suspended under any of its names.
func (s *Service) checkSuspended(ctx context.Context, names ...string) error {
	if s.Suspended == nil {
		return nil
	}
	for _, name := range names {
		reason, suspended, err := s.Suspended(ctx, name)
		if err != nil {
			return fmt.Errorf("sign: ask whether key %q is suspended: %w", name, err)
		}
		if suspended {
			return refusal(RefusedSuspended, "key %q is suspended: %s", name, reason)
		}
	}
	return nil
}

// namesOf are the names under which the key of a certificate may be suspended: its
// own, and the ids of keys of this node that have the same public key.
func (s *Service) namesOf(cert *x509.Certificate) []string {
	names := []string{CertificateName(cert)}
	for _, k := range s.Keys {
		own := s.CertificateOf(k)
		if own != nil && string(own.RawSubjectPublicKeyInfo) == string(cert.RawSubjectPublicKeyInfo) {
			names = append(names, k.ID)
		}
	}
	return names
}

// CertificateOf is the certificate of a key, or nil where it was not open since the
// node was started, and nobody knows it.
func (s *Service) CertificateOf(k KeyEntry) *x509.Certificate {
	if k.Key != nil {
		return k.Key.Certificate()
	}
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	return s.ring.known[k.ID]
}

// Activate opens a key for a while with the secret that one of its principals gives,
// which is overwritten. A wrong one is a [RefusedSecret]; the same one again is
// a [RefusedSameSecret], without asking: a token locks after a few.
func (s *Service) Activate(ctx context.Context, actor journal.Actor, agency, id string, secret []byte) (KeyStatus, error) {
	defer clear(secret)
	entry, err := s.own(actor, agency, id)
	if err != nil {
		return KeyStatus{}, err
	}
	if entry.Open == nil {
		return KeyStatus{}, refusal(RefusedUnattended, "key %q is opened by the node itself, and needs no activation", id)
	}
	if err := s.checkSuspended(ctx, id); err != nil {
		return KeyStatus{}, err
	}
	turn := uint64(0)
	if s.Turn != nil {
		if turn, err = s.Turn(ctx, id); err != nil {
			return KeyStatus{}, fmt.Errorf("sign: ask for the turn of key %q: %w", id, err)
		}
	}
	s.ring.opening.Lock()
	defer s.ring.opening.Unlock()
	sum := s.ring.salted(secret)
	if slices.Contains(s.ring.wrong[id], sum) {
		return KeyStatus{}, refusal(RefusedSameSecret, "the PIN or password of key %q is wrong: it is the one that was wrong before; the key was not asked", id)
	}
	key, err := entry.Open(secret)
	if errors.Is(err, keys.ErrWrongPassword) {
		s.ring.remember(id, sum)
		return KeyStatus{}, refusal(RefusedSecret, "the PIN or password of key %q is wrong: %v", id, err)
	}
	if err != nil {
		return KeyStatus{}, refusal(RefusedUnavailable, "key %q cannot be opened: %v", id, err)
	}
	delete(s.ring.wrong, id)
	o := &opened{key: key, by: actor.Principal, until: s.Now().Add(s.keyLife()), turn: turn | 1}
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if old := s.ring.open[id]; old != nil {
		_ = keys.Close(old.key)
	}
	s.ring.put(id, o)
	entry.Key = key
	return KeyStatus{KeyEntry: entry, Use: KeyActive, Until: o.until, By: o.by}, nil
}

func (s *Service) keyLife() time.Duration {
	if s.KeyLife > 0 {
		return s.KeyLife
	}
	return DefaultKeyLife
}

func (r *keyring) salted(secret []byte) [sha256.Size]byte {
	if r.salt == [16]byte{} {
		rand.Read(r.salt[:]) // never fails: crypto/rand ends the process rather
	}
	h := sha256.New()
	h.Write(r.salt[:])
	h.Write(secret)
	return [sha256.Size]byte(h.Sum(nil))
}

func (r *keyring) remember(id string, sum [sha256.Size]byte) {
	if r.wrong == nil {
		r.wrong = make(map[string][][sha256.Size]byte)
	}
	if r.wrong[id] = append(r.wrong[id], sum); len(r.wrong[id]) > maxWrong {
		r.wrong[id] = r.wrong[id][1:]
	}
}

// Opened says at which turn of its key a person opened what is open, as the store has it.
func (s *Service) Opened(id string, turn uint64) {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if o := s.ring.open[id]; o != nil {
		o.turn = turn
	}
}

// checkTurn closes a key that a person has opened here, and closed at another process since.
func (s *Service) checkTurn(ctx context.Context, entry KeyEntry) error {
	s.ring.mu.Lock()
	o := s.ring.open[entry.ID]
	s.ring.mu.Unlock()
	if s.Turn == nil || o == nil || o.until.IsZero() {
		return nil
	}
	turn, err := s.Turn(ctx, entry.ID)
	if err != nil {
		return fmt.Errorf("sign: ask whether key %q was closed: %w", entry.ID, err)
	}
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if s.ring.open[entry.ID] == o && turn > o.turn {
		delete(s.ring.open, entry.ID)
		_ = keys.Close(o.key) // the token may be gone
	}
	return nil
}

// Deactivate closes a key that a person opened, and reports whether it was open.
func (s *Service) Deactivate(id string) bool {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	o := s.ring.open[id]
	if o == nil || o.until.IsZero() {
		return false
	}
	delete(s.ring.open, id)
	_ = keys.Close(o.key) // the token may be gone
	return true
}

// Expire closes the keys whose time is over, and lists them.
func (s *Service) Expire() []KeyEntry {
	var out []KeyEntry
	for _, k := range s.Keys {
		s.ring.mu.Lock()
		o := s.ring.open[k.ID]
		over := o != nil && !o.until.IsZero() && !s.Now().Before(o.until)
		s.ring.mu.Unlock()
		if over && s.Deactivate(k.ID) {
			out = append(out, k)
		}
	}
	return out
}

// Statuses lists the keys of an agency (id) with their states; only those that a
// principal may use, unless it is empty.
func (s *Service) Statuses(ctx context.Context, agency, principal string) ([]KeyStatus, error) {
	var out []KeyStatus
	for _, k := range s.Keys {
		if k.Agency != agency || principal != "" && !k.May(principal) {
			continue
		}
		status, err := s.status(ctx, k)
		if err != nil {
			return nil, err
		}
		out = append(out, status)
	}
	return out, nil
}

func (s *Service) status(ctx context.Context, entry KeyEntry) (KeyStatus, error) {
	out := KeyStatus{KeyEntry: entry, Use: KeyUnattended}
	if err := s.checkTurn(ctx, entry); err != nil {
		return out, err
	}
	s.ring.mu.Lock()
	o, broken := s.ring.open[entry.ID], s.ring.broken[entry.ID]
	s.ring.mu.Unlock()
	switch {
	case o != nil && !o.until.IsZero() && s.Now().Before(o.until):
		out.Key, out.Use, out.Until, out.By = o.key, KeyActive, o.until, o.by
	case entry.Open != nil:
		out.Use = KeyInactive
	case broken != nil:
		out.Use, out.Reason = KeyUnavailable, broken.Error()
	case o != nil:
		out.Key = o.key
	}
	names := []string{entry.ID}
	if out.Key != nil {
		names = append(names, CertificateName(out.Key.Certificate()))
	}
	err := s.checkSuspended(ctx, names...)
	var refused *Refusal
	if errors.As(err, &refused) {
		out.Use, out.Reason, err = KeySuspended, refused.Text, nil
	}
	return out, err
}
