package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"lienthong/internal/tests3"
	"lienthong/store/blob"
)

var getAll = minio.GetObjectOptions{}

// The same bytes are put while a sweeper has already decided to remove them, between its
// last look and its DELETE: the put waits, and sends them again.
func TestPutBesideDelete(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	here, there := open(t, config(t, server)), open(t, config(t, server))
	data := []byte("a letter that is sent again")
	digest := put(t, here, data)
	path := server.Path(here.key(digest))
	age(t, path, 2*time.Hour)
	done := make(chan error, 1)
	gone, err := here.RemoveOld(t.Context(), digest, time.Now().Add(-time.Hour), func() (bool, error) {
		go func() {
			_, err := there.Put(context.Background(), data)
			done <- err
		}()
		for {
			info, err := here.stat(t.Context(), here.key(digest))
			if err != nil || time.Since(info.LastModified) < time.Hour {
				return false, err // it was put, and we remove it all the same
			}
		}
	})
	if !gone || err != nil {
		t.Errorf("gone %t, %v", gone, err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := verify(t, there, digest); err != nil {
		t.Errorf("what was put is lost: %v", err)
	}
}

// A sweeper decides before the bytes are put, and has removed both them and its marker when
// the put looks for that: they are gone, and the put sees it.
func TestPutBeforeDelete(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	s := open(t, config(t, server))
	digest := put(t, s, []byte("x"))
	age(t, server.Path(s.key(digest)), 2*time.Hour)
	gone, err := s.RemoveOld(t.Context(), digest, time.Now().Add(-time.Hour), func() (bool, error) {
		return false, s.put(t.Context(), s.key(digest), bytes.NewReader([]byte("x")), piece{size: 1, sum: digest}, false)
	})
	if !gone || err != nil {
		t.Fatalf("gone %t, %v", gone, err)
	}
	if stays, err := s.stays(t.Context(), digest); stays || err != nil {
		t.Errorf("stays %t, %v; want that it was removed", stays, err)
	}
}

// Sweepers and putters at once: what a put has returned for is there.
func TestPutsBesideSweepers(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	stores := []*Store{open(t, config(t, server)), open(t, config(t, server)), open(t, config(t, server))}
	data := []byte("a form that everybody sends")
	digest := put(t, stores[0], data)
	for range 20 {
		age(t, server.Path(stores[0].key(digest)), 2*time.Hour)
		done := make(chan error, 3)
		for _, s := range stores[:2] {
			go func() {
				_, err := s.RemoveOld(t.Context(), digest, time.Now().Add(-time.Hour), func() (bool, error) { return false, nil })
				done <- err
			}()
		}
		go func() {
			_, err := stores[2].Put(t.Context(), data)
			done <- err
		}()
		for range 3 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if err := verify(t, stores[2], digest); err != nil {
			t.Fatal(err)
		}
	}
}

// A sweeper died with its marker there. For an hour nobody trusts a blob that it names;
// then the marker counts no more, and the next sweep removes it first.
func TestSweeperDied(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	s := open(t, config(t, server))
	digest := put(t, s, []byte("x"))
	leave := func() (bool, error) { return false, nil }
	hour := time.Now().Add(-time.Hour)
	if err := s.put(t.Context(), s.marker(digest), bytes.NewReader(nil), piece{sum: sha256.Sum256(nil)}, true); err != nil {
		t.Fatal(err)
	}
	if stays, err := s.stays(t.Context(), digest); stays || err != nil {
		t.Errorf("marked just now: stays %t, %v", stays, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Put(ctx, []byte("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("put: %v; want it to wait", err)
	}
	age(t, server.Path(s.key(digest)), 3*time.Hour)
	if gone, err := s.RemoveOld(t.Context(), digest, hour, leave); gone || err != nil {
		t.Errorf("another sweeper is at it: gone %t, %v", gone, err)
	}

	age(t, server.Path(s.marker(digest)), 2*time.Hour)
	put(t, s, []byte("x")) // at once
	age(t, server.Path(s.key(digest)), 3*time.Hour)
	for i, want := range []bool{false, true} {
		if gone, err := s.RemoveOld(t.Context(), digest, hour, leave); gone != want || err != nil {
			t.Errorf("%d: gone %t, %v; want %t", i, gone, err, want)
		}
	}
	for _, key := range []string{s.key(digest), s.marker(digest)} {
		if _, err := s.stat(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", key, err)
		}
	}
}
