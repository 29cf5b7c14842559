package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"lienthong/store/blob"
)

// A sweeper removes an object that was written long ago and that nobody names; whoever
// puts the same bytes at that moment must not lose them. S3 has no transaction, and a
// DELETE under the condition that an object is still the old one is not known everywhere.
// So both sides write first, and then look at what the other has written:
//
//	put:     PUT the blob       then HEAD its marker, then HEAD the blob: if the marker is
//	                            there, or the blob is not, begin again
//	sweep:   PUT its marker     then HEAD the blob: if it is new, leave it; else DELETE it
//	         (If-None-Match)    and, when that has ended, DELETE the marker
//
// A server shows every write that it has acknowledged to every read that begins after. Take
// the moment at which a put sees no marker. A sweeper that writes its marker later finds the
// blob new, for it was written before that moment. One that began earlier has removed its
// marker again, and its DELETE was before that: if it took the blob, the last HEAD says so.
//
// A sweeper that dies leaves its marker, and one that had no answer to its DELETE leaves
// it too, for the request may still arrive. After an hour that is past: a sweeper gives up
// after sweepLimit, and a server refuses a request that was signed 15 minutes ago. Both
// sides read the age of a marker from the server's own dates.
const (
	sweepLimit = 5 * time.Minute
	markerLife = time.Hour
	// marked is how often a put begins again because of a marker.
	marked = 12
)

// stays reports whether a blob that was put just now is there, and no sweeper is about to
// remove it.
func (s *Store) stays(ctx context.Context, digest [32]byte) (bool, error) {
	mark, err := s.stat(ctx, s.marker(digest))
	free := errors.Is(err, blob.ErrNotFound)
	if err != nil && !free {
		return false, err
	}
	info, err := s.stat(ctx, s.key(digest)) // after the marker, and not before
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	return err == nil && (free || info.LastModified.Sub(mark.LastModified) > markerLife), err
}

// guarded does something to a blob while all who put it wait. It reports whether it could
// begin: another may be at it. If act is not sure that what it asked for has ended, the
// marker stays for its hour.
func (s *Store) guarded(ctx context.Context, digest [32]byte, act func(context.Context) (sure bool, err error)) (began bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	key := s.marker(digest)
	if err := s.put(ctx, key, bytes.NewReader(nil), piece{sum: sha256.Sum256(nil)}, true); conflicts(err) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	sure, err := act(ctx)
	if !sure {
		return true, err
	}
	return true, errors.Join(err, s.remove(ctx, key))
}

// RemoveOld removes a blob that was last put before a time, unless keep, asked while all
// who put it wait, says otherwise. It reports whether there is no such object now.
func (s *Store) RemoveOld(ctx context.Context, digest [32]byte, older time.Time, keep func() (bool, error)) (gone bool, err error) {
	info, err := s.stat(ctx, s.key(digest))
	if errors.Is(err, blob.ErrNotFound) {
		err = s.reach(ctx) // or is it that there is no bucket?
		return err == nil, err
	}
	if err != nil || !info.LastModified.Before(older) {
		return false, err
	}
	began, err := s.guarded(ctx, digest, func(ctx context.Context) (sure bool, err error) {
		info, err := s.stat(ctx, s.key(digest))
		if gone = errors.Is(err, blob.ErrNotFound); gone {
			return true, nil
		}
		if err != nil || !info.LastModified.Before(older) {
			return true, err
		}
		if kept, err := keep(); err != nil || kept {
			return true, err
		}
		err = s.remove(ctx, s.key(digest))
		gone = err == nil
		return gone || ended(err), err
	})
	if err == nil && !began {
		_, err = s.forget(ctx, s.marker(digest), older)
	}
	return gone, err
}

// forget removes a marker that was written before a time, which is an hour ago or more.
// Whoever removes one does not go on with its blob: another may remove the same marker, and
// must not take a newer one for it.
func (s *Store) forget(ctx context.Context, key string, older time.Time) (gone bool, err error) {
	info, err := s.stat(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	if err != nil || !info.LastModified.Before(older) {
		return false, err
	}
	return true, s.remove(ctx, key)
}

// Sweep deletes what nobody will ask for again, as [blob.Store.Sweep] does: blobs last put
// before a time that wanted does not want, what was sent in part and what sweepers left
// before that time, and partial files of this process's folder for which stale says so.
func (s *Store) Sweep(ctx context.Context, older time.Time, wanted func(digest [32]byte) (bool, error), stale func(key string, written time.Time) bool) (deleted int, err error) {
	var used int64
	err = s.each(ctx, "", func(o minio.ObjectInfo) error {
		used += o.Size
		if !o.LastModified.Before(older) {
			return nil
		}
		gone, err := s.sweepOne(ctx, o.Key, older, wanted)
		if gone {
			deleted++
			used -= o.Size
		}
		return err
	})
	if err != nil {
		return deleted, err
	}
	s.recount(used)
	n, err := s.abort(ctx, older)
	if deleted += n; err != nil {
		return deleted, err
	}
	n, err = s.SweepPartials(ctx, stale)
	return deleted + n, err
}

func (s *Store) sweepOne(ctx context.Context, key string, older time.Time, wanted func([32]byte) (bool, error)) (gone bool, err error) {
	rest := strings.TrimPrefix(key, s.cfg.Prefix)
	if strings.HasPrefix(rest, sweeping) {
		return s.forget(ctx, key, older)
	}
	var digest [32]byte
	if n, err := hex.Decode(digest[:], []byte(path.Base(rest))); err != nil || n != len(digest) || key != s.key(digest) {
		return false, nil // not ours, or set aside
	}
	if keep, err := wanted(digest); err != nil || keep {
		return false, err
	}
	return s.RemoveOld(ctx, digest, older, func() (bool, error) { return wanted(digest) })
}

// each lists all objects below a part of the prefix.
func (s *Store) each(ctx context.Context, below string, f func(minio.ObjectInfo) error) error {
	for o := range s.core.ListObjectsIter(ctx, s.cfg.Bucket, minio.ListObjectsOptions{Prefix: s.cfg.Prefix + below, Recursive: true}) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if o.Err != nil {
			return s.say("LIST", s.cfg.Prefix+below, o.Err)
		}
		if err := f(o); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// abort drops uploads in parts that were begun before a time and not ended: they are no
// objects, and cost space.
func (s *Store) abort(ctx context.Context, older time.Time) (dropped int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the list
	prefix := s.cfg.Prefix + blobs
	for u := range s.core.ListIncompleteUploads(ctx, s.cfg.Bucket, prefix, true) {
		if u.Err != nil {
			return dropped, s.say("LIST UPLOADS", prefix, u.Err)
		}
		if !u.Initiated.Before(older) {
			continue
		}
		if err := s.say("ABORT", u.Key, s.core.AbortMultipartUpload(ctx, s.cfg.Bucket, u.Key, u.UploadID)); err != nil && !errors.Is(err, blob.ErrNotFound) {
			return dropped, err
		}
		dropped++
	}
	return dropped, ctx.Err()
}

// SweepPartials is [blob.Store.SweepPartials].
func (s *Store) SweepPartials(_ context.Context, stale func(key string, written time.Time) bool) (deleted int, err error) {
	return s.scratch.SweepPartials(stale)
}
