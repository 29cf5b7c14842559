// Package s3 keeps files under their SHA-256 in a bucket of a server that speaks S3, for
// a node of several processes.
//
//	PREFIX/sha256/ab/cd/<64 hex digits>   a file, whole, never changed
//	PREFIX/sweeping/<64 hex digits>       a sweeper is about to remove that file (sweep.go)
//	PREFIX/damaged/<64 hex digits>        a file whose bytes were found to be wrong
//	PREFIX/room                           what was written last to see that one can
//	SCRATCH/partial/<key>                 a file on its way in, on a disk of this process
//
// What a method has returned for is durable: the server has acknowledged it, after it has
// compared what came with the digests that each request was signed with. A server that
// does not compare is refused by [Open]. A file that was sent in part is no object, and is
// seen by nobody.
//
// Bytes that come are on their way in a folder of this process (package blob) until all
// are there and hash to what is wanted. Another process that takes the transfer over has
// none of them, says so, and is sent the file from its beginning.
//
// Errors wrap those of package blob, or [ErrAway].
package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"lienthong/store/blob"
)

// ErrAway: the server cannot be reached, or does not let us in. Nothing was stored.
var ErrAway = errors.New("s3: cannot be reached now")

// A Config says where the bucket is, and how it is spoken to.
type Config struct {
	Endpoint    string        // URL: https://HOST[:PORT], or http:// where nobody else hears
	Bucket      string        // it exists
	Prefix      string        // of all keys, without slashes at its ends; may be empty
	Region      string        // us-east-1 if empty
	Credentials string        // file as ~/.aws/credentials, profile default; if empty, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
	CA          string        // PEM file of whoever vouches for the server; the system's if empty
	HostStyle   bool          // the bucket is part of the host's name, and not of the path
	Scratch     string        // folder of files on their way in, of this process alone or shared
	Quota       int64         // bytes that all objects may have; 0: as many as the server takes
	Timeout     time.Duration // of one request, which carries at most 16 MiB; a minute if 0
}

// A Store is the part of a bucket below a prefix. Its methods are safe for concurrent use,
// also by several processes.
type Store struct {
	cfg     Config
	core    *minio.Core
	scratch *blob.Store

	mu      sync.Mutex
	written bool  // the server took something not long ago
	counted bool  // used is known
	used    int64 // bytes of objects, at the last count and put by this process since
}

// Open opens a bucket that exists, and looks whether its server refuses wrong bytes and
// keeps conditions: on these the Store stands.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.Prefix = strings.Trim(cfg.Prefix, "/"); cfg.Prefix != "" {
		cfg.Prefix += "/"
	}
	core, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, core: core}
	if s.scratch, err = blob.Open(cfg.Scratch); err != nil {
		return nil, err
	}
	return s, s.probe(ctx)
}

// The kinds of keys.
const (
	blobs    = "sha256/"
	sweeping = "sweeping/"
	damaged  = "damaged/"
)

func (s *Store) key(digest [32]byte) string {
	h := hex.EncodeToString(digest[:])
	return s.cfg.Prefix + blobs + h[:2] + "/" + h[2:4] + "/" + h
}

func (s *Store) marker(digest [32]byte) string {
	return s.cfg.Prefix + sweeping + hex.EncodeToString(digest[:])
}

// probe writes a small object under a name of its own, once more under the condition that
// it is not there, and with another digest than its bytes have.
func (s *Store) probe(ctx context.Context) error {
	key := s.cfg.Prefix + sweeping + "probe-" + rand.Text()
	data := []byte("lienthong")
	whole := piece{size: int64(len(data)), sum: sha256.Sum256(data)}
	if err := s.put(ctx, key, bytes.NewReader(data), whole, false); err != nil {
		return err
	}
	defer func() { _ = s.remove(context.WithoutCancel(ctx), key) }() // or a sweeper does, tomorrow
	err := s.put(ctx, key, bytes.NewReader(data), whole, true)
	if err == nil {
		return s.unfit("overwrites an object that it was asked to make only if there is none (If-None-Match)")
	}
	if !conflicts(err) {
		return err
	}
	whole.sum[0] ^= 1
	err = s.put(ctx, key, bytes.NewReader(data), whole, false)
	if err == nil {
		return s.unfit("takes bytes that do not hash to what the request was signed with (x-amz-content-sha256)")
	}
	if !errors.Is(err, blob.ErrMismatch) {
		return err
	}
	return nil
}

func (s *Store) unfit(what string) error {
	return fmt.Errorf("s3: the server at %s %s: nothing can be kept there safely; use another server, or a folder", s.cfg.Endpoint, what)
}

// Put stores data under its SHA-256. Bytes that are there already are sent again: they
// count as new for every sweeper then, and heal what was damaged.
func (s *Store) Put(ctx context.Context, data []byte) ([32]byte, error) {
	digest := sha256.Sum256(data)
	return digest, s.store(ctx, digest, bytes.NewReader(data), int64(len(data)))
}

// Complete makes the partial file key a blob, if it has the digest and size that are
// wanted; if not, ErrMismatch, and it stays for who can mend it. It may be called again
// after a crash, and by a process that never had the partial file: a blob that is there
// and verifies is enough.
func (s *Store) Complete(ctx context.Context, key string, want [32]byte, size int64) error {
	return s.scratch.Hand(key, func(r io.ReaderAt, held int64) error {
		switch {
		case r == nil && size > 0:
			return s.again(ctx, key, want, size)
		case r == nil:
			r = bytes.NewReader(nil)
		}
		if held != size {
			return fmt.Errorf("%w: %q has %d bytes, want %d with SHA-256 %x", blob.ErrMismatch, key, held, size, want)
		}
		return s.store(ctx, want, r, size)
	})
}

// Finish is Complete, but removes a partial file that is not what is wanted.
func (s *Store) Finish(ctx context.Context, key string, want [32]byte, size int64) error {
	err := s.Complete(ctx, key, want, size)
	if errors.Is(err, blob.ErrMismatch) {
		return errors.Join(err, s.scratch.Discard(key))
	}
	return err
}

// again answers Complete where there is no partial file. What is there is read, verified
// and sent again, so that it counts as new.
func (s *Store) again(ctx context.Context, key string, want [32]byte, size int64) error {
	f, err := s.Open(ctx, want)
	if errors.Is(err, blob.ErrNotFound) || err == nil && f.Size() != size {
		return fmt.Errorf("%w: there is no partial file %q here", blob.ErrMismatch, key)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return s.store(ctx, want, f, size)
}

// Held is the number of bytes of a partial file that this process's folder has.
func (s *Store) Held(_ context.Context, key string) (int64, error) { return s.scratch.Held(key) }

// Append is [blob.Store.Append].
func (s *Store) Append(_ context.Context, key string, offset int64, r io.Reader) (int64, error) {
	return s.scratch.Append(key, offset, r)
}

// ReadPartial is [blob.Store.ReadPartial].
func (s *Store) ReadPartial(_ context.Context, key string, p []byte, offset int64) error {
	return s.scratch.ReadPartial(key, p, offset)
}

// Partials lists the partial files of this process's folder.
func (s *Store) Partials() ([]blob.Partial, error) { return s.scratch.Partials() }

// Mend is [blob.Store.Mend].
func (s *Store) Mend(_ context.Context, key string, data []byte, offset int64) error {
	return s.scratch.Mend(key, data, offset)
}

// Discard is [blob.Store.Discard].
func (s *Store) Discard(_ context.Context, key string) error { return s.scratch.Discard(key) }
