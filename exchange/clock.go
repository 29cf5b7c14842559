package exchange

import (
	"context"
	"sync"
	"time"
)

// maxStepBack is by how much a clock may be set back before what waits is looked at again:
// less costs a letter no more than so long.
const maxStepBack = 30 * time.Second

// A clockWatch notices that the node's clock was set back.
type clockWatch struct {
	mu      sync.Mutex
	last    time.Time // at the look before; zero: this is the first
	hastens bool      // what the wrong clock has left is yet to be looked for
}

// watchClock hastens what a clock that ran ahead has left, before this process began or while
// it runs: it was to wait a little by that clock, and would wait as much longer as it was
// wrong. Of what is held the next walk ([walking]) looks at the rows.
//
// Between two looks the clock has gone on by what the monotonic clock says; where Config.Now
// has none, by nothing at least.
func (n *Node) watchClock(ctx context.Context) error {
	w, now := &n.clock, n.cfg.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	back := time.Duration(0)
	if !w.last.IsZero() {
		back = max(now.Sub(w.last), 0) - now.Round(0).Sub(w.last.Round(0))
	}
	w.hastens = w.hastens || w.last.IsZero() || back > maxStepBack
	w.last = now
	if back > maxStepBack {
		n.cfg.Log.Warn("the clock was set back: what waits by the time of before is looked at again", "seconds", int(back.Seconds()))
		n.walking.again()
	}
	if !w.hastens {
		return nil
	}
	if err := n.cfg.Store.Hasten(ctx, now.UnixMicro(), now.UnixMicro()+maxRetry); err != nil {
		return err
	}
	w.hastens = false
	return nil
}

// again has a walk begin when the one that goes on, if one does, is over.
func (w *walking) again() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = 0
}
