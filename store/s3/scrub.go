package s3

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/minio/minio-go/v7"

	"lienthong/store/blob"
)

// VerifyAt reads and hashes a blob again, and calls pace after each piece with its size; an
// error of pace ends it. ErrNotFound; ErrMismatch; ErrAway, which says nothing about it.
func (s *Store) VerifyAt(ctx context.Context, digest [32]byte, pace func(n int) error) error {
	f, err := s.Open(ctx, digest)
	if err != nil {
		return err
	}
	defer f.Close()
	return blob.Compare(f, f.Size(), digest, pace)
}

// SetAside takes a blob away that does not verify, so that it is served no more, and
// reports whether there is none now. What verifies after all, or was put anew since it was
// read last, stays; so does what cannot be read now.
func (s *Store) SetAside(ctx context.Context, digest [32]byte) (gone bool, err error) {
	before, err := s.stat(ctx, s.key(digest))
	if errors.Is(err, blob.ErrNotFound) {
		err = s.reach(ctx)
		return err == nil, err
	}
	if err != nil {
		return false, err
	}
	if err := s.VerifyAt(ctx, digest, func(int) error { return ctx.Err() }); !errors.Is(err, blob.ErrMismatch) {
		return false, err
	}
	_, err = s.guarded(ctx, digest, func(ctx context.Context) (sure bool, err error) {
		now, err := s.stat(ctx, s.key(digest))
		if err != nil || now.ETag != before.ETag || !now.LastModified.Equal(before.LastModified) {
			return true, err
		}
		if err := s.keepAside(ctx, digest); err != nil {
			return true, err
		}
		err = s.remove(ctx, s.key(digest))
		gone = err == nil
		return gone || ended(err), err
	})
	return gone, err
}

// keepAside copies a blob to where nothing is served from and nothing deleted: an expert
// may still read it.
func (s *Store) keepAside(ctx context.Context, digest [32]byte) error {
	key := s.cfg.Prefix + damaged + hex.EncodeToString(digest[:])
	return s.do(ctx, "COPY", key, func(ctx context.Context) error {
		_, err := s.core.CopyObject(ctx, s.cfg.Bucket, s.key(digest), s.cfg.Bucket, key, nil, minio.CopySrcOptions{}, minio.PutObjectOptions{})
		return err
	})
}
