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
func BenchmarkTake(b *testing.B) { each(b, storetest.Bench) }

// BenchmarkErase is what it costs to let go of 100,000 letters that passed through.
func BenchmarkErase(b *testing.B) { each(b, storetest.BenchErase) }

// each measures both kinds of store.
func each(b *testing.B, bench func(*testing.B, storetest.Opener)) {
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
			bench(b, func(b testing.TB, dir string) exchange.Store {
				rows, _, err := store.Open(b.Context(), kind.at(b, dir))
				if err != nil {
					b.Fatal(err)
				}
				return rows
			})
		})
	}
}
