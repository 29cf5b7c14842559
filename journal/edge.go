package journal

import (
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// An Edge is the right edge of the tree: the roots of the complete subtrees that
// make it up, one for each bit of its size. It is all that appending needs, so
// that a store reads no hash back while it writes. The zero Edge is an empty tree.
type Edge struct {
	size uint64
	at   [64]Hash // at[l] is set if bit l of size is
}

// LoadEdge reads the edge of a tree of size leaves, and checks that it has the root
// that the tree's head names: a journal that was cut or changed at its end is not
// to be written on.
func LoadEdge(size uint64, root Hash, r HashReader) (Edge, error) {
	e := Edge{size: size}
	var levels []int
	var indexes []int64
	end := size
	for level := range e.at {
		if size>>level&1 == 0 {
			continue
		}
		// The subtree of this bit ends where those of the lower bits begin.
		levels = append(levels, level)
		indexes = append(indexes, tlog.StoredHashIndex(level, int64(end>>level)-1))
		end -= 1 << level
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return Edge{}, fmt.Errorf("journal: edge of %d leaves: %w", size, err)
	}
	for i, level := range levels {
		e.at[level] = hashes[i]
	}
	if got := e.Root(); got != root {
		return Edge{}, fmt.Errorf("journal of %d leaves has root %x, its head says %x: it was changed", size, got[:], root[:])
	}
	return e, nil
}

// Size is the number of leaves.
func (e *Edge) Size() uint64 { return e.size }

// Add appends a leaf, and returns the hashes that it completes: its own, then
// those of the subtrees that it closes, from the leaf up. They are what
// [StoredHashes] gives for the leaf.
func (e *Edge) Add(leaf Hash) []Hash {
	hashes := []Hash{leaf}
	h, level := leaf, 0
	for ; e.size>>level&1 == 1; level++ {
		h = tlog.NodeHash(e.at[level], h)
		hashes = append(hashes, h)
	}
	e.at[level] = h
	e.size++
	return hashes
}

// Root is the head of the tree (RFC 6962, 2.1).
func (e *Edge) Root() Hash {
	if e.size == 0 {
		return sha256.Sum256(nil)
	}
	var h Hash
	first := true
	for level := range e.at {
		switch {
		case e.size>>level&1 == 0:
		case first:
			h, first = e.at[level], false
		default:
			h = tlog.NodeHash(e.at[level], h)
		}
	}
	return h
}
