package blob

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

func open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "tệp"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// holdsBlob checks that a blob reads back as data.
func holdsBlob(t *testing.T, s *Store, data []byte) {
	t.Helper()
	f, err := s.Open(sha256.Sum256(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("read back %d bytes, %v; want %d", len(got), err, len(data))
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("văn bản"), 100_000)} {
		for range 2 {
			digest, err := s.Put(data)
			if err != nil || digest != sha256.Sum256(data) {
				t.Fatalf("put: %x, %v", digest, err)
			}
			holdsBlob(t, s, data)
		}
	}
	if _, err := s.Open(sha256.Sum256([]byte("not here"))); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}

func TestPutRepairs(t *testing.T) {
	t.Parallel()
	s := open(t)
	data := []byte("the bytes that were signed")
	digest, err := s.Put(data)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.ToUpper(data)
	if err := os.Chmod(s.path(digest), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(digest), damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(digest); !errors.Is(err, ErrMismatch) {
		t.Errorf("verify: %v, want ErrMismatch", err)
	}
	if _, err := s.Put(data); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(digest); err != nil {
		t.Error(err)
	}
}

func TestPutAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			if _, err := s.Put(fmt.Appendf(nil, "annex %d", i%8)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		holdsBlob(t, s, fmt.Appendf(nil, "annex %d", i))
	}
}

func TestPartial(t *testing.T) {
	t.Parallel()
	s := open(t)
	data := bytes.Repeat([]byte("0123456789"), 1_000_000) // more than is written between syncs
	digest := sha256.Sum256(data)
	const key = "upload-0192f3c4"
	if n, err := s.Held(key); n != 0 || err != nil {
		t.Fatalf("held %d, %v before it began", n, err)
	}
	n, err := s.Append(key, 0, bytes.NewReader(data[:7_000_001]))
	if n != 7_000_001 || err != nil {
		t.Fatalf("append: %d, %v", n, err)
	}
	if _, err := s.Append(key, 7_000_000, strings.NewReader("x")); !errors.Is(err, ErrOffset) {
		t.Errorf("append at another offset: %v, want ErrOffset", err)
	}
	// A link that breaks: what came counts, and the transfer goes on from there.
	broken := errors.New("connection reset")
	n, err = s.Append(key, n, io.MultiReader(bytes.NewReader(data[n:9_000_000]), iotest.ErrReader(broken)))
	if n != 9_000_000 || !errors.Is(err, broken) {
		t.Fatalf("append from a broken link: %d, %v", n, err)
	}
	s2, err := Open(s.root) // after a restart
	if err != nil {
		t.Fatal(err)
	}
	if n, err = s2.Held(key); n != 9_000_000 || err != nil {
		t.Fatalf("held %d, %v after a restart", n, err)
	}
	if n, err = s2.Append(key, n, iotest.OneByteReader(bytes.NewReader(data[n:9_000_100]))); n != 9_000_100 || err != nil {
		t.Fatalf("append byte by byte: %d, %v", n, err)
	}
	if n, err = s2.Append(key, n, bytes.NewReader(data[n:])); n != int64(len(data)) || err != nil {
		t.Fatalf("append the rest: %d, %v", n, err)
	}
	for range 2 { // the answer to the first may be lost
		if err := s2.Finish(key, digest, int64(len(data))); err != nil {
			t.Fatal(err)
		}
	}
	holdsBlob(t, s2, data)
	if n, err := s2.Held(key); n != 0 || err != nil {
		t.Errorf("held %d, %v after the end", n, err)
	}
}

func TestFinishRefuses(t *testing.T) {
	t.Parallel()
	s := open(t)
	data := []byte("received")
	for name, tt := range map[string]struct {
		digest [32]byte
		size   int64
	}{"another digest": {sha256.Sum256([]byte("wanted")), 8}, "another size": {sha256.Sum256(data), 9}} {
		key := strings.ReplaceAll(name, " ", "-")
		if _, err := s.Append(key, 0, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		if err := s.Finish(key, tt.digest, tt.size); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: error %v, want ErrMismatch", name, err)
		}
		if n, err := s.Held(key); n != 0 || err != nil {
			t.Errorf("%s: %d bytes are still held, %v", name, n, err)
		}
		if _, err := s.Open(tt.digest); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: open: %v, want ErrNotFound", name, err)
		}
	}
	if err := s.Finish("never-began", sha256.Sum256(data), 8); !errors.Is(err, ErrMismatch) {
		t.Errorf("error %v, want ErrMismatch", err)
	}
	if err := s.Finish("empty", sha256.Sum256(nil), 0); err != nil {
		t.Errorf("an empty file: %v", err)
	}
	holdsBlob(t, s, nil)
}

func TestDiscardAndRemove(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 2 {
		if err := s.Discard("gone"); err != nil {
			t.Error(err)
		}
		if _, err := s.Append("gone", 0, strings.NewReader("x")); err != nil {
			t.Error(err)
		}
	}
	digest, err := s.Put([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Remove(digest); err != nil {
			t.Error(err)
		}
	}
	if err := s.Remove([32]byte{1}); err != nil {
		t.Error(err)
	}
	if _, err := s.Open(digest); !errors.Is(err, ErrNotFound) {
		t.Errorf("open: %v, want ErrNotFound", err)
	}
}

// One writer at a time: a second link that sends the same file is told so.
func TestPartialIsBusy(t *testing.T) {
	t.Parallel()
	s := open(t)
	r, w := io.Pipe()
	done := make(chan error)
	go func() {
		_, err := s.Append("key", 0, r)
		done <- err
	}()
	if _, err := w.Write([]byte("x")); err != nil { // Append is reading now
		t.Fatal(err)
	}
	if _, err := s.Append("key", 0, strings.NewReader("y")); !errors.Is(err, ErrOffset) {
		t.Errorf("error %v, want ErrOffset", err)
	}
	w.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, key := range []string{"", "..", ".hidden", "a/b", `a\b`, "../../etc/passwd", "a\x00b", "CON:", "ĩ", strings.Repeat("a", 129)} {
		if _, err := s.Append(key, 0, strings.NewReader("x")); err == nil {
			t.Errorf("key %q was taken", key)
		}
		if _, err := s.Held(key); err == nil {
			t.Errorf("key %q is held", key)
		}
		if err := s.Discard(key); err == nil {
			t.Errorf("key %q was discarded", key)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	for _, size := range []int{10_000, 200_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := open(b)
			b.SetBytes(int64(size))
			b.SetParallelism(8)
			var mu sync.Mutex
			n := 0
			b.RunParallel(func(pb *testing.PB) {
				data := make([]byte, size)
				for pb.Next() {
					mu.Lock()
					n++
					copy(data, fmt.Sprint(n))
					mu.Unlock()
					if _, err := s.Put(data); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
