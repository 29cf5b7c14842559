package envelope

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// LeafSize is the number of bytes in a leaf of a file's tree.
const LeafSize = 256 << 10

// A Tree folds leaf hashes into the RFC 6962 tree hash, one after the other. Its zero
// value is the tree without leaves.
type Tree struct {
	// stack holds the roots of the complete subtrees so far, largest first, as the
	// binary digits of the number of leaves do.
	stack  []Digest
	leaves uint64
}

// Add adds the hash of the next leaf.
func (t *Tree) Add(leaf Digest) {
	for c := t.leaves; c&1 == 1; c >>= 1 {
		leaf = interior(t.stack[len(t.stack)-1], leaf)
		t.stack = t.stack[:len(t.stack)-1]
	}
	t.stack = append(t.stack, leaf)
	t.leaves++
}

// Root is the tree hash of the leaves so far; without any, the hash of nothing.
func (t *Tree) Root() Digest {
	if t.leaves == 0 {
		return Sum(nil)
	}
	root := t.stack[len(t.stack)-1]
	for i := len(t.stack) - 2; i >= 0; i-- {
		root = interior(t.stack[i], root)
	}
	return root
}

// LeafRoot reads a file and returns the RFC 6962 tree hash over its leaves of
// [LeafSize] bytes, the last of which may be shorter, and the file's size. An
// empty file has no leaf, and the hash of nothing. Memory: one leaf.
func LeafRoot(r io.Reader) (Digest, uint64, error) {
	var t Tree
	size, err := eachLeaf(r, t.Add)
	return t.Root(), size, err
}

// LeafRootOf is [LeafRoot] of bytes in memory, which are not copied.
func LeafRootOf(data []byte) Digest {
	var t Tree
	for len(data) > 0 {
		n := min(len(data), LeafSize)
		t.Add(LeafHash(data[:n]))
		data = data[n:]
	}
	return t.Root()
}

// Leaves reads a file and returns the hashes of its leaves, and their tree hash.
// Memory: one leaf, and 32 bytes for each.
func Leaves(r io.Reader) (leaves []Digest, root Digest, err error) {
	_, err = eachLeaf(r, func(d Digest) { leaves = append(leaves, d) })
	return leaves, RootOf(leaves), err
}

// RootOf is the tree hash of leaf hashes.
func RootOf(leaves []Digest) Digest {
	var t Tree
	for _, d := range leaves {
		t.Add(d)
	}
	return t.Root()
}

// LeafHash is the hash of one leaf of a file (RFC 6962, 2.1).
func LeafHash(data []byte) Digest {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(data)
	return Digest(h.Sum(nil))
}

// LeafCount is the number of leaves of a file of size bytes.
func LeafCount(size uint64) uint64 { return size/LeafSize + min(1, size%LeafSize) }

// eachLeaf gives the leaf hashes of a file, and its size.
func eachLeaf(r io.Reader, add func(Digest)) (size uint64, err error) {
	buf := make([]byte, 1+LeafSize)
	for leaves := 0; ; leaves++ {
		n, err := io.ReadFull(r, buf[1:])
		if n > 0 {
			size += uint64(n)
			add(sha256.Sum256(buf[:1+n]))
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return size, nil
		}
		if err != nil {
			return size, fmt.Errorf("envelope: hash leaf %d: %w", leaves, err)
		}
	}
}

func interior(left, right Digest) Digest {
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}
