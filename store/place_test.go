package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"lienthong/internal/tests3"
	"lienthong/store/blob"
	"lienthong/store/s3"
)

// A place is a folder or a bucket of one test.
type place struct {
	keeper
	open  func(t *testing.T) keeper // as another process, or after a restart
	under string                    // the folder in which a server, or the test, sees the files
}

// places runs a test over each kind of place: what package exchange may count on is the
// same in all.
func places(t *testing.T, test func(t *testing.T, p *place)) {
	t.Parallel()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		root := filepath.Join(t.TempDir(), "tệp")
		p := &place{under: root, open: func(t *testing.T) keeper {
			s, err := blob.Open(root)
			if err != nil {
				t.Fatal(err)
			}
			return folder{s}
		}}
		p.keeper = p.open(t)
		test(t, p)
	})
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		server := tests3.Start(t)
		cfg := s3.Config{Endpoint: server.Endpoint(), Bucket: tests3.Bucket, Prefix: "nút/xã", Credentials: server.Credentials(), Scratch: t.TempDir()}
		p := &place{under: server.Path(cfg.Prefix), open: func(t *testing.T) keeper {
			s, err := s3.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			return bucket{s}
		}}
		p.keeper = p.open(t)
		test(t, p)
	})
}

// path is the file in which a blob is.
func (p *place) path(digest [32]byte) string {
	h := hex.EncodeToString(digest[:])
	return filepath.Join(p.under, "sha256", h[:2], h[2:4], h)
}

// age makes a file look as if it was written long ago.
func age(t *testing.T, path string, by time.Duration) {
	t.Helper()
	when := time.Now().Add(-by)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}

// holds checks that a blob reads back as data.
func holds(t *testing.T, k keeper, data []byte) {
	t.Helper()
	f, err := k.Open(t.Context(), sha256.Sum256(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("read back %d bytes, %v; want %d", len(got), err, len(data))
	}
}

func verifies(t *testing.T, k keeper, digest [32]byte) error {
	t.Helper()
	return k.VerifyAt(t.Context(), digest, func(int) error { return nil })
}

func TestPlacePut(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("văn bản"), 100_000), bytes.Repeat([]byte("0123456789abcdef"), 65536), bytes.Repeat([]byte("bản vẽ"), 3<<20)} {
			for range 2 {
				digest, err := p.Put(t.Context(), data)
				if err != nil || digest != sha256.Sum256(data) {
					t.Fatalf("put: %x, %v", digest, err)
				}
				holds(t, p, data)
			}
		}
		if f, err := p.Open(t.Context(), sha256.Sum256([]byte("not here"))); !errors.Is(err, blob.ErrNotFound) || f != nil {
			t.Errorf("%v, error %v, want ErrNotFound", f, err)
		}
	})
}

// A file is read here and there, by several at once, and not beyond its end.
func TestPlaceReadAt(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		data := make([]byte, 6<<20+7)
		for i := range data {
			data[i] = byte(i >> 10 * 7)
		}
		digest, err := p.Put(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		f, err := p.Open(t.Context(), digest)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for k := range 8 {
					at := (i*7919 + k*1048573) % len(data)
					got := make([]byte, 100_000)
					n, err := f.ReadAt(got, int64(at))
					if want := min(len(got), len(data)-at); n != want || (err != nil) != (want < len(got)) || !bytes.Equal(got[:n], data[at:at+n]) {
						t.Errorf("%d bytes from byte %d: %d, %v", len(got), at, n, err)
					}
				}
			})
		}
		wg.Wait()
		for _, at := range []int64{f.Size(), f.Size() + 1, 1 << 62} {
			if n, err := f.ReadAt(make([]byte, 1), at); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("at %d: %d, %v; want EOF", at, n, err)
			}
		}
		if _, err := f.ReadAt(make([]byte, 1), -1); err == nil {
			t.Error("read before the beginning")
		}
	})
}

func TestPlacePutRepairs(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		data := []byte("the bytes that were signed")
		digest, err := p.Put(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.path(digest), bytes.ToUpper(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := verifies(t, p, digest); !errors.Is(err, blob.ErrMismatch) {
			t.Errorf("verify: %v, want ErrMismatch", err)
		}
		if _, err := p.Put(t.Context(), data); err != nil {
			t.Fatal(err)
		}
		if err := verifies(t, p, digest); err != nil {
			t.Error(err)
		}
	})
}

