package exchange

import (
	"context"
	"errors"
	"sync"
)

// Space where files are kept is given out in three steps, so that a node that fills up
// still ends what it can:
//
//	letters that pass through        while two reserves are left
//	letters for agencies at home     while one is left; so is what is submitted here
//	receipts and statuses            always: they are what empties the neighbours
//
// Two neighbours that are both full therefore still take from each other what is at home
// with them, and every statement.
type space struct {
	mu       sync.Mutex
	promised int64 // bytes of offers that are being taken, and are not durable yet
}

// promise sets space aside for an offer until it is given back. Where there is none for
// what passes through, the offer is marked so; where there is none at all: ErrFull.
func (n *Node) promise(ctx context.Context, o *offered) (giveBack func(), err error) {
	size := int64(len(o.letter.Content)) + int64(min(o.route.FilesSize, uint64(n.cfg.MaxLetter)))
	left, err := n.left(ctx, size)
	if err != nil {
		return nil, err
	}
	n.space.mu.Lock()
	defer n.space.mu.Unlock()
	switch left -= n.space.promised; {
	case left < n.cfg.Reserve:
		return nil, ErrFull
	case left < 2*n.cfg.Reserve:
		o.homeOnly = true
	}
	n.space.promised += size
	return func() {
		n.space.mu.Lock()
		defer n.space.mu.Unlock()
		n.space.promised -= size
	}, nil
}

// left is the space that would be free after so many bytes more.
func (n *Node) left(ctx context.Context, size int64) (int64, error) {
	free, err := n.cfg.Blobs.Left(ctx)
	if errors.Is(err, ErrFull) {
		free, err = 0, nil
	}
	return int64(min(free, 1<<60)) - size, err
}

// roomFor refuses what a client wants to put here if it would use the last reserve.
func (n *Node) roomFor(ctx context.Context, size uint64) error {
	left, err := n.left(ctx, int64(min(size, 1<<60)))
	if err == nil && left < n.cfg.Reserve {
		return storeError(ErrFull)
	}
	return err
}
