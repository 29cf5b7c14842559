package store

import (
	"context"
	"io"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store/blob"
	"lienthong/store/s3"
)

// A folder is a keeper that needs no context: what it does is short, or reads from who has one.
type folder struct{ s *blob.Store }

func (f folder) Put(_ context.Context, data []byte) (envelope.Digest, error) { return f.s.Put(data) }

func (f folder) Held(_ context.Context, key string) (int64, error) { return f.s.Held(key) }

func (f folder) Append(_ context.Context, key string, offset int64, r io.Reader) (int64, error) {
	return f.s.Append(key, offset, r)
}

func (f folder) Finish(_ context.Context, key string, want envelope.Digest, size int64) error {
	return f.s.Finish(key, want, size)
}

func (f folder) Complete(_ context.Context, key string, want envelope.Digest, size int64) error {
	return f.s.Complete(key, want, size)
}

func (f folder) ReadPartial(_ context.Context, key string, p []byte, offset int64) error {
	return f.s.ReadPartial(key, p, offset)
}

func (f folder) Unfinished(context.Context) ([]exchange.PartialFile, error) {
	return partialFiles(f.s.Partials())
}

func partialFiles(list []blob.Partial, err error) ([]exchange.PartialFile, error) {
	out := make([]exchange.PartialFile, len(list))
	for i, p := range list {
		out[i] = exchange.PartialFile(p)
	}
	return out, err
}

func (f folder) Mend(_ context.Context, key string, data []byte, offset int64) error {
	return f.s.Mend(key, data, offset)
}

func (f folder) Discard(_ context.Context, key string) error { return f.s.Discard(key) }

func (f folder) Open(_ context.Context, digest envelope.Digest) (exchange.Blob, error) {
	b, err := f.s.Open(digest)
	if err != nil {
		return nil, err // and no *blob.File
	}
	return b, nil
}

func (f folder) Room(context.Context) (uint64, error) { return f.s.Room() }

// Left is asked once a second: in a folder that is nothing.
func (f folder) Left(ctx context.Context) (uint64, error) { return f.Room(ctx) }

func (f folder) VerifyAt(_ context.Context, digest [32]byte, pace func(n int) error) error {
	return f.s.VerifyAt(digest, pace)
}

func (f folder) SetAside(_ context.Context, digest [32]byte) (bool, error) {
	return f.s.SetAside(digest)
}

func (f folder) RemoveOld(_ context.Context, digest [32]byte, older time.Time, keep func() (bool, error)) (bool, error) {
	return f.s.RemoveOld(digest, older, keep)
}

func (f folder) Sweep(_ context.Context, older time.Time, wanted func([32]byte) (bool, error), stale func(string, time.Time) bool) (int, error) {
	return f.s.Sweep(older, wanted, stale)
}

func (f folder) SweepPartials(_ context.Context, stale func(string, time.Time) bool) (int, error) {
	return f.s.SweepPartials(stale)
}

// A bucket is a keeper in the words of exchange, whose digests have a name.
type bucket struct{ *s3.Store }

func (b bucket) Put(ctx context.Context, data []byte) (envelope.Digest, error) {
	return b.Store.Put(ctx, data)
}

func (b bucket) Unfinished(context.Context) ([]exchange.PartialFile, error) {
	return partialFiles(b.Store.Partials())
}

func (b bucket) Finish(ctx context.Context, key string, want envelope.Digest, size int64) error {
	return b.Store.Finish(ctx, key, want, size)
}

func (b bucket) Complete(ctx context.Context, key string, want envelope.Digest, size int64) error {
	return b.Store.Complete(ctx, key, want, size)
}

func (b bucket) Open(ctx context.Context, digest envelope.Digest) (exchange.Blob, error) {
	f, err := b.Store.Open(ctx, digest)
	if err != nil {
		return nil, err // and no *s3.File
	}
	return f, nil
}
