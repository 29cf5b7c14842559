package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store/blob"
	"lienthong/store/s3"
)

// A keeper is a place for files, such as a folder or a bucket: what exchange asks for of
// [exchange.Blobs], and what a [Sweeper] and a [Scrubber] do besides. Its errors are those
// of packages blob and s3.
type keeper interface {
	exchange.Blobs
	// VerifyAt hashes a blob again, and calls pace after each piece with its size.
	VerifyAt(ctx context.Context, digest [32]byte, pace func(n int) error) error
	// SetAside takes a blob away that does not verify, and reports whether there is none now.
	SetAside(ctx context.Context, digest [32]byte) (gone bool, err error)
	// RemoveOld removes a blob last put before a time, unless keep says otherwise when
	// nobody can put it.
	RemoveOld(ctx context.Context, digest [32]byte, older time.Time, keep func() (bool, error)) (gone bool, err error)
	// Sweep deletes all blobs last put before a time that wanted does not want, and what
	// SweepPartials does.
	Sweep(ctx context.Context, older time.Time, wanted func(digest [32]byte) (bool, error), stale func(key string, written time.Time) bool) (deleted int, err error)
	// SweepPartials deletes partial files for which stale says so.
	SweepPartials(ctx context.Context, stale func(key string, written time.Time) bool) (deleted int, err error)
}

// Blobs makes what exchange asks for of a folder of blobs.
func Blobs(s *blob.Store) exchange.Blobs { return blobs{folder{s}} }

// blobs adds the words of the domain, and the context: a long append ends when its caller
// has gone.
type blobs struct{ keeper }

func (b blobs) Put(ctx context.Context, data []byte) (envelope.Digest, error) {
	if err := ctx.Err(); err != nil {
		return envelope.Digest{}, err
	}
	digest, err := b.keeper.Put(ctx, data)
	return digest, domain(err)
}

func (b blobs) Held(ctx context.Context, key string) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.keeper.Held(ctx, key)
	return n, domain(err)
}

func (b blobs) Append(ctx context.Context, key string, offset int64, r io.Reader) (int64, error) {
	n, err := b.keeper.Append(ctx, key, offset, reader{ctx, r})
	return n, domain(err)
}

func (b blobs) Finish(ctx context.Context, key string, want envelope.Digest, size int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.keeper.Finish(ctx, key, want, size))
}

func (b blobs) Complete(ctx context.Context, key string, want envelope.Digest, size int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.keeper.Complete(ctx, key, want, size))
}

func (b blobs) ReadPartial(ctx context.Context, key string, p []byte, offset int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.keeper.ReadPartial(ctx, key, p, offset))
}

func (b blobs) Unfinished(ctx context.Context) ([]exchange.PartialFile, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	list, err := b.keeper.Unfinished(ctx)
	return list, domain(err)
}

func (b blobs) Mend(ctx context.Context, key string, data []byte, offset int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.keeper.Mend(ctx, key, data, offset))
}

func (b blobs) Discard(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.keeper.Discard(ctx, key))
}

func (b blobs) Open(ctx context.Context, digest envelope.Digest) (exchange.Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := b.keeper.Open(ctx, digest)
	if err != nil {
		return nil, domain(err)
	}
	return opened{f}, nil
}

// opened says what befalls a read in the words of the domain too: a place that is away says
// nothing about a file.
type opened struct{ exchange.Blob }

// ReadAt implements [io.ReaderAt].
func (o opened) ReadAt(p []byte, off int64) (int, error) {
	n, err := o.Blob.ReadAt(p, off)
	return n, domain(err)
}

func (b blobs) Room(ctx context.Context) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.keeper.Room(ctx)
	return n, domain(err)
}

func (b blobs) Left(ctx context.Context) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.keeper.Left(ctx)
	return n, domain(err)
}

// domain says a place's errors in the words of exchange.
func domain(err error) error {
	for _, m := range []struct{ is, means error }{
		{blob.ErrNotFound, exchange.ErrNotFound},
		{blob.ErrMismatch, exchange.ErrConflict},
		{blob.ErrOffset, exchange.ErrConflict},
		{blob.ErrFull, exchange.ErrFull},
		{blob.ErrAway, exchange.ErrAway},
		{s3.ErrAway, exchange.ErrAway},
	} {
		if errors.Is(err, m.is) {
			return fmt.Errorf("%w: %w", m.means, err)
		}
	}
	return err
}

// A reader stops when its context ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
