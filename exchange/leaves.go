package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"lienthong/envelope"
)

// Bounds of the lists of leaf hashes: a file of 4 GiB has 16,384 leaves, 512 KiB of hashes.
const (
	maxLeaves    = 1 << 16 // of one file, 16 GiB; larger ones are checked as a whole alone
	cachedLeaves = 1 << 18 // of all lists that are remembered, 8 MiB
)

// ErrNoLeaves is what a peer answers that does not know leaf hashes: its files are
// checked as a whole alone.
var ErrNoLeaves = errors.New("exchange: the peer gives no leaf hashes")

// A LeafCourier is a [Courier] that also carries leaf hashes, and single leaves.
type LeafCourier interface {
	// GetLeaves fetches the leaf hashes of a file that the peer offered, 32 bytes each.
	// ErrNoLeaves.
	GetLeaves(ctx context.Context, file FileKey) ([]byte, error)
	// GetLeaf fetches some bytes of such a file.
	GetLeaf(ctx context.Context, file FileKey, offset, length int64) ([]byte, error)
	// PutLeaves gives the peer the leaf hashes of a file before it is put. They are asked
	// for only if the peer has them not. ErrNoLeaves.
	PutLeaves(ctx context.Context, file FileKey, leaves func() ([]byte, error)) error
}

// leafCache remembers lists of leaf hashes that were checked against their root, by that
// root: of files on their way in, which often go on to the next node, and over links
// that are cut.
type leafCache struct {
	mu    sync.Mutex
	lists map[envelope.Digest][]envelope.Digest
	order []envelope.Digest // the oldest first
	held  int
}

func (c *leafCache) get(root envelope.Digest) []envelope.Digest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists[root]
}

func (c *leafCache) put(root envelope.Digest, leaves []envelope.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lists[root] != nil {
		return
	}
	if c.lists == nil {
		c.lists = make(map[envelope.Digest][]envelope.Digest)
	}
	c.lists[root] = leaves
	c.order = append(c.order, root)
	for c.held += len(leaves); c.held > cachedLeaves; c.order = c.order[1:] {
		c.held -= len(c.lists[c.order[0]])
		delete(c.lists, c.order[0])
	}
}

// hasLeaves reports whether the leaves of a file are checked one by one.
func (f LetterFile) hasLeaves() bool {
	n := envelope.LeafCount(f.Size)
	return n > 0 && n <= maxLeaves
}

// checkLeaves reads the list of leaf hashes that a peer gives for a file. Nothing of it is
// believed before its tree hash is the leaf root that the sender of the letter signed.
func checkLeaves(peer string, file LetterFile, list []byte) ([]envelope.Digest, error) {
	want := envelope.LeafCount(file.Size)
	if uint64(len(list)) != want*uint64(len(envelope.Digest{})) {
		return nil, refuse(ReasonBadLeaves, "node %q gives %d bytes of leaf hashes for file %s, want %d hashes of 32", peer, len(list), file.Digest, want)
	}
	leaves := make([]envelope.Digest, want)
	for i := range leaves {
		copy(leaves[i][:], list[32*i:])
	}
	if root := envelope.RootOf(leaves); root != file.LeafRoot {
		return nil, refuse(ReasonBadLeaves, "node %q gives leaf hashes for file %s with root %s, signed was %s", peer, file.Digest, root, file.LeafRoot)
	}
	return leaves, nil
}

// leavesOf are the leaf hashes of a file that is here, as bytes. A disk that has damaged
// the file is found before any of them goes out.
func (n *Node) leavesOf(ctx context.Context, file LetterFile) ([]byte, error) {
	leaves := n.leaves.get(file.LeafRoot)
	if leaves == nil {
		blob, err := n.cfg.Blobs.Open(ctx, file.Digest)
		if err != nil {
			return nil, storeError(err)
		}
		defer blob.Close()
		leaves, root, err := envelope.Leaves(whileAlive{ctx, io.NewSectionReader(blob, 0, blob.Size())})
		if err != nil {
			return nil, fmt.Errorf("exchange: read file %s: %w", file.Digest, err)
		}
		if root != file.LeafRoot {
			return nil, fmt.Errorf("exchange: file %s has leaf root %s here, signed was %s: the disk has damaged it, look with 'store scrub'", file.Digest, root, file.LeafRoot)
		}
		n.leaves.put(root, leaves)
		return listed(leaves), nil
	}
	return listed(leaves), nil
}

func listed(leaves []envelope.Digest) []byte {
	out := make([]byte, 0, len(leaves)*len(envelope.Digest{}))
	for _, d := range leaves {
		out = append(out, d[:]...)
	}
	return out
}

// whileAlive reads until its context ends.
type whileAlive struct {
	ctx context.Context
	r   io.Reader
}

func (w whileAlive) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(p)
}
