//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/miekg/pkcs11"

	"lienthong/certs/keys"
)

// A module is a library of a token's maker, loaded once for a process: it may be
// initialised once only, and its logins count for all.
type module struct {
	path string
	ctx  *pkcs11.Ctx

	mu      sync.Mutex // guards login: two at a time would count as two tries
	pools   map[uint]*pool
	stopped bool // it was to start anew, and did not yet
}

var (
	modulesMu sync.Mutex
	modules   = make(map[string]*module)
)

// load returns a module, loaded.
func load(path string) (*module, error) {
	modulesMu.Lock()
	defer modulesMu.Unlock()
	if m := modules[path]; m != nil {
		return m, nil
	}
	// A bare name is looked for by the system, as any library is.
	if strings.ContainsAny(path, `/\`) {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("PKCS#11 module: %w: install the token's software, or name its library by module-path", err)
		}
	}
	ctx := pkcs11.New(path)
	if ctx == nil {
		return nil, fmt.Errorf("PKCS#11 module %q cannot be loaded: want a PKCS#11 library for this system and processor", path)
	}
	if err := ctx.Initialize(); err != nil && !is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		ctx.Destroy()
		return nil, fmt.Errorf("PKCS#11 module %q does not start: %w", path, err)
	}
	modules[path] = &module{path: path, ctx: ctx, pools: make(map[uint]*pool)}
	return modules[path], nil
}

// Close logs out of all tokens and unloads all modules. Keys that are open cannot
// sign any more. Nothing may be signing.
func Close() {
	modulesMu.Lock()
	defer modulesMu.Unlock()
	for path, m := range modules {
		m.mu.Lock()
		for _, p := range m.pools {
			p.close()
		}
		m.mu.Unlock()
		_ = m.ctx.Finalize() // a module that cannot is unloaded all the same
		m.ctx.Destroy()
		delete(modules, path)
	}
}

// A token is what is in a slot.
type token struct {
	slot uint
	info pkcs11.TokenInfo
}

func (t token) label() string { return trim(t.info.Label) }

func (t token) String() string {
	return fmt.Sprintf("%q (serial %s, slot %d)", t.label(), trim(t.info.SerialNumber), t.slot)
}

// trim takes the padding off a field of a token's information.
func trim(s string) string { return strings.TrimRight(s, " \x00") }

// find returns the one token that a URI names.
func (m *module) find(u uri) (token, error) {
	slots, err := m.ctx.GetSlotList(true)
	if err != nil {
		return token{}, fmt.Errorf("PKCS#11 module %q: list of tokens: %w", m.path, err)
	}
	var fitting, others []token
	for _, slot := range slots {
		info, err := m.ctx.GetTokenInfo(slot)
		if err != nil {
			continue // pulled between the two calls, or not recognised
		}
		t := token{slot, info}
		switch {
		case info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0:
		case u.names(t):
			fitting = append(fitting, t)
		default:
			others = append(others, t)
		}
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		return token{}, fmt.Errorf("%w: %d tokens fit, say which by serial or slot-id: %s", keys.ErrNoToken, len(fitting), join(fitting))
	case len(others) > 0:
		return token{}, fmt.Errorf("%w; there are: %s", keys.ErrNoToken, join(others))
	}
	return token{}, fmt.Errorf("%w: none at all is there, by module %q: plug it in", keys.ErrNoToken, m.path)
}

// names reports whether a URI names a token.
func (u uri) names(t token) bool {
	same := func(want, have string) bool { return want == "" || want == trim(have) }
	return same(u.token, t.info.Label) && same(u.serial, t.info.SerialNumber) && same(u.manufacturer, t.info.ManufacturerID) &&
		same(u.model, t.info.Model) && (u.slot < 0 || uint(u.slot) == t.slot)
}

func join(tokens []token) string {
	const most = 10
	var names []string
	for _, t := range tokens[:min(len(tokens), most)] {
		names = append(names, t.String())
	}
	if len(tokens) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// is reports whether a module answered one of these codes.
func is(err error, codes ...pkcs11.Error) bool {
	var found pkcs11.Error
	if !errors.As(err, &found) {
		return false
	}
	for _, code := range codes {
		if found == code {
			return true
		}
	}
	return false
}
