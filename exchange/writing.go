package exchange

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// writeLimit is for how long commits may wait or fail, with none that succeeds, before a
	// node says that it cannot write. A sync of a slow disk, or a database that restarts, is
	// shorter.
	writeLimit = 10 * time.Second
	// failureLife is for how long a commit that failed speaks for the store when nobody has
	// tried since. Nothing is written to find out: the next act does.
	failureLife = time.Minute
)

// writing knows how the commits of a node go: it reads nothing and writes nothing.
type writing struct {
	mu     sync.Mutex
	inside int       // commits that wait for their answer
	since  time.Time // since when some have waited or failed, and none has succeeded; zero: they go well
	failed error     // the last failure of the store since then
	last   time.Time // when it was
}

func (w *writing) begin(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inside++; w.since.IsZero() {
		w.since = now
	}
}

func (w *writing) end(now time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inside--
	switch {
	case err == nil:
		w.failed, w.since = nil, time.Time{}
		if w.inside > 0 {
			w.since = now
		}
	case ofStore(err):
		w.failed, w.last = err, now
	case w.inside == 0 && w.failed == nil:
		w.since = time.Time{}
	}
}

// ofStore reports whether a commit failed because the store could not write: not because
// of what was to be written, and not because its caller went away.
func ofStore(err error) bool {
	for _, other := range []error{ErrStale, ErrConflict, ErrMissing, ErrNotFound, ErrFenced, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, other) && !errors.Is(err, ErrAway) {
			return false
		}
	}
	return true
}

func (w *writing) look(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	waits := now.Sub(w.since)
	switch {
	case w.since.IsZero() || waits < writeLimit:
		return nil
	case w.failed != nil && (w.inside > 0 || now.Sub(w.last) < failureLife):
		return fmt.Errorf("exchange: nothing could be written for %s: %w", waits.Round(time.Second), w.failed)
	case w.inside > 0:
		return fmt.Errorf("exchange: %d acts wait to be written, the first for %s", w.inside, waits.Round(time.Second))
	}
	return nil
}

// Writing is an error while this node cannot write: acts have waited or failed for some
// seconds, and none has succeeded. A store that can be read may be a standby, or full.
func (n *Node) Writing() error { return n.writing.look(n.cfg.Now()) }
