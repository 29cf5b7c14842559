package exchange

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// DirectoryNews tells a peer how new the directory is here, after it changed. Whoever
// dialled then fetches, or sends, what the other lacks.
type DirectoryNews struct{ Epochs []Epoch }

// FeatureZones in Hello says that a node speaks DirectoryNews, and has GetDirectory and
// PutDirectory beside the link.
const FeatureZones = "zones"

// A DirectoryCourier is a [Courier] that also moves files of the directory.
type DirectoryCourier interface {
	// GetDirectory gives take what the peer has beyond what this node has, in order. It
	// ends at the first file that take returns an error for.
	GetDirectory(ctx context.Context, have []Epoch, take func(envelope.Sealed) error) error
	// PutDirectory sends files, which next gives until io.EOF.
	PutDirectory(ctx context.Context, next func() (envelope.Sealed, error)) error
}

// spread is what a session knows of the peer's directory.
type spread struct {
	mu      sync.Mutex
	speaks  bool // the peer has FeatureZones
	theirs  []Epoch
	changed broadcast
}

func (p *spread) hear(epochs []Epoch) {
	p.mu.Lock()
	p.theirs = epochs
	p.mu.Unlock()
	p.changed.notify()
}

func (p *spread) heard() ([]Epoch, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.theirs, p.speaks
}

// How long without any news a peer is asked again, and after a failure.
const (
	spreadPause = 60 * time.Second
	spreadRetry = 5 * time.Second
)

// pumpDirectory keeps the directories of both ends alike for as long as the link is up.
// Failures end nothing: letters are carried with the directory that is here.
func (s *session) pumpDirectory(ctx context.Context) error {
	told := s.told
	for ctx.Err() == nil {
		moved, heard := s.relay.moved.next(), s.spread.changed.next()
		theirs, speaks := s.spread.heard()
		dir := s.relay.Directory()
		if s.lapsed(dir) {
			return fmt.Errorf("exchange: link with %q: the directory ends a certificate of it that counted when they shook hands: once more", s.peer)
		}
		if !speaks {
			wait(ctx, moved, spreadPause)
			continue
		}
		if dir != told {
			told = dir
			if err := s.answer(DirectoryNews{Epochs: dir.Epochs()}); err != nil {
				return err
			}
		}
		s.compareStates(ctx, dir, theirs)
		pause := spreadPause
		if err := s.evenOut(ctx, theirs); err != nil && ctx.Err() == nil {
			s.relay.cfg.Log.Warn("relay: directory", "peer", s.peer, "error", err)
			pause = spreadRetry
		}
		if dir != s.relay.Directory() {
			continue
		}
		either := make(chan struct{})
		waiting, stop := context.WithCancel(ctx)
		go func() {
			defer close(either)
			select {
			case <-moved:
			case <-heard:
			case <-waiting.Done():
			}
		}()
		wait(ctx, either, pause)
		stop()
		<-either
	}
	return context.Cause(ctx)
}

// standing is by what a node is known at a time: its certificates that count, or none
// where it has ended.
func (d *Directory) standing(node string, now int64) map[[sha256.Size]byte]bool {
	out := map[[sha256.Size]byte]bool{}
	n := d.nodes[node]
	if n == nil || n.Ended != 0 && now >= n.Ended {
		return out
	}
	for _, c := range d.signers(node, now, now) {
		out[sha256.Sum256(c.Raw)] = true
	}
	return out
}

// lapsed reports whether a certificate that counted when the link was shaken counts no more:
// it may be that of this link. A further one changes nothing: the link goes on.
func (s *session) lapsed(dir *Directory) bool {
	now := dir.standing(s.peer, s.relay.now())
	for sum := range s.stood {
		if !now[sum] {
			return true
		}
	}
	return false
}

// compareStates alarms where an authority has told this node one thing and the peer
// another, for one epoch. Neither gives way: people must look.
func (s *session) compareStates(ctx context.Context, dir *Directory, theirs []Epoch) {
	for _, e := range dir.Epochs() {
		for _, t := range theirs {
			if t.Zone != e.Zone || t.Epoch != e.Epoch || t.State.IsZero() || t.State == e.State {
				continue
			}
			if err := s.relay.alarmStates(ctx, s.peer, e, t); err != nil && ctx.Err() == nil {
				s.relay.cfg.Log.Error("relay: directory", "peer", s.peer, "error", err)
			}
		}
	}
}

