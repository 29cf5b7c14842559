package exchange

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// A Relay hands letters over to peers, takes them over from peers, and carries
// statements back. There is one for a node; it shares the node with [Service].
type Relay struct {
	*Node
	mu        sync.Mutex
	sessions  map[string]*session // by peer: the newest
	taking    sync.Mutex          // files of the directory, from one peer at a time
	prober    atomic.Value        // the Dialer of Run, for who asks after a peer
	heartbeat time.Duration       // between heartbeats; only tests have another, as of the next two
	putQuiet  time.Duration       // see [putQuiet]
	tryPause  time.Duration       // before a transfer is begun again the first time
}

// NewRelay makes the relay of a node.
func NewRelay(n *Node) *Relay {
	return &Relay{Node: n, sessions: make(map[string]*session), heartbeat: heartbeatPause, putQuiet: putQuiet, tryPause: tryPause}
}

// Run keeps a link to every peer that this node dials (its parent, and those that
// the directory names), does what time brings (deadlines, held letters), and
// validates what arrived. It returns when ctx has ended, and all that with it. With
// a nil dialer it dials nobody.
func (r *Relay) Run(ctx context.Context, dialer Dialer) error {
	var wg sync.WaitGroup
	wg.Go(func() { r.every(ctx, time.Second, r.Tend) })
	wg.Go(func() { r.every(ctx, time.Second, r.watchSpace) })
	wg.Go(func() { r.every(ctx, time.Second, r.keepFetched) })
	for range r.cfg.Workers {
		wg.Go(func() { r.validateJobs(ctx) })
	}
	if shared, ok := r.cfg.Store.(SharedStore); ok {
		wg.Go(func() { r.listen(ctx, shared) })
	}
	if r.cfg.Stamp != nil {
		wg.Go(func() { r.stampCheckpoints(ctx) })
	}
	if r.cfg.Signing != nil {
		for range LevelWorkers {
			wg.Go(func() { r.levelJobs(ctx) })
		}
	}
	if dialer != nil {
		if _, ok := dialer.(Prober); ok {
			r.prober.Store(dialer)
		}
		wg.Go(func() { r.keepLinks(ctx, dialer) })
	}
	wg.Wait()
	return nil
}

// every runs an act again and again until ctx ends, and logs its errors.
func (r *Relay) every(ctx context.Context, pause time.Duration, act func(context.Context) error) {
	for wait(ctx, nil, pause) {
		if err := act(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Log.Error("relay: tend", "error", err)
		}
	}
}

// keepLinks has one goroutine for each peer that the directory says to dial, and
// looks again when the directory may have changed.
func (r *Relay) keepLinks(ctx context.Context, dialer Dialer) {
	links := map[string]context.CancelFunc{}
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		moved := r.moved.next()
		wanted := r.Directory().Dials(r.cfg.ID)
		for _, peer := range wanted {
			if links[peer] != nil {
				continue
			}
			linkCtx, cancel := context.WithCancel(ctx)
			links[peer] = cancel
			wg.Go(func() { r.keepLink(linkCtx, dialer, peer) })
		}
		for peer, cancel := range links {
			if !contains(wanted, peer) {
				cancel()
				delete(links, peer)
			}
		}
		if !wait(ctx, moved, 5*time.Second) {
			for _, cancel := range links {
				cancel()
			}
			return
		}
	}
}

// Pauses between attempts to reach a peer: they double, with full jitter.
const (
	minPause = time.Second
	maxPause = 5 * time.Minute
)

// keepLink dials one peer until ctx ends. A dead peer costs only its own queue.
func (r *Relay) keepLink(ctx context.Context, dialer Dialer, peer string) {
	pause := minPause
	for ctx.Err() == nil {
		if err := r.waitFree(ctx, peer); err != nil && ctx.Err() == nil {
			r.cfg.Log.Warn("relay: link of another process", "peer", peer, "error", err)
		}
		useful, err := r.link(ctx, dialer, peer)
		if ctx.Err() != nil {
			return
		}
		if useful {
			pause = minPause
		}
		if errors.Is(err, errRenewed) {
			r.cfg.Log.Info("relay: link is renewed", "peer", peer)
			continue
		}
		r.cfg.Log.Warn("relay: link ended", "peer", peer, "error", err, "pause", pause)
		if errors.Is(err, errPeerRenewed) {
			wait(ctx, nil, minPause/8)
			continue
		}
		wait(ctx, nil, minPause/8+rand.N(pause))
		pause = min(2*pause, maxPause)
	}
}

func (r *Relay) link(ctx context.Context, dialer Dialer, peer string) (useful bool, err error) {
	node, ok := r.Directory().Node(peer)
	renewed := r.renewed.next() // before the handshake, which may still be with the old certificate
	if !ok {
		return false, fmt.Errorf("exchange: dial %q: no such node in the directory", peer)
	}
	courier, err := dialer.Dial(ctx, node)
	if err != nil {
		return false, err
	}
	defer courier.Close()
	s := r.session(peer, courier, courier)
	s.renewed = renewed
	err = s.serve(ctx)
	return s.heard.Load() > 0, err // a peer that greets and hangs up is as good as a dead one
}

// Serve speaks on one link until it breaks, the peer goes away, or ctx ends. The
// transport has proved that the other side is the node peer. A newer link to the
// same peer ends an older one. courier is nil where the peer dialled.
//
// An end because this node has taken another certificate is no error: the peer was told.
// Serve may return while a last Recv is still waiting: it ends with its stream.
func (r *Relay) Serve(ctx context.Context, peer string, conn Conn, courier Courier) error {
	if err := r.session(peer, conn, courier).serve(ctx); !errors.Is(err, errRenewed) {
		return err
	}
	return nil
}

// Connected lists the peers that a link is up to.
func (r *Relay) Connected() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for peer, s := range r.sessions {
		if s.greeted.Load() {
			out = append(out, peer)
		}
	}
	return out
}

// own makes s the newest session of its peer, and ends the one before: a queue has
// one owner. It returns when the older one has stopped.
func (r *Relay) own(ctx context.Context, s *session) error {
	r.mu.Lock()
	old := r.sessions[s.peer]
	r.sessions[s.peer] = s
	r.mu.Unlock()
	if old == nil {
		return nil
	}
	old.stop(fmt.Errorf("exchange: a newer link to %q took over", s.peer))
	select {
	case <-old.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Relay) disown(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions[s.peer] == s {
		delete(r.sessions, s.peer)
	}
}

func (r *Relay) newest(peer string) *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sessions[peer]
}

// wait returns true after a pause, or as soon as ch is closed, and false when ctx has ended.
func wait(ctx context.Context, ch <-chan struct{}, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-ch:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// waitEither is wait for whichever of two comes first.
func waitEither(ctx context.Context, a, b <-chan struct{}, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-a:
	case <-b:
	case <-timer.C:
	}
}
