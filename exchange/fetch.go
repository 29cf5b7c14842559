package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// A taker is an offer that is being taken, and waits for files.
type taker struct {
	recipients []string
	again      chan struct{} // closed when the peer offers it again
	over       bool          // it is closed; under the lock of [inbound]
}

// errOfferedAgain ends the taking of an offer that the peer has made once more on the same
// link: it has given up putting the files of the first, and awaits no answer to it.
var errOfferedAgain = errors.New("exchange: it is offered again")

// fetch gets larger files: whoever dialled moves the bytes, since the other side
// may not be reachable. They are asked for once, however many offers wait for them.
func (s *session) fetch(ctx context.Context, o *offered, larger []LetterFile) error {
	t := &taker{again: make(chan struct{})}
	for _, r := range o.recipients {
		t.recipients = append(t.recipients, r.Agency.ID)
	}
	var waiting []*inboundFile
	var keys []string
	for _, file := range larger {
		key := o.partialKey(file.Digest)
		waiting, keys = append(waiting, s.inbound.expect(key, o, file, t)), append(keys, key)
	}
	defer func() {
		for i, key := range keys {
			s.inbound.forget(key, waiting[i], t)
		}
	}()
	if s.courier == nil {
		need := NeedFiles{Letter: o.letter.Key}
		for _, file := range larger {
			need.Files = append(need.Files, file.Digest)
		}
		if err := s.answer(need); err != nil {
			return err
		}
	}
	for i, file := range waiting {
		if s.courier != nil {
			if err := s.get(ctx, o, file, keys[i]); err != nil {
				return err
			}
			continue
		}
		if err := file.wait(ctx, t, s.relay.putQuiet); err != nil {
			return err
		}
	}
	return nil
}

// expect adds an offer to those that wait for a file. One that has failed begins anew: its
// failure was of the offers before. Offers that this one repeats end.
func (in *inbound) expect(key string, o *offered, file LetterFile, t *taker) *inboundFile {
	in.mu.Lock()
	defer in.mu.Unlock()
	f := in.files[key]
	if f == nil || f.failed() {
		f = &inboundFile{letter: o.letter.Key, agency: o.letter.Agency, file: file, allowed: map[string]bool{}, came: &in.came}
		in.files[key] = f
	}
	for _, before := range f.takers {
		if before != t && !before.over && slices.ContainsFunc(before.recipients, func(r string) bool { return contains(t.recipients, r) }) {
			before.over = true
			close(before.again)
		}
	}
	for _, r := range t.recipients {
		f.allowed[r] = true
	}
	f.takers = append(f.takers, t)
	return f
}

func (in *inbound) forget(key string, f *inboundFile, t *taker) {
	in.mu.Lock()
	defer in.mu.Unlock()
	f.takers = slices.DeleteFunc(f.takers, func(o *taker) bool { return o == t })
	if len(f.takers) == 0 && in.files[key] == f {
		delete(in.files, key)
	}
}

// find gives the file that a peer may put: one of an offer that is being taken.
func (in *inbound) find(key string, file FileKey) *inboundFile {
	in.mu.Lock()
	defer in.mu.Unlock()
	f := in.files[key]
	if f == nil || f.letter != file.Letter || !f.allowed[file.Recipient] {
		return nil
	}
	return f
}

// A fileEnd is what came of a file that was waited for.
type fileEnd struct{ failed error } // nil: it is whole

func (f *inboundFile) ends(failed error) {
	f.end.Store(&fileEnd{failed})
	f.done.notify()
}

func (f *inboundFile) failed() bool {
	end := f.end.Load()
	return end != nil && end.failed != nil
}

// putQuiet is for how long nothing at all may come of the files that a peer was asked for
// until the offers that wait for them are refused for now. While one file comes, the others
// wait for their turn at the peer, however long that takes.
const putQuiet = 3 * time.Minute

