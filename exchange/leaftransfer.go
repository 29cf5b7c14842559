package exchange

import (
	"context"
	"errors"
	"io"

	"lienthong/envelope"
)

// leafwise says how a file is fetched by its leaves: with what is known here, or with the
// list that the peer gives. nil where neither is.
func (s *session) leafwise(ctx context.Context, o *offered, f *inboundFile, key string) (*leafwise, error) {
	lc, ok := s.courier.(LeafCourier)
	if !ok || !f.file.hasLeaves() {
		return nil, nil
	}
	if f.leaves.Load() == nil {
		leaves, err := s.getLeaves(ctx, lc, s.fileKey(o, f), f.file)
		if errors.Is(err, ErrNoLeaves) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		f.leaves.Store(&leaves)
	}
	l := &leafwise{node: s.relay.Node, peer: s.peer, key: key, file: f.file, hash: *f.leaves.Load(), again: func(offset, length int64) ([]byte, error) {
		return lc.GetLeaf(ctx, s.fileKey(o, f), offset, length)
	}}
	return l, f.recheck(ctx, l)
}

func (s *session) getLeaves(ctx context.Context, lc LeafCourier, key FileKey, file LetterFile) ([]envelope.Digest, error) {
	if leaves := s.relay.leaves.get(file.LeafRoot); leaves != nil {
		return leaves, nil
	}
	list, err := lc.GetLeaves(ctx, key)
	if err != nil {
		return nil, err
	}
	leaves, err := checkLeaves(s.peer, file, list)
	if err == nil {
		s.relay.leaves.put(file.LeafRoot, leaves)
	}
	return leaves, err
}

// recheck looks once a link at what an earlier one has left.
func (f *inboundFile) recheck(ctx context.Context, l *leafwise) error {
	if f.rechecked {
		return nil
	}
	held, err := l.node.cfg.Blobs.Held(ctx, l.key)
	if err == nil {
		err = l.recheck(ctx, held)
	}
	f.rechecked = err == nil
	return err
}

// putLeaves gives the peer the leaf hashes of a file that it is about to get.
func (s *session) putLeaves(ctx context.Context, key FileKey, file LetterFile) error {
	lc, ok := s.courier.(LeafCourier)
	if !ok || !file.hasLeaves() {
		return nil
	}
	err := lc.PutLeaves(ctx, key, func() ([]byte, error) { return s.relay.leavesOf(ctx, file) })
	var why *Error
	if errors.Is(err, ErrNoLeaves) || errors.As(err, &why) && why.Code == Exhausted { // the list is more than it takes at once
		return nil
	}
	return err
}

// OfferedLeaves are the leaf hashes of a file that [Relay.OpenOffered] opens. NO_LEAVES
// for one with more than 65,536.
func (r *Relay) OfferedLeaves(ctx context.Context, peer string, key FileKey) ([]byte, error) {
	file, err := r.offeredFile(ctx, peer, key)
	if err != nil {
		return nil, err
	}
	if !file.hasLeaves() {
		return nil, fail(Precondition, ReasonNoLeaves, "file %s of %d bytes is not given by its leaves", file.Digest, file.Size)
	}
	return r.leavesOf(ctx, file)
}

// TakeLeaves takes the leaf hashes of a file that a peer is about to put; without any it
// tells whether they are wanted. A list that is not what was signed is refused.
func (r *Relay) TakeLeaves(_ context.Context, peer string, key FileKey, list []byte) (wanted bool, err error) {
	f, _, err := r.expected(peer, key)
	if err != nil || !f.file.hasLeaves() {
		return false, err
	}
	leaves := r.leaves.get(f.file.LeafRoot)
	switch {
	case leaves != nil:
	case len(list) == 0:
		return true, nil
	default:
		if leaves, err = checkLeaves(peer, f.file, list); err != nil {
			r.cfg.Log.Warn("relay: leaf hashes refused", "peer", peer, "file", key.Digest.String(), "error", err)
			return false, &Error{Code: Invalid, Reason: ReasonBadLeaves, Text: asRefusal(err).text}
		}
		r.leaves.put(f.file.LeafRoot, leaves)
	}
	f.leaves.Store(&leaves)
	return false, nil
}

// A leafAsked is a leaf that a peer is to put once more.
type leafAsked struct {
	offset, length int64
	came           chan []byte // holds one
}

// TakeLeaf takes a leaf that the peer was asked for.
func (r *Relay) TakeLeaf(_ context.Context, peer string, key FileKey, offset int64, data []byte) error {
	f, _, err := r.expected(peer, key)
	if err != nil {
		return err
	}
	a := f.asked.Load()
	if a == nil || a.offset != offset || a.length != int64(len(data)) {
		return fail(Precondition, "NOT_ASKED", "nobody has asked for %d bytes from byte %d of file %s", len(data), offset, key.Digest)
	}
	select {
	case a.came <- data:
		return nil
	default:
		return fail(Precondition, "NOT_ASKED", "the leaf from byte %d of file %s has come already", offset, key.Digest)
	}
}

// putLeafwise says how a file that the peer puts is taken by its leaves; nil where the
// peer has given none. ask tells the peer which leaf to put once more.
func (r *Relay) putLeafwise(ctx context.Context, peer, key string, f *inboundFile, ask func(offset int64) error) *leafwise {
	hash := f.leaves.Load()
	if hash == nil || ask == nil {
		return nil
	}
	return &leafwise{node: r.Node, peer: peer, key: key, file: f.file, hash: *hash, again: func(offset, length int64) ([]byte, error) {
		a := &leafAsked{offset, length, make(chan []byte, 1)}
		f.asked.Store(a)
		defer f.asked.Store(nil)
		if err := ask(offset); err != nil {
			return nil, err
		}
		select {
		case data := <-a.came:
			return data, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}}
}

// appendPut adds what a peer puts.
func (r *Relay) appendPut(ctx context.Context, f *inboundFile, key string, offset int64, src io.Reader, l *leafwise) error {
	if l == nil {
		_, err := r.cfg.Blobs.Append(ctx, key, offset, src)
		return err
	}
	if err := f.recheck(ctx, l); err != nil {
		return err
	}
	return l.append(ctx, offset, src)
}
