package exchange

import (
	"context"
	"errors"
	"strings"

	"lienthong/envelope"
)

// leftovers is what a look finds of unfinished files, apart from the lock.
type leftovers struct {
	partial map[string]leftover
	whole   []File
}

// lookUnfinished reads what there is.
func (n *Node) lookUnfinished(ctx context.Context, now int64) (*leftovers, error) {
	out := &leftovers{partial: map[string]leftover{}}
	list, err := n.cfg.Blobs.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, node := range n.Directory().Nodes {
		if len(list) > 0 {
			tags[peerTag(node.ID)] = node.ID
		}
	}
	uploads := map[string]string{}
	for _, f := range list {
		a, err := n.whoseUnfinished(ctx, f.Key, tags, uploads)
		if err != nil {
			return nil, err
		}
		out.partial[f.Key] = leftover{account: a, bytes: f.Size, since: now}
	}
	n.space.unfinished.uploads = uploads
	if !n.space.unfinished.read {
		out.whole, err = n.cfg.Store.Loose(ctx, now-wholeLife)
	}
	return out, err
}

// whoseUnfinished is the account of a partial file; none where it is not known, such as one
// of an earlier version.
func (n *Node) whoseUnfinished(ctx context.Context, key string, tags, uploads map[string]string) (account, error) {
	if rest, is := strings.CutPrefix(key, offerPrefix); is && len(rest) > tagLength {
		if peer := tags[rest[:tagLength]]; peer != "" {
			return account{quotaFrom, peer}, nil
		}
		return account{}, nil
	}
	rest, is := strings.CutPrefix(key, UploadPrefix)
	id, err := envelope.ParseID(rest)
	if !is || err != nil {
		return account{}, nil
	}
	agency, known := n.space.unfinished.uploads[key]
	if !known {
		up, err := n.cfg.Store.Upload(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return account{}, err
		}
		agency = up.Agency
	}
	if uploads[key] = agency; agency == "" {
		return account{}, nil
	}
	return account{quotaAgency, agency}, nil
}

// found takes over what a look that began at a time has read. The caller has the lock.
func (u *unfinished) found(l *leftovers, began int64) {
	for key, had := range u.files {
		now, there := l.partial[key]
		switch {
		case had.noted >= began:
			delete(l.partial, key)
		case had.whole && had.since+wholeLife > began:
		case !there || had.whole:
			u.drop(key)
		case now.bytes == had.bytes:
			now.since = had.since
			l.partial[key] = now
		}
	}
	for key, f := range l.partial {
		if u.busy[key] == 0 {
			u.set(key, f)
		}
	}
	for _, f := range l.whole {
		peer, is := strings.CutPrefix(f.Holder, PeerHolder(""))
		if key := wholeKey(peer, f.Digest); is && u.busy[key] == 0 {
			u.set(key, leftover{account: account{quotaFrom, peer}, bytes: int64(f.Size), since: f.Since, whole: true})
		}
	}
	u.read = true
}

// idle lists partial files of peers that were refused something meanwhile, and that nobody
// has gone on with for long: they make room. The caller has the lock.
func (u *unfinished) idle(now int64) (out []string) {
	for key, f := range u.files {
		if f.account.kind == quotaFrom && !f.whole && u.pressed[f.account] && f.since+idleLife <= now {
			out = append(out, key)
		}
	}
	clear(u.pressed)
	return out
}

// dropIdle removes such files. One that somebody goes on with now stays.
func (n *Node) dropIdle(ctx context.Context, keys []string) {
	for _, key := range keys {
		n.space.mu.Lock()
		f, still := n.space.unfinished.files[key]
		n.space.mu.Unlock()
		if !still {
			continue
		}
		if err := n.cfg.Blobs.Discard(ctx, key); err != nil {
			n.cfg.Log.Warn("space: remove an unfinished file", "account", f.account.String(), "file", key, "error", err)
			continue
		}
		n.cfg.Log.Info("space: an unfinished file that nobody goes on with made room", "account", f.account.String(), "bytes", f.bytes)
		n.forgetUnfinished(key)
	}
}

// forgetUnfinished counts a file no longer: it is gone, or a file of somebody.
func (n *Node) forgetUnfinished(key string) {
	n.space.mu.Lock()
	defer n.space.mu.Unlock()
	n.space.unfinished.drop(key)
}
