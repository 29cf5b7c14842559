package testpki

import (
	"crypto"
	"sync"
	"testing"

	"lienthong/certs/dev"
)

// perKind is how many RSA keys of a size a process makes; after that they are
// used again. A test that needs two different keys gets them, and making them
// stays a small part of its time.
const perKind = 3

var (
	poolMu sync.Mutex
	pool   = make(map[dev.KeyKind][]crypto.Signer)
	taken  = make(map[dev.KeyKind]int)
)

// cachedKey returns a key of a kind. P-256 keys cost nothing and are always new.
func cachedKey(t testing.TB, kind dev.KeyKind) crypto.Signer {
	t.Helper()
	poolMu.Lock()
	defer poolMu.Unlock()
	if kind != dev.P256 && len(pool[kind]) >= perKind {
		taken[kind]++
		return pool[kind][taken[kind]%perKind]
	}
	key, err := dev.Generate(kind)
	if err != nil {
		t.Fatal(err)
	}
	if kind != dev.P256 {
		pool[kind] = append(pool[kind], key)
	}
	return key
}
