package store_test

import (
	"net/url"
	"path/filepath"
	"testing"

	"lienthong/exchange"
	"lienthong/internal/testpg"
	"lienthong/store"
	"lienthong/store/storetest"
)

// BenchmarkTake compares the stores in one run on one machine. With PostgreSQL, server
// and client share it.
func BenchmarkTake(b *testing.B) {
	for _, kind := range []struct {
		name string
		at   func(b testing.TB, dir string) string
	}{
		{"sqlite", func(_ testing.TB, dir string) string { return "sqlite:" + dir }},
		{"postgres", func(b testing.TB, dir string) string {
			u, err := url.Parse(testpg.Schema(b, dir))
			if err != nil {
				b.Fatal(err)
			}
			q := u.Query()
			q.Set("blobs", filepath.Join(dir, "blobs"))
			u.RawQuery = q.Encode()
			return u.String()
		}},
	} {
		b.Run(kind.name, func(b *testing.B) {
			storetest.Bench(b, func(b testing.TB, dir string) exchange.Store {
				rows, _, err := store.Open(b.Context(), kind.at(b, dir))
				if err != nil {
					b.Fatal(err)
				}
				return rows
			})
		})
	}
}