func (n *Node) alarmStates(ctx context.Context, peer string, ours, theirs Epoch) error {
	n.importing.Lock()
	defer n.importing.Unlock()
	text := fmt.Sprintf("zone %q epoch %d: state %s here, %s at node %q: its authority has signed two", ours.Zone, ours.Epoch, ours.State, theirs.State, peer)
	return n.alarm(ctx, journal.Actor{Node: peer}, theirs.State, text)
}

// evenOut moves files of the directory, if this node dialled and either end lacks some.
func (s *session) evenOut(ctx context.Context, theirs []Epoch) error {
	courier, ok := s.courier.(DirectoryCourier)
	if !ok {
		return nil
	}
	n, dir := s.relay.Node, s.relay.Directory()
	if dir.behind(theirs) {
		err := courier.GetDirectory(ctx, dir.Epochs(), func(sealed envelope.Sealed) error {
			_, err := n.TakeFile(ctx, journal.Actor{Node: s.peer}, sealed)
			return err
		})
		if err != nil {
			return fmt.Errorf("exchange: fetch the directory of %q: %w", s.peer, err)
		}
	}
	dir = n.Directory()
	files := dir.FilesBeyond(theirs)
	if len(files) == 0 {
		return nil
	}
	if err := courier.PutDirectory(ctx, n.files(ctx, files)); err != nil {
		return fmt.Errorf("exchange: send the directory to %q: %w", s.peer, err)
	}
	s.spread.mu.Lock()
	defer s.spread.mu.Unlock()
	s.spread.theirs = raised(s.spread.theirs, dir.Epochs())
	return nil
}

// raised gives what a peer has that was just sent what is here. What it has said meanwhile
// of newer epochs stays.
func raised(theirs, sent []Epoch) []Epoch {
	out := append([]Epoch(nil), theirs...)
	for _, e := range sent {
		i := slices.IndexFunc(out, func(t Epoch) bool { return t.Zone == e.Zone })
		switch {
		case i < 0:
			out = append(out, e)
		case e.Epoch > out[i].Epoch:
			out[i] = e
		}
	}
	return out
}

// files reads one file after the other.
func (n *Node) files(ctx context.Context, refs []FileRef) func() (envelope.Sealed, error) {
	return func() (envelope.Sealed, error) {
		if len(refs) == 0 {
			return envelope.Sealed{}, io.EOF
		}
		ref := refs[0]
		refs = refs[1:]
		return n.DirectoryFile(ctx, ref)
	}
}

// maxDirectoryFiles bounds the files that one call brings: more than any honest peer has.
const maxDirectoryFiles = 2*envelope.MaxZones + KeptDeltas

// GiveDirectory gives a peer what it lacks, file by file.
func (r *Relay) GiveDirectory(ctx context.Context, have []Epoch, give func(envelope.Sealed) error) error {
	if len(have) > envelope.MaxZones+1 {
		return fail(Invalid, "TOO_MANY", "the request names %d zones, at most %d", len(have), envelope.MaxZones+1)
	}
	next := r.files(ctx, r.Directory().FilesBeyond(have))
	for {
		sealed, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = give(sealed)
		}
		if err != nil {
			return err
		}
	}
}

// TakeDirectory takes files from a peer, which next gives until io.EOF. One peer at a time
// sends: a file may be large.
func (r *Relay) TakeDirectory(ctx context.Context, peer string, next func() (envelope.Sealed, error)) error {
	if !r.taking.TryLock() {
		return fail(Unavailable, "BUSY", "another peer is sending its directory")
	}
	defer r.taking.Unlock()
	for range maxDirectoryFiles {
		sealed, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := r.TakeFile(ctx, journal.Actor{Node: peer}, sealed); err != nil {
			return err
		}
	}
	return fail(Invalid, "TOO_MANY", "more than %d files", maxDirectoryFiles)
}
