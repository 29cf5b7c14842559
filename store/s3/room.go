package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"time"

	"github.com/minio/minio-go/v7"
)

// writtenFor is how long it counts for Left that the server took something.
const writtenFor = time.Minute

// Room shows that files can be written here and in the bucket, and says how many bytes there
// is space for: in the scratch folder, and up to the quota. S3 has no word for what its disks
// may still take; its own quota, if it has one, refuses with ErrFull. ErrAway.
func (s *Store) Room(ctx context.Context) (uint64, error) {
	data := make([]byte, 4096)
	if err := s.put(ctx, s.cfg.Prefix+"room", bytes.NewReader(data), piece{size: int64(len(data)), sum: sha256.Sum256(data)}, false); err != nil {
		return 0, err
	}
	s.mu.Lock()
	s.written = true
	s.mu.Unlock()
	time.AfterFunc(writtenFor, func() {
		s.mu.Lock()
		s.written = false
		s.mu.Unlock()
	})
	return s.space(ctx)
}

// Left is Room, but writes into the bucket only where nothing was written for a minute, or
// the server could not be reached since.
func (s *Store) Left(ctx context.Context) (uint64, error) {
	s.mu.Lock()
	written := s.written
	s.mu.Unlock()
	if !written {
		return s.Room(ctx)
	}
	return s.space(ctx)
}

func (s *Store) space(ctx context.Context) (uint64, error) {
	here, err := s.scratch.Room()
	if err != nil {
		return 0, fmt.Errorf("s3: scratch: %w", err)
	}
	there, err := s.quota(ctx)
	return min(here, there), err
}

// quota is what the quota has left. All objects are counted once, and at each sweep of all;
// in between what this process puts is added, but not what others do.
func (s *Store) quota(ctx context.Context) (uint64, error) {
	if s.cfg.Quota == 0 {
		return math.MaxUint64, nil
	}
	s.mu.Lock()
	counted := s.counted
	s.mu.Unlock()
	if !counted {
		var used int64
		if err := s.each(ctx, "", func(o minio.ObjectInfo) error { used += o.Size; return nil }); err != nil {
			return 0, err
		}
		s.recount(used)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(max(s.cfg.Quota-s.used, 0)), nil
}

func (s *Store) recount(used int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used, s.counted = used, true
}

func (s *Store) count(size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += size
}

// reach asks for the bucket itself, which tells one that is not there from an object that
// is not there.
func (s *Store) reach(ctx context.Context) error {
	return s.do(ctx, "HEAD", "", func(ctx context.Context) error {
		there, err := s.core.BucketExists(ctx, s.cfg.Bucket)
		if err == nil && !there {
			err = minio.ErrorResponse{StatusCode: 404, Code: minio.NoSuchBucket, Message: "the bucket does not exist"}
		}
		return err
	})
}
