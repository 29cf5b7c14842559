package exchange

import (
	"context"
	"io"
	"slices"
	"sync"
)

// turns says, chunk by chunk, which of a link's transfers of larger files go on: those of
// the most urgent class that there is, at most [maxTransfers], the first to come first.
// The others wait where they are, and go on from that byte.
type turns struct {
	mu    sync.Mutex
	queue []*turn // the most urgent first, then by coming
	moved broadcast
}

// A turn is the place of one transfer.
type turn struct {
	of    *turns
	class int
}

// join gives a transfer of a class its place.
func (t *turns) join(class int) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := &turn{t, class}
	at := slices.IndexFunc(t.queue, func(o *turn) bool { return o.class < class })
	if at < 0 {
		at = len(t.queue)
	}
	t.queue = slices.Insert(t.queue, at, out)
	return out
}

// leave ends a transfer, whole or not.
func (t *turn) leave() {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.queue = slices.DeleteFunc(t.of.queue, func(o *turn) bool { return o == t })
	t.of.moved.notify()
}

func (t *turn) mayGo() bool {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	at := slices.Index(t.of.queue, t)
	return at >= 0 && at < maxTransfers && t.of.queue[0].class == t.class
}

// wait returns when the transfer may move a chunk.
func (t *turn) wait(ctx context.Context) error {
	for {
		moved := t.of.moved.next()
		if t.mayGo() {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// A turnReader reads a chunk when it is its turn.
type turnReader struct {
	ctx context.Context
	t   *turn
	r   io.Reader
}

func (r turnReader) Read(p []byte) (int, error) {
	if err := r.t.wait(r.ctx); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// A turnReaderAt is that of a file that is put.
type turnReaderAt struct {
	ctx context.Context
	t   *turn
	r   io.ReaderAt
}

func (r turnReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if err := r.t.wait(r.ctx); err != nil {
		return 0, err
	}
	return r.r.ReadAt(p, off)
}
