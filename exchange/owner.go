package exchange

import (
	"context"
	"errors"
	"time"
)

// A Link is one link to a peer among all that there have been, in whatever process of
// this node: a newer one has a higher epoch. Whoever has the newest has the peer's queue.
type Link struct {
	Peer  string
	Epoch uint64 // from 1
}

// LinkStore is the part of a [Store] that says which process has the queue of a peer.
// It is bookkeeping of transport, and takes no entries. Where one process has the store to
// itself, the epoch is a constant, and the order of links in its memory is enough.
type LinkStore interface {
	// TakeLink makes a link of this process the newest to a peer. What was offered on the
	// links before and not answered becomes due at once: all claimed rows are unclaimed.
	TakeLink(ctx context.Context, peer string) (Link, error)
	// KeepLink says that a link is up, which holds for LinkLease by the clock of the store.
	// ErrFenced if a newer one has taken over.
	KeepLink(ctx context.Context, link Link) error
	// EndLink says that a link is down. One that is not the newest is passed over.
	EndLink(ctx context.Context, link Link) error
	// LinkTaken reports whether another process that lives has a link to the peer that is
	// up, so that this one need not dial.
	LinkTaken(ctx context.Context, peer string) (bool, error)
}

// LinkLease is how long a link counts as up after it was taken or kept.
const LinkLease = 3 * heartbeatPause

// A SharedStore is a Store to which other processes of this node may write.
type SharedStore interface {
	Store
	// Listen calls changed after commits of other processes, once for many, and whenever it
	// may have missed some; directory is true if one of them may have replaced the directory.
	// It returns when ctx has ended.
	Listen(ctx context.Context, changed func(directory bool))
}

// listen wakes whoever waits here when another process of this node has committed.
func (r *Relay) listen(ctx context.Context, store SharedStore) {
	store.Listen(ctx, func(directory bool) {
		if directory {
			if err := r.reloadDirectory(ctx); err != nil && ctx.Err() == nil {
				r.cfg.Log.Error("relay: directory of another process", "error", err)
			}
		}
		r.changed.notify()
		r.outboxes.wakeAll()
		r.jobs.wakeAll()
	})
}

// reloadDirectory takes over a directory that another process has imported.
func (n *Node) reloadDirectory(ctx context.Context) error {
	n.importing.Lock()
	defer n.importing.Unlock()
	stored, err := n.storedDirectory(ctx)
	if err == nil && n.Directory().behind(stored.Epochs()) {
		n.directory.Store(stored)
		n.moved.notify()
	}
	return err
}

// freePause is how often a process looks whether the link of another has ended.
const freePause = 5 * time.Second

// waitFree returns when no other process of this node has a link to the peer.
func (r *Relay) waitFree(ctx context.Context, peer string) error {
	for {
		taken, err := r.cfg.Store.LinkTaken(ctx, peer)
		if err != nil || !taken {
			return err
		}
		if !wait(ctx, nil, freePause) {
			return ctx.Err()
		}
	}
}

// closeLimit bounds what is done for a link after it has ended.
const closeLimit = 2 * time.Second

// leave gives a link up, so that another process may dial at once, and tells the peer
// if this one was closed because of a newer, or of what the peer did. Where the peer does
// not read it is told nothing.
func (s *session) leave(ctx context.Context, reads bool) {
	cause := context.Cause(ctx)
	fenced := errors.Is(cause, ErrFenced)
	s.blame(cause, reads)
	if fenced && !reads {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	if fenced {
		s.goAway(ctx, "a newer link took over")
		return
	}
	if reads && errors.Is(cause, errRenewed) {
		s.goAway(ctx, goRenewed)
	}
	if err := s.relay.cfg.Store.EndLink(ctx, s.link); err != nil {
		s.relay.cfg.Log.Warn("relay: end of link", "peer", s.peer, "error", err)
	}
}

// goAway says why the link ends. The peer may not read any more: it is going anyway.
func (s *session) goAway(ctx context.Context, reason string) {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = s.conn.Send(GoAway{Reason: reason})
	}()
	select {
	case <-sent:
	case <-ctx.Done():
	}
}
