package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store/blob"
)

// Blobs makes what exchange asks for of a folder of blobs. It adds the words of
// the domain, and the context: a long append ends when its caller has gone.
func Blobs(s *blob.Store) exchange.Blobs { return blobs{s} }

type blobs struct{ s *blob.Store }

func (b blobs) Put(ctx context.Context, data []byte) (envelope.Digest, error) {
	if err := ctx.Err(); err != nil {
		return envelope.Digest{}, err
	}
	digest, err := b.s.Put(data)
	return digest, domain(err)
}

func (b blobs) Held(ctx context.Context, key string) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.s.Held(key)
	return n, domain(err)
}

func (b blobs) Append(ctx context.Context, key string, offset int64, r io.Reader) (int64, error) {
	n, err := b.s.Append(key, offset, reader{ctx, r})
	return n, domain(err)
}

func (b blobs) Finish(ctx context.Context, key string, want envelope.Digest, size int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.s.Finish(key, want, size))
}

func (b blobs) Complete(ctx context.Context, key string, want envelope.Digest, size int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.s.Complete(key, want, size))
}

func (b blobs) ReadPartial(ctx context.Context, key string, p []byte, offset int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.s.ReadPartial(key, p, offset))
}

func (b blobs) Mend(ctx context.Context, key string, data []byte, offset int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.s.Mend(key, data, offset))
}

func (b blobs) Discard(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return domain(b.s.Discard(key))
}

func (b blobs) Open(ctx context.Context, digest envelope.Digest) (exchange.Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := b.s.Open(digest)
	if err != nil {
		return nil, domain(err)
	}
	return f, nil
}

func (b blobs) Room(ctx context.Context) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.s.Room()
	return n, domain(err)
}

func (b blobs) Left(ctx context.Context) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.s.Left()
	return n, domain(err)
}

// domain says a blob store's errors in the words of exchange.
func domain(err error) error {
	for _, m := range []struct{ is, means error }{
		{blob.ErrNotFound, exchange.ErrNotFound},
		{blob.ErrMismatch, exchange.ErrConflict},
		{blob.ErrOffset, exchange.ErrConflict},
		{blob.ErrFull, exchange.ErrFull},
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
