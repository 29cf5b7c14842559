package journal_test

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"lienthong/journal"
)

func TestEdge(t *testing.T) {
	t.Parallel()
	var e journal.Edge
	var all []tlog.Hash
	r := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, n := range indexes {
			out[i] = all[n]
		}
		return out, nil
	})
	for n := range int64(300) {
		root, err := journal.Root(uint64(n), r)
		if err != nil || e.Root() != root {
			t.Fatalf("root of %d leaves is %x, want %x, %v", n, e.Root(), root, err)
		}
		loaded, err := journal.LoadEdge(uint64(n), root, r)
		if err != nil || loaded.Root() != root || loaded.Size() != uint64(n) {
			t.Fatalf("the edge of %d leaves is loaded with %d, root %x, %v; want %x", n, loaded.Size(), loaded.Root(), err, root)
		}
		if n%3 == 0 {
			e = loaded // grows on as the other would
		}
		if _, err := journal.LoadEdge(uint64(n), tlog.Hash{}, r); err == nil {
			t.Fatalf("the edge of %d leaves was loaded for another root", n)
		}
		leaf := fmt.Appendf(nil, "leaf %d", n)
		want, err := tlog.StoredHashes(n, leaf, r)
		if err != nil {
			t.Fatal(err)
		}
		got := e.Add(tlog.RecordHash(leaf))
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("leaf %d stores %v, want %v", n, got, want)
		}
		all = append(all, got...)
	}
}
