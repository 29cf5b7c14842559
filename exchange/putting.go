package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// put sends the files that the peer, which this node dialled, asks for.
func (s *session) put(ctx context.Context, f NeedFiles) error {
	recipients := s.window.open(f.Letter)
	if s.courier == nil || len(recipients) == 0 {
		return fmt.Errorf("exchange: %q asks for files of letter %s, which is not offered to it by a link that this node dialled", s.peer, f.Letter.ID)
	}
	letter, err := s.relay.cfg.Store.Letter(ctx, f.Letter)
	if err != nil {
		return err
	}
	for _, digest := range f.Files {
		file, ok := letter.file(digest)
		if !ok {
			return fmt.Errorf("exchange: %q asks for file %s, which is not of letter %s", s.peer, digest, f.Letter.ID)
		}
		if err := s.putOne(ctx, int(letter.Urgency), FileKey{f.Letter, recipients[0], digest}, file); err != nil {
			return errors.Join(err, s.later(ctx, f.Letter, s.window.open(f.Letter), notPut(err)))
		}
	}
	return nil
}

// An unreadableError says that this node's own file cannot be read.
type unreadableError struct{ cause error }

func (e *unreadableError) Error() string {
	return "exchange: read a file that is to be put: " + e.cause.Error()
}
func (e *unreadableError) Unwrap() error { return e.cause }

// ownFault reports that a file cannot be read here, though the store is there.
func ownFault(err error) bool {
	var own *unreadableError
	return errors.As(err, &own) && !errors.Is(err, ErrAway)
}

// notPut is the setback of a letter of which a file could not be put. Only where the file is
// unreadable here it is the letter's own.
func notPut(err error) setback {
	if ownFault(err) {
		return setback{reason: reasonUnreadable, pause: 5 * holdTime}
	}
	return setback{reason: ReasonTransfer, pause: 10 * minRetry}
}

// putOne puts a file, with pauses between the attempts, in which the peer may say by its
// answer to the offer why it does not take it: then there is no more to do.
func (s *session) putOne(ctx context.Context, class int, key FileKey, file LetterFile) (err error) {
	for try := range maxTries {
		if try > 0 && s.answeredWithin(ctx, key.Letter, s.relay.tryPause<<(try-1)) {
			return nil
		}
		if err = s.tryPut(ctx, class, key, file); err == nil || ctx.Err() != nil || ownFault(err) {
			return err
		}
	}
	return err
}

func (s *session) tryPut(ctx context.Context, class int, key FileKey, file LetterFile) error {
	turn := s.turns.join(class)
	defer turn.leave()
	if err := turn.wait(ctx); err != nil {
		return err
	}
	blob, err := s.relay.cfg.Blobs.Open(ctx, file.Digest)
	if err != nil {
		return &unreadableError{err}
	}
	defer blob.Close()
	if err := s.putLeaves(ctx, key, file); err != nil {
		return err
	}
	return s.courier.Put(ctx, key, turnReaderAt{ctx, turn, ownReader{blob}}, int64(file.Size))
}

// An ownReader tells what goes wrong with this node's own file from all else.
type ownReader struct{ r io.ReaderAt }

func (o ownReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := o.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &unreadableError{err}
	}
	return n, err
}

// answeredWithin waits, and reports whether nothing of a letter's offer is open any more.
func (s *session) answeredWithin(ctx context.Context, key LetterKey, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		freed := s.window.freed.next()
		if len(s.window.open(key)) == 0 {
			return true
		}
		select {
		case <-freed:
		case <-timer.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}
