package exchange

import (
	"context"
	"io"
	"slices"
	"sync"
)

// standLimit is how long a transfer stands for more urgent ones before it has its share, in
// microseconds.
const standLimit = 10_000_000

// turns says, chunk by chunk, which of a link's transfers of larger files go on: those of
// the most urgent class that there is, at most [maxTransfers], the first to come first.
// The others wait where they are, and go on from that byte.
//
// However many urgent ones come, none stands for ever. The first transfer of a class that
// has stood for [standLimit] ages: from then on it moves one chunk for every so many
// ([ageing]) of the most urgent class, and one for each [standLimit] that passes if that
// class itself makes no way.
type turns struct {
	now   func() int64
	mu    sync.Mutex
	queue []*turn // the most urgent first, then by coming
	run   int     // chunks of the most urgent class since the last share
	moved broadcast
}

// A turn is the place of one transfer.
type turn struct {
	of    *turns
	class int
	last  int64 // when it came, or last moved a chunk
	aged  bool  // it has stood for standLimit
	owed  bool  // a chunk of its share
}

// join gives a transfer of a class its place.
func (t *turns) join(class int) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := &turn{of: t, class: class, last: t.now()}
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

// mayGo reports whether the transfer may move a chunk now, and counts it.
func (t *turn) mayGo() bool {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	at, now := slices.Index(t.of.queue, t), t.of.now()
	if at < 0 {
		return false
	}
	if t.of.queue[0].class == t.class {
		if at >= maxTransfers {
			return false
		}
		t.last, t.aged, t.owed = now, false, false
		t.of.share()
		return true
	}
	if t.of.queue[slices.IndexFunc(t.of.queue, func(o *turn) bool { return o.class == t.class })] != t {
		return false // of its class the first goes first
	}
	if stood := now-t.last >= standLimit; !stood && !(t.aged && t.owed) {
		return false
	}
	t.last, t.aged, t.owed = now, true, false
	return true
}

// share counts a chunk of the most urgent class, and gives those that have aged theirs.
func (t *turns) share() {
	if t.run++; t.run < ageing-1 {
		return
	}
	t.run = 0
	for _, o := range t.queue {
		o.owed = o.class < t.queue[0].class
	}
	t.moved.notify()
}

// wait returns when the transfer may move a chunk. What stands looks again now and then:
// time makes it age.
func (t *turn) wait(ctx context.Context) error {
	for {
		moved := t.of.moved.next()
		if t.mayGo() {
			return nil
		}
		if !wait(ctx, moved, pollPause) {
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
