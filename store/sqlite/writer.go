package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"lienthong/journal"
)

// maxBatch is how many operations share a commit at most.
const maxBatch = 256

// errClosed is what operations get that come after Close.
var errClosed = errors.New("sqlite: the store is closed")

// A writer owns the one connection that writes. One goroutine takes what has
// queued while the previous commit ran, and commits it together: the cost of a
// sync is shared by all who wait for one, and nobody waits for a timer.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	tree  journal.Edge // as of the open batch; the committed one between batches
	added []stored     // hashes of the open batch
	filed []int64      // filings of the open batch whose words are to be indexed
	cache *hashCache

	queue chan *operation
	quit  chan struct{}
	done  chan struct{}

	batches    atomic.Uint64 // that were committed
	operations atomic.Uint64 // in them
}

// An operation is one domain operation that waits for its commit.
type operation struct {
	ctx  context.Context
	run  func(*tx) error
	err  error
	size uint64 // of the tree, once committed
	done chan struct{}
}

func startWriter(conn *sql.Conn, tree journal.Edge, cache *hashCache) *writer {
	w := &writer{
		conn: conn, stmts: map[string]*sql.Stmt{}, tree: tree, cache: cache,
		queue: make(chan *operation, maxBatch), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go w.loop()
	return w
}

// do runs f within the next batch and returns after its commit, with the size of
// the journal's tree then; or with f's error if it failed alone, or the commit's if
// all did. After an error nothing of f is in the store. f runs on the writer's
// goroutine: everything slow, hashing above all, belongs before the call.
func (w *writer) do(ctx context.Context, f func(*tx) error) (size uint64, err error) {
	op := &operation{ctx: ctx, run: f, done: make(chan struct{})}
	select {
	case w.queue <- op:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-w.quit:
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
	close(w.quit)
	<-w.done
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

func (w *writer) loop() {
	defer close(w.done)
	batch := make([]*operation, 0, maxBatch)
	for {
		select {
		case <-w.quit:
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
	before := w.tree
	w.added, w.filed = w.added[:0], w.filed[:0]
	if err := w.transact(batch); err != nil {
		// Nothing of this batch is in the store: whoever succeeded before the commit
		// failed has failed too.
		w.tree = before
		for _, op := range batch {
			if op.err == nil {
				op.err = err
			}
		}
	} else {
		w.cache.committed(w.added)
	}
	for _, op := range batch {
		op.size = w.tree.Size()
		close(op.done)
	}
}

func (w *writer) transact(batch []*operation) (err error) {
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// SQLite may have rolled back by itself (disk full), then this fails.
			_ = w.exec("ROLLBACK")
		}
	}()
	size, succeeded := w.tree.Size(), 0
	for _, op := range batch {
		if op.err = op.ctx.Err(); op.err != nil {
			continue
		}
		broken, err := w.apply(op)
		if broken {
			return err
		}
		if op.err = err; err == nil {
			succeeded++
		}
	}
	if succeeded == 0 {
		return w.exec("ROLLBACK")
	}
	if err := w.index(); err != nil {
		return err
	}
	// The head is the one row that every batch writes, so it comes last.
	if w.tree.Size() != size {
		root := w.tree.Root()
		if err := w.exec(`UPDATE head SET size = ?, root = ? WHERE one = 1`, int64(w.tree.Size()), root[:]); err != nil {
			return err
		}
	}
	if err := w.exec("COMMIT"); err != nil {
		return err
	}
	w.batches.Add(1)
	w.operations.Add(uint64(succeeded))
	return nil
}

// apply runs one operation in a savepoint, so that its failure undoes itself
// and not its neighbours. It reports broken if the batch cannot go on.
func (w *writer) apply(op *operation) (broken bool, err error) {
	before, added := w.tree, len(w.added)
	if err := w.exec("SAVEPOINT op"); err != nil {
		return true, err
	}
	if err := op.run(&tx{w}); err != nil {
		w.tree, w.added = before, w.added[:added]
		if undo := w.exec("ROLLBACK TO op"); undo != nil {
			return true, errors.Join(err, undo)
		}
		if undo := w.exec("RELEASE op"); undo != nil {
			return true, errors.Join(err, undo)
		}
		return false, err
	}
	if err := w.exec("RELEASE op"); err != nil {
		return true, err
	}
	return false, nil
}

func (w *writer) exec(query string, args ...any) error {
	s, err := w.prepare(query)
	if err != nil {
		return err
	}
	if _, err := s.Exec(args...); err != nil {
		return failure(err)
	}
	return nil
}

// prepare keeps every statement it has seen. Queries are constants of this
// package, so the map does not grow beyond them.
func (w *writer) prepare(query string) (*sql.Stmt, error) {
	if s, ok := w.stmts[query]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("sqlite: prepare %q: %w", query, err)
	}
	w.stmts[query] = s
	return s, nil
}
