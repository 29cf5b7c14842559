package journal

import (
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a hash of the tree, SHA-256.
type Hash = tlog.Hash

// A HashReader reads stored hashes by the storage index of [StoredHashes]. A store
// implements it over a snapshot that does not grow while it is read, or over rows
// that are only ever added.
type HashReader = tlog.HashReader

// HashReaderFunc is a function that is a HashReader.
type HashReaderFunc = tlog.HashReaderFunc

// StoredHashes returns the hashes to store when leaf number n (from 0) is
// appended to a tree of n leaves: the first goes to storage index
// [StoredIndex](n), the others follow it. r reads the hashes of the n leaves before;
// those of leaves appended in the same transaction must be readable.
func StoredHashes(n uint64, leaf []byte, r HashReader) ([]Hash, error) {
	hashes, err := tlog.StoredHashes(int64(n), leaf, r)
	if err != nil {
		return nil, fmt.Errorf("journal: append leaf %d: %w", n, err)
	}
	return hashes, nil
}

// StoredIndex is the storage index of the first hash of leaf n.
func StoredIndex(n uint64) int64 { return tlog.StoredHashIndex(0, int64(n)) }

// StoredCount is the number of hashes that a tree of n leaves stores.
func StoredCount(n uint64) int64 { return tlog.StoredHashCount(int64(n)) }

// LeafHash is the hash of one leaf (RFC 6962, 2.1).
func LeafHash(leaf []byte) Hash { return tlog.RecordHash(leaf) }

// Root computes the head of the first n leaves. An empty tree has the hash of
// nothing (RFC 6962, 2.1).
func Root(n uint64, r HashReader) (Hash, error) {
	if n == 0 {
		return Hash(sha256.Sum256(nil)), nil
	}
	root, err := tlog.TreeHash(int64(n), r)
	if err != nil {
		return Hash{}, fmt.Errorf("journal: head of %d leaves: %w", n, err)
	}
	return root, nil
}

// Prove returns the inclusion path of leaf number index in the tree of the first
// size leaves, from the leaf up.
func Prove(size, index uint64, r HashReader) ([]Hash, error) {
	if index >= size {
		return nil, fmt.Errorf("journal: prove leaf %d: the tree has %d leaves", index, size)
	}
	path, err := tlog.ProveRecord(int64(size), int64(index), r)
	if err != nil {
		return nil, fmt.Errorf("journal: prove leaf %d of %d: %w", index, size, err)
	}
	return path, nil
}

// VerifyInclusion checks that leaf is number index in the tree of size leaves with
// this head.
func VerifyInclusion(path []Hash, size uint64, root Hash, index uint64, leaf []byte) error {
	if index >= size || size > 1<<62 {
		return fmt.Errorf("journal: leaf %d cannot be in a tree of %d leaves", index, size)
	}
	if err := tlog.CheckRecord(tlog.RecordProof(path), int64(size), root, int64(index), LeafHash(leaf)); err != nil {
		return fmt.Errorf("journal: leaf %d is not in the tree of %d leaves: %w", index, size, err)
	}
	return nil
}

// ProveConsistency returns the proof that the first old leaves of the tree of size
// leaves are the tree that had the head of that time.
func ProveConsistency(size, old uint64, r HashReader) ([]Hash, error) {
	if old == 0 || old > size {
		return nil, fmt.Errorf("journal: consistency of %d with %d leaves: want 1 to %d", old, size, size)
	}
	proof, err := tlog.ProveTree(int64(size), int64(old), r)
	if err != nil {
		return nil, fmt.Errorf("journal: consistency of %d with %d leaves: %w", old, size, err)
	}
	return proof, nil
}

// VerifyConsistency checks a proof of [ProveConsistency] against both heads.
func VerifyConsistency(proof []Hash, size uint64, root Hash, old uint64, oldRoot Hash) error {
	if old == 0 || old > size || size > 1<<62 {
		return fmt.Errorf("journal: consistency of %d with %d leaves: want 1 to %d", old, size, size)
	}
	if err := tlog.CheckTree(tlog.TreeProof(proof), int64(size), root, int64(old), oldRoot); err != nil {
		return fmt.Errorf("journal: %d leaves are not the beginning of %d: %w", old, size, err)
	}
	return nil
}
