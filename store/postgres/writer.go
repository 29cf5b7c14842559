package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"lienthong/journal"
)

// maxBatch is how many operations share a commit at most.
const maxBatch = 256

// errClosed is what operations get that come after Close.
var errClosed = errors.New("postgres: the store is closed")

// A writer owns the one connection of this process that writes. One goroutine takes
// what has queued while the previous commit ran, and commits it together: the cost
// of a sync is shared by all who wait for one, and nobody waits for a timer.
//
// Other replicas may write to the same database. The journal's head is the serial
// point between them: see [writer.try].
type writer struct {
	config    *pgx.ConnConfig
	conn      *pgx.Conn     // nil after it broke, until the next batch
	replica   atomic.Int32  // number of the connection
	pid       atomic.Uint32 // of the connection's server process
	tree      journal.Edge  // as this process knows it; another replica may be further
	contended bool          // another replica wrote since our last batch
	gathers   bool          // the connection has tables for what it changes in the counts

	queue chan *operation
	ctx   context.Context // of everything that the goroutine does; ends with close
	quit  context.CancelFunc
	done  chan struct{}

	batches    atomic.Uint64 // that were committed
	operations atomic.Uint64 // in them
}

// An operation is one domain operation that waits for its commit.
type operation struct {
	ctx  context.Context
	plan func(first uint64) *plan
	err  error
	size uint64 // of the tree, once committed
	done chan struct{}
}

func newWriter(config *pgx.ConnConfig) *writer {
	w := &writer{config: config, queue: make(chan *operation, maxBatch), done: make(chan struct{})}
	w.ctx, w.quit = context.WithCancel(context.Background())
	return w
}

// do runs an operation within the next batch and returns after its commit, with the
// size of the journal's tree then; or with the operation's error if it failed alone,
// or the commit's if all did. After an error nothing of it is in the store. plan is
// told the journal index that the operation's first entry will have; it may be called
// again with another, if a neighbour failed or another replica was faster.
func (w *writer) do(ctx context.Context, plan func(first uint64) *plan) (size uint64, err error) {
	op := &operation{ctx: ctx, plan: plan, done: make(chan struct{})}
	select {
	case <-w.ctx.Done():
		return 0, errClosed
	default:
	}
	select {
	case w.queue <- op:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-w.ctx.Done():
		return 0, errClosed
	}
	// Not ctx.Done here: the batch may be past the point of return, and the answer
	// has to be the truth. It comes within one commit.
	select {
	case <-op.done:
		return op.size, op.err
	case <-w.done:
	}
	select { // the loop may have answered and ended at once
	case <-op.done:
		return op.size, op.err
	default:
		return 0, errClosed
	}
}

// close ends the goroutine after the batch that runs. Operations that still
// queue are answered with errClosed.
func (w *writer) close() error {
	w.quit()
	<-w.done
	if w.conn == nil {
		return nil
	}
	return w.conn.Close(context.Background())
}

func (w *writer) loop() {
	defer close(w.done)
	batch := make([]*operation, 0, maxBatch)
	for {
		select {
		case <-w.ctx.Done():
			return
		case op := <-w.queue:
			batch = append(batch[:0], op)
		}
		for more := true; more && len(batch) < maxBatch; {
			select {
			case op := <-w.queue:
				batch = append(batch, op)
			default:
				more = false
			}
		}
		w.commit(batch)
		clear(batch)
	}
}

// commit runs the batch in one transaction and answers everybody.
func (w *writer) commit(batch []*operation) {
	if err := w.transact(batch); err != nil {
		// Nothing of this batch is in the store: whoever succeeded before the commit
		// failed has failed too.
		for _, op := range batch {
			if op.err == nil {
				op.err = err
			}
		}
	}
	w.count(batch)
	for _, op := range batch {
		op.size = w.tree.Size()
		close(op.done)
	}
}

// count counts what was committed of a batch.
func (w *writer) count(batch []*operation) {
	succeeded := uint64(0)
	for _, op := range batch {
		if op.err == nil {
			succeeded++
		}
	}
	if succeeded > 0 {
		w.batches.Add(1)
		w.operations.Add(succeeded)
	}
}

// batchLimit is how long a batch may take before its connection is given up: the server
// may be gone without a word. It is above what a stalled process may hold the head.
const batchLimit = 2 * stallLimit

// maxTries bounds how often a batch begins anew because of other replicas. All but the
// first try hold the head, so that only bookkeeping of others can be in the way.
const maxTries = 8

// transact runs the batch until no other replica is in its way and no connection breaks
// under it. It outlives the store's context: a batch that has begun is finished when the
// store closes.
func (w *writer) transact(batch []*operation) error {
	ctx := context.WithoutCancel(w.ctx)
	if w.conn == nil || w.conn.IsClosed() {
		if err := w.connect(ctx); err != nil {
			return err
		}
	}
	var err error
	for try := range maxTries {
		limited, cancel := context.WithTimeout(ctx, batchLimit)
		a := attempt{writer: w, ctx: limited, batch: batch, tree: w.tree, headFirst: w.contended || try > 0}
		err = a.run()
		cancel()
		if err == nil {
			w.tree = a.tree
			return nil
		}
		if w.conn.IsClosed() {
			committed, unknown := w.resolve(ctx, &a)
			if committed || unknown != nil {
				return unknown
			}
			continue // nothing was written, and there is a new connection
		}
		if undo := w.rollback(ctx); undo != nil {
			return errors.Join(err, undo)
		}
		if !again(err) {
			return err
		}
		w.contended = true
	}
	return fmt.Errorf("postgres: gave up after %d attempts: %w", maxTries, err)
}

func (w *writer) rollback(ctx context.Context) error {
	_, err := w.conn.Exec(ctx, "ROLLBACK")
	if err == nil {
		return nil
	}
	w.drop(ctx) // its state is not known: the next batch gets a new one
	return failure(err)
}

// drop closes the connection.
func (w *writer) drop(ctx context.Context) {
	if w.conn != nil {
		_ = w.conn.Close(ctx) // it is broken, or about to be forgotten
		w.conn = nil
	}
}
