package blob

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"
)

// A partial file of the wrong digest is kept by Complete, mended where it is wrong, and
// then a blob. Nothing is read or written that is not held.
func TestMend(t *testing.T) {
	t.Parallel()
	s := open(t)
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	digest, size := sha256.Sum256(data), int64(len(data))
	bad := bytes.Clone(data)
	bad[500_000] ^= 1
	if _, err := s.Append("key", 0, bytes.NewReader(bad)); err != nil {
		t.Fatal(err)
	}
	if err := s.Complete("key", digest, size); !errors.Is(err, ErrMismatch) {
		t.Fatalf("error %v, want ErrMismatch", err)
	}
	got := make([]byte, 2000)
	if err := s.ReadPartial("key", got, 499_000); err != nil || !bytes.Equal(got, bad[499_000:501_000]) {
		t.Fatalf("what is held reads otherwise, %v", err)
	}
	for _, at := range []int64{-1, size - 1, size, size + 1, 1<<63 - 1} {
		if err := s.Mend("key", []byte("xx"), at); !errors.Is(err, ErrOffset) {
			t.Errorf("mend at %d: %v, want ErrOffset", at, err)
		}
		if err := s.ReadPartial("key", got[:2], at); !errors.Is(err, ErrOffset) {
			t.Errorf("read at %d: %v, want ErrOffset", at, err)
		}
	}
	if err := s.Mend("none", []byte("x"), 0); !errors.Is(err, ErrOffset) {
		t.Errorf("mend what is not there: %v, want ErrOffset", err)
	}
	if err := s.Mend("key", data[500_000:500_001], 500_000); err != nil {
		t.Fatal(err)
	}
	if held, err := s.Held("key"); held != size || err != nil {
		t.Errorf("%d bytes are held, %v; want %d", held, err, size)
	}
	if err := s.Complete("key", digest, size); err != nil {
		t.Fatal(err)
	}
	holdsBlob(t, s, data)
}
