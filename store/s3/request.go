package s3

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"lienthong/store/blob"
)

// attempts is how often a request that may be repeated is made, before whoever waits is
// told that the server is away; firstWait doubles each time, give or take a half.
const (
	attempts  = 4
	firstWait = 100 * time.Millisecond
)

// do makes a request until it succeeds, or fails for a reason that asking again does not
// mend. Only what may arrive twice, and late, may be asked so.
func (s *Store) do(ctx context.Context, what, key string, act func(context.Context) error) error {
	wait := firstWait
	for i := 1; ; i++ {
		err := s.once(ctx, what, key, act)
		if i == attempts || !errors.Is(err, ErrAway) || !transient(err) {
			return err
		}
		if err := pause(ctx, wait/2+rand.N(wait)); err != nil {
			return err
		}
		wait *= 2
	}
}

// once makes a request one time.
func (s *Store) once(ctx context.Context, what, key string, act func(context.Context) error) error {
	timed, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	err := act(timed)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // whoever asked has gone: that says nothing about the server
	}
	if err = s.say(what, key, err); errors.Is(err, ErrAway) {
		s.mu.Lock()
		s.written = false
		s.mu.Unlock()
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// transient reports whether a server that did not do what was asked may do it soon.
func transient(err error) bool {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) || answer.StatusCode == 0 {
		return true // no answer, or one that was cut off
	}
	return answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout || answer.Code == "RequestTimeout"
}

// conflicts reports whether a condition of a request did not hold.
func conflicts(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusPreconditionFailed || answer.StatusCode == http.StatusConflict)
}

// say puts an answer into the words of this package, and names what an operator can do.
func (s *Store) say(what, key string, err error) error {
	if err == nil {
		return nil
	}
	where := fmt.Sprintf("%s of %q in bucket %q at %s", what, key, s.cfg.Bucket, s.cfg.Endpoint)
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) || answer.StatusCode == 0 {
		return fmt.Errorf("%w: %s: %w: is the server up, and the way to it open?", ErrAway, where, err)
	}
	said := fmt.Errorf("%s: %d %s: %w", where, answer.StatusCode, answer.Code, err)
	switch {
	case answer.StatusCode == http.StatusInsufficientStorage, strings.Contains(answer.Code, "Quota"), strings.Contains(answer.Code, "StorageFull"):
		return fmt.Errorf("%w: %w: raise the quota of the bucket, or add disks", blob.ErrFull, said)
	case answer.Code == minio.NoSuchBucket:
		return fmt.Errorf("%w: %w: there is no such bucket; make it, or put its name right", ErrAway, said)
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w: %w", blob.ErrNotFound, said)
	case strings.HasSuffix(answer.Code, "SHA256Mismatch"), answer.Code == "BadDigest", answer.Code == "InvalidDigest":
		return fmt.Errorf("%w: %w: bytes changed on the way", blob.ErrMismatch, said)
	case answer.Code == "RequestTimeTooSkewed":
		return fmt.Errorf("%w: %w: put the clocks of both machines right", ErrAway, said)
	case answer.StatusCode == http.StatusForbidden, answer.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%w: %w: the key may not do this; it needs s3:GetObject, PutObject, DeleteObject, ListBucket, ListBucketMultipartUploads and AbortMultipartUpload", ErrAway, said)
	case transient(err):
		return fmt.Errorf("%w: %w: see the log of the server", ErrAway, said)
	}
	return fmt.Errorf("s3: %w", said)
}

// stat describes an object. ErrNotFound, also where there is no bucket: an answer to HEAD
// does not say which.
func (s *Store) stat(ctx context.Context, key string) (info minio.ObjectInfo, err error) {
	err = s.do(ctx, "HEAD", key, func(ctx context.Context) error {
		info, err = s.core.StatObject(ctx, s.cfg.Bucket, key, minio.StatObjectOptions{})
		return err
	})
	return info, err
}

// remove deletes an object. It asks again only where the server has said that the request
// before has ended: of one without an answer nobody knows whether it is still on its way, to
// what was put meanwhile.
func (s *Store) remove(ctx context.Context, key string) error {
	for i := 1; ; i++ {
		err := s.once(ctx, "DELETE", key, func(ctx context.Context) error {
			return s.core.RemoveObject(ctx, s.cfg.Bucket, key, minio.RemoveObjectOptions{})
		})
		switch {
		case errors.Is(err, blob.ErrNotFound):
			return nil
		case err == nil, i == attempts, !ended(err):
			return err
		}
		if err := pause(ctx, firstWait/2+rand.N(firstWait)); err != nil {
			return err
		}
	}
}

// ended reports whether a request that failed has reached the server and goes no further:
// the server itself says so, and not something on the way to it.
func ended(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && slices.Contains([]string{"InternalError", "SlowDown", "SlowDownWrite", "ServiceUnavailable", "AccessDenied"}, answer.Code)
}
