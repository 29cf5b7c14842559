// Package admin is the door for who operates a node: HTTP on an address of its own,
// with /healthz, /readyz and /metrics in the text form of Prometheus.
//
// Nothing can be changed here, and no letter, name of a person or secret can be read:
// there are counts, names of nodes, and why the node is not ready. Nobody is asked who
// they are, so the address is one of this machine unless the operator says otherwise.
package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Listen opens the address of the door. One that other machines can reach is refused
// unless remote is set.
func Listen(address string, remote bool) (net.Listener, error) {
	if err := Check(address, remote); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("admin: listen on %q: %w", address, err)
	}
	return l, nil
}

// Check accepts addresses that only this machine can reach, and others where remote is
// set. Names other than localhost are not looked up: what they mean may change.
func Check(address string, remote bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("admin: address %q: want HOST:PORT, such as 127.0.0.1:9443: %w", address, err)
	}
	ip, err := netip.ParseAddr(host)
	if remote || host == "localhost" || err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("admin: address %q can be reached from other machines, and nobody is asked who they are; want one of this machine, such as 127.0.0.1:9443", address)
}

// A Server is the door of one node.
type Server struct {
	Ready   *Ready
	Metrics *Metrics
	Log     *slog.Logger
}

// Serve answers until ctx ends. It is to be the last part of a node that stops, so
// that whoever asks meanwhile hears that it is not ready.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s.handler(),
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	stop := context.AfterFunc(ctx, func() { h.Close() })
	defer stop()
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin: %w", err)
	}
	return nil
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.Metrics.handler(s.Log))
	return mux
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	text, ready := s.Ready.Look(r.Context())
	if !ready {
		answer(w, http.StatusServiceUnavailable, text)
		return
	}
	answer(w, http.StatusOK, text)
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text)) // who asked may have gone
}
