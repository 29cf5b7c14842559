package s3

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"lienthong/store/blob"
)

const (
	// partSize is what one request carries. A file that is larger goes in parts.
	partSize = 16 << 20
	// uploadLimit bounds the sending of one file. Some servers date an object by the
	// beginning of its upload; a sweeper that refuses rows of files that were put half an
	// hour ago must still see that this one is newer.
	uploadLimit = 25 * time.Minute
)

// A piece is what one request carries.
type piece struct {
	at, size int64
	sum      [32]byte
}

// pieces hashes a file once, as a whole and piece by piece. From then on the pieces stand
// for the whole: a server that has compared each has what hashes to whole.
func pieces(ctx context.Context, r io.ReaderAt, size int64) (whole [32]byte, list []piece, err error) {
	all := sha256.New()
	buf := make([]byte, min(256<<10, max(size, 1)))
	for at := int64(0); at < size || len(list) == 0; at += partSize {
		one := sha256.New()
		p := piece{at: at, size: min(partSize, size-at)}
		n, err := io.CopyBuffer(io.MultiWriter(all, one), struct{ io.Reader }{io.NewSectionReader(r, at, p.size)}, buf)
		if err == nil && n != p.size {
			err = io.ErrUnexpectedEOF
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return whole, nil, fmt.Errorf("s3: read what is to be sent: %w", err)
		}
		one.Sum(p.sum[:0])
		list = append(list, p)
	}
	all.Sum(whole[:0])
	return whole, list, nil
}

// store sends a file that hashes to digest, until it is there and no sweeper is about to
// remove it. ErrMismatch where it hashes to something else.
func (s *Store) store(ctx context.Context, digest [32]byte, r io.ReaderAt, size int64) error {
	whole, list, err := pieces(ctx, r, size)
	if err != nil {
		return err
	}
	if whole != digest {
		return fmt.Errorf("%w: %d bytes with SHA-256 %x, want %x", blob.ErrMismatch, size, whole, digest)
	}
	wait := firstWait
	for range marked {
		if err := s.send(ctx, s.key(digest), r, list); err != nil {
			return err
		}
		stays, err := s.stays(ctx, digest)
		if err != nil {
			return err
		}
		if stays {
			s.count(size)
			return nil
		}
		if err := pause(ctx, wait/2+rand.N(wait)); err != nil {
			return err
		}
		wait = min(2*wait, 2*time.Second)
	}
	return fmt.Errorf("%w: %q is being removed by a sweeper: ask again in an hour at the latest", ErrAway, s.key(digest))
}

// send makes an object of pieces that were hashed.
func (s *Store) send(ctx context.Context, key string, r io.ReaderAt, list []piece) error {
	if len(list) == 1 {
		return s.put(ctx, key, r, list[0], false)
	}
	timed, cancel := context.WithTimeout(ctx, uploadLimit)
	defer cancel()
	err := s.sendParts(timed, key, r, list)
	if timed.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %q was not sent within %s: the server or the way to it is too slow", ErrAway, key, uploadLimit)
	}
	return err
}

// put makes an object in one request; fresh: only where there is none.
func (s *Store) put(ctx context.Context, key string, r io.ReaderAt, p piece, fresh bool) error {
	return s.do(ctx, "PUT", key, func(ctx context.Context) error {
		opts := minio.PutObjectOptions{DisableContentSha256: true, UserMetadata: map[string]string{checksum: base64.StdEncoding.EncodeToString(p.sum[:])}}
		if fresh {
			opts.SetMatchETagExcept("*")
		}
		_, err := s.core.PutObject(ctx, s.cfg.Bucket, key, io.NewSectionReader(r, p.at, p.size), p.size, "", hex.EncodeToString(p.sum[:]), opts)
		return err
	})
}

// The digest of a request's bytes, which a server that knows it keeps with the object.
const (
	checksum          = "X-Amz-Checksum-Sha256"
	checksumAlgorithm = "X-Amz-Checksum-Algorithm"
)

func (s *Store) sendParts(ctx context.Context, key string, r io.ReaderAt, list []piece) (err error) {
	opts := minio.PutObjectOptions{UserMetadata: map[string]string{checksumAlgorithm: "SHA256"}}
	var upload string
	if err := s.do(ctx, "POST", key, func(ctx context.Context) error {
		upload, err = s.core.NewMultipartUpload(ctx, s.cfg.Bucket, key, opts)
		return err
	}); err != nil {
		return err
	}
	defer func() {
		if err != nil { // what stays here is found by a sweeper
			_ = s.core.AbortMultipartUpload(context.WithoutCancel(ctx), s.cfg.Bucket, key, upload)
		}
	}()
	parts := make([]minio.CompletePart, len(list))
	for i, p := range list {
		if parts[i], err = s.putPart(ctx, key, upload, i+1, r, p); err != nil {
			return err
		}
	}
	err = s.do(ctx, "POST", key, func(ctx context.Context) error {
		_, err := s.core.CompleteMultipartUpload(ctx, s.cfg.Bucket, key, upload, parts, minio.PutObjectOptions{})
		return err
	})
	return s.completed(ctx, key, list, err)
}

// completed bears an answer that was lost: the parts are an object already, and there is
// no such upload any more when it is asked for again.
func (s *Store) completed(ctx context.Context, key string, list []piece, err error) error {
	var answer minio.ErrorResponse
	if err == nil || !errors.As(err, &answer) || answer.Code != "NoSuchUpload" {
		return err
	}
	last := list[len(list)-1]
	info, serr := s.stat(ctx, key)
	if serr != nil || info.Size != last.at+last.size {
		return fmt.Errorf("%w: %q: its parts are gone", ErrAway, key)
	}
	return nil
}

func (s *Store) putPart(ctx context.Context, key, upload string, number int, r io.ReaderAt, p piece) (minio.CompletePart, error) {
	sum := base64.StdEncoding.EncodeToString(p.sum[:])
	out := minio.CompletePart{PartNumber: number, ChecksumSHA256: sum}
	err := s.do(ctx, "PUT", key, func(ctx context.Context) error {
		part, err := s.core.PutObjectPart(ctx, s.cfg.Bucket, key, upload, number, io.NewSectionReader(r, p.at, p.size), p.size,
			minio.PutObjectPartOptions{Sha256Hex: hex.EncodeToString(p.sum[:]), DisableContentSha256: true, CustomHeader: http.Header{checksum: {sum}}})
		out.ETag = part.ETag
		return err
	})
	return out, err
}