func TestPlacePutAtOnce(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				if _, err := p.Put(t.Context(), fmt.Appendf(nil, "annex %d", i%8)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i := range 8 {
			holds(t, p, fmt.Appendf(nil, "annex %d", i))
		}
	})
}

func TestPlacePartial(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		data := bytes.Repeat([]byte("0123456789"), 4_000_000) // more than is written between syncs, and more than one part
		digest, size := sha256.Sum256(data), int64(len(data))
		const key = "upload-0192f3c4"
		if n, err := p.Held(ctx, key); n != 0 || err != nil {
			t.Fatalf("held %d, %v before it began", n, err)
		}
		n, err := p.Append(ctx, key, 0, bytes.NewReader(data[:7_000_001]))
		if n != 7_000_001 || err != nil {
			t.Fatalf("append: %d, %v", n, err)
		}
		if _, err := p.Append(ctx, key, 7_000_000, strings.NewReader("x")); !errors.Is(err, blob.ErrOffset) {
			t.Errorf("append at another offset: %v, want ErrOffset", err)
		}
		// A link that breaks: what came counts, and the transfer goes on from there.
		broken := errors.New("connection reset")
		n, err = p.Append(ctx, key, n, io.MultiReader(bytes.NewReader(data[n:9_000_000]), iotest.ErrReader(broken)))
		if n != 9_000_000 || !errors.Is(err, broken) {
			t.Fatalf("append from a broken link: %d, %v", n, err)
		}
		if _, err := p.Open(ctx, digest); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("half a file: %v, want ErrNotFound", err)
		}
		k := p.open(t) // after a restart
		if n, err = k.Held(ctx, key); n != 9_000_000 || err != nil {
			t.Fatalf("held %d, %v after a restart", n, err)
		}
		if n, err = k.Append(ctx, key, n, iotest.OneByteReader(bytes.NewReader(data[n:9_000_100]))); n != 9_000_100 || err != nil {
			t.Fatalf("append byte by byte: %d, %v", n, err)
		}
		if n, err = k.Append(ctx, key, n, bytes.NewReader(data[n:])); n != size || err != nil {
			t.Fatalf("append the rest: %d, %v", n, err)
		}
		for range 2 { // the answer to the first may be lost
			if err := k.Finish(ctx, key, digest, size); err != nil {
				t.Fatal(err)
			}
		}
		holds(t, k, data)
		if n, err := k.Held(ctx, key); n != 0 || err != nil {
			t.Errorf("held %d, %v after the end", n, err)
		}
	})
}

func TestPlaceFinishRefuses(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		ctx, data := t.Context(), []byte("received")
		for name, tt := range map[string]struct {
			digest [32]byte
			size   int64
		}{"another-digest": {sha256.Sum256([]byte("wanted")), 8}, "another-size": {sha256.Sum256(data), 9}} {
			if _, err := p.Append(ctx, name, 0, bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
			if err := p.Finish(ctx, name, tt.digest, tt.size); !errors.Is(err, blob.ErrMismatch) {
				t.Errorf("%s: error %v, want ErrMismatch", name, err)
			}
			if n, err := p.Held(ctx, name); n != 0 || err != nil {
				t.Errorf("%s: %d bytes are still held, %v", name, n, err)
			}
			if _, err := p.Open(ctx, tt.digest); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("%s: open: %v, want ErrNotFound", name, err)
			}
		}
		if err := p.Finish(ctx, "never-began", sha256.Sum256(data), 8); !errors.Is(err, blob.ErrMismatch) {
			t.Errorf("error %v, want ErrMismatch", err)
		}
		if err := p.Finish(ctx, "not-empty", sha256.Sum256(data), 0); !errors.Is(err, blob.ErrMismatch) {
			t.Errorf("error %v, want ErrMismatch", err)
		}
		if err := p.Finish(ctx, "empty", sha256.Sum256(nil), 0); err != nil {
			t.Errorf("an empty file: %v", err)
		}
		holds(t, p, nil)
	})
}

// A blob that is there already, and damaged, is no answer to Finish without its bytes.
func TestPlaceFinishVerifies(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		data := []byte("came, and its answer was lost")
		digest, err := p.Put(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Finish(t.Context(), "lost", digest, int64(len(data))); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(p.path(digest), bytes.ToUpper(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.Finish(t.Context(), "lost", digest, int64(len(data))); !errors.Is(err, blob.ErrMismatch) {
			t.Errorf("error %v, want ErrMismatch", err)
		}
	})
}

func TestPlaceDiscard(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		for range 2 {
			if err := p.Discard(t.Context(), "gone"); err != nil {
				t.Error(err)
			}
			if _, err := p.Append(t.Context(), "gone", 0, strings.NewReader("x")); err != nil {
				t.Error(err)
			}
		}
	})
}

