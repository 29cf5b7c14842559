package journal

import (
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// A Verifier hashes a whole journal again, leaf by leaf, from nothing but the
// leaves, and compares every hash that the store keeps.
type Verifier struct {
	size     uint64
	frontier []Hash // roots of the complete subtrees, largest first
	problems []string
}

// MaxProblems bounds the list of problems: the rest is counted.
const MaxProblems = 100

// Add takes the next leaf and the stored hashes that belong to it, those that
// [StoredHashes] returned when it was appended.
func (v *Verifier) Add(leaf []byte, stored []Hash) {
	n := v.size
	hash := LeafHash(leaf)
	own := []Hash{hash}
	for c := n; c&1 == 1; c >>= 1 {
		hash = tlog.NodeHash(v.frontier[len(v.frontier)-1], hash)
		v.frontier = v.frontier[:len(v.frontier)-1]
		own = append(own, hash)
	}
	v.frontier = append(v.frontier, hash)
	v.size++
	if _, err := ParseLeaf(leaf); err != nil {
		v.problem(n, err.Error())
	}
	if len(stored) != len(own) {
		v.problem(n, fmt.Sprintf("has %d stored hashes, want %d", len(stored), len(own)))
		return
	}
	for i := range own {
		if own[i] != stored[i] {
			v.problem(n, fmt.Sprintf("stored hash %d is %x, want %x", i, stored[i][:8], own[i][:8]))
		}
	}
}

func (v *Verifier) problem(leaf uint64, text string) {
	if len(v.problems) < MaxProblems {
		v.problems = append(v.problems, fmt.Sprintf("leaf %d: %s", leaf, text))
	}
}

// Expected is the number of stored hashes that belong to the next leaf.
func (v *Verifier) Expected() int {
	n := 1
	for c := v.size; c&1 == 1; c >>= 1 {
		n++
	}
	return n
}

// Size is the number of leaves so far, and Root the head over them as computed
// from the leaves alone.
func (v *Verifier) Size() uint64 { return v.size }

// Root is the head of the leaves so far.
func (v *Verifier) Root() Hash {
	if v.size == 0 {
		return Hash(sha256.Sum256(nil))
	}
	root := v.frontier[len(v.frontier)-1]
	for i := len(v.frontier) - 2; i >= 0; i-- {
		root = tlog.NodeHash(v.frontier[i], root)
	}
	return root
}

// Problems lists what did not agree, with the index of its leaf.
func (v *Verifier) Problems() []string { return v.problems }
