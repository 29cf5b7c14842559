package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"lienthong/envelope"
)

// leafTries bounds how often one leaf is fetched again.
const leafTries = 3

// A leafCheck reads a file from src, from a byte on, and lets each leaf through only when
// it verifies; a wrong one is fetched again, and src waits meanwhile. What it gives is
// right, but for the beginning of a leaf that src did not end: that is checked when its
// rest has come. Memory: one leaf.
type leafCheck struct {
	src    io.Reader
	size   int64 // of the file
	leaves []envelope.Digest
	again  func(offset, length int64) ([]byte, error)
	wrong  func(offset int64) // is told of each leaf that did not verify

	start int64  // of the present leaf
	old   int    // bytes of it that were there before, unchecked
	leaf  []byte // what is there of it, old and new
	out   []byte // to be read before anything else
	err   error  // then
}

// A badStart says that bytes of a leaf that are held already are wrong. data is all of the
// leaf, verified.
type badStart struct {
	start int64
	old   int
	data  []byte
}

func (b *badStart) Error() string {
	return fmt.Sprintf("exchange: the %d bytes held from byte %d are wrong", b.old, b.start)
}

// newLeafCheck goes on with a file of which held holds the beginning of the present leaf.
func newLeafCheck(src io.Reader, size, at int64, held []byte, leaves []envelope.Digest) *leafCheck {
	c := &leafCheck{src: src, size: size, leaves: leaves, start: at - int64(len(held)), old: len(held), leaf: make([]byte, 0, envelope.LeafSize)}
	c.leaf = append(c.leaf, held...)
	return c
}

// Read implements io.Reader.
func (c *leafCheck) Read(p []byte) (int, error) {
	for len(c.out) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.fill()
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// fill reads up to the end of a leaf, or as far as src goes.
func (c *leafCheck) fill() {
	if c.err = io.EOF; c.start >= c.size {
		return
	}
	length := int(min(envelope.LeafSize, c.size-c.start))
	have := len(c.leaf)
	n, err := io.ReadFull(c.src, c.leaf[have:length])
	if c.leaf = c.leaf[:have+n]; len(c.leaf) < length {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		c.out, c.err = c.leaf[c.old:], err
		return
	}
	whole := c.leaf
	c.err = nil
	if envelope.LeafHash(whole) != c.hash() {
		c.wrong(c.start)
		if whole, err = fetchLeaf(c.hash(), c.start, int64(length), c.again); err != nil {
			c.err = err
			return
		}
	}
	if !bytes.Equal(whole[:c.old], c.leaf[:c.old]) {
		c.err = &badStart{c.start, c.old, whole}
		return
	}
	c.next(whole)
}

func (c *leafCheck) hash() envelope.Digest { return c.leaves[c.start/envelope.LeafSize] }

// next lets a verified leaf through.
func (c *leafCheck) next(whole []byte) {
	c.out, c.err = whole[c.old:], nil
	c.start, c.old, c.leaf = c.start+int64(len(whole)), 0, c.leaf[:0]
}

// fetchLeaf fetches one leaf again until it verifies.
func fetchLeaf(want envelope.Digest, offset, length int64, again func(offset, length int64) ([]byte, error)) ([]byte, error) {
	for range leafTries {
		data, err := again(offset, length)
		if err != nil {
			return nil, err
		}
		if int64(len(data)) == length && envelope.LeafHash(data) == want {
			return data, nil
		}
	}
	return nil, refuse(ReasonBadLeaf, "the leaf from byte %d came wrong %d times", offset, leafTries+1)
}
