//go:build cgo

package pkcs11

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"

	"github.com/miekg/pkcs11"

	"lienthong/certs/keys"
)

// maxSessions is how many signatures one token makes at a time. More than it
// allows itself are not opened; small tokens have one.
const maxSessions = 16

// A pool keeps sessions with a token that is logged in. One more than those that
// work stays open: the login ends with the last session.
type pool struct {
	module *module
	token  token
	anchor pkcs11.SessionHandle // holds the login

	slots chan struct{} // one for each session that may be in use

	mu     sync.Mutex
	free   []pkcs11.SessionHandle
	closed bool

	// Guarded by the module's lock. The PIN is kept salted and hashed, to be
	// compared when another key of the token is opened.
	loggedIn bool
	users    int // keys that are open
	salt     [16]byte
	pin      [sha256.Size]byte
}

func newPool(m *module, t token) (*pool, error) {
	anchor, err := m.ctx.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, err
	}
	size := uint(maxSessions)
	// 0 is "no limit", and the greatest number "not known"; the anchor is one.
	if limit := t.info.MaxSessionCount; limit > 1 && limit-1 < size {
		size = limit - 1
	}
	if t.info.MaxSessionCount == 1 {
		size = 1
	}
	p := &pool{module: m, token: t, anchor: anchor, slots: make(chan struct{}, size)}
	rand.Read(p.salt[:]) // never fails: crypto/rand ends the process rather
	return p, nil
}

var errClosed = fmt.Errorf("%w: its PKCS#11 module was closed or started anew: open the key again", keys.ErrTokenGone)

// with calls a function with a session that nobody else uses. A session in which
// something failed may be in the middle of an operation, and is not used again.
func (p *pool) with(use func(*pkcs11.Ctx, pkcs11.SessionHandle) error) error {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	session, err := p.take()
	if err != nil {
		return p.explain(err)
	}
	if err := use(p.module.ctx, session); err != nil {
		if session != p.anchor {
			_ = p.module.ctx.CloseSession(session) // the first error says more
		}
		return p.explain(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if session != p.anchor && !p.closed {
		p.free = append(p.free, session)
	}
	return nil
}

func (p *pool) take() (pkcs11.SessionHandle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return 0, errClosed
	case p.token.info.MaxSessionCount == 1:
		return p.anchor, nil // its slot is the only one
	case len(p.free) > 0:
		session := p.free[len(p.free)-1]
		p.free = p.free[:len(p.free)-1]
		return session, nil
	}
	return p.module.ctx.OpenSession(p.token.slot, pkcs11.CKF_SERIAL_SESSION)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed, p.free = true, nil
	_ = p.module.ctx.CloseAllSessions(p.token.slot) // of a token that is gone there are none
}

// gone are the answers of a module whose token was pulled. Some say only that a
// handle means nothing any more.
var gone = []pkcs11.Error{
	pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED, pkcs11.CKR_SLOT_ID_INVALID,
	pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_USER_NOT_LOGGED_IN,
	pkcs11.CKR_KEY_HANDLE_INVALID, pkcs11.CKR_OBJECT_HANDLE_INVALID,
}

// explain says of an error whether the token is still there.
func (p *pool) explain(err error) error {
	lost, failed := is(err, gone...), is(err, pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_FUNCTION_FAILED)
	if !lost && !failed {
		return err
	}
	now, missing := p.module.ctx.GetTokenInfo(p.token.slot)
	switch {
	case missing != nil || now.SerialNumber != p.token.info.SerialNumber:
		return fmt.Errorf("%w: %s (%v): plug it in and open the key again", keys.ErrTokenGone, p.token, err)
	case lost:
		return fmt.Errorf("%w: %s is there, but was taken out in the meantime, or logged out (%v): open the key again", keys.ErrTokenGone, p.token, err)
	}
	return err
}

// session returns the token's pool, logged in. A pool whose token was pulled in
// the meantime is made anew.
func (m *module) session(u uri, t token, secret keys.Secret) (*pool, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.pools[t.slot]
	if p != nil && !p.alive(t) {
		p.close()
		p = nil
	}
	if p == nil {
		var err error
		if p, err = newPool(m, t); err != nil {
			return nil, nil, fmt.Errorf("token %s: session: %w", t, err)
		}
	}
	pin, err := m.login(u, p, secret)
	if err != nil {
		if m.pools[t.slot] != p {
			p.close()
		}
		return nil, nil, fmt.Errorf("token %s: %w", t, err)
	}
	m.pools[t.slot] = p
	p.users++
	return p, pin, nil
}

// release ends one key's use of a pool. With the last one the token is logged out:
// from then on nothing in this process can sign with it.
func (p *pool) release() {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	if p.users--; p.users > 0 || !p.loggedIn {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return // its handles mean nothing, or another's sessions
	}
	_ = p.module.ctx.Logout(p.anchor) // of a token that is gone there is no login
	p.loggedIn, p.pin = false, [sha256.Size]byte{}
}

// restart starts a module anew whose tokens are all gone: some, SoftHSM among them,
// see one that was plugged in again only then. It reports whether it did.
func (m *module) restart() (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.stopped {
		if len(m.pools) == 0 {
			return false, nil
		}
		for _, p := range m.pools {
			if p.alive(p.token) {
				return false, nil
			}
		}
		m.stop()
	}
	// It may not start before the token is there.
	if err := m.ctx.Initialize(); err != nil && !is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return false, fmt.Errorf("%w: its PKCS#11 module %q does not start again: %v", keys.ErrNoToken, m.path, err)
	}
	m.stopped = false
	return true, nil
}

