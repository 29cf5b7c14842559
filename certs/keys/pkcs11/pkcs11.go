// Package pkcs11 opens keys on tokens and HSMs by URI (RFC 7512), through the
// PKCS #11 module of their maker. The private key never leaves the token.
//
//	pkcs11:token=UBND%20Ba%20H%C3%A0ng;object=dau?module-path=/usr/lib/softhsm/libsofthsm2.so
//
// It needs cgo, and is the only package that does. Built without, it reads URIs
// and says what it cannot do.
//
// A module is a library that runs inside this process: whoever writes the URI
// chooses the code. Take URIs from the operator, never from a message.
package pkcs11

import (
	"lienthong/certs/keys"
)

// Opener returns what opens keys under "pkcs11:", for keys.Register. Module
// returns the path of the PKCS #11 library for URIs that name none with
// module-path; it may be nil or return "".
//
// The PIN comes from the URI's pin-source (a file) or, without one, from the
// secret; a URI with pin-value is refused, since a process's arguments are no
// secret. A wrong PIN is tried once: tokens lock after a few.
//
// Errors: those that keys.Open lists.
func Opener(module func() string) keys.Opener {
	return func(rest string, secret keys.Secret) (keys.Key, error) {
		u, err := parseURI(rest)
		if err != nil {
			return nil, err
		}
		if u.module == "" && module != nil {
			u.module = module()
		}
		return open(u, secret)
	}
}