// wait returns when the peer has put the file, or it cannot be taken here, or nothing comes:
// what keeps the peer from putting it, this node cannot see.
func (f *inboundFile) wait(ctx context.Context, t *taker, quiet time.Duration) error {
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	came := f.came.Load()
	for {
		done := f.done.next()
		if end := f.end.Load(); end != nil {
			return end.failed
		}
		select {
		case <-done:
		case <-t.again:
			return errOfferedAgain
		case <-timer.C:
			now := f.came.Load()
			if now == came {
				return &refusal{reason: ReasonBusy, text: fmt.Sprintf("the files were asked for, and nothing of them has come within %s", quiet), retry: 10}
			}
			came = now
			timer.Reset(quiet)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// maxTries bounds how often one transfer is begun again on one link, and tryPause is how long
// the first pause before that is; each is twice the one before.
const (
	maxTries = 5
	tryPause = 500 * time.Millisecond
)

// get fetches one file from the peer, from the byte that is held.
func (s *session) get(ctx context.Context, o *offered, f *inboundFile, key string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var last error
	for try := 0; try < maxTries && !f.whole; {
		if try > 0 {
			wait(ctx, nil, s.relay.tryPause<<(try-1))
		}
		more, err := s.getMore(ctx, o, f, key)
		switch {
		case err == nil || more && ctx.Err() == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case permanentHere(err):
			return err
		default:
			try++
			last = err
		}
	}
	if !f.whole {
		return fmt.Errorf("exchange: fetch file %s from %q: %w", f.file.Digest, s.peer, last)
	}
	return nil
}

// getMore is one attempt, which has its turn; more: something has come.
func (s *session) getMore(ctx context.Context, o *offered, f *inboundFile, key string) (more bool, err error) {
	turn := s.turns.join(int(o.route.Urgency))
	defer turn.leave()
	if err := turn.wait(ctx); err != nil {
		return false, err
	}
	l, err := s.leafwise(ctx, o, f, key)
	if err != nil {
		return false, err
	}
	held, err := s.relay.cfg.Blobs.Held(ctx, key)
	if err != nil {
		return false, err
	}
	if uint64(held) < f.file.Size {
		got, err := s.getFrom(ctx, turn, o, f, held, l)
		if err != nil {
			return got > held, err
		}
	}
	return false, s.finish(ctx, f, key, l)
}

// permanentHere reports whether to go on at once with a transfer is of no use.
func permanentHere(err error) bool {
	var why *refusal
	return errors.Is(err, ErrFull) || errors.As(err, &why)
}

// finish makes a fetched file a blob and gives the peer possession of it.
func (s *session) finish(ctx context.Context, f *inboundFile, key string, l *leafwise) error {
	err := s.relay.finishFile(ctx, f, key, l)
	if errors.Is(err, ErrConflict) {
		return refuse(ReasonDigestMismatch, "file %s: %v", f.file.Digest, err)
	}
	if err == nil {
		err = s.relay.received(ctx, s.peer, f)
	}
	if f.whole = err == nil; f.whole {
		f.ends(nil)
	}
	return err
}

func (n *Node) finishFile(ctx context.Context, f *inboundFile, key string, l *leafwise) error {
	if l != nil {
		return l.finish(ctx)
	}
	return n.cfg.Blobs.Finish(ctx, key, f.file.Digest, int64(f.file.Size))
}

func (s *session) getFrom(ctx context.Context, turn *turn, o *offered, f *inboundFile, held int64, l *leafwise) (int64, error) {
	src, err := s.courier.Get(ctx, s.fileKey(o, f), held)
	if err != nil {
		return held, err
	}
	defer src.Close()
	key := o.partialKey(f.file.Digest)
	if rest := (turnReader{ctx, turn, io.LimitReader(src, int64(f.file.Size)-held)}); l != nil {
		err = l.append(ctx, held, rest)
	} else {
		_, err = s.relay.cfg.Blobs.Append(ctx, key, held, rest)
	}
	now, heldErr := s.relay.cfg.Blobs.Held(ctx, key)
	if err == nil && now < int64(f.file.Size) {
		err = io.ErrUnexpectedEOF
	}
	return now, errors.Join(err, heldErr)
}

func (s *session) fileKey(o *offered, f *inboundFile) FileKey {
	return FileKey{Letter: o.letter.Key, Recipient: o.recipients[0].Agency.ID, Digest: f.file.Digest}
}
