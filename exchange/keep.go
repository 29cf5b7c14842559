package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A letter's files come one after the other, over days where the line is slow, and a sweeper
// lets go what nothing has named for a day. So what is here already is touched while the
// others come: at the start, and then so often. Its row is written once an hour at most.
const (
	keepEvery = 30 * time.Minute
	keptFor   = time.Hour
)

// A keeping is an offer whose files are being fetched.
type keeping struct {
	o   *offered
	due int64 // when its files are to be looked at next
}

// keep has the files of an offer looked at until the function returned is called.
func (in *inbound) keep(o *offered, now int64) (release func()) {
	k := &keeping{o, now + keepEvery.Microseconds()}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.kept[k] = true
	return func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		delete(in.kept, k)
	}
}

// due gives the offers whose files are to be looked at.
func (in *inbound) due(now int64) (out []*offered) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for k := range in.kept {
		if k.due <= now {
			k.due = now + keepEvery.Microseconds()
			out = append(out, k.o)
		}
	}
	return out
}

// keepFetched touches what has come of letters that are still coming. Run calls it every
// second.
func (r *Relay) keepFetched(ctx context.Context) error {
	r.mu.Lock()
	sessions := make([]*session, 0, len(r.sessions))
	for _, s := range r.sessions {
		sessions = append(sessions, s)
	}
	r.mu.Unlock()
	var failed error
	for _, s := range sessions {
		for _, o := range s.inbound.due(r.now()) {
			failed = errors.Join(failed, r.keepFiles(ctx, o))
		}
	}
	return failed
}

// keepFiles touches those files of an offer that the peer need not send any more, if nobody
// has for an hour. ErrMissing if one was let go this moment: it is asked for with the next
// offer.
func (n *Node) keepFiles(ctx context.Context, o *offered) error {
	before := n.now() - keptFor.Microseconds()
	change := Change{}
	for _, file := range o.letter.Files {
		_, err := n.cfg.Store.File(ctx, PeerHolder(o.peer), file.Digest)
		if err == nil {
			var row BlobRow
			if row, err = n.cfg.Store.Blob(ctx, file.Digest); err == nil && row.Touched < before {
				change.Uses = append(change.Uses, file.Digest)
			}
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	if len(change.Uses) == 0 {
		return nil
	}
	change.Entries = append(change.Entries, n.entry(peerActor(o.peer), o.letter.Agency, "file.kept", o.letter.Digest.String(),
		fmt.Sprintf("letter=%s peer=%s files=%d", o.letter.Key.ID, o.peer, len(change.Uses))))
	_, err := n.commit(ctx, change)
	return err
}
