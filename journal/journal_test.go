package journal

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var sample = Entry{Time: 1795255200000000, Actor: Actor{Principal: "van-thu", Staff: "cb-17"}, Agency: "ba-hang",
	Action: "statement.submitted", Object: strings.Repeat("ab", 32), Detail: "origin=ward letter=0192 recipient=pho-yen", Outcome: OutcomeOK}

// The bytes of a leaf are hashed for ever: this test never changes, but gets rows.
func TestLeafBytes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		entry Entry
		want  string
	}{
		{"all fields", sample, `{"v":1,"time":1795255200000000,"actor":"van-thu","staff":"cb-17","agency":"ba-hang","action":"statement.submitted","object":"` +
			strings.Repeat("ab", 32) + `","detail":"origin=ward letter=0192 recipient=pho-yen","outcome":"ok"}`},
		{"a peer, and nothing that may be left out", Entry{Time: 1, Actor: Actor{Node: "district"}, Action: "a", Outcome: "NO_ROUTE"},
			`{"v":1,"time":1,"actor":"","node":"district","action":"a","object":"","outcome":"NO_ROUTE"}`},
		// encoding/json escapes these in HTML mode; a reader of another language would not.
		{"characters of HTML stay", Entry{Time: 1, Actor: System, Action: "a", Detail: "<&>", Outcome: "ok"},
			`{"v":1,"time":1,"actor":"system","action":"a","object":"","detail":"<&>","outcome":"ok"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.entry.Leaf()
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("leaf is\n%s\nwant\n%s", got, tt.want)
			}
			back, err := ParseLeaf(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.entry, back); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLeafRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Entry){
		"nobody acts":  func(e *Entry) { e.Actor = Actor{Staff: "cb-17"} },
		"no action":    func(e *Entry) { e.Action = "" },
		"no outcome":   func(e *Entry) { e.Outcome = "" },
		"no time":      func(e *Entry) { e.Time = 0 },
		"beyond limit": func(e *Entry) { e.Detail = strings.Repeat("x", MaxLeaf) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := sample
			change(&e)
			if leaf, err := e.Leaf(); err == nil {
				t.Errorf("made a leaf: %s", leaf)
			}
		})
	}
}

// A memory of stored hashes, as a store keeps them.
type memory []Hash

func (m *memory) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(*m)) {
			return nil, fmt.Errorf("hash %d of %d", index, len(*m))
		}
		out[i] = (*m)[index]
	}
	return out, nil
}

func grow(t testing.TB, m *memory, n uint64) [][]byte {
	t.Helper()
	var leaves [][]byte
	for i := range n {
		e := sample
		e.Detail = fmt.Sprint("leaf=", i)
		leaf, err := e.Leaf()
		if err != nil {
			t.Fatal(err)
		}
		hashes, err := StoredHashes(i, leaf, m)
		if err != nil {
			t.Fatal(err)
		}
		if StoredIndex(i) != int64(len(*m)) {
			t.Fatalf("leaf %d goes to %d, want %d", i, StoredIndex(i), len(*m))
		}
		*m = append(*m, hashes...)
		leaves = append(leaves, leaf)
	}
	return leaves
}

// Every leaf of every tree up to 40 leaves proves, and no other leaf proves in its place.
func TestProofs(t *testing.T) {
	t.Parallel()
	var m memory
	leaves := grow(t, &m, 40)
	for size := uint64(1); size <= 40; size++ {
		root, err := Root(size, &m)
		if err != nil {
			t.Fatal(err)
		}
		for i := range size {
			path, err := Prove(size, i, &m)
			if err != nil {
				t.Fatal(err)
			}
			if err := VerifyInclusion(path, size, root, i, leaves[i]); err != nil {
				t.Fatal(err)
			}
			if size > 1 && VerifyInclusion(path, size, root, i, leaves[(i+1)%size]) == nil {
				t.Fatalf("leaf %d of %d proves as leaf %d", (i+1)%size, size, i)
			}
			if old := i + 1; old <= size {
				oldRoot, err := Root(old, &m)
				if err != nil {
					t.Fatal(err)
				}
				proof, err := ProveConsistency(size, old, &m)
				if err != nil {
					t.Fatal(err)
				}
				if err := VerifyConsistency(proof, size, root, old, oldRoot); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestProofsRefuse(t *testing.T) {
	t.Parallel()
	var m memory
	leaves := grow(t, &m, 5)
	root, err := Root(5, &m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prove(5, 5, &m); err == nil {
		t.Error("proved a leaf beyond the end")
	}
	for name, index := range map[string]uint64{"beyond the end": 5, "wraps when signed": 1 << 63} {
		if err := VerifyInclusion(nil, 5, root, index, leaves[0]); err == nil {
			t.Errorf("%s: verified", name)
		}
	}
	if err := VerifyInclusion(nil, 1<<63, root, 0, leaves[0]); err == nil {
		t.Error("verified in a tree of 2^63 leaves")
	}
}

// The verifier finds a changed leaf, a changed hash, and a leaf that is no entry.
func TestVerifier(t *testing.T) {
	t.Parallel()
	var m memory
	leaves := grow(t, &m, 21)
	root, err := Root(21, &m)
	if err != nil {
		t.Fatal(err)
	}
	run := func(change func(i int, leaf []byte, stored []Hash) []byte) *Verifier {
		var v Verifier
		for i, leaf := range leaves {
			from := StoredIndex(uint64(i))
			stored := append([]Hash(nil), m[from:from+int64(v.Expected())]...)
			v.Add(change(i, bytes.Clone(leaf), stored), stored)
		}
		return &v
	}
	same := func(_ int, leaf []byte, _ []Hash) []byte { return leaf }
	if v := run(same); len(v.Problems()) != 0 || v.Root() != root || v.Size() != 21 {
		t.Errorf("a sound journal: %q, root %x, want %x", v.Problems(), v.Root(), root)
	}
	if v := run(func(i int, leaf []byte, _ []Hash) []byte {
		if i == 3 {
			leaf[len(leaf)-3] = 'X'
		}
		return leaf
	}); len(v.Problems()) == 0 || v.Root() == root {
		t.Error("a changed leaf was not found")
	}
	if v := run(func(i int, leaf []byte, stored []Hash) []byte {
		if i == 7 {
			stored[2][0] ^= 1
		}
		return leaf
	}); len(v.Problems()) != 1 || v.Root() != root {
		t.Errorf("a changed inner hash: %q", v.Problems())
	}
	if v := run(func(i int, leaf []byte, _ []Hash) []byte { return []byte("{") }); len(v.Problems()) == 0 {
		t.Error("leaves that are no entries were not found")
	}
}

func FuzzParseLeaf(f *testing.F) {
	leaf, err := sample.Leaf()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(leaf)
	f.Add([]byte(`{"v":2,"action":"x","more":[1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseLeaf(data)
		if err == nil && e.Action == "" {
			t.Error("an entry without an action")
		}
	})
}