// stop ends a module when nobody is inside it any more.
func (m *module) stop() {
	for slot, p := range m.pools {
		p.close()
		for range cap(p.slots) {
			p.slots <- struct{}{}
		}
		for range cap(p.slots) {
			<-p.slots
		}
		delete(m.pools, slot)
	}
	_ = m.ctx.Finalize() // what cannot be ended is begun all the same
	m.stopped = true
}

// alive reports whether a pool's sessions are with the token that is there now.
func (p *pool) alive(t token) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.module.ctx.GetSessionInfo(p.anchor)
	if err == nil {
		_, err = p.module.ctx.GetTokenInfo(t.slot) // some keep the sessions of a token that is gone
	}
	return err == nil && !p.closed && p.token.info.SerialNumber == t.info.SerialNumber && p.token.info.Label == t.info.Label
}

// login presents the PIN. Where another key of the token has done so already, the
// token is not asked again, since a new login would end what that key signs with:
// the PIN must then be the same. It returns the PIN.
func (m *module) login(u uri, p *pool, secret keys.Secret) ([]byte, error) {
	if p.token.info.Flags&pkcs11.CKF_LOGIN_REQUIRED == 0 {
		return nil, nil
	}
	pin, err := u.pin(secret)
	if err != nil {
		return nil, err
	}
	pad := p.token.info.Flags&pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH != 0
	if pin == nil && !pad {
		return nil, errors.New("it wants a PIN: give a file with --password-file, or pin-source in the URI")
	}
	if p.loggedIn {
		if sum := p.salted(pin); subtle.ConstantTimeCompare(sum[:], p.pin[:]) == 0 {
			return nil, fmt.Errorf("wrong PIN (%w): not the one that opened it before; the token was not asked, no try is lost", keys.ErrWrongPassword)
		}
		return pin, nil
	}
	if err = m.ctx.Login(p.anchor, pkcs11.CKU_USER, string(pin)); is(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
		err = nil // by another part of this process
	}
	if err == nil {
		p.loggedIn, p.pin = true, p.salted(pin)
	}
	return pin, m.explainLogin(p.token, err)
}

func (p *pool) salted(pin []byte) [sha256.Size]byte {
	return sha256.Sum256(append(p.salt[:], pin...))
}

func (m *module) explainLogin(t token, err error) error {
	switch {
	case err == nil:
		return nil
	case is(err, pkcs11.CKR_PIN_LOCKED):
		return errors.New("its PIN is locked after too many wrong ones: unlock it with the token's own software")
	case is(err, pkcs11.CKR_PIN_EXPIRED):
		return errors.New("its PIN has expired: set a new one with the token's own software")
	case is(err, pkcs11.CKR_USER_PIN_NOT_INITIALIZED):
		return errors.New("it has no PIN yet: set one with the token's own software")
	case !is(err, pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE):
		return fmt.Errorf("login: %w", err)
	}
	left := "a token locks after a few wrong ones"
	if info, err := m.ctx.GetTokenInfo(t.slot); err == nil {
		switch {
		case info.Flags&pkcs11.CKF_USER_PIN_LOCKED != 0:
			left = "it is locked now"
		case info.Flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0:
			left = "ONE TRY IS LEFT before it locks"
		case info.Flags&pkcs11.CKF_USER_PIN_COUNT_LOW != 0:
			left = "few tries are left before it locks"
		}
	}
	return fmt.Errorf("wrong PIN (%w): %s", keys.ErrWrongPassword, left)
}
