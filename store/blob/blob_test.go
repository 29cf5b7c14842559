package blob

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// What a folder and a bucket have in common is tested by package store, for both.

func open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "tệp"))
	if err != nil {
		t.Fatal(err)
	}
	return s
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
