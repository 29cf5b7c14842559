//go:build !cgo

package pkcs11

import (
	"fmt"

	"lienthong/certs/keys"
)

func open(u uri, _ keys.Secret) (keys.Key, error) {
	return nil, fmt.Errorf("keys: %q: %w: use a build with it, or a pkcs12: file", u, keys.ErrNoPKCS11)
}

// Close does nothing: no module is open.
func Close() {}
