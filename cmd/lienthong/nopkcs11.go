//go:build !cgo

package main

import (
	"lienthong/certs/keys"
	"lienthong/certs/keys/pkcs11"
)

// Without cgo the URI is read all the same, so that a PIN in it is refused, and
// the answer is that this build cannot open it.
func init() { keys.Register("pkcs11", pkcs11.Opener(nil)) }
