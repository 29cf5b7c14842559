package sqlite

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// An edge is the right edge of the journal's Merkle tree: the roots of the
// complete subtrees that make it up, one for each bit of its size. It is all
// that appending needs, so that no hash is read back while the writer works.
type edge struct {
	size uint64
	at   [64]tlog.Hash // at[l] is set if bit l of size is
}

// add appends a leaf, and returns the hashes that it completes: its own, then
// those of the subtrees that it closes, from the leaf up. They are what
// [tlog.StoredHashes] gives for the record.
func (e *edge) add(leaf tlog.Hash) []tlog.Hash {
	hashes := []tlog.Hash{leaf}
	h, level := leaf, 0
	for ; e.size>>level&1 == 1; level++ {
		h = tlog.NodeHash(e.at[level], h)
		hashes = append(hashes, h)
	}
	e.at[level] = h
	e.size++
	return hashes
}

// root is the head of the tree (RFC 6962, 2.1).
func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		return sha256.Sum256(nil)
	}
	var h tlog.Hash
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
