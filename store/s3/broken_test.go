package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/internal/tests3"
	"lienthong/store/blob"
)

// A line leads to a server. What it lets through in a direction is counted, and may have
// an end: then it does something, and either breaks or holds all back.
type line struct {
	address  string
	up, down atomic.Int64 // bytes that may still pass
	hold     atomic.Bool  // what comes then is held back, instead of the line breaking
	atEnd    func()       // once
	ended    atomic.Bool
	unblock  chan struct{}
}

const noEnd = 1 << 60

func lead(t *testing.T, server *tests3.Server) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &line{address: l.Addr().String(), unblock: make(chan struct{})}
	p.open()
	t.Cleanup(func() { l.Close(); close(p.unblock) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c, server.Address())
		}
	}()
	return p
}

// open lets all through.
func (p *line) open() {
	p.up.Store(noEnd)
	p.down.Store(noEnd)
	p.hold.Store(false)
	p.ended.Store(false)
}

func (p *line) serve(c net.Conn, address string) {
	defer c.Close()
	s, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer s.Close()
	go func() {
		defer s.Close()
		p.pass(s, c, &p.up)
	}()
	p.pass(c, s, &p.down)
}

func (p *line) pass(to, from net.Conn, left *atomic.Int64) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if left.Add(-int64(n)) < 0 {
			if p.ended.CompareAndSwap(false, true) && p.atEnd != nil {
				p.atEnd()
			}
			if p.hold.Load() {
				<-p.unblock
			}
			return
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// large is more than two parts.
func large() []byte {
	data := make([]byte, 2*partSize+12345)
	for i := range data {
		data[i] = byte(i>>8 ^ i)
	}
	return data
}

// The server is killed in the middle of an upload, of one request or of many parts. No half
// file is there afterwards, the bytes that came are still held, and they are sent when it is
// back.
func TestServerDiesDuringUpload(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		data  []byte
		after int64 // bytes that pass before
	}{
		"one request":    {bytes.Repeat([]byte("x"), 3<<20), 1 << 20},
		"the first part": {large(), 5 << 20},
		"a later part":   {large(), partSize + 5<<20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := tests3.Start(t)
			p := lead(t, server)
			cfg := config(t, server)
			cfg.Endpoint = "http://" + p.address
			s, ctx := open(t, cfg), t.Context()
			digest, size := sha256.Sum256(tt.data), int64(len(tt.data))
			if _, err := s.Append(ctx, "key", 0, bytes.NewReader(tt.data)); err != nil {
				t.Fatal(err)
			}
			p.atEnd = server.Kill
			p.up.Store(tt.after)
			if err := s.Finish(ctx, "key", digest, size); !errors.Is(err, ErrAway) {
				t.Fatalf("finish: %v, want ErrAway", err)
			}
			if !p.ended.Load() {
				t.Fatal("the server was not killed")
			}
			if held, err := s.Held(ctx, "key"); held != size || err != nil {
				t.Errorf("%d bytes are held, %v; want %d", held, err, size)
			}
			if _, err := s.Open(ctx, digest); !errors.Is(err, ErrAway) {
				t.Errorf("open: %v, want ErrAway", err)
			}
			if _, err := s.Left(ctx); !errors.Is(err, ErrAway) {
				t.Errorf("room: %v, want ErrAway", err)
			}
			server.Again(t)
			p.open()
			if _, err := s.Open(ctx, digest); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("open when it is back: %v, want ErrNotFound", err)
			}
			never := func(string, time.Time) bool { return false }
			n, err := s.Sweep(ctx, time.Now().Add(time.Hour), func([32]byte) (bool, error) { return true, nil }, never)
			if size > partSize && n == 0 || err != nil {
				t.Errorf("swept %d, %v; want what was sent in parts, and what the probe left", n, err)
			}
			for u := range s.core.ListIncompleteUploads(ctx, cfg.Bucket, "", true) {
				t.Errorf("%v is still there", u)
			}
			if err := s.Finish(ctx, "key", digest, size); err != nil {
				t.Fatal(err)
			}
			if err := verify(t, s, digest); err != nil {
				t.Error(err)
			}
		})
	}
}

// A connection breaks in the middle of what is read: it is asked for again, and right.
func TestLineBreaksDuringRead(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	p := lead(t, server)
	cfg := config(t, server)
	cfg.Endpoint = "http://" + p.address
	s, data := open(t, cfg), large()
	f, err := s.Open(t.Context(), put(t, s, data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p.atEnd = func() { p.down.Store(noEnd) }
	p.down.Store(5<<20 + 1234)
	got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(data))
	}
	if !p.ended.Load() {
		t.Error("the line did not break")
	}
}

// A server that answers no more does not hold up who waits: each request has its time, and
// who gives up is told at once.
func TestServerStalls(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	p := lead(t, server)
	cfg := config(t, server)
	cfg.Endpoint, cfg.Timeout = "http://"+p.address, time.Second/4
	s := open(t, cfg)
	digest := put(t, s, make([]byte, 3<<20))
	f, err := s.Open(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p.hold.Store(true)
	p.down.Store(100_000)
	if _, err := f.ReadAt(make([]byte, 10), 2<<20); !errors.Is(err, ErrAway) {
		t.Errorf("read: %v, want ErrAway", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, []byte("x")); !errors.Is(err, context.Canceled) || errors.Is(err, ErrAway) {
		t.Errorf("put by who has gone: %v, want that it was cancelled", err)
	}
	p.up.Store(0)
	if _, err := s.Put(t.Context(), []byte("y")); !errors.Is(err, ErrAway) {
		t.Errorf("put: %v, want ErrAway", err)
	}
	p.open()
	if err := verify(t, s, digest); err != nil {
		t.Errorf("when it answers again: %v", err)
	}
}
