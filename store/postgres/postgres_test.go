package postgres

import (
	"testing"

	"lienthong/exchange"
	"lienthong/internal/testpg"
	"lienthong/store/storetest"
)

func open(t testing.TB, dir string) exchange.Store {
	t.Helper()
	s, err := Open(t.Context(), testpg.Schema(t, dir), "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, open)
}
