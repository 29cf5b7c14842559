package envelope

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// LeafSize is the number of bytes in a leaf of a file's tree.
const LeafSize = 256 << 10

// LeafRoot reads a file and returns the RFC 6962 tree hash over its leaves of
// [LeafSize] bytes, the last of which may be shorter, and the file's size. An
// empty file has no leaf, and the hash of nothing. Memory: one leaf.
func LeafRoot(r io.Reader) (Digest, uint64, error) {
	// stack holds the roots of the complete subtrees so far, largest first, as the
	// binary digits of the number of leaves do.
	var stack []Digest
	var leaves, size uint64
	buf := make([]byte, 1+LeafSize)
	for {
		n, err := io.ReadFull(r, buf[1:])
		if n > 0 {
			size += uint64(n)
			node := Digest(sha256.Sum256(buf[:1+n]))
			for c := leaves; c&1 == 1; c >>= 1 {
				node = interior(stack[len(stack)-1], node)
				stack = stack[:len(stack)-1]
			}
			stack = append(stack, node)
			leaves++
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return Digest{}, size, fmt.Errorf("envelope: hash leaf %d: %w", leaves, err)
		}
	}
	if leaves == 0 {
		return Sum(nil), 0, nil
	}
	root := stack[len(stack)-1]
	for i := len(stack) - 2; i >= 0; i-- {
		root = interior(stack[i], root)
	}
	return root, size, nil
}

func interior(left, right Digest) Digest {
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}