// One writer at a time: a second link that sends the same file is told so.
func TestPlacePartialIsBusy(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		r, w := io.Pipe()
		done := make(chan error)
		go func() {
			_, err := p.Append(context.Background(), "key", 0, r)
			done <- err
		}()
		if _, err := w.Write([]byte("x")); err != nil { // Append is reading now
			t.Fatal(err)
		}
		if _, err := p.Append(t.Context(), "key", 0, strings.NewReader("y")); !errors.Is(err, blob.ErrOffset) {
			t.Errorf("append: %v, want ErrOffset", err)
		}
		if err := p.Finish(t.Context(), "key", sha256.Sum256([]byte("x")), 1); !errors.Is(err, blob.ErrOffset) {
			t.Errorf("finish: %v, want ErrOffset", err)
		}
		w.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestPlaceKeys(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		for _, key := range []string{"", "..", ".hidden", "a/b", `a\b`, "../../etc/passwd", "a\x00b", "CON:", "ĩ", strings.Repeat("a", 129)} {
			if _, err := p.Append(ctx, key, 0, strings.NewReader("x")); err == nil {
				t.Errorf("key %q was taken", key)
			}
			if _, err := p.Held(ctx, key); err == nil {
				t.Errorf("key %q is held", key)
			}
			if err := p.Discard(ctx, key); err == nil {
				t.Errorf("key %q was discarded", key)
			}
			if err := p.Complete(ctx, key, sha256.Sum256([]byte("x")), 1); err == nil {
				t.Errorf("key %q was completed", key)
			}
		}
	})
}

// A partial file of the wrong digest is kept by Complete, mended where it is wrong, and
// then a blob. Nothing is read or written that is not held.
func TestPlaceMend(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		data := bytes.Repeat([]byte("0123456789"), 100_000)
		digest, size := sha256.Sum256(data), int64(len(data))
		bad := bytes.Clone(data)
		bad[500_000] ^= 1
		if _, err := p.Append(ctx, "key", 0, bytes.NewReader(bad)); err != nil {
			t.Fatal(err)
		}
		if err := p.Complete(ctx, "key", digest, size); !errors.Is(err, blob.ErrMismatch) {
			t.Fatalf("error %v, want ErrMismatch", err)
		}
		got := make([]byte, 2000)
		if err := p.ReadPartial(ctx, "key", got, 499_000); err != nil || !bytes.Equal(got, bad[499_000:501_000]) {
			t.Fatalf("what is held reads otherwise, %v", err)
		}
		for _, at := range []int64{-1, size - 1, size, size + 1, 1<<63 - 1} {
			if err := p.Mend(ctx, "key", []byte("xx"), at); !errors.Is(err, blob.ErrOffset) {
				t.Errorf("mend at %d: %v, want ErrOffset", at, err)
			}
			if err := p.ReadPartial(ctx, "key", got[:2], at); !errors.Is(err, blob.ErrOffset) {
				t.Errorf("read at %d: %v, want ErrOffset", at, err)
			}
		}
		if err := p.Mend(ctx, "none", []byte("x"), 0); !errors.Is(err, blob.ErrOffset) {
			t.Errorf("mend what is not there: %v, want ErrOffset", err)
		}
		if err := p.Mend(ctx, "key", data[500_000:500_001], 500_000); err != nil {
			t.Fatal(err)
		}
		if held, err := p.Held(ctx, "key"); held != size || err != nil {
			t.Errorf("%d bytes are held, %v; want %d", held, err, size)
		}
		if err := p.Complete(ctx, "key", digest, size); err != nil {
			t.Fatal(err)
		}
		holds(t, p, data)
	})
}

func TestPlaceRoom(t *testing.T) {
	places(t, func(t *testing.T, p *place) {
		for range 2 {
			room, err := p.Room(t.Context())
			left, lerr := p.Left(t.Context())
			if errors.Join(err, lerr) != nil || room == 0 || left == 0 {
				t.Errorf("room for %d bytes, %v, %d, %v; want some", room, err, left, lerr)
			}
		}
	})
}
