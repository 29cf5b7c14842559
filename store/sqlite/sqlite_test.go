package sqlite

import (
	"path/filepath"
	"testing"

	"lienthong/exchange"
	"lienthong/store/storetest"
)

func open(t testing.TB, dir string) exchange.Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(dir, "node.db"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, open)
}
