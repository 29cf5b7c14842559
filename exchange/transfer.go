package exchange

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

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
	if f == nil || f.failed() {
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
	if err != nil {
		f.fails(ctx, err)
	}
	return held, storeError(err)
}

// A putSource is what a peer puts. It keeps apart what goes wrong on the way here.
type putSource struct {
	r    io.Reader
	came *atomic.Int64
	cut  error
}

func (p *putSource) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if n > 0 {
		p.came.Add(1)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		p.cut = err
	}
	return n, err
}

// asking notes too that the peer could not be asked for a leaf again.
func (p *putSource) asking(ask func(int64) error) func(int64) error {
	if ask == nil {
		return nil
	}
	return func(offset int64) error {
		err := ask(offset)
		if err != nil {
			p.cut = err
		}
		return err
	}
}

// fails ends the wait for a file that this node cannot take, so that the offers which wait
// for it are answered: the peer sees only that its transfer broke. What ends with the call,
// and bytes for another place than the next, the peer mends by beginning again.
func (f *inboundFile) fails(ctx context.Context, err error) {
	if ctx.Err() == nil && !errors.Is(err, ErrConflict) {
		f.ends(err)
	}
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
	from := &putSource{r: io.LimitReader(src, room), came: f.came}
	l := r.putLeafwise(ctx, peer, key, f, from.asking(ask))
	if err := r.appendPut(ctx, f, key, offset, from, l); err != nil {
		if from.cut == nil {
			f.fails(ctx, err)
		}
		held, heldErr := r.cfg.Blobs.Held(ctx, key)
		if heldErr != nil {
			return 0, false, storeError(heldErr)
		}
		return held, false, storeError(err)
	}
	if held, err = r.cfg.Blobs.Held(ctx, key); err == nil && held < int64(f.file.Size) {
		return held, false, nil
	}
	if err == nil {
		err = r.finishPut(ctx, peer, f, key, l)
	}
	if err != nil {
		f.fails(ctx, err)
		if errors.Is(err, ErrConflict) {
			held = 0 // it is removed
		}
		return held, false, storeError(err)
	}
	f.whole = true
	f.ends(nil)
	return held, true, nil
}

// finishPut makes a file that is here a blob of the peer's.
func (r *Relay) finishPut(ctx context.Context, peer string, f *inboundFile, key string, l *leafwise) error {
	err := r.finishFile(ctx, f, key, l)
	if errors.Is(err, ErrConflict) {
		f.ends(refuse(ReasonDigestMismatch, "file %s: %v", f.file.Digest, err))
		return &Error{Code: Invalid, Reason: ReasonDigestMismatch, Text: "the file is not what was offered: begin again", Cause: err}
	}
	if err != nil {
		return err
	}
	return r.received(ctx, peer, f)
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
