package keys

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
)

// ErrWrongPassword says that the secret does not open the file. Ask again.
var ErrWrongPassword = errors.New("wrong password")

// ErrUnknownScheme says that no opener is registered for the URI's scheme.
var ErrUnknownScheme = errors.New("unknown key scheme")

// ErrNoPKCS11 says that this binary cannot use hardware tokens.
var ErrNoPKCS11 = errors.New("built without PKCS#11 support")

// What can be wrong with a hardware token.
var (
	ErrNoToken   = errors.New("no such token") // not plugged in, or another label; the error lists those that are there
	ErrNoKey     = errors.New("no such key")   // the error lists those that are there
	ErrTokenGone = errors.New("the token is gone")
)

// A Secret returns the password or PIN of a key. It is called only where one is
// needed, at most once for each Open.
type Secret = func() ([]byte, error)

// An Opener opens the key that the rest of a URI, after "scheme:", names.
type Opener func(rest string, secret Secret) (Key, error)

var (
	openersMu sync.RWMutex
	openers   = map[string]Opener{"pkcs12": openPKCS12, "pem": openPEM}
)

// Register adds a scheme, such as "pkcs11". It panics if the scheme is taken:
// that is a mistake in the program, made before main begins.
func Register(scheme string, open Opener) {
	openersMu.Lock()
	defer openersMu.Unlock()
	if _, taken := openers[scheme]; taken {
		panic("keys: scheme " + scheme + " registered twice")
	}
	openers[scheme] = open
}

// Schemes lists the schemes that Open knows, sorted.
func Schemes() []string {
	openersMu.RLock()
	defer openersMu.RUnlock()
	names := make([]string, 0, len(openers))
	for name := range openers {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Open opens a key. The path after "pkcs12:" or "pem:" is a file name of the
// system, taken as it is (no percent-encoding), so that Windows paths work.
// Secret may be nil where the key needs none.
//
// Errors: [ErrWrongPassword], [ErrUnknownScheme], [ErrNoPKCS11], [ErrNoToken],
// [ErrNoKey], those of the file system, and others that name what is wrong with the file.
func Open(uri string, secret func() ([]byte, error)) (Key, error) {
	scheme, rest, found := strings.Cut(uri, ":")
	if !found || rest == "" {
		return nil, fmt.Errorf("keys: %q: want SCHEME:NAME with a scheme of %s: %w",
			redact(uri), strings.Join(Schemes(), ", "), ErrUnknownScheme)
	}
	openersMu.RLock()
	open, ok := openers[scheme]
	openersMu.RUnlock()
	switch {
	case ok:
		return open(rest, secret)
	case scheme == "pkcs11":
		return nil, fmt.Errorf("keys: %q: %w: use a build with it, or a pkcs12: file", redact(uri), ErrNoPKCS11)
	}
	return nil, fmt.Errorf("keys: scheme %q: %w, want one of %s", scheme, ErrUnknownScheme, strings.Join(Schemes(), ", "))
}

// redact drops the query of a URI, where RFC 7512 puts pin-value.
func redact(uri string) string {
	if at := strings.IndexByte(uri, '?'); at >= 0 {
		return uri[:at]
	}
	return uri
}

func schemeOf(uri string) string {
	scheme, _, _ := strings.Cut(uri, ":")
	return scheme
}
