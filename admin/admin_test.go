package admin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		address string
		remote  bool
		want    string // of the error; empty: it is taken
	}{
		{"127.0.0.1:9443", false, ""},
		{"127.9.9.9:0", false, ""},
		{"[::1]:9443", false, ""},
		{"[::ffff:127.0.0.1]:9443", false, ""},
		{"localhost:9443", false, ""},
		{":9443", false, "other machines"},
		{"0.0.0.0:9443", false, "other machines"},
		{"[::]:9443", false, "other machines"},
		{"10.1.2.3:9443", false, "other machines"},
		{"localhost.example:9443", false, "other machines"},
		{"0.0.0.0:9443", true, ""},
		{"9443", false, "want HOST:PORT"},
		{"9443", true, "want HOST:PORT"},
	} {
		err := Check(tt.address, tt.remote)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q, remote %t: %v, want %q", tt.address, tt.remote, err, tt.want)
		}
	}
	if l, err := Listen(":0", false); err == nil {
		l.Close()
		t.Error("an open address was listened on")
	}
}

// A room says what a test wants of the folder of files.
type room struct {
	exchange.Blobs
	free uint64
	err  error
}

func (r room) Room(context.Context) (uint64, error) { return r.free, r.err }

func openStore(t *testing.T) (exchange.Store, exchange.Blobs) {
	t.Helper()
	rows, blobs, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "node"))
	if err != nil {
		t.Fatal(err)
	}
	return rows, blobs
}

func directory(t *testing.T, zone string) func() *exchange.Directory {
	t.Helper()
	d, err := exchange.NewDirectory(envelope.Directory{Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	return func() *exchange.Directory { return d }
}

// Each check fails alone, and is named with what to do.
func TestReady(t *testing.T) {
	t.Parallel()
	rows, blobs := openStore(t)
	defer rows.Close()
	closed, _ := openStore(t)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	for _, tt := range []struct {
		name   string
		change func(*Ready)
		want   string // a line; empty: ready
	}{
		{"all is well", func(*Ready) {}, ""},
		{"stopping", func(r *Ready) { r.Stopping = stopped }, "running: the node is stopping\n"},
		{"store", func(r *Ready) { r.Store = closed }, "store: sqlite: "},
		{"no commits", func(r *Ready) { r.Writing = func() error { return errors.New("nothing could be written for 10s") } }, "store: nothing could be written for 10s\n"},
		{"no writing", func(r *Ready) { r.Blobs = room{err: errors.New("read-only file system")} }, "files: read-only file system\n"},
		{"no space", func(r *Ready) { r.Blobs, r.MinFree = room{free: 99}, 100 }, "files: 99 bytes are free, want 100 (admin.min_free)"},
		{"just enough space", func(r *Ready) { r.Blobs, r.MinFree = room{free: 100}, 100 }, ""},
		{"no directory", func(r *Ready) { r.Directory = directory(t, "") }, "directory: no directory is loaded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &Ready{Store: rows, Blobs: blobs, Directory: directory(t, "zone"), MinFree: 1, Stopping: context.Background()}
			tt.change(r)
			s := &Server{Ready: r, Metrics: NewMetrics("ward"), Log: slog.New(slog.DiscardHandler)}
			w := httptest.NewRecorder()
			s.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			bad := 4 - strings.Count(w.Body.String(), ": ok\n")
			if tt.want == "" && (w.Code != http.StatusOK || bad != 0) ||
				tt.want != "" && (w.Code != http.StatusServiceUnavailable || bad != 1 || !strings.Contains(w.Body.String(), tt.want)) {
				t.Errorf("%d\n%swant %q alone", w.Code, w.Body, tt.want)
			}
		})
	}
}

// Whoever mirrors readiness hears of the first look and of each change.
func TestMirror(t *testing.T) {
	t.Parallel()
	rows, blobs := openStore(t)
	defer rows.Close()
	var broken atomic.Bool
	r := &Ready{Store: rows, Blobs: blobs, Directory: directory(t, "zone"), MinFree: 1, Stopping: context.Background(), Writing: func() error {
		if broken.Load() {
			return errors.New("a standby")
		}
		return nil
	}}
	told := make(chan bool)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Mirror(ctx, time.Millisecond, func(ready bool, _ string) { told <- ready })
	}()
	for i, want := range []bool{true, false, true} {
		if got := <-told; got != want {
			t.Errorf("look %d: ready %t, want %t", i, got, want)
		}
		broken.Store(want)
	}
	if <-told {
		t.Error("ready, and it is broken")
	}
	cancel()
	<-ended
}

// Only what is named can be asked, only by GET.
func TestDoorIsNarrow(t *testing.T) {
	t.Parallel()
	s := &Server{Metrics: NewMetrics("ward"), Log: slog.New(slog.DiscardHandler)}
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/healthz", http.StatusOK}, {http.MethodPost, "/healthz", http.StatusMethodNotAllowed},
		{http.MethodPost, "/metrics", http.StatusMethodNotAllowed}, {http.MethodGet, "/", http.StatusNotFound},
		{http.MethodGet, "/debug/pprof/heap", http.StatusNotFound}, {http.MethodGet, "/metrics/x", http.StatusNotFound},
	} {
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, strings.NewReader("")))
		if w.Code != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, w.Code, tt.want)
		}
	}
}

// Serve ends with its context, and is gone then.
func TestServeEnds(t *testing.T) {
	t.Parallel()
	l, err := Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	s := &Server{Metrics: NewMetrics("ward"), Log: slog.New(slog.DiscardHandler)}
	go func() { done <- s.Serve(ctx, l) }()
	r, err := http.Get("http://" + l.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != "ok\n" {
		t.Errorf("%q, %v", body, err)
	}
	r.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if c, err := net.DialTimeout("tcp", l.Addr().String(), time.Second); err == nil {
		c.Close()
		t.Error("somebody listens still")
	}
}
