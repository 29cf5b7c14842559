package exchange

import (
	"context"
	"errors"
	"io"

	"lienthong/journal"
)

func peerActor(peer string) journal.Actor { return journal.Actor{Node: peer} }

// expected finds the file that a peer wants to put, on its present link.
func (r *Relay) expected(peer string, file FileKey) (*inboundFile, string, error) {
	s := r.newest(peer)
	if s == nil {
		return nil, "", fail(Precondition, "NO_LINK", "node %q has no link here: offer first", peer)
	}
	s.inbound.mu.Lock()
	var key string
	for k, f := range s.inbound.files {
		if f.letter == file.Letter && f.file.Digest == file.Digest {
			key = k
		}
	}
	s.inbound.mu.Unlock()
	f := s.inbound.find(key, file)
	if f == nil {
		return nil, "", fail(NotFound, "NOT_OFFERED", "file %s of letter %s was not asked for", file.Digest, file.Letter.ID)
	}
	return f, key, nil
}

// PutOffset tells a peer from which byte to put a file of an envelope that it offered
// on its present link.
func (r *Relay) PutOffset(ctx context.Context, peer string, file FileKey) (int64, error) {
	f, key, err := r.expected(peer, file)
	if err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.whole {
		return int64(f.file.Size), nil
	}
	held, err := r.cfg.Blobs.Held(ctx, key)
	return held, storeError(err)
}

// PutAppend takes bytes of a file from a peer until src ends, and tells what is
// durable, also when src fails; done: the file is whole and its digest is right.
func (r *Relay) PutAppend(ctx context.Context, peer string, file FileKey, offset int64, src io.Reader) (held int64, done bool, err error) {
	return r.PutChecked(ctx, peer, file, offset, src, nil)
}

// PutChecked is PutAppend from a peer that has given the leaf hashes ([Relay.TakeLeaves]):
// each leaf is checked when it is complete, and a wrong one is asked for once more and
// comes by [Relay.TakeLeaf], while src waits.
func (r *Relay) PutChecked(ctx context.Context, peer string, file FileKey, offset int64, src io.Reader, ask func(offset int64) error) (held int64, done bool, err error) {
	f, key, err := r.expected(peer, file)
	if err != nil {
		return 0, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.whole {
		return int64(f.file.Size), true, nil
	}
	room := int64(f.file.Size) - offset
	if room < 0 || offset < 0 {
		return 0, false, fail(Invalid, "OFFSET", "offset %d is not in a file of %d bytes", offset, f.file.Size)
	}
	l := r.putLeafwise(ctx, peer, key, f, ask)
	if err := r.appendPut(ctx, f, key, offset, io.LimitReader(src, room), l); err != nil {
		held, heldErr := r.cfg.Blobs.Held(ctx, key)
		if heldErr != nil {
			return 0, false, storeError(heldErr)
		}
		return held, false, storeError(err)
	}
	if held, err = r.cfg.Blobs.Held(ctx, key); err != nil || held < int64(f.file.Size) {
		return held, false, storeError(err)
	}
	if err := r.finishFile(ctx, f, key, l); err != nil {
		if !errors.Is(err, ErrConflict) {
			return held, false, storeError(err)
		}
		f.failed = refuse(ReasonDigestMismatch, "file %s: %v", f.file.Digest, err)
		f.done.notify()
		return 0, false, &Error{Code: Invalid, Reason: ReasonDigestMismatch, Text: "the file is not what was offered: begin again", Cause: err}
	}
	if err := r.received(ctx, peer, f); err != nil {
		f.failed = err
		f.done.notify()
		return 0, false, storeError(err)
	}
	f.whole = true
	f.done.notify()
	return held, true, nil
}

// OpenOffered opens a file of an envelope that this node has offered to the peer on
// its present link, and for which the peer has not answered. Nothing else is served.
func (r *Relay) OpenOffered(ctx context.Context, peer string, file FileKey) (Blob, error) {
	if _, err := r.offeredFile(ctx, peer, file); err != nil {
		return nil, err
	}
	blob, err := r.cfg.Blobs.Open(ctx, file.Digest)
	return blob, storeError(err)
}

// offeredFile finds a file that may be served.
func (r *Relay) offeredFile(ctx context.Context, peer string, file FileKey) (LetterFile, error) {
	s := r.newest(peer)
	if s == nil || !s.window.has(DeliveryKey{file.Letter.Origin, file.Letter.ID, file.Recipient}) {
		return LetterFile{}, fail(NotFound, "NOT_OFFERED", "letter %s is not offered to node %q for %q", file.Letter.ID, peer, file.Recipient)
	}
	letter, err := r.cfg.Store.Letter(ctx, file.Letter)
	if err != nil {
		return LetterFile{}, storeError(err)
	}
	found, ok := letter.file(file.Digest)
	if !ok {
		return found, fail(NotFound, "NOT_OFFERED", "file %s is not of letter %s", file.Digest, file.Letter.ID)
	}
	return found, nil
}
