//go:build cgo

package main

import (
	"os"

	"lienthong/certs/keys"
	"lienthong/certs/keys/pkcs11"
)

// Keys on tokens: the module is named by the URI, or by the environment, since it
// is a matter of the machine and not of the key.
func init() {
	keys.Register("pkcs11", pkcs11.Opener(func() string { return os.Getenv("LIENTHONG_PKCS11_MODULE") }))
}
